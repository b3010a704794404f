// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func logTo(v *Viewer) *slog.Logger { return slog.New(v.SlogHandler(nil)) }

func TestLinesStandBesideTheirTrace(t *testing.T) {
	v := quietViewer(t)
	send(t, v, Span{TraceID: "a", ID: "1", Timestamp: 1}, Span{TraceID: "b", ID: "1"})
	log := logTo(v)
	log.With("trace_id", "000000000000000A", "span_id", "1", "trace_flags", "01", "correlation_id", "000000000000000a", "service", "front").WithGroup("http").Info("request", "method", "GET", slog.Group("url", "path", "/"))
	log.Error("broke", "trace_id", stringer("a"), "error", errors.New("no"), "correlation_id", "order-7")
	log.Info("of nobody")
	log.WithGroup("g").Info("its id is the group's", "trace_id", "a")
	log.Info("no id at all", "trace_id", "zz")
	log.Debug("below the level", "trace_id", "a")

	got := view[traceView](t, v, "/api/viewer/trace/a")
	require.Len(t, got.Lines, 2)
	first, second := got.Lines[0], got.Lines[1]
	assert.InDelta(t, time.Now().UnixMicro(), first.Time, 60e6)
	first.Time, second.Time = 0, 0
	assert.Equal(t, logView{Span: "0000000000000001", Level: "INFO", Message: "request", Attrs: [][2]string{{"service", "front"}, {"http.method", "GET"}, {"http.url.path", "/"}}}, first)
	assert.Equal(t, logView{Level: "ERROR", Message: "broke", Attrs: [][2]string{{"error", "no"}, {"correlation_id", "order-7"}}}, second)
	assert.Equal(t, 2, got.Logs)
	assert.Equal(t, 2, v.Stats().Logs)
	assert.Empty(t, view[traceView](t, v, "/api/viewer/trace/b").Lines)
}

type stringer string

func (s stringer) String() string { return string(s) }

type panicking struct{}

type silent struct{}

func (silent) String() string          { panic("no") }
func (panicking) LogValue() slog.Value { panic("no") }

func TestALineIsBoundedAndNeverPanics(t *testing.T) {
	v := quietViewer(t)
	send(t, v, Span{TraceID: "a", ID: "1"})
	big := strings.Repeat("é", 1<<18)
	args := []any{"trace_id", "a", "p", panicking{}, "q", silent{}}
	for i := range 100 {
		args = append(args, fmt.Sprint(i, big), big)
	}
	nested := slog.Int("deep", 1)
	for range 100 {
		nested = slog.Group("g", nested)
	}
	logTo(v).With(nested).Info(big, args...)
	logTo(v).With("trace_id", "a").Info("\x1b[2J", "k\u202e", "v\x00", nested)
	lines := view[traceView](t, v, "/api/viewer/trace/a").Lines
	require.Len(t, lines, 2)
	assert.Len(t, lines[0].Attrs, maxLogAttrs)
	assert.Contains(t, lines[0].Attrs[0][1], "LogValue panicked")
	assert.Contains(t, lines[0].Attrs[1][1], "PANIC")
	assert.LessOrEqual(t, len(lines[0].Message), maxLogMessage+len("…"))
	for _, a := range lines[0].Attrs {
		assert.LessOrEqual(t, len(a[0]), maxLogKey+len("…"))
		assert.LessOrEqual(t, len(a[1]), maxLogValue+len("…"))
	}
	assert.Equal(t, "\ufffd[2J", lines[1].Message)
	assert.Equal(t, [][2]string{{"k\ufffd", "v\ufffd"}}, lines[1].Attrs)
}

func TestLoggersOfOneLoggerShareNothing(t *testing.T) {
	v := quietViewer(t)
	base := logTo(v).With("trace_id", "a", "x", 1, "y", 2, "z", 3) // room for a fourth
	base.Info("first", "k", "1")
	base.Info("second", "k", "2")
	one, two := base.With("k", "3"), base.With("k", "4")
	one.Info("third")
	two.Info("fourth")
	for i, l := range v.logs.of("000000000000000a") {
		assert.Equal(t, [2]string{"k", fmt.Sprint(i + 1)}, l.attrs[3], l.message)
	}
}

func TestAnAttributeThatIsNoIdHidesNone(t *testing.T) {
	v := quietViewer(t)
	send(t, v, Span{TraceID: "a", ID: "1"})
	logTo(v).Info("m", "trace_id", "a", "span_id", "1", "traceId", "of another system", "spanid", "")
	lines := view[traceView](t, v, "/api/viewer/trace/a").Lines
	require.Len(t, lines, 1)
	assert.Equal(t, "0000000000000001", lines[0].Span)
	assert.Equal(t, [][2]string{{"traceId", "of another system"}, {"spanid", ""}}, lines[0].Attrs)
}

