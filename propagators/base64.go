// SPDX-License-Identifier: Apache-2.0

package propagators

// Alphabets of RFC 4648, as the value of each digit and 0xff for what is none.
var (
	base64Std = base64Digits("+/")
	base64URL = base64Digits("-_")
)

func base64Digits(last string) (table [256]byte) {
	for i := range table {
		table[i] = 0xff
	}
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for i, c := range []byte(digits + last) {
		table[c] = byte(i)
	}
	return table
}

// decodeBase64 decodes text into dst, which must be long enough, and reports
// whether it is base64 as RFC 4648 has it: padded, nothing but digits (Python
// skips everything else, encoding/base64 line ends) and no bit set that stands
// for nothing. Unlike encoding/base64 it allocates no error.
func decodeBase64(dst []byte, digits *[256]byte, text string) ([]byte, bool) {
	if len(text)%4 != 0 {
		return nil, false
	}
	for range 2 {
		if n := len(text); n > 0 && text[n-1] == '=' {
			text = text[:n-1]
		}
	}
	var bits uint32
	var held, n int
	for i := range len(text) {
		digit := digits[text[i]]
		if digit > 63 {
			return nil, false
		}
		bits = bits<<6 | uint32(digit)
		if held += 6; held >= 8 {
			held -= 8
			dst[n] = byte(bits >> held)
			n++
			bits &= 1<<held - 1
		}
	}
	return dst[:n], bits == 0
}
