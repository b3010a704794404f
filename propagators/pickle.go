// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
)

// Opcodes of Python's pickle that a pair of integers is made of; every other
// one rejects (pickletools.py is the reference).
const (
	opProto   = 0x80
	opFrame   = 0x95
	opMark    = '('
	opInt     = 'I'
	opLong    = 'L'
	opBinInt  = 'J'
	opBinInt1 = 'K'
	opBinInt2 = 'M'
	opLong1   = 0x8a
	opTuple   = 't'
	opTuple2  = 0x86
	opPut     = 'p'
	opBinPut  = 'q'
	opMemoize = 0x94
	opStop    = '.'

	maxPickled     = 5  // newest protocol
	maxDecimalLine = 21 // 19 digits, L and the line end
)

// readPickle reads pickle.dumps((a, b)) of any protocol by its shape:
//
//	PROTO? FRAME? (MARK num num TUPLE | num num TUPLE2) (PUT | BINPUT | MEMOIZE)? STOP
//
// and nothing after it. Nothing is executed, and no length in p is believed
// before it is compared with what is there. Both numbers are in [1, 2^63-1].
func readPickle(p []byte) (a, b uint64, ok bool) {
	if len(p) >= 2 && p[0] == opProto {
		if p[1] > maxPickled {
			return 0, 0, false
		}
		p = p[2:]
	}
	if len(p) >= 9 && p[0] == opFrame {
		if binary.LittleEndian.Uint64(p[1:]) != uint64(len(p)-9) {
			return 0, 0, false
		}
		p = p[9:]
	}
	tuple := byte(opTuple2)
	if len(p) > 0 && p[0] == opMark {
		tuple, p = opTuple, p[1:]
	}
	if a, p, ok = readNumber(p); !ok {
		return 0, 0, false
	}
	if b, p, ok = readNumber(p); !ok {
		return 0, 0, false
	}
	if len(p) < 2 || p[0] != tuple {
		return 0, 0, false
	}
	p = skipMemo(p[1:])
	return a, b, len(p) == 1 && p[0] == opStop
}

// readNumber reads one integer in [1, 2^63-1] and returns what follows it.
func readNumber(p []byte) (n uint64, rest []byte, ok bool) {
	if len(p) < 2 {
		return 0, nil, false
	}
	op, p := p[0], p[1:]
	switch op {
	case opInt, opLong:
		end := bytes.IndexByte(p[:min(len(p), maxDecimalLine)], '\n')
		if end < 0 {
			return 0, nil, false
		}
		digits := p[:end]
		if op == opLong {
			if end == 0 || digits[end-1] != 'L' {
				return 0, nil, false
			}
			digits = digits[:end-1]
		}
		n, ok = parseDecimal(digits)
		return n, p[end+1:], ok
	case opBinInt1:
		return uint64(p[0]), p[1:], p[0] != 0
	case opBinInt2:
		return readLittleEndian(p, 2)
	case opBinInt:
		return readSigned(p, 4)
	case opLong1:
		return readSigned(p[1:], int(p[0]))
	}
	return 0, nil, false
}

// readSigned reads a positive number in size bytes of two's complement.
func readSigned(p []byte, size int) (n uint64, rest []byte, ok bool) {
	if size == 0 || size > len(p) || p[size-1] > math.MaxInt8 {
		return 0, nil, false
	}
	return readLittleEndian(p, size)
}

// readLittleEndian reads a number in [1, 2^63-1] in size bytes.
func readLittleEndian(p []byte, size int) (n uint64, rest []byte, ok bool) {
	if size > len(p) {
		return 0, nil, false
	}
	for i := size - 1; i >= 0; i-- {
		if n > math.MaxInt64>>8 {
			return 0, nil, false
		}
		n = n<<8 | uint64(p[i])
	}
	return n, p[size:], n != 0
}

// parseDecimal reads a number in [1, 2^63-1] without sign, spaces or leading
// zeros: Python allows all three and pickle writes none, and 01 is True.
func parseDecimal(digits []byte) (n uint64, ok bool) {
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0') // 19 digits stay below 2^64
	}
	return n, n <= math.MaxInt64
}

// skipMemo skips the instruction to remember the tuple, if there is one.
func skipMemo(p []byte) []byte {
	switch {
	case len(p) >= 1 && p[0] == opMemoize:
		return p[1:]
	case len(p) >= 2 && p[0] == opBinPut:
		return p[2:]
	case len(p) >= 3 && p[0] == opPut && isDigit(p[1]):
		for p = p[2:]; len(p) > 0 && isDigit(p[0]); p = p[1:] {
		}
		if len(p) > 0 && p[0] == '\n' {
			return p[1:]
		}
		return nil
	}
	return p
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// appendPickle appends pickle.dumps((a, b)) of Python 2's protocol 0, which
// is what tomograph sends and every Python reads.
func appendPickle(p []byte, a, b uint64) []byte {
	p = append(p, opMark, opInt)
	p = strconv.AppendUint(p, a, 10)
	p = append(p, '\n', opInt)
	p = strconv.AppendUint(p, b, 10)
	return append(p, "\ntp0\n."...)
}
