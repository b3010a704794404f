// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Report says what was set up. It holds no credentials.
type Report struct {
	Service    string `json:"service"`
	Version    string `json:"version,omitempty"`
	InstanceID string `json:"instance_id"`
	// Disabled is true when OTEL_SDK_DISABLED turned everything but the
	// propagators off.
	Disabled bool   `json:"disabled,omitempty"`
	Sampler  string `json:"sampler"`
	// KeepErrors and SpanMetrics are true with WithKeepErrors and
	// WithSpanMetrics: every span is recorded then.
	KeepErrors  bool `json:"keep_errors,omitempty"`
	SpanMetrics bool `json:"span_metrics,omitempty"`
	// Propagators are the headers that are written.
	Propagators []string         `json:"propagators"`
	Exporters   []ExporterReport `json:"exporters"`
	// Variables are those that were read and have a value, and the OTEL_ ones
	// that nothing reads.
	Variables []Variable `json:"variables,omitempty"`
	// Replaced are the globals that the program had set before Setup.
	Replaced []string `json:"replaced,omitempty"`
}

// ExporterReport is one exporter of one signal.
type ExporterReport struct {
	Signal   string `json:"signal"`
	Name     string `json:"name"`
	Endpoint string `json:"endpoint,omitempty"`
	// Probe is "ok" when the collector answered a real request, else what
	// went wrong; "waiting" until it is known, "unknown" when the program ended
	// before, "" when the exporter cannot ask.
	Probe string `json:"probe,omitempty"`
}

const (
	probeOK      = "ok"
	probeWaiting = "waiting"
	probeUnknown = "unknown"
	// probeTimeout bounds how long the start report waits for answers.
	probeTimeout = 2 * time.Second
)

// reporter asks the collectors and then logs the report, in a goroutine of
// its own: it neither delays nor fails Setup.
type reporter struct {
	probes []func(context.Context) error // by exporter, nil where it cannot ask
	cancel context.CancelFunc
	done   chan struct{}
	begun  bool

	mu     sync.Mutex
	report Report
}

func newReporter(p *plan) *reporter {
	r := &reporter{done: make(chan struct{}), cancel: func() {}, report: p.report}
	r.report.Replaced = p.replaced
	for _, e := range p.exporters() {
		var probe func(context.Context) error
		if asking, ok := e.exporter.(interface{ Probe(context.Context) error }); ok {
			probe = asking.Probe
		}
		r.probes = append(r.probes, probe)
	}
	return r
}

// newReport is the report before any collector has answered.
func newReport(p *plan) Report {
	report := Report{
		Service:     attributeOf(p.resource, string(semconv.ServiceNameKey)),
		Version:     attributeOf(p.resource, string(semconv.ServiceVersionKey)),
		InstanceID:  attributeOf(p.resource, string(semconv.ServiceInstanceIDKey)),
		Disabled:    p.disabled,
		Sampler:     p.sampler.Description(),
		KeepErrors:  p.code.keepErrors && !p.disabled,
		SpanMetrics: p.code.spanMetrics && !p.disabled,
		Propagators: p.propagator.Fields(),
		Variables:   p.env.variables,
	}
	for _, e := range p.exporters() {
		entry := ExporterReport{Signal: e.signal, Name: e.name, Endpoint: e.endpoint}
		if _, ok := e.exporter.(interface{ Probe(context.Context) error }); ok {
			entry.Probe = probeWaiting
		}
		report.Exporters = append(report.Exporters, entry)
	}
	return report
}

// shownExporter is an exporter of one signal as the report shows it.
type shownExporter struct {
	signal, name, endpoint string
	exporter               any
}

func (p *plan) exporters() []shownExporter {
	var all []shownExporter
	if p.statsd != nil {
		all = append(all, shownExporter{"statsd", "statsd", p.statsdAddr, nil})
	}
	for _, o := range p.opened {
		if o.Spans != nil {
			all = append(all, shownExporter{signalTraces, o.name, endpointOf(o.Spans), o.Spans})
		}
		if o.Metrics != nil {
			all = append(all, shownExporter{signalMetrics, o.name, endpointOf(o.Metrics), o.Metrics})
		}
		if o.Logs != nil {
			all = append(all, shownExporter{signalLogs, o.name, endpointOf(o.Logs), o.Logs})
		}
	}
	return all
}

