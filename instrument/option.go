// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/zipkin"
	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/spanmetrics"
	"github.com/waymark-otel/waymark/propagators"
	"github.com/waymark-otel/waymark/samplers"
)

// An Option sets one thing of Setup and New. A nil Option is skipped. A
// mistake in an option fails Setup and New with an error that names it.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// Exporters are what one opened backend takes. Nil fields are skipped. They
// are shut down with the Telemetry they were opened for.
//
// An exporter may have any of these methods besides. Endpoint() string is
// where it sends to, for Report and Stats; Probe(context.Context) error asks
// the collector whether it would take something, for Report; and
// SpanStats() ExporterStats is what became of each span, where an error of
// ExportSpans does not mean that all of its spans were lost: of it, Sent,
// Retried, DroppedBy and LastError are taken.
type Exporters struct {
	Spans   sdktrace.SpanExporter
	Metrics sdkmetric.Exporter
	Logs    sdklog.Exporter
	// Variables are those that were read to open them. Report shows them; what
	// has a Note is a mistake, which the error handler is told.
	Variables []Variable
}

// opener is an exporter to be opened. Without a function it is Zipkin's, to
// zipkinURL or, when that is empty, to where the environment says.
type opener struct {
	name          string
	zipkinURL     string
	zipkinOptions []zipkin.Option
	open          func(context.Context) (Exporters, error)
}

type config struct {
	service, version   string
	attributes         []attribute.KeyValue
	sampler            sdktrace.Sampler // of roots; nil: environment or default
	forced             *float64         // per second; nil: default
	keepErrors         bool
	tail               []samplers.TailOption
	propagators        []propagation.TextMapPropagator
	exporters          []opener
	noDefault          bool
	named              []opener
	namedPropagators   []propagators.Named
	processors         []sdktrace.SpanProcessor
	readers            []sdkmetric.Reader
	logProcessors      []sdklog.Processor
	statsd             bool
	statsdAddr         string
	statsdOptions      []metrics.Option
	spanMetrics        bool
	spanMetricsOptions []spanmetrics.Option
	instrumentation    []func(metric.MeterProvider) error
	handler            otel.ErrorHandler
	logger             *slog.Logger
	sink               *errorSink // where the two above stand behind
	noEnvironment      bool
	errs               []error
}

func newConfig(opts []Option) (*config, error) {
	c := &config{}
	for _, o := range opts {
		if o != nil {
			o.apply(c)
		}
	}
	if c.logger == nil {
		c.logger = slog.Default()
	}
	c.sink = &errorSink{handler: c.handler, logger: c.logger}
	return c, errors.Join(c.errs...)
}

// report is where what the options gave reports to, once all are applied.
func (c *config) report(err error) { c.sink.Handle(err) }

func (c *config) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("instrument: "+format, args...))
}

// WithService sets service.name and service.version. An empty name or version
// leaves that one to OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and then the
// build: the last element of the main module's path, and its version.
func WithService(name, version string) Option {
	return optionFunc(func(c *config) { c.service, c.version = strings.TrimSpace(name), strings.TrimSpace(version) })
}

// WithResource adds attributes to the resource. They win over those of the
// environment and of the detectors; of two with one key, the later wins.
func WithResource(attrs ...attribute.KeyValue) Option {
	return optionFunc(func(c *config) {
		for _, a := range attrs {
			if !a.Valid() {
				c.fail("resource attribute %q has no key or no value", string(a.Key))
				continue
			}
			c.attributes = append(c.attributes, a)
		}
	})
}

// WithPropagators sets what is read from and written to requests, in order:
// of several trace headers in one request the first valid one wins, and every
// one is written. By default tracecontext, baggage, b3 and the correlation id.
// Called twice, it adds.
func WithPropagators(ps ...propagation.TextMapPropagator) Option {
	return optionFunc(func(c *config) {
		for i, p := range ps {
			if isNil(p) {
				c.fail("propagator %d of %d is nil", i+1, len(ps))
				continue
			}
			c.propagators = append(c.propagators, p)
		}
	})
}

// WithNamedPropagator lets OTEL_PROPAGATORS choose p by name. It changes
// nothing unless the environment names it.
func WithNamedPropagator(name string, p propagation.TextMapPropagator) Option {
	return optionFunc(func(c *config) {
		name := strings.ToLower(strings.TrimSpace(name))
		if !plain(name) || isNil(p) {
			c.fail("named propagator %q needs a name without commas and spaces, and a propagator", bounded(name))
			return
		}
		c.namedPropagators = append(c.namedPropagators, propagators.Named{Name: name, Propagator: guardPropagator(p, c.report)})
	})
}

