// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/otlp"
)

// TestEverySpanIsSentOrDropped: after each answer the counters say what
// arrived, and why the rest did not.
func TestEverySpanIsSentOrDropped(t *testing.T) {
	none := map[string]uint64{}
	lost := func(reason string, n uint64) map[string]uint64 { return map[string]uint64{reason: n} }
	for name, tc := range map[string]struct {
		only    string // one protocol
		script  []answer
		dropped map[string]uint64
		retried uint64
		errs    bool
	}{
		"success":                 {"", nil, none, 0, false},
		"busy, then success":      {"", []answer{{status: 503, code: codes.Unavailable}, {status: 429, code: codes.Aborted}}, none, 2, false},
		"bad gateway":             {"http", []answer{{status: 502}, {status: 504}}, none, 2, false},
		"the connection breaks":   {"http", []answer{{reset: true}, {reset: true}}, none, 2, false},
		"bad request":             {"", []answer{{status: 400, code: codes.InvalidArgument}}, lost("rejected", 10), 0, true},
		"not found":               {"", []answer{{status: 404, code: codes.Unimplemented}}, lost("rejected", 10), 0, true},
		"a redirect is refused":   {"http", []answer{{status: 302, header: http.Header{"Location": {"/elsewhere"}}}}, lost("rejected", 10), 0, true},
		"exhausted":               {"grpc", []answer{{code: codes.ResourceExhausted}}, lost("unavailable", 10), 0, true},
		"three are rejected":      {"", []answer{{rejected: 3, body: "too old"}}, lost("rejected", 3), 0, true},
		"all are rejected":        {"", []answer{{rejected: 10}}, lost("rejected", 10), 0, true},
		"more than there were":    {"", []answer{{rejected: 99}}, lost("rejected", 10), 0, true},
		"a warning":               {"", []answer{{body: "soon to be removed (5 spans rejected)"}}, none, 0, true},
		"hangs, then success":     {"", []answer{{hang: true}}, none, 1, false},
		"hangs twice, then sends": {"", []answer{{hang: true}, {hang: true}}, none, 2, false},
	} {
		for protocol, p := range protocols {
			if tc.only != "" && tc.only != protocol {
				continue
			}
			t.Run(name+", "+protocol, func(t *testing.T) {
				r := newReceiver(t, tc.script...)
				t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", p.endpoint(r))
				if len(tc.script) > 0 && tc.script[0].hang {
					t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
				}
				tel, errs := start(t, instrument.WithExporters(otlp.Traces(p.open)))
				work(tel, 10)
				_ = tel.ForceFlush(context.Background())

				got := tel.Stats().Exporters[0]
				assert.Equal(t, tc.dropped, got.DroppedBy, got.LastError)
				assert.EqualValues(t, len(r.names()), got.Sent, "what arrived")
				assert.EqualValues(t, 10, got.Sent+got.Dropped)
				assert.Zero(t, got.Waiting)
				assert.Equal(t, tc.retried, got.Retried)
				assert.Equal(t, tc.errs, len(errs.all()) > 0, "%v", errs.all())
			})
		}
	}
}

// TestSpansWaitForACollectorThatStartsLate: a connection that is refused is
// tried again, by HTTP too.
func TestSpansWaitForACollectorThatStartsLate(t *testing.T) {
	for name, open := range map[string]opener{"http": otlp.HTTP, "grpc": otlp.GRPC} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			addr := listener.Addr().String()
			require.NoError(t, listener.Close())
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+addr)
			tel, errs := start(t, instrument.WithExporters(otlp.Traces(open)))
			work(tel, 3)
			flushed := make(chan error, 1)
			go func() { flushed <- tel.ForceFlush(context.Background()) }()
			require.Eventually(t, func() bool {
				return tel.Report().Exporters[0].Probe != "waiting" // refused once, at least
			}, 5*time.Second, time.Millisecond)
			select {
			case err := <-flushed:
				t.Fatalf("gave up: %v", err)
			default:
			}
			r := newReceiver(t)
			target := r.http
			if name == "grpc" {
				target = r.grpc
			}
			forward(t, addr, target[len("http://"):])
			require.NoError(t, <-flushed)
			assert.Len(t, r.names(), 3)
			assert.EqualValues(t, 3, tel.Stats().Exporters[0].Sent)
			assert.Empty(t, errs.all())
		})
	}
}

// forward listens at an address and passes connections on.
func forward(t testing.TB, addr, target string) {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", target)
			if err != nil {
				_ = in.Close()
				return
			}
			t.Cleanup(func() { _, _ = in.Close(), out.Close() })
			go func() { _, _ = in.(*net.TCPConn).ReadFrom(out); _ = in.Close() }()
			go func() { _, _ = out.(*net.TCPConn).ReadFrom(in); _ = out.Close() }()
		}
	}()
}

func TestShutdownDoesNotWaitForACollectorThatHangs(t *testing.T) {
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, answer{hang: true}, answer{hang: true}, answer{hang: true})
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", p.endpoint(r))
			tel, _ := start(t, instrument.WithExporters(otlp.Traces(p.open)))
			work(tel, 4)
			ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			began := time.Now()
			assert.ErrorContains(t, tel.Shutdown(ctx), "lost 4 spans")
			assert.Less(t, time.Since(began), 5*time.Second, "not its own timeout of 10 s")
			assert.Eventually(t, func() bool { return tel.Stats().Exporters[0].Dropped == 4 }, 5*time.Second, time.Millisecond)
		})
	}
}
