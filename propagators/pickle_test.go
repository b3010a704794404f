// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadPickleTakesEveryFormOfAPair(t *testing.T) {
	numbers := map[string]uint64{
		"I1\n": 1, "I255\n": 255, "I9223372036854775807\n": math.MaxInt64,
		"L1L\n": 1, "L9223372036854775807L\n": math.MaxInt64,
		"K\x01": 1, "K\xff": 255, "M\x00\x01": 256, "M\xff\xff": 65535,
		"J\x01\x00\x00\x00": 1, "J\xff\xff\xff\x7f": math.MaxInt32,
		"\x8a\x01\x7f": 127, "\x8a\x02\xff\x00": 255,
		"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f":         math.MaxInt64,
		"\x8a\x0a\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00": 1,
	}
	for _, intro := range []string{"", "\x80\x02", "\x80\x05", "frame", "\x80\x04frame"} {
		for _, memo := range []string{"", "p0\n", "p123\n", "q\x00", "q\xff", "\x94"} {
			for _, tuple := range []string{"(t", "\x86"} {
				for a, x := range numbers {
					for b, y := range numbers {
						body := a + b + tuple + memo + "."
						if tuple == "(t" {
							body = "(" + a + b + "t" + memo + "."
						}
						pickled := intro + body
						if n := len(intro); n >= 5 {
							frame := fmt.Sprintf("\x95%c\x00\x00\x00\x00\x00\x00\x00", rune(len(body)))
							pickled = intro[:n-5] + frame + body
						}
						gotX, gotY, ok := readPickle([]byte(pickled))
						require.True(t, ok, "%q", pickled)
						require.Equal(t, [2]uint64{x, y}, [2]uint64{gotX, gotY}, "%q", pickled)
					}
				}
			}
		}
	}
}

func TestReadPickleRejectsEveryOtherShape(t *testing.T) {
	for name, p := range map[string]string{
		"empty":                    "",
		"stop alone":               ".",
		"one number":               "(I1\nt.",
		"three numbers":            "(I1\nI2\nI3\nt.",
		"zero":                     "(I0\nI1\nt.",
		"zero in a byte":           "(K\x00K\x01t.",
		"zero in LONG1":            "(\x8a\x01\x00K\x01t.",
		"negative":                 "(I-1\nI1\nt.",
		"negative BININT":          "(J\x00\x00\x00\x80K\x01t.",
		"negative LONG1":           "(\x8a\x01\x80K\x01t.",
		"plus":                     "(I+1\nI1\nt.",
		"space":                    "(I 1\nI1\nt.",
		"underscore":               "(I1_0\nI1\nt.",
		"leading zero":             "(I007\nI1\nt.",
		"true":                     "(I01\nI1\nt.",
		"hexadecimal":              "(I0x1\nI1\nt.",
		"carriage return":          "(I1\r\nI1\nt.",
		"no digits":                "(I\nI1\nt.",
		"no line end":              "(I1",
		"L without its suffix":     "(L1\nL1\nt.",
		"L with two suffixes":      "(L1LL\nL1L\nt.",
		"I with a suffix":          "(I1L\nI1\nt.",
		"2^63 as text":             "(I9223372036854775808\nI1\nt.",
		"20 digits":                "(I10000000000000000000\nI1\nt.",
		"very many digits":         "(I" + string(make([]byte, 500)) + "\nI1\nt.",
		"2^63 in LONG1":            "(\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00K\x01t.",
		"LONG1 with high bytes":    "(\x8a\x09\x01\x00\x00\x00\x00\x00\x00\x00\x01K\x01t.",
		"LONG1 cut short":          "(\x8a\xff\x01",
		"TUPLE without MARK":       "K\x01K\x02t.",
		"MARK before TUPLE2":       "(K\x01K\x02\x86.",
		"two MARKs":                "((K\x01K\x02t.",
		"TUPLE3":                   "K\x01K\x02\x87.",
		"list":                     "(K\x01K\x02l.",
		"two memos":                "K\x01K\x02\x86q\x00q\x00.",
		"memo before the tuple":    "(K\x01q\x00K\x02t.",
		"LONG_BINPUT":              "K\x01K\x02\x86r\x00\x00\x00\x00.",
		"PUT without a number":     "K\x01K\x02\x86p\n.",
		"PUT of a negative":        "K\x01K\x02\x86p-1\n.",
		"PUT without a line end":   "K\x01K\x02\x86p0.",
		"no stop":                  "K\x01K\x02\x86",
		"something after the stop": "K\x01K\x02\x86..",
		"protocol 6":               "\x80\x06K\x01K\x02\x86.",
		"protocol twice":           "\x80\x02\x80\x02K\x01K\x02\x86.",
		"protocol alone":           "\x80",
		"frame too long":           "\x95\x07\x00\x00\x00\x00\x00\x00\x00K\x01K\x02\x86.",
		"frame too short":          "\x95\x01\x00\x00\x00\x00\x00\x00\x00K\x01K\x02\x86.",
		"frame of 2^64-1":          "\x95\xff\xff\xff\xff\xff\xff\xff\xffK\x01K\x02\x86.",
		"frame before protocol":    "\x95\x08\x00\x00\x00\x00\x00\x00\x00\x80\x04K\x01K\x02\x86.",
		"LONG4":                    "\x8b\x01\x00\x00\x00\x01K\x02\x86.",
		"float":                    "F1.0\nK\x02\x86.",
		"binary float":             "G\x3f\xf0\x00\x00\x00\x00\x00\x00K\x02\x86.",
		"string":                   "U\x011K\x02\x86.",
		"True":                     "\x88K\x02\x86.",
		"a call":                   "cos\nsystem\n(U\x02idtR.",
		"POP":                      "K\x01K\x02K\x030\x86.",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, ok := readPickle([]byte(p))
			assert.False(t, ok)
		})
	}
}

