// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"math/big"
	"testing"

	pickle "github.com/kisielk/og-rek"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

// FuzzPickleAgainstOgRek: og-rek decodes any pickle and executes nothing
// either. What our reader takes, it decodes to the same pair of integers; and
// what Python's pickle can write of the pair, ours takes.
func FuzzPickleAgainstOgRek(f *testing.F) {
	for _, seed := range []string{
		"(I6004799503160661\nI1234567890123456\ntp0\n.", "(L6004799503160661L\nI77\ntp0\n.",
		"(L6004799503160661L\nL1234567890123456L\ntq\x00.", "\x80\x02K\xffM\xff\xff\x86q\x00.",
		"\x80\x02J\xff\xff\xff\x7fJp\x11\x01\x00\x86q\x00.",
		"\x80\x02\x8a\x08UUUUUU\x15\x00\x8a\x08\xc0\xba\x8a<\xd5b\x04\x00\x86q\x00.",
		"\x80\x04\x95\x15\x00\x00\x00\x00\x00\x00\x00\x8a\x07UUUUUU\x15\x8a\x07\xc0\xba\x8a<\xd5b\x04\x86\x94.",
		"(I01\nI00\ntp0\n.", "(J\xff\xff\xff\xffK\x01t.", "(I9223372036854775808\nI1\nt.",
	} {
		f.Add([]byte(seed))
	}
	x, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{AllowUnsigned: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		ctx := x.Extract(context.Background(), propagation.MapCarrier{"x-trace-info": base64.StdEncoding.EncodeToString(p)})
		sc := trace.SpanContextFromContext(ctx)
		if !sc.IsValid() {
			return
		}
		decoded, err := pickle.NewDecoder(bytes.NewReader(p)).Decode()
		if err != nil {
			t.Fatalf("%q is taken, and is no pickle to og-rek: %v", p, err)
		}
		pair, ok := decoded.(pickle.Tuple)
		if !ok || len(pair) != 2 {
			t.Fatalf("%q is taken, and is %#v", p, decoded)
		}
		traceID, spanID := sc.TraceID(), sc.SpanID()
		if a, b := number(pair[0]), number(pair[1]); a != binary.BigEndian.Uint64(traceID[8:]) || b != binary.BigEndian.Uint64(spanID[:]) {
			t.Fatalf("%q is %v to og-rek, %s and %s to us", p, pair, traceID, spanID)
		}
	})
}

// number returns 0, which is no id, for what is not an integer.
func number(v any) uint64 {
	switch v := v.(type) {
	case int64:
		return uint64(v)
	case *big.Int:
		return v.Uint64()
	}
	return 0
}

// TestPickleOfOgRekIsTaken: each protocol that og-rek can write.
func TestPickleOfOgRekIsTaken(t *testing.T) {
	usesModule(t, "github.com/kisielk/og-rek")
	x, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{AllowUnsigned: true})
	if err != nil {
		t.Fatal(err)
	}
	for protocol := range 6 {
		for _, pair := range [][2]int64{{1, 2}, {255, 256}, {65535, 65536}, {1<<31 - 1, 1 << 31}, {6004799503160661, 1234567890123456}, {1<<63 - 1, 1}} {
			var text bytes.Buffer
			encoder := pickle.NewEncoderWithConfig(&text, &pickle.EncoderConfig{Protocol: protocol})
			if err := encoder.Encode(pickle.Tuple{pair[0], pair[1]}); err != nil {
				t.Fatal(err)
			}
			ctx := x.Extract(context.Background(), propagation.MapCarrier{"x-trace-info": base64.StdEncoding.EncodeToString(text.Bytes())})
			sc := trace.SpanContextFromContext(ctx)
			traceID, spanID := sc.TraceID(), sc.SpanID()
			if got := [2]int64{int64(binary.BigEndian.Uint64(traceID[8:])), int64(binary.BigEndian.Uint64(spanID[:]))}; got != pair {
				t.Errorf("protocol %d: %v arrives as %v (%q)", protocol, pair, got, text.Bytes())
			}
		}
	}
}
