// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Variable is an environment variable that was read, or one that looks as
// if it should have been.
type Variable struct {
	Name string `json:"name"`
	// Value is what it holds, trimmed, with credentials redacted and cut at
	// 256 bytes.
	Value string `json:"value"`
	// Note is empty when the value took effect. Else it is the rule that was
	// broken and what was done instead, or that the code had the first word.
	Note string `json:"note,omitempty"`
}

// environment reads variables, remembers which, and collects what is wrong
// with them. Values are trimmed and an empty one counts as unset.
type environment struct {
	values    map[string]string
	variables []Variable
	problems  []error
}

// newEnvironment returns the process's environment, or an empty one when the
// program asked for none.
func newEnvironment(ignore bool) *environment {
	e := &environment{values: map[string]string{}}
	if ignore {
		return e
	}
	for _, pair := range os.Environ() {
		if name, value, ok := strings.Cut(pair, "="); ok {
			e.values[name] = strings.TrimSpace(value)
		}
	}
	return e
}

// text returns the variable's value, and false when it is unset or empty.
func (e *environment) text(name string) (string, bool) {
	v := e.values[name]
	if v == "" {
		return "", false
	}
	if !slices.ContainsFunc(e.variables, func(known Variable) bool { return known.Name == name }) {
		e.variables = append(e.variables, Variable{Name: name, Value: shown(name, v)})
	}
	return v, true
}

// problem records that name breaks the rule; the rule says what is valid and
// what is done instead.
func (e *environment) problem(name, rule string) {
	i := slices.IndexFunc(e.variables, func(v Variable) bool { return v.Name == name })
	if i < 0 {
		e.variables = append(e.variables, Variable{Name: name, Value: shown(name, e.values[name])})
		i = len(e.variables) - 1
	}
	v := &e.variables[i]
	switch {
	case v.Note == "":
		v.Note = rule
	case strings.Contains(v.Note, rule):
		return // said already
	case len(v.Note) < maxNotes:
		v.Note += "; " + rule
	}
	e.problems = append(e.problems, fmt.Errorf("instrument: %s=%q: %s", name, v.Value, rule))
}

// stranger records a variable that nothing reads. Its value is not shown: who
// knows what was meant to be in it.
func (e *environment) stranger(name, rule string) {
	name = bounded(name)
	e.variables = append(e.variables, Variable{Name: name, Note: rule})
	if !plain(name) {
		name = strconv.Quote(name)
	}
	e.problems = append(e.problems, fmt.Errorf("instrument: %s: %s", name, rule))
}

// note records, for the report alone, what became of a variable that is not
// wrong.
func (e *environment) note(name, what string) {
	for i := range e.variables {
		if e.variables[i].Name == name {
			e.variables[i].Note = what
		}
	}
}

// take adds what an exporter has read and thinks of it.
func (e *environment) take(variables []Variable) {
	for _, v := range variables {
		if i := slices.IndexFunc(e.variables, func(known Variable) bool { return known.Name == v.Name }); i >= 0 {
			if e.variables[i].Note != "" || v.Note == "" {
				continue // said already
			}
			e.variables = slices.Delete(e.variables, i, i+1)
		}
		if v.Value != "" {
			v.Value = shown(v.Name, v.Value)
		}
		e.variables = append(e.variables, v)
		switch {
		case v.Note == "":
		case v.Value == "":
			e.problems = append(e.problems, fmt.Errorf("instrument: %s: %s", v.Name, v.Note))
		default:
			e.problems = append(e.problems, fmt.Errorf("instrument: %s=%q: %s", v.Name, v.Value, v.Note))
		}
	}
}

// choice returns the value when it is one of the words, in any case, else the
// first of them.
func (e *environment) choice(name string, words ...string) string {
	v, ok := e.text(name)
	if !ok {
		return words[0]
	}
	if v = normal(v); slices.Contains(words, v) {
		return v
	}
	near := nearest(v, words)
	if near == "" {
		near = words[0]
	}
	e.problem(name, fmt.Sprintf("is not one of %s; using %q, nearest valid value %q", strings.Join(words, ", "), words[0], near))
	return words[0]
}

func normal(v string) string { return strings.ToLower(strings.TrimSpace(v)) }

// boolean is true for "true" in any case, as the OpenTelemetry specification
// has it, and reports anything but true and false.
func (e *environment) boolean(name string) bool {
	v, ok := e.text(name)
	if !ok {
		return false
	}
	v = strings.ToLower(v)
	switch v {
	case "true":
		return true
	case "false":
		return false
	}
	near := "false"
	if slices.Contains([]string{"1", "yes", "y", "on", "t"}, v) || nearest(v, []string{"true", "false"}) == "true" {
		near = "true"
	}
	e.problem(name, fmt.Sprintf(`is not "true" or "false"; taken as "false", nearest valid value %q`, near))
	return false
}

// integer returns the value when it is a whole number of at least least, else
// fallback.
func (e *environment) integer(name string, least, fallback int) int {
	v, ok := e.text(name)
	if !ok {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err == nil && n >= least && n <= math.MaxInt32 {
		return n
	}
	e.problem(name, fmt.Sprintf("is not a whole number from %d to %d; using the default %d, nearest valid value %d",
		least, math.MaxInt32, fallback, nearestInteger(v, least, fallback)))
	return fallback
}

// milliseconds is integer with the unit that OpenTelemetry gives durations.
func (e *environment) milliseconds(name string, least int, fallback time.Duration) time.Duration {
	return time.Duration(e.integer(name, least, int(fallback.Milliseconds()))) * time.Millisecond
}

// maxItems bounds a list, maxNotes the bytes from which a note grows no more.
const (
	maxItems = 16
	maxNotes = 1 << 10
)

// list splits a comma-separated value, in lower case, without empty items and
// repetitions. It is nil when the variable is unset.
func (e *environment) list(name string) []string {
	v, ok := e.text(name)
	if !ok {
		return nil
	}
	var items []string
	for item := range strings.SplitSeq(v, ",") {
		if len(items) == maxItems {
			e.problem(name, fmt.Sprintf("names more than %d; the rest is ignored", maxItems))
			break
		}
		item = strings.ToLower(strings.TrimSpace(item))
		if item != "" && !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	if items == nil {
		e.problem(name, "names nothing; ignored")
	}
	return items
}

func nearestInteger(v string, least, fallback int) int {
	f, err := strconv.ParseFloat(v, 64)
	switch {
	case math.IsNaN(f) || err != nil && !math.IsInf(f, 0):
		return fallback
	case f < float64(least):
		return least
	case f > math.MaxInt32:
		return math.MaxInt32
	default:
		return max(least, int(math.Round(f)))
	}
}

// shown is the value as a report may print it: quoted by the caller, no
// credentials, bounded.
func shown(name, v string) string {
	switch {
	case secretName(name):
		return "REDACTED"
	case strings.HasSuffix(name, "_ENDPOINT"):
		v = redactURL(v)
	case secretValue(v):
		return "REDACTED"
	}
	if len(v) > 256 {
		v = strings.ToValidUTF8(v[:256], "") + "…"
	}
	return v
}

// secretName says whether the variable's name says that it holds a secret:
// OTEL_EXPORTER_OTLP_HEADERS, WAYMARK_HMAC_KEYS and their like.
func secretName(name string) bool {
	for _, word := range []string{"HEADER", "KEY", "TOKEN", "SECRET", "PASS", "AUTH", "CRED", "DSN"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// secretValue says whether a value has the shape of an address, which may hold
// a password, where none belongs.
func secretValue(v string) bool { return strings.Contains(v, "://") || strings.Contains(v, "@") }
