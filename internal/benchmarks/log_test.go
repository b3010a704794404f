// SPDX-License-Identifier: Apache-2.0

package benchmarks

import (
	"context"
	"io"
	"log/slog"
	"testing"

	slogmulti "github.com/samber/slog-multi"
	"go.opentelemetry.io/contrib/bridges/otelslog"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/logbridge"
)

// go test -run '^$' -bench Log -benchtime 0.3s -count 3 .

// middlewareIDs is how ids are added with slog-multi: a middleware of the
// program's own.
func middlewareIDs(next slog.Handler) slog.Handler {
	return slogmulti.Pipe(slogmulti.NewHandleInlineMiddleware(
		func(ctx context.Context, r slog.Record, next func(context.Context, slog.Record) error) error {
			if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
				r.AddAttrs(slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()),
					slog.String("trace_flags", sc.TraceFlags().String()))
			}
			return next(ctx, r)
		})).Handler(next)
}

// handWritten is the decorator that every second article shows. It moves the
// ids into the group that is open.
type handWritten struct{ slog.Handler }

func (h handWritten) Handle(ctx context.Context, r slog.Record) error {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		r.AddAttrs(slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()),
			slog.String("trace_flags", sc.TraceFlags().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h handWritten) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handWritten{h.Handler.WithAttrs(attrs)}
}
func (h handWritten) WithGroup(name string) slog.Handler {
	return handWritten{h.Handler.WithGroup(name)}
}

var logAttrs = []slog.Attr{
	slog.String("method", "GET"), slog.String("route", "/orders/{id}"),
	slog.Int("status", 200), slog.Int64("bytes", 1234), slog.Bool("cached", false),
}

func logJSON() slog.Handler { return slog.NewJSONHandler(io.Discard, nil) }

var logDecorators = []struct {
	name string
	wrap func(slog.Handler) slog.Handler
}{
	{"bare", func(h slog.Handler) slog.Handler { return h }},
	{"ours", func(h slog.Handler) slog.Handler { return logbridge.TraceContext(h) }},
	{"slog-multi", middlewareIDs},
	{"hand-written", func(h slog.Handler) slog.Handler { return handWritten{h} }},
}

// logContexts are without a span, with one that is not sampled, and with one
// that is recording.
func logContexts(b *testing.B) map[string]context.Context {
	tp := sdktrace.NewTracerProvider()
	recording, span := tp.Tracer("benchmark").Start(context.Background(), "op")
	b.Cleanup(func() { span.End(); _ = tp.Shutdown(context.Background()) })
	return map[string]context.Context{
		"no-span":   context.Background(),
		"unsampled": trace.ContextWithSpanContext(context.Background(), span.SpanContext().WithTraceFlags(0)),
		"recording": recording,
	}
}

func BenchmarkLogLine(b *testing.B) {
	contexts := logContexts(b)
	for _, kind := range []string{"no-span", "unsampled", "recording"} {
		for _, d := range logDecorators {
			b.Run(kind+"/"+d.name, func(b *testing.B) {
				l, ctx := slog.New(d.wrap(logJSON())), contexts[kind]
				b.ReportAllocs()
				for b.Loop() {
					l.LogAttrs(ctx, slog.LevelInfo, "request", logAttrs...)
				}
			})
		}
	}
}

// BenchmarkLogFirstLine logs one line in each span: what is kept of a span is
// of no use then.
func BenchmarkLogFirstLine(b *testing.B) {
	sc := trace.SpanContextFromContext(benchContext())
	spans := make([]context.Context, 4096)
	for i := range spans {
		spans[i] = trace.ContextWithSpanContext(context.Background(), sc.WithSpanID(trace.SpanID{1, byte(i >> 8), 7: byte(i)}))
	}
	for _, d := range logDecorators {
		b.Run(d.name, func(b *testing.B) {
			l := slog.New(d.wrap(logJSON()))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				l.LogAttrs(spans[i%len(spans)], slog.LevelInfo, "request", logAttrs...)
			}
		})
	}
}

