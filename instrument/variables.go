// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/waymark-otel/waymark/internal/edits"
)

// Names of the variables that Setup and New read themselves. docs/environment.md
// says what each does; a test holds the two together.
const (
	envDisabled        = "OTEL_SDK_DISABLED"
	envServiceName     = "OTEL_SERVICE_NAME"
	envResource        = "OTEL_RESOURCE_ATTRIBUTES"
	envTracesExporter  = "OTEL_TRACES_EXPORTER"
	envMetricsExporter = "OTEL_METRICS_EXPORTER"
	envLogsExporter    = "OTEL_LOGS_EXPORTER"
	envSampler         = "OTEL_TRACES_SAMPLER"
	envSamplerArg      = "OTEL_TRACES_SAMPLER_ARG"
	envPropagators     = "OTEL_PROPAGATORS"
	envZipkinEndpoint  = "OTEL_EXPORTER_ZIPKIN_ENDPOINT"
	envZipkinTimeout   = "OTEL_EXPORTER_ZIPKIN_TIMEOUT"
	envBatchDelay      = "OTEL_BSP_SCHEDULE_DELAY"
	envBatchTimeout    = "OTEL_BSP_EXPORT_TIMEOUT"
	envBatchQueue      = "OTEL_BSP_MAX_QUEUE_SIZE"
	envBatchSize       = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
	envLength          = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"
	envCount           = "OTEL_ATTRIBUTE_COUNT_LIMIT"
	envSpanLength      = "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"
	envSpanCount       = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"
	envEventCount      = "OTEL_SPAN_EVENT_COUNT_LIMIT"
	envLinkCount       = "OTEL_SPAN_LINK_COUNT_LIMIT"
	envEventAttributes = "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"
	envLinkAttributes  = "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"
	envStatsDHost      = "STATSD_HOST"
	envStatsDPort      = "STATSD_PORT"
	envStatsDPrefix    = "STATSD_PREFIX"
	envHMACKeys        = "WAYMARK_HMAC_KEYS"
	envHMACKeysFile    = "WAYMARK_HMAC_KEYS_FILE"
	envMetricInterval  = "OTEL_METRIC_EXPORT_INTERVAL"
	envMetricTimeout   = "OTEL_METRIC_EXPORT_TIMEOUT"
	envMetricExemplars = "OTEL_METRICS_EXEMPLAR_FILTER"
	envLogDelay        = "OTEL_BLRP_SCHEDULE_DELAY"
	envLogTimeout      = "OTEL_BLRP_EXPORT_TIMEOUT"
	envLogQueue        = "OTEL_BLRP_MAX_QUEUE_SIZE"
	envLogSize         = "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"
	envLogRecordLength = "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT"
	envLogRecordCount  = "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT"
)

// honored are the variables that change something, read by us or by the SDK
// that we build with.
var honored = []string{
	envDisabled, envServiceName, envResource, envTracesExporter, envMetricsExporter, envLogsExporter,
	envSampler, envSamplerArg, envPropagators, envZipkinEndpoint, envZipkinTimeout,
	envBatchDelay, envBatchTimeout, envBatchQueue, envBatchSize,
	envLength, envCount, envSpanLength, envSpanCount, envEventCount, envLinkCount, envEventAttributes, envLinkAttributes,
	envHMACKeys, envHMACKeysFile, envStatsDHost, envStatsDPort, envStatsDPrefix,
	envMetricInterval, envMetricTimeout, envMetricExemplars,
	envLogDelay, envLogTimeout, envLogQueue, envLogSize, envLogRecordLength, envLogRecordCount,
}

// elsewhere are prefixes of variables that other packages read when the
// program links them, or that OpenTelemetry's Operator builds others of.
var elsewhere = []string{"OTEL_RESOURCE_ATTRIBUTES_", "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_PROMETHEUS_", "OTEL_GO_", "OTEL_SEMCONV_", "OTEL_INSTRUMENTATION_"}

// serviceLink is a variable that Kubernetes gives each container for each
// Service of its namespace: one called otel-collector makes seven.
var serviceLink = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

func (e *environment) isServiceLink(name string) bool {
	end := serviceLink.FindStringIndex(name)
	return end != nil && e.values[name[:end[0]]+"_SERVICE_HOST"] != ""
}

// strangers reports the OTEL_ variables that nothing here reads, each with
// the nearest name that would be.
func (e *environment) strangers(codeSamples bool) {
	var names []string
	for name, v := range e.values {
		if v != "" && strings.HasPrefix(name, "OTEL_") && !slices.Contains(honored, name) &&
			!slices.ContainsFunc(elsewhere, func(p string) bool { return strings.HasPrefix(name, p) }) && !e.isServiceLink(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		if i == maxItems {
			e.stranger("OTEL_…", fmt.Sprintf("and %d more are not variables that are read here; ignored", len(names)-i))
			return
		}
		rule := "is not a variable that is read here; ignored"
		near := nearest(name, honored)
		if strays(name) && e.strayed() {
			near = envSamplerArg
		}
		if near != "" {
			rule += fmt.Sprintf(", nearest name %s", near)
			if (near == envSampler || near == envSamplerArg) && !codeSamples && (e.misspelt(near) || e.strayed()) {
				rule = strings.Replace(rule, "; ignored,", ",", 1) + "; sampling nothing"
			}
		}
		e.stranger(name, rule)
	}
}

// misspelt says whether the variable is unset and another one is set whose
// name differs by an edit or two: a mistake must not sample more than was
// asked for.
func (e *environment) misspelt(name string) bool {
	if e.values[name] != "" {
		return false
	}
	for other, v := range e.values {
		if v != "" && strings.HasPrefix(other, "OTEL_") && !slices.Contains(honored, other) && edits.Distance(other, name) <= 2 {
			return true
		}
	}
	return false
}

// strayed says whether the environment speaks of sampling in names of its own
// only: whoever wrote OTEL_TRACES_SAMPLER_RATIO=0.01 wanted less than all.
func (e *environment) strayed() bool {
	if e.values[envSampler] != "" || e.values[envSamplerArg] != "" {
		return false
	}
	for name, v := range e.values {
		if v != "" && strays(name) {
			return true
		}
	}
	return false
}

// strays says whether name is one that nothing reads and is about sampling.
func strays(name string) bool {
	return strings.HasPrefix(name, "OTEL_") && strings.Contains(name, "SAMPL") && !slices.Contains(honored, name) &&
		!slices.ContainsFunc(elsewhere, func(p string) bool { return strings.HasPrefix(name, p) })
}

// nearest returns the word that needs the fewest single-letter edits to
// become v, or "" when that is more than half of the shorter one.
func nearest(v string, words []string) string {
	best, distance := "", len(v)/2+1
	for _, w := range words {
		if d := edits.Distance(v, w); d < distance && d <= len(w)/2 {
			best, distance = w, d
		}
	}
	return best
}
