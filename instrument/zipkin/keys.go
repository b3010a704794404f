// SPDX-License-Identifier: Apache-2.0

package zipkin

import "go.opentelemetry.io/otel/attribute"

// maxScan is the number of attributes up to which equal keys are looked for
// by comparing; beyond it, where that would be slow, by a map.
const maxScan = 256

// keySet answers, mostly without comparing a string, which keys of a list of
// attributes occur again behind themselves, and whether a key occurs at all.
type keySet struct {
	once  [4]uint64 // a bit for the hash of each key
	twice [4]uint64 // of those, the bits hit more than once
	last  map[attribute.Key]int
	many  bool
}

// hash is a byte that differs for most keys of one span.
func hash(key attribute.Key) uint8 {
	n := len(key)
	if n == 0 {
		return 0
	}
	return uint8(n)*31 + key[0]*7 + key[n/2]*17 + key[n-1]*13
}

// set makes k the set of the keys of attrs.
func (k *keySet) set(attrs []attribute.KeyValue) {
	k.once, k.twice = [4]uint64{}, [4]uint64{}
	if k.many = len(attrs) > maxScan; k.many {
		if k.last == nil {
			k.last = make(map[attribute.Key]int, len(attrs))
		}
		clear(k.last)
	}
	for i := range attrs {
		h := hash(attrs[i].Key)
		word, bit := h>>6&3, uint64(1)<<(h&63)
		k.twice[word] |= k.once[word] & bit
		k.once[word] |= bit
		if k.many {
			k.last[attrs[i].Key] = i
		}
	}
}

// shadowed reports whether the key of attrs[i] occurs again behind it.
func (k *keySet) shadowed(attrs []attribute.KeyValue, i int) bool {
	key := attrs[i].Key
	h := hash(key)
	if k.twice[h>>6&3]&(1<<(h&63)) == 0 {
		return false
	}
	if k.many {
		return k.last[key] != i
	}
	for j := i + 1; j < len(attrs); j++ {
		if attrs[j].Key == key {
			return true
		}
	}
	return false
}

// has reports whether key, whose hash is h, is among attrs.
func (k *keySet) has(attrs []attribute.KeyValue, key attribute.Key, h uint8) bool {
	if k.once[h>>6&3]&(1<<(h&63)) == 0 {
		return false
	}
	if k.many {
		_, ok := k.last[key]
		return ok
	}
	for i := range attrs {
		if attrs[i].Key == key {
			return true
		}
	}
	return false
}
