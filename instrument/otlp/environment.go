// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/internal/edits"
)

const prefix = "OTEL_EXPORTER_OTLP_"

// What follows the prefix, for all signals or after one's name for it alone.
const (
	nameEndpoint    = "ENDPOINT"
	nameHeaders     = "HEADERS"
	nameCompression = "COMPRESSION"
	nameTimeout     = "TIMEOUT"
	nameProtocol    = "PROTOCOL"
	nameInsecure    = "INSECURE"
	nameCertificate = "CERTIFICATE"
	nameClientCert  = "CLIENT_CERTIFICATE"
	nameClientKey   = "CLIENT_KEY"
)

const (
	nameTemporality = prefix + "METRICS_TEMPORALITY_PREFERENCE"
	nameHistograms  = prefix + "METRICS_DEFAULT_HISTOGRAM_AGGREGATION"
)

// environment reads variables and collects what is wrong with them, in the
// words of package instrument. Values are trimmed and an empty one counts as
// unset.
type environment struct {
	values    map[string]string
	variables []instrument.Variable
	hidden    []string // those that the exporters must not read
}

func newEnvironment() *environment {
	e := &environment{values: map[string]string{}}
	for _, pair := range os.Environ() {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, prefix) {
			e.values[name] = strings.TrimSpace(value)
		}
	}
	return e
}

// names are the variables for a setting of a signal, the more specific first.
func (s signal) names(setting string) []string {
	return []string{prefix + s.variable() + "_" + setting, prefix + setting}
}

// text returns the variable's value, and false when it is unset.
func (e *environment) text(name string) (string, bool) {
	v := e.values[name]
	if v == "" {
		return "", false
	}
	if e.index(name) < 0 {
		e.variables = append(e.variables, instrument.Variable{Name: name, Value: v})
	}
	return v, true
}

func (e *environment) index(name string) int {
	return slices.IndexFunc(e.variables, func(v instrument.Variable) bool { return v.Name == name })
}

// problem records which rule a variable breaks and what is done instead.
func (e *environment) problem(name, format string, args ...any) {
	if i := e.index(name); e.variables[i].Note == "" {
		e.variables[i].Note = fmt.Sprintf(format, args...)
	}
}

// mistake is a problem that the exporters must not see.
func (e *environment) mistake(name, format string, args ...any) {
	e.problem(name, format, args...)
	e.hidden = append(e.hidden, name)
}

// first returns what use makes of the more specific of a signal's variables,
// or of the other one when that is unset or wrong. Use reports what is wrong.
func first[T any](e *environment, s signal, setting string, fallback T, use func(name, value string) (T, bool)) T {
	for _, name := range s.names(setting) {
		if v, ok := e.text(name); ok {
			if got, ok := use(name, v); ok {
				return got
			}
		}
	}
	return fallback
}

// known are all variables that are read here.
func known() []string {
	all := []string{nameTemporality, nameHistograms}
	for _, setting := range []string{nameEndpoint, nameHeaders, nameCompression, nameTimeout, nameProtocol, nameInsecure, nameCertificate, nameClientCert, nameClientKey} {
		all = append(all, prefix+setting)
		for _, s := range signals {
			all = append(all, s.names(setting)[0])
		}
	}
	return all
}

// strangers reports the variables that nobody reads, without their values:
// who knows what was meant to be in them.
func (e *environment) strangers() {
	names := known()
	var strange []string
	for name, v := range e.values {
		if v != "" && !slices.Contains(names, name) {
			strange = append(strange, name)
		}
	}
	slices.Sort(strange)
	for i, name := range strange {
		if i == 16 {
			e.variables = append(e.variables, instrument.Variable{Name: prefix + "…", Note: fmt.Sprintf("and %d more are not variables that are read here; ignored", len(strange)-i)})
			return
		}
		if len(name) > 128 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			name = fmt.Sprintf("%.128q", name)
		}
		note := "is not a variable that is read here; ignored"
		near := slices.MinFunc(names, func(a, b string) int { return edits.Distance(a, name) - edits.Distance(b, name) })
		if edits.Distance(near, name) <= 4 {
			note += ", nearest name " + near
		}
		e.variables = append(e.variables, instrument.Variable{Name: name, Note: note})
	}
}

// choice returns the value of a variable when it is one of the words, in any
// case, else the first of them.
func (e *environment) choice(name, value string, words ...string) (string, bool) {
	v := strings.ToLower(value)
	if slices.Contains(words, v) {
		return v, true
	}
	near := slices.MinFunc(words, func(a, b string) int { return edits.Distance(a, v) - edits.Distance(b, v) })
	e.mistake(name, "is not one of %s; ignored, nearest valid value %q", strings.Join(words, ", "), near)
	return words[0], false
}

// metricChoices checks what the exporters of metrics read by themselves.
func (e *environment) metricChoices() {
	for name, words := range map[string][]string{
		nameTemporality: {"cumulative", "delta", "lowmemory"},
		nameHistograms:  {"explicit_bucket_histogram", "base2_exponential_bucket_histogram"},
	} {
		if v, ok := e.text(name); ok {
			e.choice(name, v, words...)
		}
	}
}

// hiding is held while variables are hidden.
var hiding sync.Mutex

// hideMistakes takes what is wrong out of the process's environment until
// restore is called. The exporters print what they cannot read to the standard
// error stream, secrets included, and nothing else keeps them from it.
func (e *environment) hideMistakes() (restore func()) {
	hiding.Lock()
	values := map[string]string{}
	for _, name := range e.hidden {
		if v, ok := os.LookupEnv(name); ok {
			values[name] = v
			_ = os.Unsetenv(name)
		}
	}
	return func() {
		for name, v := range values {
			_ = os.Setenv(name, v)
		}
		hiding.Unlock()
	}
}
