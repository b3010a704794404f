// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// newUUID returns a UUID of version 7 (RFC 9562): milliseconds since 1970,
// so that ids sort by time, and 74 random bits.
func newUUID() string {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(time.Now().UnixMilli())<<16|rand.Uint64()&0x0fff|0x7000)
	binary.BigEndian.PutUint64(id[8:], rand.Uint64()>>2|1<<63)
	var text [36]byte
	return string(appendUUID(text[:0], id[:8], id[8:]))
}

// appendUUID appends two halves of 64 bits as a UUID's text.
func appendUUID(b, high, low []byte) []byte {
	b = append(appendHex(b, high[:4]), '-')
	b = append(appendHex(b, high[4:6]), '-')
	b = append(appendHex(b, high[6:]), '-')
	b = append(appendHex(b, low[:2]), '-')
	return appendHex(b, low[2:])
}

// parseUUID reads 32 hex digits in either case, plain or in the groups of
// RFC 9562. Python's uuid.UUID takes more (braces, urn:, 0x, underscores):
// nothing of that is ever on the wire.
func parseUUID(id *[16]byte, s []byte) bool {
	digits := 0
	for i := range len(s) {
		c := s[i]
		if len(s) == 36 && (i == 8 || i == 13 || i == 18 || i == 23) {
			if c != '-' {
				return false
			}
			continue
		}
		if 'A' <= c && c <= 'F' {
			c += 'a' - 'A'
		}
		v := unhexed[c]
		if v > 15 || digits == 32 {
			return false
		}
		id[digits/2] = id[digits/2]<<4 | v
		digits++
	}
	return digits == 32 // and so 36 bytes with the dashes, or 32
}
