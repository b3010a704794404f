// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func put(o *outbox, entries ...string) {
	for _, e := range entries {
		o.add(append(o.buf, e...))
	}
}

// packets empties o.
func packets(o *outbox) (list []string) {
	for o.entries() > 0 {
		if p := o.next(); len(p) > 0 {
			list = append(list, string(p))
			o.advance(len(p))
		}
	}
	return list
}

func TestPacketsHoldWholeEntriesUpToTheLimit(t *testing.T) {
	for name, tc := range map[string]struct {
		entries []string
		want    []string
		dropped uint64
	}{
		"one":                {[]string{"aaa\n"}, []string{"aaa\n"}, 0},
		"exactly full":       {[]string{"aaa\n", "bbbbb\n"}, []string{"aaa\nbbbbb\n"}, 0},
		"one byte too many":  {[]string{"aaa\n", "bbbbbb\n"}, []string{"aaa\n", "bbbbbb\n"}, 0},
		"oversize alone":     {[]string{"0123456789\n"}, nil, 1},
		"oversize between":   {[]string{"a\n", "0123456789\n", "b\n"}, []string{"a\nb\n"}, 1},
		"just not oversize":  {[]string{"a\n", "012345678\n", "b\n"}, []string{"a\n", "012345678\n", "b\n"}, 0},
		"pair is one entry":  {[]string{"aaa\n", "g:0\ng:-5\n"}, []string{"aaa\n", "g:0\ng:-5\n"}, 0},
		"pair is too large":  {[]string{"a\n", "gg:0\ngg:-5\n"}, []string{"a\n"}, 1},
		"many":               {[]string{"1\n", "2\n", "3\n", "4\n", "5\n", "6\n"}, []string{"1\n2\n3\n4\n5\n", "6\n"}, 0},
		"nothing at the end": {nil, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := outbox{limit: 10}
			put(&o, tc.entries...)
			assert.Equal(t, tc.want, packets(&o))
			assert.Equal(t, tc.dropped, o.dropped)
			assert.Zero(t, o.len())
		})
	}
}

func TestPartOfAPacketRemovesWholeEntriesOnly(t *testing.T) {
	o := outbox{limit: 100}
	put(&o, "aaa\n", "bbb\n", "ccc\n")
	assert.Equal(t, 1, o.advance(6), "the second entry is only half gone")
	assert.Equal(t, "bbb\nccc\n", string(o.next()))
	o.compact()
	put(&o, "ddd\n")
	assert.Equal(t, []string{"bbb\nccc\nddd\n"}, packets(&o))
}

func TestLoweredLimitCutsWhatWaits(t *testing.T) {
	o := outbox{limit: 20}
	put(&o, "aaa\n", "bbbbbbbbbbbb\n", "ccc\n")
	o.limit = 8
	assert.Equal(t, []string{"aaa\n", "ccc\n"}, packets(&o))
	assert.EqualValues(t, 1, o.dropped)
}

func TestBurstMemoryIsGivenBack(t *testing.T) {
	o := outbox{limit: 1432}
	for range 3000 {
		put(&o, strings.Repeat("x", 99)+"\n")
	}
	packets(&o)
	assert.LessOrEqual(t, cap(o.buf), 64<<10)
}
