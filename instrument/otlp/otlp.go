// SPDX-License-Identifier: Apache-2.0

// Package otlp sends traces, metrics and logs by OpenTelemetry's own protocol,
// to a Collector or to whatever else takes it. It is a module of its own, so
// that programs which do not need it do not link it.
//
// One line adds it:
//
//	instrument.WithExporters(otlp.HTTP)
//
// Where to, and how, is said by OTEL_EXPORTER_OTLP_ENDPOINT and its siblings;
// docs/otlp.md has all of them. To let OTEL_TRACES_EXPORTER=otlp and the like
// decide whether it is used at all:
//
//	instrument.WithNamedExporter("otlp", otlp.FromEnvironment)
package otlp

import (
	"context"
	"errors"

	"github.com/waymark-otel/waymark/instrument"
)

// HTTP opens exporters of traces, metrics and logs that post protobuf to
// /v1/traces, /v1/metrics and /v1/logs, by default at http://localhost:4318.
// It connects to nothing. A mistake in the environment is in the Variables of
// what is returned and leaves the default; it is no error.
func HTTP(ctx context.Context) (instrument.Exporters, error) { return open(ctx, overHTTP) }

// GRPC is HTTP for gRPC, by default to http://localhost:4317, without TLS.
func GRPC(ctx context.Context) (instrument.Exporters, error) { return open(ctx, overGRPC) }

// FromEnvironment is HTTP or GRPC for each signal, as
// OTEL_EXPORTER_OTLP_PROTOCOL and its siblings for one signal say: grpc or
// http/protobuf. By default, http/protobuf.
func FromEnvironment(ctx context.Context) (instrument.Exporters, error) { return open(ctx, "") }

// Traces opens what another function opens and keeps the exporter of spans
// alone: for a collector that takes no metrics and no logs, or during a
// migration of traces.
//
//	instrument.WithExporters(otlp.Traces(otlp.HTTP))
func Traces(open func(context.Context) (instrument.Exporters, error)) func(context.Context) (instrument.Exporters, error) {
	return func(ctx context.Context) (instrument.Exporters, error) {
		if open == nil {
			return instrument.Exporters{}, errors.New("otlp: function given to Traces is nil")
		}
		if ctx == nil {
			ctx = context.Background()
		}
		e, err := open(ctx)
		if e.Metrics != nil {
			err = errors.Join(err, e.Metrics.Shutdown(ctx))
		}
		if e.Logs != nil {
			err = errors.Join(err, e.Logs.Shutdown(ctx))
		}
		e.Metrics, e.Logs = nil, nil
		return e, err
	}
}

func open(ctx context.Context, protocol string) (instrument.Exporters, error) {
	if ctx == nil {
		ctx = context.Background() // as Setup and New do
	}
	e := newEnvironment()
	e.strangers()
	e.metricChoices()
	all := map[signal]*settings{}
	for _, s := range signals {
		all[s] = e.settings(s, protocol)
	}
	exporters := instrument.Exporters{Variables: e.variables}
	// The exporters read the variables again and print what they do not
	// understand, headers included.
	defer e.hideMistakes()()
	var errs []error
	for _, s := range signals {
		opener := openers[all[s].protocol][s]
		errs = append(errs, opener(ctx, all[s], &exporters))
	}
	return exporters, errors.Join(errs...)
}

// openers fill in one field of the exporters.
var openers = map[string]map[signal]func(context.Context, *settings, *instrument.Exporters) error{
	overHTTP: {traces: httpTraces, metrics: httpMetrics, logs: httpLogs},
	overGRPC: {traces: grpcTraces, metrics: grpcMetrics, logs: grpcLogs},
}