// WithExporters adds what open returns. Open is called by Setup or New with
// their context; an error fails them. A signal for which any option gives an
// exporter is not chosen by the environment.
func WithExporters(open func(context.Context) (Exporters, error)) Option {
	return optionFunc(func(c *config) {
		if open == nil {
			c.fail("exporter function is nil")
			return
		}
		c.exporters = append(c.exporters, opener{name: "custom", open: open})
	})
}

// WithNamedExporter lets OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and
// OTEL_LOGS_EXPORTER choose open by name. It changes nothing unless the
// environment names it. A name of ours (zipkin, console) is replaced.
func WithNamedExporter(name string, open func(context.Context) (Exporters, error)) Option {
	return optionFunc(func(c *config) {
		name := strings.ToLower(strings.TrimSpace(name))
		if !plain(name) || name == "none" || open == nil {
			c.fail("named exporter %q needs a name other than none without commas and spaces, and a function", bounded(name))
			return
		}
		c.named = append(c.named, opener{name: name, open: open})
	})
}

// WithoutDefaultExporter exports nothing unless an option or the environment
// says where to. Without it, spans go to Zipkin at DefaultZipkinURL.
func WithoutDefaultExporter() Option {
	return optionFunc(func(c *config) { c.noDefault = true })
}

// WithSpanProcessor adds p. Processors run in the order given, before the
// exporters. Once Setup or New has returned without an error, Shutdown shuts
// p down.
func WithSpanProcessor(p sdktrace.SpanProcessor) Option {
	return optionFunc(func(c *config) {
		if isNil(p) {
			c.fail("span processor is nil")
			return
		}
		c.processors = append(c.processors, p)
	})
}

// WithMetricReader adds r. Once Setup or New has returned without an error,
// Shutdown shuts r down. A reader serves one Telemetry.
func WithMetricReader(r sdkmetric.Reader) Option {
	return optionFunc(func(c *config) {
		if isNil(r) {
			c.fail("metric reader is nil")
			return
		}
		if slices.Contains(c.readers, r) {
			c.fail("metric reader %T is given twice", r)
			return
		}
		c.readers = append(c.readers, r)
	})
}

// WithInstrumentation calls start with the MeterProvider once it is built:
// for instrumentation that the program links and that has nothing to wrap,
// such as contrib's runtime metrics.
//
//	instrument.WithInstrumentation(func(mp metric.MeterProvider) error {
//		return runtime.Start(runtime.WithMeterProvider(mp))
//	})
//
// It is not called when nothing reads metrics, nor when OTEL_SDK_DISABLED is
// true. An error or a panic goes to the error handler and fails nothing.
func WithInstrumentation(start func(metric.MeterProvider) error) Option {
	return optionFunc(func(c *config) {
		if start == nil {
			c.fail("instrumentation is nil")
			return
		}
		c.instrumentation = append(c.instrumentation, start)
	})
}

// WithLogProcessor adds p. Processors run in the order given, before the
// exporters. Once Setup or New has returned without an error, Shutdown shuts
// p down.
func WithLogProcessor(p sdklog.Processor) Option {
	return optionFunc(func(c *config) {
		if isNil(p) {
			c.fail("log processor is nil")
			return
		}
		c.logProcessors = append(c.logProcessors, p)
	})
}

// WithErrorHandler sends h every failure of telemetry: mistakes in the
// environment while Setup runs, failed exports later. By default they are
// logged at warning level through WithLogger, the same text at most once in
// ten seconds while there are few different ones. H is called from several goroutines; a panic in it is dropped.
func WithErrorHandler(h otel.ErrorHandler) Option {
	return optionFunc(func(c *config) {
		if isNil(h) {
			c.fail("error handler is nil")
			return
		}
		c.handler = h
	})
}

// WithLogger sets where the start report and, without WithErrorHandler,
// failures are logged. By default, slog.Default() as it was when Setup or New
// was called.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(c *config) {
		if l == nil {
			c.fail("logger is nil")
			return
		}
		c.logger = l
	})
}

// WithoutEnvironment ignores every environment variable.
func WithoutEnvironment() Option {
	return optionFunc(func(c *config) { c.noEnvironment = true })
}

// plain says whether a name can be chosen from a list between commas.
func plain(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r == ',' || r <= ' ' || r == 0x7f })
}