func BenchmarkLogGroup(b *testing.B) {
	ctx := logContexts(b)["unsampled"]
	for _, d := range logDecorators {
		b.Run(d.name, func(b *testing.B) {
			l := slog.New(d.wrap(logJSON())).With("service", "shop").WithGroup("request").With("id", 17)
			b.ReportAllocs()
			for b.Loop() {
				l.LogAttrs(ctx, slog.LevelInfo, "request", logAttrs...)
			}
		})
	}
}

// BenchmarkLogWithChain derives a logger for each line, as a request does.
func BenchmarkLogWithChain(b *testing.B) {
	ctx := logContexts(b)["unsampled"]
	for _, d := range logDecorators {
		b.Run(d.name, func(b *testing.B) {
			l := slog.New(d.wrap(logJSON()))
			b.ReportAllocs()
			for b.Loop() {
				l.With("service", "shop").WithGroup("request").With("id", 17).LogAttrs(ctx, slog.LevelInfo, "request", logAttrs...)
			}
		})
	}
}

func BenchmarkLogDisabled(b *testing.B) {
	ctx := logContexts(b)["recording"]
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(noLogs{})))
	b.Cleanup(func() { _ = lp.Shutdown(context.Background()) })
	handlers := map[string]slog.Handler{
		"otel/ours":     logbridge.NewHandler("benchmark", lp),
		"otel/otelslog": otelslog.NewHandler("benchmark", otelslog.WithLoggerProvider(lp)),
	}
	for _, d := range logDecorators {
		handlers["json/"+d.name] = d.wrap(logJSON())
	}
	for name, h := range handlers {
		b.Run(name, func(b *testing.B) {
			l := slog.New(h)
			b.ReportAllocs()
			for b.Loop() {
				l.LogAttrs(ctx, slog.LevelDebug, "request", logAttrs...)
			}
		})
	}
}

func BenchmarkLogToOTel(b *testing.B) {
	ctx := logContexts(b)["recording"]
	for _, bc := range []struct {
		name string
		new  func(*sdklog.LoggerProvider) slog.Handler
	}{
		{"otelslog", func(lp *sdklog.LoggerProvider) slog.Handler {
			return otelslog.NewHandler("benchmark", otelslog.WithLoggerProvider(lp))
		}},
		{"ours", func(lp *sdklog.LoggerProvider) slog.Handler {
			return logbridge.NewHandler("benchmark", lp, logbridge.WithRateLimit(0)) // or it drops
		}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(noProcessor{}))
			l := slog.New(bc.new(lp))
			b.ReportAllocs()
			for b.Loop() {
				l.LogAttrs(ctx, slog.LevelInfo, "request", logAttrs...)
			}
		})
	}
}

func BenchmarkLogFanOut(b *testing.B) {
	ctx := logContexts(b)["unsampled"]
	for name, h := range map[string]slog.Handler{
		"ours-over-slog": logbridge.TraceContext(slog.NewMultiHandler(logJSON(), logJSON())),
		"slog-multi":     middlewareIDs(slogmulti.Fanout(logJSON(), logJSON())),
	} {
		b.Run(name, func(b *testing.B) {
			l := slog.New(h)
			b.ReportAllocs()
			for b.Loop() {
				l.LogAttrs(ctx, slog.LevelInfo, "request", logAttrs...)
			}
		})
	}
}

type noLogs struct{}

func (noLogs) Export(context.Context, []sdklog.Record) error { return nil }
func (noLogs) Shutdown(context.Context) error                { return nil }
func (noLogs) ForceFlush(context.Context) error              { return nil }

type noProcessor struct{}

func (noProcessor) OnEmit(context.Context, *sdklog.Record) error           { return nil }
func (noProcessor) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (noProcessor) Shutdown(context.Context) error                         { return nil }
func (noProcessor) ForceFlush(context.Context) error                       { return nil }
