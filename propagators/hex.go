// SPDX-License-Identifier: Apache-2.0

package propagators

const lowerHex = "0123456789abcdef"

// unhexed holds the value of each lower-case hex digit, and 0xff for every
// other byte: W3C and B3 allow no upper case.
var unhexed = func() (table [256]byte) {
	for i := range table {
		table[i] = 0xff
	}
	for i := range len(lowerHex) {
		table[lowerHex[i]] = byte(i)
	}
	return table
}()

// unhex decodes s into dst and reports whether s is exactly as many
// lower-case hex digits as dst needs. dst is undefined when it is not.
func unhex(dst []byte, s string) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	var seen byte
	for i := range dst {
		high, low := unhexed[s[2*i]], unhexed[s[2*i+1]]
		seen |= high | low
		dst[i] = high<<4 | low
	}
	return seen < 16
}

// appendHex appends src to dst as lower-case hex.
func appendHex(dst, src []byte) []byte {
	for _, b := range src {
		dst = append(dst, lowerHex[b>>4], lowerHex[b&15])
	}
	return dst
}