// begin asks all collectors at once and, when l is not nil, logs the report
// as one line once they have answered or their time is over.
func (r *reporter) begin(l *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	r.cancel, r.begun = cancel, true
	go func() {
		defer close(r.done)
		defer cancel()
		answered := make(chan struct{})
		var wg sync.WaitGroup
		for i, probe := range r.probes {
			if probe != nil {
				wg.Go(func() { r.answer(ctx, i, contained(func() error { return probe(ctx) })) })
			}
		}
		go func() { wg.Wait(); close(answered) }()
		select {
		case <-answered:
		case <-ctx.Done():
			select { // what was cancelled answers at once
			case <-answered:
			case <-time.After(grace / 2):
			}
		}
		if l != nil {
			defer func() { _ = recover() }() // a logger of the user's
			r.log(l)
		}
	}()
}

// answer keeps what a collector said. One that shutdown cut short has said
// nothing.
func (r *reporter) answer(ctx context.Context, i int, err error) {
	text := probeOK
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		text = probeUnknown
	case err != nil:
		text = textOf(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Exporters[i].Probe = text
}

func (r *reporter) log(l *slog.Logger) {
	report := r.snapshot()
	level := slog.LevelInfo
	if report.troubled() {
		level = slog.LevelWarn
	}
	l.LogAttrs(context.Background(), level, "telemetry started", slog.Any("telemetry", report))
}

// wait gives a report under way the time to be logged, within ctx.
func (r *reporter) wait(ctx context.Context) {
	if !r.begun {
		return
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (r *reporter) snapshot() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := r.report
	report.Propagators = slices.Clone(report.Propagators)
	report.Exporters = slices.Clone(report.Exporters)
	report.Variables = slices.Clone(report.Variables)
	report.Replaced = slices.Clone(report.Replaced)
	return report
}

// Report returns what was set up and what the collectors have answered so
// far. A nil Telemetry has the zero Report.
func (t *Telemetry) Report() Report {
	if t == nil {
		return Report{}
	}
	return t.reporter.snapshot()
}

// troubled says whether an operator should look.
func (r Report) troubled() bool {
	return len(r.Replaced) > 0 ||
		slices.ContainsFunc(r.Variables, func(v Variable) bool { return v.Note != "" }) ||
		slices.ContainsFunc(r.Exporters, func(e ExporterReport) bool { return e.Probe != probeOK && e.Probe != probeUnknown && e.Probe != "" })
}

// LogValue makes the report one group of a log line.
func (r Report) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("service", r.Service),
		slog.String("version", r.Version),
		slog.String("instance_id", r.InstanceID),
		slog.String("sampler", r.Sampler),
		slog.Any("propagators", r.Propagators),
	}
	if r.Disabled {
		attrs = append(attrs, slog.Bool("disabled", true))
	}
	if r.KeepErrors {
		attrs = append(attrs, slog.Bool("keep_errors", true))
	}
	if r.SpanMetrics {
		attrs = append(attrs, slog.Bool("span_metrics", true))
	}
	var exporters []string
	for _, e := range r.Exporters {
		exporters = append(exporters, e.String())
	}
	attrs = append(attrs, slog.Any("exporters", exporters))
	var variables []string
	for _, v := range r.Variables {
		text := fmt.Sprintf("%s=%q", v.Name, v.Value)
		if v.Note != "" {
			text += " " + v.Note
		}
		variables = append(variables, text)
	}
	if variables != nil {
		attrs = append(attrs, slog.Any("variables", variables))
	}
	if r.Replaced != nil {
		attrs = append(attrs, slog.Any("replaced", r.Replaced))
	}
	return slog.GroupValue(attrs...)
}

// String is the signal, the exporter's name if it is another, the endpoint
// and, between parentheses, what the probe found, as far as they are known.
func (e ExporterReport) String() string {
	parts := []string{e.Signal}
	for _, part := range []string{e.Name, e.Endpoint} {
		if part != "" && part != e.Signal {
			parts = append(parts, part)
		}
	}
	if e.Probe != "" {
		parts = append(parts, "("+e.Probe+")")
	}
	return strings.Join(parts, " ")
}

func attributeOf(r *resource.Resource, key string) string {
	for _, a := range r.Attributes() {
		if string(a.Key) == key {
			return a.Value.AsString()
		}
	}
	return ""
}
