// SPDX-License-Identifier: Apache-2.0

// Package edits measures how far a misspelt name is from a known one.
package edits

// longest bounds the work: a text is compared by its first bytes.
const longest = 128

// Distance is Levenshtein's, in single-byte insertions, deletions and changes,
// between the first 128 bytes of each text.
func Distance(a, b string) int {
	a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
