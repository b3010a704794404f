// SPDX-License-Identifier: Apache-2.0

package metrics

// outbox holds lines that are on their way out, and cuts them into packets.
// Lines that only mean something together (see frame.appendGauge) are one
// entry and never parted. It belongs to the sender alone.
type outbox struct {
	limit   int    // bytes of a packet
	buf     []byte // whole lines
	ends    []int  // where each entry ends in buf
	sent    int    // bytes at the start of buf that are gone
	gone    int    // entries of ends that are gone
	dropped uint64 // entries larger than a packet
}

// add takes buf, which is o.buf with one more entry.
func (o *outbox) add(buf []byte) {
	if len(buf)-len(o.buf) > o.limit {
		o.dropped++
		o.buf = buf[:len(o.buf)] // keeps what it has grown
		return
	}
	o.buf = buf
	o.ends = append(o.ends, len(buf))
}

// len returns the number of bytes that wait.
func (o *outbox) len() int { return len(o.buf) - o.sent }

// entries returns the number of values that wait.
func (o *outbox) entries() int { return len(o.ends) - o.gone }

// full reports whether there is more than one packet.
func (o *outbox) full() bool { return o.len() > o.limit }

// next returns the next packet: as many whole entries as fit. It drops entries
// that no longer fit, because the limit was lowered.
func (o *outbox) next() []byte {
	for o.entries() > 0 && o.ends[o.gone]-o.sent > o.limit {
		o.dropped++
		o.advance(o.ends[o.gone] - o.sent)
	}
	end := o.sent
	for _, e := range o.ends[o.gone:] {
		if e-o.sent > o.limit {
			break
		}
		end = e
	}
	return o.buf[o.sent:end]
}

// advance removes the entries that lie wholly in the first n waiting bytes,
// and returns how many they were.
func (o *outbox) advance(n int) (entries int) {
	upTo := o.sent + n
	for o.gone < len(o.ends) && o.ends[o.gone] <= upTo {
		o.sent = o.ends[o.gone]
		o.gone++
		entries++
	}
	if o.gone == len(o.ends) {
		o.reset()
	}
	return entries
}

// compact moves what waits to the start, so the room before it can be used.
func (o *outbox) compact() {
	if o.gone == 0 {
		return
	}
	for i, e := range o.ends[o.gone:] {
		o.ends[i] = e - o.sent
	}
	o.ends = o.ends[:o.entries()]
	o.buf = o.buf[:copy(o.buf, o.buf[o.sent:])]
	o.sent, o.gone = 0, 0
}

// reset empties o, and gives back what a burst has made it grow to.
func (o *outbox) reset() {
	const keep = 64 << 10
	if cap(o.buf) > keep {
		o.buf, o.ends = nil, nil
	}
	o.buf, o.ends = o.buf[:0], o.ends[:0]
	o.sent, o.gone = 0, 0
}
