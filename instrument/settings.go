// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/zipkin"
	"github.com/waymark-otel/waymark/propagators"
	"github.com/waymark-otel/waymark/samplers"
)

// settings are what the code and the environment say together: code first,
// then environment, then default.
type settings struct {
	disabled   bool
	sampler    sdktrace.Sampler
	forced     *samplers.ForcedSampler // within sampler
	propagator propagation.TextMapPropagator

	traces, metrics, logs []string // exporters named by the environment or by default

	statsdAddr    string // "": no client
	zipkinURL     string
	zipkinTimeout time.Duration

	batch, logBatch                batchSettings
	limits                         sdktrace.SpanLimits
	logLength, logCount            int
	metricInterval, metricDeadline time.Duration
	exemplars                      string
}

type batchSettings struct {
	delay, timeout time.Duration
	queue, size    int
}

// DefaultZipkinURL is where spans go when nothing says otherwise.
const DefaultZipkinURL = zipkin.DefaultURL

// resolve decides who wins. What the environment got wrong is recorded in e
// and ignored.
func resolve(c *config, e *environment) *settings {
	s := &settings{disabled: e.boolean(envDisabled)}
	s.sampler, s.forced = resolveSampler(c, e)
	s.propagator = resolvePropagator(c, e)
	s.zipkinURL = resolveZipkinURL(e)
	s.zipkinTimeout = e.milliseconds(envZipkinTimeout, 1, 10*time.Second)
	s.statsdAddr = resolveStatsD(c, e)
	s.traces = resolveExporters(c, e, envTracesExporter, "zipkin", "console")
	s.metrics = resolveExporters(c, e, envMetricsExporter, "console")
	s.logs = resolveExporters(c, e, envLogsExporter, "console")
	if s.traces == nil && !c.noDefault {
		s.traces = []string{"zipkin"}
	}
	// The numbers are those of the OpenTelemetry specification.
	s.batch = resolveBatch(e, envBatchDelay, envBatchTimeout, envBatchQueue, envBatchSize, 5*time.Second)
	s.logBatch = resolveBatch(e, envLogDelay, envLogTimeout, envLogQueue, envLogSize, time.Second)
	s.limits = resolveLimits(e)
	s.logLength = e.integer(envLogRecordLength, -1, e.integer(envLength, -1, -1))
	s.logCount = e.integer(envLogRecordCount, -1, e.integer(envCount, -1, 128))
	s.metricInterval = e.milliseconds(envMetricInterval, 1, time.Minute)
	s.metricDeadline = e.milliseconds(envMetricTimeout, 1, 30*time.Second)
	s.exemplars = e.choice(envMetricExemplars, "trace_based", "always_on", "always_off")
	e.text(envResource)
	e.text(envServiceName)
	e.text(envHMACKeys)
	e.text(envHMACKeysFile)
	e.strangers(c.sampler != nil)
	return s
}

// resolveSampler returns the chain that obeys what a caller asked and asks
// the chosen sampler for the rest, and the part of it that counts what was
// forced. A mistake in the environment means never: no mistake may sample more
// than was asked for.
func resolveSampler(c *config, e *environment) (sdktrace.Sampler, *samplers.ForcedSampler) {
	if c.sampler != nil {
		for _, name := range []string{envSampler, envSamplerArg} {
			if _, ok := e.text(name); ok {
				e.note(name, "set in code; ignored")
			}
		}
		forced := c.forcedBy(c.sampler)
		return samplers.ParentBased(forced), forced
	}
	arg, hasArg := e.text(envSamplerArg)
	name, ok := e.text(envSampler)
	never := c.forcedBy(samplers.Probability(0))
	if e.misspelt(envSampler) || e.misspelt(envSamplerArg) || e.strayed() {
		return samplers.ParentBased(never), never
	}
	if !ok {
		// The argument alone: whoever set it asked for that ratio. Without
		// either, the ratio is 1.
		name = "parentbased_traceidratio"
	}
	root, parentBased := strings.CutPrefix(normal(name), "parentbased_")
	if _, err := samplers.Parse(name, arg); err != nil && len(name) > 0 {
		blame, rule := envSampler, err.Error()
		if hasArg && (!ok || known(root)) {
			blame = envSamplerArg
		}
		if secretValue(name) || secretValue(arg) {
			rule = "is not a sampler or its argument"
		}
		rule += "; sampling nothing"
		if blame == envSamplerArg {
			rule += nearestArgument(root, arg)
		}
		e.problem(blame, rule)
		return samplers.ParentBased(never), never
	}
	sampler, _ := samplers.Parse(root, arg)
	forced := c.forcedBy(sampler)
	if parentBased {
		return samplers.ParentBased(forced), forced
	}
	return forced, forced
}