func TestReadPickleTakesNoOtherOpcodeAnywhere(t *testing.T) {
	whole := []byte("\x80\x02(K\x01K\x02tq\x00.")
	_, _, ok := readPickle(whole)
	require.True(t, ok)
	// The bytes at 3, 5, 7, 8 and 10 are opcodes (of numbers and below), those
	// at 1, 4, 6 and 9 arguments, 0 and 2 what a shape may begin with.
	for _, at := range []int{0, 2, 7, 8, 10} {
		for op := range 256 {
			if byte(op) == whole[at] {
				continue
			}
			p := append([]byte(nil), whole...)
			p[at] = byte(op)
			_, _, ok := readPickle(p)
			assert.False(t, ok, "opcode %#x at %d", op, at)
		}
	}
}

func TestReadPickleDecidesEveryTruncationAlike(t *testing.T) {
	for _, whole := range []string{
		"(I6004799503160661\nI1234567890123456\ntp0\n.",
		"\x80\x04\x95\x15\x00\x00\x00\x00\x00\x00\x00\x8a\x07UUUUUU\x15\x8a\x07\xc0\xba\x8a<\xd5b\x04\x86\x94.",
		"(J\x01\x00\x00\x00M\x01\x00tq\x00.",
	} {
		_, _, ok := readPickle([]byte(whole))
		require.True(t, ok)
		for n := range len(whole) {
			_, _, ok := readPickle([]byte(whole[:n]))
			assert.False(t, ok, "%q", whole[:n])
		}
	}
}

func TestReadPickleDoesNotAllocate(t *testing.T) {
	p := []byte("(I6004799503160661\nI1234567890123456\ntp0\n.")
	assert.Zero(t, testing.AllocsPerRun(100, func() { readPickle(p) }))
}

func FuzzReadPickle(f *testing.F) {
	for _, seed := range []string{
		"(I6004799503160661\nI1234567890123456\ntp0\n.",
		"(L6004799503160661L\nL1234567890123456L\ntq\x00.",
		"\x80\x02\x8a\x07UUUUUU\x15\x8a\x07\xc0\xba\x8a<\xd5b\x04\x86q\x00.",
		"\x80\x04\x95\x15\x00\x00\x00\x00\x00\x00\x00\x8a\x07UUUUUU\x15\x8a\x07\xc0\xba\x8a<\xd5b\x04\x86\x94.",
		"\x80\x02K\xffM\xff\xff\x86q\x00.", "\x80\x02J\xff\xff\xff\x7fJp\x11\x01\x00\x86.",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		a, b, ok := readPickle(p)
		if !ok {
			return
		}
		if a == 0 || a > math.MaxInt64 || b == 0 || b > math.MaxInt64 {
			t.Fatalf("%s gives %d, %d", hex.EncodeToString(p), a, b)
		}
		if x, y, ok := readPickle(appendPickle(nil, a, b)); !ok || x != a || y != b {
			t.Fatalf("%d, %d do not survive a round trip", a, b)
		}
	})
}

func TestAppendPickleSurvivesExactlyWhenItMay(t *testing.T) {
	edges := []uint64{0, 1, 9, 10, 255, 256, 65535, 65536, math.MaxInt32, math.MaxUint32, 1<<53 - 2, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64}
	for range 1000 {
		edges = append(edges, rand.Uint64()>>rand.IntN(64))
	}
	for i, a := range edges {
		b := edges[len(edges)-1-i]
		valid := a != 0 && a <= math.MaxInt64 && b != 0 && b <= math.MaxInt64
		x, y, ok := readPickle(appendPickle(nil, a, b))
		require.Equal(t, valid, ok, "%d, %d", a, b)
		if valid {
			require.Equal(t, [2]uint64{a, b}, [2]uint64{x, y})
		}
	}
}
