// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"strings"
	"sync"

	"go.opentelemetry.io/otel/trace"
)

// The entry of OpenTelemetry in a W3C tracestate is "ot=" and sub-keys
// separated by semicolons: th, the threshold a kept span was kept by, and rv,
// the randomness to decide with when the trace id is not random. Everybody
// else's sub-keys and everybody else's entries pass through untouched.
const (
	otKey        = "ot"
	thSubKey     = "th:"
	rvSubKey     = "rv:"
	maxEntry     = 256 // bytes of one tracestate value
	maxMembers   = 32  // entries of one tracestate
	subSeparator = ";"
)

// otEntry is what a decision needs of the parent's "ot" entry.
type otEntry struct {
	value string // as it came; empty when there is none

	threshold    uint64
	hasThreshold bool // a th that can be read
	carriesTh    bool // any th, readable or not

	randomness    uint64
	hasRandomness bool // an rv that can be read
	carriesRv     bool // any rv, readable or not
	others        bool // something beside th is in it
}

// readOT reads the entry without allocating. Of two rv the first counts; of two
// th none does.
func readOT(ts trace.TraceState) (e otEntry) {
	if ts.Len() == 0 {
		return e
	}
	e.value = ts.Get(otKey)
	for rest := e.value; rest != ""; {
		var sub string
		sub, rest, _ = strings.Cut(rest, subSeparator)
		if th, ok := strings.CutPrefix(sub, thSubKey); ok {
			e.threshold, e.hasThreshold = parseThreshold(th)
			if e.carriesTh {
				e.hasThreshold = false
			}
			e.carriesTh = true
			continue
		}
		if rv, ok := strings.CutPrefix(sub, rvSubKey); ok {
			if !e.carriesRv {
				e.randomness, e.hasRandomness = parseRandomness(rv)
			}
			e.carriesRv = true
		}
		e.others = e.others || keptSubKey(sub)
	}
	return e
}

// randomnessFor returns rv when there is a valid one, else the random part of
// the trace id.
func (e *otEntry) randomnessFor(id trace.TraceID) uint64 {
	if e.hasRandomness {
		return e.randomness
	}
	return randomnessOf(id)
}

// withThreshold returns ts with th ("th:" and its digits) in place of the one
// in e, which was read from ts. What has no room is left out: a decision is
// never changed, nor another's entry pushed out, for want of space.
func withThreshold(ts trace.TraceState, e *otEntry, th string) trace.TraceState {
	if !e.others {
		return insertOT(ts, e, th)
	}
	if len(th)+keptBytes(e.value) > maxEntry {
		return withoutThreshold(ts, e)
	}
	return insertOT(ts, e, join(e.value, th))
}

// withThresholdAndRandomness writes rv too, where e has none. An rv that
// cannot be read is not ours to replace, and beside it no threshold is true.
func withThresholdAndRandomness(ts trace.TraceState, e *otEntry, th string, rv uint64) trace.TraceState {
	size := len(th) + len(subSeparator) + len(rvSubKey) + hexDigits + keptBytes(e.value)
	if e.carriesRv || size > maxEntry {
		return withoutThreshold(ts, e)
	}
	var digits [len(rvSubKey) + hexDigits]byte
	n := copy(digits[:], rvSubKey)
	formatRandomness(digits[n:], rv)
	return insertOT(ts, e, join(e.value, th, digits[:]...))
}

// withoutThreshold returns ts with no th in its entry e.
func withoutThreshold(ts trace.TraceState, e *otEntry) trace.TraceState {
	switch {
	case !e.carriesTh:
		return ts
	case !e.others:
		return ts.Delete(otKey)
	default:
		return insertOT(ts, e, join(e.value, ""))
	}
}

// withoutTh is withoutThreshold for those who read nothing else of the entry.
func withoutTh(ts trace.TraceState) trace.TraceState {
	if ts.Len() == 0 {
		return ts // inlined
	}
	return eraseTh(ts)
}

func eraseTh(ts trace.TraceState) trace.TraceState {
	e := readOT(ts)
	return withoutThreshold(ts, &e)
}

// insertOT puts the entry first, where W3C wants the one changed last. In a
// full tracestate a new entry would push out somebody else's.
func insertOT(ts trace.TraceState, e *otEntry, value string) trace.TraceState {
	if e.value == "" && ts.Len() >= maxMembers {
		return ts
	}
	// A space may stand between sub-keys but not at the end of an entry.
	changed, err := ts.Insert(otKey, strings.TrimRight(value, " "))
	if err != nil {
		return ts
	}
	return changed
}

// chunkBytes holds some twenty entries, so that an entry that differs from
// trace to trace costs a twentieth of an allocation.
const chunkBytes = 512

var chunks = sync.Pool{New: func() any { return new(strings.Builder) }}

// join returns th, rv and what is kept of value, separated, where empty ones
// take no part. A builder only ever appends, so that strings taken from it
// earlier stay as they are.
func join(value, th string, rv ...byte) string {
	b := chunks.Get().(*strings.Builder)
	if most := len(th) + len(rv) + len(value) + 2*len(subSeparator); b.Cap()-b.Len() < most {
		b.Reset()
		b.Grow(max(most, chunkBytes))
	}
	start := b.Len()
	b.WriteString(th)
	if len(rv) > 0 {
		b.WriteString(subSeparator)
		b.Write(rv)
	}
	for rest := value; rest != ""; {
		var sub string
		if sub, rest, _ = strings.Cut(rest, subSeparator); !keptSubKey(sub) {
			continue
		}
		if b.Len() > start {
			b.WriteString(subSeparator)
		}
		b.WriteString(sub)
	}
	s := b.String()[start:]
	chunks.Put(b)
	return s
}

// keptBytes is what the kept sub-keys of value take, each with a separator.
func keptBytes(value string) (n int) {
	for rest := value; rest != ""; {
		var sub string
		if sub, rest, _ = strings.Cut(rest, subSeparator); keptSubKey(sub) {
			n += len(subSeparator) + len(sub)
		}
	}
	return n
}

// keptSubKey reports whether a sub-key is passed on when th is rewritten. One
// of spaces alone is none: it could not stand at the end of an entry.
func keptSubKey(sub string) bool {
	return strings.TrimLeft(sub, " ") != "" && !strings.HasPrefix(sub, thSubKey)
}
