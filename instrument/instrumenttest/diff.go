// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import "strings"

// diff returns want and got as one list of lines: "-" is only in want, "+"
// only in got, and a space is in front of what both have.
func diff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	// common[i][j] is the length of the longest common subsequence of the
	// lines a[i:] and b[j:]. Trees in tests are short.
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out strings.Builder
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out.WriteString("  " + a[i] + "\n")
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out.WriteString("- " + a[i] + "\n")
			i++
		default:
			out.WriteString("+ " + b[j] + "\n")
			j++
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// dedent takes from text the blank lines around it, the indentation that all
// its lines share and the space at their ends, and turns the tabs that remain
// in front of a line into two spaces each.
func dedent(text string) string {
	lines := strings.Split(text, "\n")
	shared := -1
	for i, line := range lines {
		line = strings.TrimRight(line, " \t\r")
		rest := strings.TrimLeft(line, " \t")
		front := strings.ReplaceAll(line[:len(line)-len(rest)], "\t", "  ")
		lines[i] = front + rest
		if rest != "" && (shared < 0 || len(front) < shared) {
			shared = len(front)
		}
	}
	for i, line := range lines {
		lines[i] = line[min(max(shared, 0), len(line)):]
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
