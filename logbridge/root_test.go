// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/slogtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/logbridge"
	"github.com/waymark-otel/waymark/propagators"
)

var update = flag.Bool("update", false, "write the golden files anew")

// stacks are the ways to put the decorators together.
var stacks = map[string]func(slog.Handler) slog.Handler{
	"trace context":       func(h slog.Handler) slog.Handler { return logbridge.TraceContext(h) },
	"context attrs":       logbridge.ContextAttrs,
	"trace over context":  func(h slog.Handler) slog.Handler { return logbridge.TraceContext(logbridge.ContextAttrs(h)) },
	"context over trace":  func(h slog.Handler) slog.Handler { return logbridge.ContextAttrs(logbridge.TraceContext(h)) },
	"twice":               func(h slog.Handler) slog.Handler { return logbridge.TraceContext(logbridge.TraceContext(h)) },
	"with a stranger":     func(h slog.Handler) slog.Handler { return logbridge.TraceContext(stranger{logbridge.ContextAttrs(h)}) },
	"twice, and stranger": func(h slog.Handler) slog.Handler { return logbridge.TraceContext(stranger{logbridge.TraceContext(h)}) },
	"over two sinks": func(h slog.Handler) slog.Handler {
		return logbridge.TraceContext(slog.NewMultiHandler(h, slog.DiscardHandler))
	},
}

// stranger is a handler that these decorators cannot look into.
type stranger struct{ next slog.Handler }

func (s stranger) Enabled(ctx context.Context, l slog.Level) bool  { return s.next.Enabled(ctx, l) }
func (s stranger) Handle(ctx context.Context, r slog.Record) error { return s.next.Handle(ctx, r) }
func (s stranger) WithAttrs(attrs []slog.Attr) slog.Handler        { return stranger{s.next.WithAttrs(attrs)} }
func (s stranger) WithGroup(name string) slog.Handler              { return stranger{s.next.WithGroup(name)} }

func TestDecoratorsAreSlogHandlers(t *testing.T) {
	full := logbridge.ContextWithAttrs(spanContext(trace.FlagsSampled, false), slog.String("tenant", "t1"))
	full = propagators.ContextWithCorrelationID(full, "order-7")
	for name, stack := range stacks {
		for kind, ctx := range map[string]context.Context{"nothing added": context.Background(), "ids added": full} {
			t.Run(name+", "+kind, func(t *testing.T) {
				var out bytes.Buffer
				slogtest.Run(t, func(*testing.T) slog.Handler {
					out.Reset()
					return within{stack(slog.NewJSONHandler(&out, nil)), ctx}
				}, func(t *testing.T) map[string]any { return line(t, &out) })
			})
		}
	}
}

// operation is one call that derives a logger.
type operation struct {
	name string
	do   func(l *slog.Logger, depth int) *slog.Logger
}

var operations = []operation{
	{"With", func(l *slog.Logger, depth int) *slog.Logger { return l.With(fmt.Sprintf("w%d", depth), depth) }},
	{"WithGroup", func(l *slog.Logger, depth int) *slog.Logger { return l.WithGroup(fmt.Sprintf("g%d", depth)) }},
}

// permutations calls f for each order of With and WithGroup up to the depth.
func permutations(depth int, f func(name string, derive func(*slog.Logger) *slog.Logger)) {
	type step struct {
		name   string
		derive func(*slog.Logger) *slog.Logger
	}
	level := []step{{"", func(l *slog.Logger) *slog.Logger { return l }}}
	for d := 0; ; d++ {
		for _, s := range level {
			f(strings.TrimPrefix(s.name, "."), s.derive)
		}
		if d == depth {
			return
		}
		var next []step
		for _, s := range level {
			for _, o := range operations {
				next = append(next, step{s.name + "." + o.name, func(l *slog.Logger) *slog.Logger { return o.do(s.derive(l), d+1) }})
			}
		}
		level = next
	}
}

var records = map[string][]any{
	"nothing":  nil,
	"an attr":  {"id", 17},
	"a group":  {slog.Group("order", "id", 17, "lines", 3)},
	"no key":   {slog.Group("", "id", 17)},
	"empty":    {slog.Group("none"), slog.Attr{}},
	"many":     {"a", 1, "b", 2, "c", 3, "d", 4, "e", 5, "f", 6, "g", 7},
	"a valuer": {"secret", redacted("hunter2")},
}

type redacted string

func (redacted) LogValue() slog.Value { return slog.StringValue("***") }