// nearestArgument names the valid argument next to a number that is none.
func nearestArgument(root, arg string) string {
	switch n, _ := strconv.ParseFloat(arg, 64); {
	case n < 0:
		return `, nearest valid value "0"`
	case n > 1 && root != "ratelimited":
		return `, nearest valid value "1"`
	}
	return ""
}

// known says whether the name is a sampler's, so that what is wrong is its
// argument.
func known(root string) bool {
	s, _ := samplers.Parse(root, "1")
	return s != nil
}

func resolvePropagator(c *config, e *environment) propagation.TextMapPropagator {
	if len(c.propagators) > 0 {
		if _, ok := e.text(envPropagators); ok {
			e.note(envPropagators, "set in code; ignored")
		}
		guarded := make([]propagation.TextMapPropagator, len(c.propagators))
		for i, p := range c.propagators {
			guarded[i] = guardPropagator(p, c.report)
		}
		return propagators.First(guarded...)
	}
	standard := propagators.First(propagators.TraceContext{}, propagators.Baggage{}, propagators.B3{}, propagators.CorrelationID{})
	list, ok := e.text(envPropagators)
	if !ok {
		return standard
	}
	p, err := propagators.Parse(list, c.namedPropagators...)
	if err != nil {
		rule := err.Error()
		if secretValue(list) {
			rule = "is not a list of propagators"
		}
		e.problem(envPropagators, rule+"; using the default")
		return standard
	}
	return p
}

func resolveZipkinURL(e *environment) string {
	v, ok := e.text(envZipkinEndpoint)
	if !ok {
		return DefaultZipkinURL
	}
	if _, err := zipkin.New(v, zipkin.WithTimeout(time.Second)); err != nil {
		e.problem(envZipkinEndpoint, fmt.Sprintf("%v; using %s", err, DefaultZipkinURL))
		return DefaultZipkinURL
	}
	return v
}

// resolveExporters returns the exporters the variable names, nil when it is
// unset or names none that is known, and an empty list for "none".
func resolveExporters(c *config, e *environment, variable string, builtin ...string) []string {
	known := append([]string{"none"}, builtin...)
	for _, n := range c.named {
		known = append(known, n.name)
	}
	var chosen []string
	for _, name := range e.list(variable) {
		if !slices.Contains(known, name) {
			e.problem(variable, unknownExporter(name, known))
			continue
		}
		chosen = append(chosen, name)
	}
	if slices.Contains(chosen, "none") {
		if len(chosen) > 1 {
			e.problem(variable, "names none beside others; using none")
		}
		return []string{}
	}
	return chosen
}

func unknownExporter(name string, known []string) string {
	if secretValue(name) {
		return "exporter is not known; ignored"
	}
	name = bounded(name)
	rule := fmt.Sprintf("exporter %q is not known; ignored", name)
	if near := nearest(name, known); near != "" {
		return rule + fmt.Sprintf(", nearest valid value %q", near)
	}
	return rule + fmt.Sprintf("; link it with instrument.WithNamedExporter(%q, …)", name)
}

func resolveBatch(e *environment, delay, timeout, queue, size string, standard time.Duration) batchSettings {
	b := batchSettings{
		delay:   e.milliseconds(delay, 1, standard),
		timeout: e.milliseconds(timeout, 1, 30*time.Second),
		queue:   e.integer(queue, 1, sdktrace.DefaultMaxQueueSize),
		size:    e.integer(size, 1, sdktrace.DefaultMaxExportBatchSize),
	}
	if b.queue > maxQueue {
		e.problem(queue, fmt.Sprintf("is more than %d; using %d", maxQueue, maxQueue))
		b.queue = maxQueue
	}
	if b.size > b.queue {
		if _, ok := e.text(size); ok {
			e.problem(size, fmt.Sprintf("is more than the queue's size; using %d", b.queue))
		}
		b.size = b.queue
	}
	return b
}

// maxQueue bounds what a mistyped queue size may allocate: the queue's slots
// are made at once, 16 bytes each.
const maxQueue = 1 << 20

func resolveLimits(e *environment) sdktrace.SpanLimits {
	length := e.integer(envLength, -1, sdktrace.DefaultAttributeValueLengthLimit)
	count := e.integer(envCount, -1, sdktrace.DefaultAttributeCountLimit)
	return sdktrace.SpanLimits{
		AttributeValueLengthLimit:   e.integer(envSpanLength, -1, length),
		AttributeCountLimit:         e.integer(envSpanCount, -1, count),
		EventCountLimit:             e.integer(envEventCount, -1, sdktrace.DefaultEventCountLimit),
		LinkCountLimit:              e.integer(envLinkCount, -1, sdktrace.DefaultLinkCountLimit),
		AttributePerEventCountLimit: e.integer(envEventAttributes, -1, sdktrace.DefaultAttributePerEventCountLimit),
		AttributePerLinkCountLimit:  e.integer(envLinkAttributes, -1, sdktrace.DefaultAttributePerLinkCountLimit),
	}
}