// TestBytesOfLinesAreBytesOfMemory holds the estimate against the heap while
// lines come and go.
func TestBytesOfLinesAreBytesOfMemory(t *testing.T) {
	const limit = 4 << 20
	body := strings.Repeat("what a line is cut from ", 1<<10)
	for name, log := range map[string]func(to *slog.Logger, i int){
		"one trace":    func(to *slog.Logger, i int) { to.Info(fmt.Sprint(i), "trace_id", "a") },
		"a trace each": func(to *slog.Logger, i int) { to.Info(fmt.Sprint(i), "trace_id", fmt.Sprintf("%x", i+1)) },
		"long":         func(to *slog.Logger, i int) { to.Info(body[:3500+i%500], "trace_id", "a", "n", i) },
		"attributes": func(to *slog.Logger, i int) {
			to.Info("m", "trace_id", "a", "k1", i, "k2", i, "k3", i, "k4", i, "k5", i)
		},
		"a part": func(to *slog.Logger, i int) { to.Info(strings.Clone(body)[:20], "trace_id", "a") },
	} {
		t.Run(name, func(t *testing.T) {
			v := quietViewer(t, WithMaxBytes(8*limit))
			to := logTo(v)
			before := heap()
			for i, left := 0, 20; left > 0; i++ {
				log(to, i)
				if i%500 == 499 && v.Stats().LogsEvicted > 0 {
					left--
					assert.Less(t, float64(heap()-before)/float64(v.logs.bytes), 1.0, "bytes of heap for each counted")
				}
			}
			runtime.KeepAlive(v)
		})
	}
}

func TestTheOldestLinesMakeRoom(t *testing.T) {
	v := quietViewer(t, WithMaxBytes(80_000)) // 10,000 for lines
	log := logTo(v)
	for i := range 1000 {
		log.Info(fmt.Sprintf("line %03d", i), "trace_id", fmt.Sprint(i%3+1))
	}
	s := v.Stats()
	assert.EqualValues(t, 1000, uint64(s.Logs)+s.LogsEvicted)
	assert.LessOrEqual(t, v.logs.bytes, int64(10_000))
	assert.Greater(t, s.Logs, 10)
	n := 0
	for id := range v.logs.byTrace {
		for _, l := range v.logs.of(id) {
			n++
			assert.GreaterOrEqual(t, l.message, fmt.Sprintf("line %03d", 1000-s.Logs), "the latest stay")
		}
	}
	assert.Equal(t, s.Logs, n)
	log.Info(strings.Repeat("x", 1<<20), "trace_id", "1", "k", strings.Repeat("v", 1<<20))
	assert.Positive(t, v.Stats().Logs)
}

func TestManyLogAtOnce(t *testing.T) {
	v := quietViewer(t, WithMaxBytes(100_000))
	var wg sync.WaitGroup
	log := logTo(v).With("trace_id", "a")
	for range 8 {
		wg.Go(func() {
			for i := range 100 {
				log.With("i", i).Info("m", "k", "v")
				v.logs.of("000000000000000a")
				v.logs.correlated("x")
			}
		})
	}
	wg.Wait()
	s := v.Stats()
	assert.EqualValues(t, 800, uint64(s.Logs)+s.LogsEvicted)
}

// TestTheHandlerIsOne runs slog's own checks over what the viewer has kept.
func TestTheHandlerIsOne(t *testing.T) {
	v := quietViewer(t)
	h := v.SlogHandler(nil).WithAttrs([]slog.Attr{slog.String("trace_id", "a")})
	err := slogtest.TestHandler(h, func() []map[string]any {
		var out []map[string]any
		for _, l := range v.logs.of("000000000000000a") {
			m := map[string]any{slog.LevelKey: l.level, slog.MessageKey: l.message, slog.TimeKey: l.at}
			for _, a := range l.attrs {
				in := m
				path := strings.Split(a[0], ".")
				for _, g := range path[:len(path)-1] {
					if in[g] == nil {
						in[g] = map[string]any{}
					}
					in = in[g].(map[string]any)
				}
				in[path[len(path)-1]] = a[1]
			}
			out = append(out, m)
		}
		return out
	})
	// A record without a time is shown at the time when it came: a line has
	// its place among the others.
	require.Error(t, err)
	assert.Equal(t, 1, strings.Count(err.Error(), "\n")+1, "%v", err)
	assert.Contains(t, err.Error(), "zero")
}

func BenchmarkSlogHandler(b *testing.B) {
	v := quietViewer(b)
	log := logTo(v).With("trace_id", "4e3e0ec6293840b1850409eb1d4b0dee", "span_id", "8c00f6daa2bc32f1")
	b.ReportAllocs()
	for b.Loop() {
		log.Info("order placed", "id", 17)
	}
}