// TestIDsStayAtTheTopLevel compares each line with that of the bare handler:
// the same and the ids.
func TestIDsStayAtTheTopLevel(t *testing.T) {
	contexts := map[string]struct {
		ctx   context.Context
		added map[string]any
	}{
		"no span":        {context.Background(), nil},
		"sampled":        {spanContext(trace.FlagsSampled, false), ids("01")},
		"unsampled":      {spanContext(0, false), ids("00")},
		"remote":         {spanContext(trace.FlagsSampled, true), ids("01")},
		"random flag":    {spanContext(trace.FlagsSampled|2, true), ids("03")},
		"correlation id": {propagators.ContextWithCorrelationID(context.Background(), "order-7"), map[string]any{"correlation_id": "order-7"}},
		"all": {
			logbridge.ContextWithAttrs(propagators.ContextWithCorrelationID(spanContext(0, false), "order-7"), slog.String("tenant", "t1")),
			with(ids("00"), "correlation_id", "order-7", "tenant", "t1"),
		},
	}
	for stackName, stack := range stacks {
		for ctxName, tc := range contexts {
			permutations(3, func(name string, derive func(*slog.Logger) *slog.Logger) {
				for recordName, args := range records {
					var bare, ours bytes.Buffer
					derive(slog.New(jsonTo(&bare))).InfoContext(tc.ctx, "m", args...)
					want := line(t, &bare)
					maps.Copy(want, added(stackName, tc.added))
					// A span's later lines take another way than its first.
					l := derive(slog.New(stack(jsonTo(&ours))))
					for range 3 {
						l.InfoContext(tc.ctx, "m", args...)
					}
					if stackName != "with a stranger" { // where the order may change
						first, _, _ := strings.Cut(ours.String(), "\n")
						require.Equal(t, strings.Repeat(first+"\n", 3), ours.String())
					}
					for _, got := range lines(t, &ours) {
						require.Equal(t, want, got, "%s: %s: %s: %s", stackName, ctxName, name, recordName)
					}
				}
			})
		}
	}
}

// added is what a stack that has not all the decorators adds of want.
func added(stack string, want map[string]any) map[string]any {
	want = maps.Clone(want)
	switch stack {
	case "context attrs":
		maps.DeleteFunc(want, func(k string, _ any) bool { return k != "tenant" })
	case "trace context", "twice", "twice, and stranger", "over two sinks":
		delete(want, "tenant")
	}
	return want
}

func ids(flags string) map[string]any {
	return map[string]any{"trace_id": traceIDText, "span_id": spanIDText, "trace_flags": flags}
}

func with(m map[string]any, more ...string) map[string]any {
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

// TestAGroupThatBecomesEmptyBreaksNoLine: slog's JSON handler writes no comma
// after a group that turned out empty, and ids must not be what comes next.
func TestAGroupThatBecomesEmptyBreaksNoLine(t *testing.T) {
	secretless := func(out *bytes.Buffer) slog.Handler {
		return slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == "password" || a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})
	}
	ctx := logbridge.ContextWithAttrs(spanContext(0, false), slog.String("tenant", "t1"))
	login := slog.Group("login", "password", "p")
	for name, log := range map[string]func(*slog.Logger){
		"in the call":               func(l *slog.Logger) { l.InfoContext(ctx, "m", login) },
		"in an open group":          func(l *slog.Logger) { l.WithGroup("g").InfoContext(ctx, "m", "password", "p") },
		"in an open group, in With": func(l *slog.Logger) { l.WithGroup("g").With("password", "p").InfoContext(ctx, "m") },
		"in With in a group, after and before others": func(l *slog.Logger) {
			l.WithGroup("g").With("a", 1).With(login).With("b", 2).WithGroup("h").With(login).InfoContext(ctx, "m", "c", 3)
		},
		"from a valuer in a group": func(l *slog.Logger) {
			l.WithGroup("g").With("a", 1).With("v", inline{slog.String("password", "p")}).InfoContext(ctx, "m", "b", 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var bare, ours bytes.Buffer
			log(slog.New(secretless(&bare)))
			l := slog.New(logbridge.TraceContext(logbridge.ContextAttrs(secretless(&ours))))
			for range 3 {
				log(l)
			}
			want := line(t, &bare)
			maps.Copy(want, with(ids("00"), "tenant", "t1"))
			for _, got := range lines(t, &ours) {
				assert.Equal(t, want, got)
			}
		})
	}
}

