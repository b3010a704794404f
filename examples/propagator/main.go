// SPDX-License-Identifier: Apache-2.0

// Command propagator teaches a program a header that nobody else knows, and
// lets the environment choose it by its name:
//
//	OTEL_PROPAGATORS=acme,tracecontext go run ./examples/propagator
package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/viewer"
)

// acme is the header of a proxy that was here before OpenTelemetry:
// "X-Acme-Trace: <trace id>/<span id>", sampled when it is there.
type acme struct{}

var _ propagation.TextMapPropagator = acme{}

const acmeHeader = "X-Acme-Trace"

func (acme) Fields() []string { return []string{acmeHeader} }

func (acme) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() && sc.IsSampled() {
		carrier.Set(acmeHeader, sc.TraceID().String()+"/"+sc.SpanID().String())
	}
}

// Extract returns ctx unless the whole header is as it must be: strangers can
// send anything.
func (acme) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	traceID, spanID, _ := strings.Cut(carrier.Get(acmeHeader), "/")
	if len(traceID) != 32 || len(spanID) != 16 {
		return ctx
	}
	config := trace.SpanContextConfig{TraceFlags: trace.FlagsSampled, Remote: true}
	if _, err := hex.Decode(config.TraceID[:], []byte(traceID)); err != nil {
		return ctx
	}
	if _, err := hex.Decode(config.SpanID[:], []byte(spanID)); err != nil {
		return ctx
	}
	if sc := trace.NewSpanContext(config); sc.IsValid() {
		return trace.ContextWithRemoteSpanContext(ctx, sc)
	}
	return ctx
}

func main() {
	v, err := viewer.Start("127.0.0.1:0", viewer.WithOutput(os.Stdout))
	if err == nil {
		err = errors.Join(run(context.Background(), os.Stdout, v.SpansURL()), v.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, spansURL string) (err error) {
	shutdown, err := instrument.Setup(ctx,
		instrument.WithService("proxy", "1.0"),
		instrument.WithZipkin(spansURL),
		instrument.WithNamedPropagator("acme", acme{}), // a name for OTEL_PROPAGATORS to choose
		instrument.WithLogger(slog.New(slog.DiscardHandler)))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}
	// What a server would do with the headers of a request, and a client with
	// those that it sends.
	p := otel.GetTextMapPropagator()
	in := propagation.MapCarrier{acmeHeader: "4e3e0ec6293840b1850409eb1d4b0dee/8c00f6daa2bc32f1"}
	return instrument.Do(p.Extract(ctx, in), "relay", func(ctx context.Context) error {
		sent := propagation.MapCarrier{}
		p.Inject(ctx, sent)
		for _, name := range p.Fields() {
			if value := sent.Get(name); value != "" {
				fmt.Fprintf(out, "%s: %s\n", name, value)
			}
		}
		return nil
	})
}
