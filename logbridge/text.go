// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"encoding/hex"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/trace"
)

const (
	traceIDDigits = 2 * len(trace.TraceID{})
	spanIDDigits  = 2 * len(trace.SpanID{})
)

// idSlot holds the text of one span's ids. A span logs more than one line,
// more often than not, and its text need be made once.
type idSlot struct {
	mu      sync.Mutex
	traceID trace.TraceID
	spanID  trace.SpanID
	text    string
	_       [16]byte // a cache line each
}

// idSlots are chosen by the last byte of the span id, which is random.
var idSlots [64]idSlot

// idText returns both ids in lower-case hexadecimal, in one string. It never
// waits: a slot that is in use is passed by.
func idText(traceID trace.TraceID, spanID trace.SpanID) string {
	slot := &idSlots[spanID[len(spanID)-1]%byte(len(idSlots))]
	if !slot.mu.TryLock() {
		return formatIDs(traceID, spanID)
	}
	if slot.text == "" || slot.spanID != spanID || slot.traceID != traceID {
		slot.traceID, slot.spanID, slot.text = traceID, spanID, formatIDs(traceID, spanID)
	}
	text := slot.text
	slot.mu.Unlock()
	return text
}

func formatIDs(traceID trace.TraceID, spanID trace.SpanID) string {
	var digits [traceIDDigits + spanIDDigits]byte
	hex.Encode(digits[:], traceID[:])
	hex.Encode(digits[traceIDDigits:], spanID[:])
	return string(digits[:])
}

// flagTexts is "00" to "ff" in a row.
var flagTexts = func() string {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return hex.EncodeToString(all)
}()

func flagText(f trace.TraceFlags) string { return flagTexts[2*int(f) : 2*int(f)+2] }

// maxCleanBytes bounds what callers said of themselves.
const maxCleanBytes = 256

// clean makes a stranger's text fit for a line: valid UTF-8 of at most
// maxCleanBytes bytes, without characters that steer a terminal.
func clean(s string) string {
	if len(s) > maxCleanBytes {
		cut := maxCleanBytes
		for cut > maxCleanBytes-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return utf8.RuneError
		}
		return r
	}, s)
}