func TestGoldenLines(t *testing.T) {
	var got strings.Builder
	ctx := propagators.ContextWithCorrelationID(spanContext(0, false), "order-7")
	ctx = logbridge.ContextWithAttrs(ctx, slog.String("tenant", "t1"))
	permutations(3, func(name string, derive func(*slog.Logger) *slog.Logger) {
		var out bytes.Buffer
		l := derive(slog.New(logbridge.TraceContext(logbridge.ContextAttrs(jsonTo(&out)))))
		l.InfoContext(ctx, "m", "id", 17)
		l.InfoContext(ctx, "m")
		require.Len(t, lines(t, &out), 2)
		got.WriteString("# " + name + "\n" + out.String())
	})
	golden := filepath.Join("testdata", "permutations.golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), got.String())
}

// TestDerivedLoggersShareNothing derives from slices with room to spare.
func TestDerivedLoggersShareNothing(t *testing.T) {
	var out bytes.Buffer
	base := slog.New(logbridge.TraceContext(logbridge.ContextAttrs(jsonTo(&out))))
	ctx := logbridge.ContextWithAttrs(spanContext(0, false), slog.String("left", "ctx"))
	both := func(parent *slog.Logger, derive func(*slog.Logger, string) *slog.Logger) (left, right map[string]any) {
		out.Reset()
		l, r := derive(parent, "left"), derive(parent, "right")
		l.InfoContext(ctx, "m", "x", 1)
		r.InfoContext(ctx, "m", "x", 1)
		all := lines(t, &out)
		return all[0], all[1]
	}
	with := func(l *slog.Logger, name string) *slog.Logger { return l.With(name, 1) }
	left, right := both(base.With("a", 1).With("b", 1).With("c", 1), with)
	assert.Equal(t, 1.0, left["left"], "its own, not the context's, and once")
	assert.Equal(t, "ctx", right["left"])

	left, right = both(base.WithGroup("g").With("a", 1).With("b", 1).With("c", 1), with)
	assert.Equal(t, map[string]any{"a": 1.0, "b": 1.0, "c": 1.0, "left": 1.0, "x": 1.0}, left["g"])
	assert.Equal(t, map[string]any{"a": 1.0, "b": 1.0, "c": 1.0, "right": 1.0, "x": 1.0}, right["g"])

	left, right = both(base.WithGroup("g").WithGroup("h").WithGroup("i"), func(l *slog.Logger, name string) *slog.Logger { return l.WithGroup(name) })
	assert.Equal(t, map[string]any{"h": map[string]any{"i": map[string]any{"left": map[string]any{"x": 1.0}}}}, left["g"])
	assert.Equal(t, map[string]any{"h": map[string]any{"i": map[string]any{"right": map[string]any{"x": 1.0}}}}, right["g"])
}

// TestTheRecordOfTheCallerIsNotChanged: a handler gets a copy whose overflow
// is shared.
func TestTheRecordOfTheCallerIsNotChanged(t *testing.T) {
	var out bytes.Buffer
	h := logbridge.TraceContext(jsonTo(&out))
	r := slog.NewRecord(fixed, slog.LevelInfo, "m", 0)
	r.Add("a", 1, "b", 2, "c", 3, "d", 4, "e", 5, "f", 6)
	for range 2 {
		require.NoError(t, h.Handle(spanContext(0, false), r))
	}
	r.Add("g", 7)
	require.NoError(t, h.Handle(context.Background(), r))
	all := lines(t, &out)
	assert.Equal(t, all[0], all[1])
	assert.NotContains(t, out.String(), "BUG")
	assert.NotContains(t, all[2], "trace_id")
}

func TestAPanickingLogValuerDoesNotReachTheCaller(t *testing.T) {
	var out bytes.Buffer
	l := slog.New(logbridge.TraceContext(jsonTo(&out)))
	ctx := logbridge.ContextWithAttrs(spanContext(0, false), slog.Any("", panicking{}))
	l.InfoContext(ctx, "m", "v", panicking{}, slog.Any("", panicking{}))
	l.With("", panicking{}).WithGroup("g").InfoContext(ctx, "m", "v", panicking{})
	for _, got := range lines(t, &out) {
		assert.Equal(t, traceIDText, got["trace_id"])
	}
}

type panicking struct{}

func (panicking) LogValue() slog.Value { panic("no") }

func TestANilHandlerDiscards(t *testing.T) {
	l := slog.New(logbridge.TraceContext(logbridge.ContextAttrs(nil), nil))
	assert.False(t, l.Enabled(context.Background(), slog.LevelError))
	l.With("a", 1).WithGroup("g").Error("m")
}

func TestADisabledLevelStaysDisabled(t *testing.T) {
	var out bytes.Buffer
	l := slog.New(logbridge.ContextAttrs(logbridge.TraceContext(slog.NewJSONHandler(&out, nil))))
	l.WithGroup("g").DebugContext(spanContext(1, false), "m")
	assert.Empty(t, out.String())
}
