// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"go.opentelemetry.io/otel/trace"
)

// traceIndex finds traces by id. A map does too, at three times the price of
// this, which is paid four times a trace: the hash is that which chose the
// shard, and the traces are the links of the chains themselves.
type traceIndex struct {
	chains []*sharedTrace
	count  int
}

const firstChains = 64

func (x *traceIndex) get(hash uint64, id *trace.TraceID) *sharedTrace {
	if x.count == 0 {
		return nil
	}
	t := *x.chain(hash)
	for t != nil && t.id != *id {
		t = t.behind
	}
	return t
}

// put adds a trace that is not there.
func (x *traceIndex) put(t *sharedTrace) {
	if x.count >= len(x.chains) {
		x.grow()
	}
	x.count++
	chain := x.chain(t.hash)
	t.behind, *chain = *chain, t
}

// remove removes a trace that is there.
func (x *traceIndex) remove(t *sharedTrace) {
	x.count--
	link := x.chain(t.hash)
	for *link != t {
		link = &(*link).behind
	}
	*link, t.behind = t.behind, nil
}

// chain takes the low bits; the high ones chose the shard.
func (x *traceIndex) chain(hash uint64) **sharedTrace {
	return &x.chains[hash&uint64(len(x.chains)-1)]
}

func (x *traceIndex) grow() {
	old := x.chains
	x.chains = make([]*sharedTrace, max(firstChains, 2*len(old)))
	for _, t := range old {
		for t != nil {
			next, chain := t.behind, x.chain(t.hash)
			t.behind, *chain = *chain, t
			t = next
		}
	}
}

// traceHash spreads trace ids, counters as well as random ones, and those that
// a caller chose to fall together: it is seeded.
type traceHash struct{ a, b uint64 }

func newTraceHash() traceHash {
	return traceHash{rand.Uint64(), rand.Uint64() | 1}
}

func (h traceHash) of(id *trace.TraceID) uint64 {
	high, low := bits.Mul64(binary.BigEndian.Uint64(id[8:])^h.a, binary.BigEndian.Uint64(id[:8])^h.b)
	return mix(high ^ low)
}
