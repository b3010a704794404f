// SPDX-License-Identifier: Apache-2.0

package propagators

// osprofilerIDs are the two values of osprofiler's JSON object, still quoted
// nowhere and parsed nowhere; nil means null or absent.
type osprofilerIDs struct{ base, parent []byte }

// readOsprofiler reads {"base_id": "…", "parent_id": "…"}: one object with
// these keys, exactly so written, and strings or null as values. As in Python
// the last of two equal keys counts. A UUID has no character that JSON must
// escape, so an escape in a key or a value rejects.
func readOsprofiler(p []byte) (ids osprofilerIDs, ok bool) {
	r := jsonReader{p}
	if !r.next('{') {
		return ids, false
	}
	for more := true; more; more = r.next(',') {
		key, ok := r.text()
		if !ok || !r.next(':') {
			return ids, false
		}
		value, ok := r.textOrNull()
		if !ok {
			return ids, false
		}
		switch string(key) {
		case "base_id":
			ids.base = value
		case "parent_id":
			ids.parent = value
		default:
			return ids, false
		}
	}
	return ids, r.next('}') && r.done()
}

// jsonReader holds what is still to be read.
type jsonReader struct{ rest []byte }

func (r *jsonReader) space() {
	for len(r.rest) > 0 && (r.rest[0] == ' ' || r.rest[0] == '\t' || r.rest[0] == '\n' || r.rest[0] == '\r') {
		r.rest = r.rest[1:]
	}
}

// next consumes c, white space before it included, if it is what follows.
func (r *jsonReader) next(c byte) bool {
	r.space()
	if len(r.rest) == 0 || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// text consumes a string without escapes, control characters or bytes beyond
// ASCII.
func (r *jsonReader) text() ([]byte, bool) {
	if !r.next('"') {
		return nil, false
	}
	for i, c := range r.rest {
		switch {
		case c == '"':
			text := r.rest[:i]
			r.rest = r.rest[i+1:]
			return text, true
		case c < ' ' || c == '\\' || c >= 0x7f:
			return nil, false
		}
	}
	return nil, false
}

// textOrNull consumes a string or the word null, which it returns as nil.
func (r *jsonReader) textOrNull() ([]byte, bool) {
	r.space()
	if len(r.rest) >= 4 && string(r.rest[:4]) == "null" {
		r.rest = r.rest[4:]
		return nil, true
	}
	return r.text()
}

func (r *jsonReader) done() bool {
	r.space()
	return len(r.rest) == 0
}

// traceID returns the 128 bits of base_id.
func (ids osprofilerIDs) traceID() (id [16]byte, ok bool) {
	ok = parseUUID(&id, ids.base)
	return id, ok
}

// spanID returns the low 64 bits of parent_id, or of base_id when parent_id
// is absent, null or empty, as in osprofiler.
func (ids osprofilerIDs) spanID() (id [8]byte, ok bool) {
	from := ids.parent
	if len(from) == 0 {
		from = ids.base
	}
	var whole [16]byte
	ok = parseUUID(&whole, from)
	return [8]byte(whole[8:]), ok
}

// appendOsprofiler appends what json.dumps writes for the same two ids.
func appendOsprofiler(p []byte, traceID [16]byte, spanID [8]byte) []byte {
	p = append(p, `{"base_id": "`...)
	p = appendUUID(p, traceID[:8], traceID[8:])
	p = append(p, `", "parent_id": "`...)
	p = appendUUID(p, make([]byte, 8), spanID[:])
	return append(p, `"}`...)
}
