// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"

	"github.com/waymark-otel/waymark/internal/edits"
)

// Named is a propagator that Parse may be asked for by name, in any case. It
// takes precedence over a propagator of ours with the same name.
type Named struct {
	Name       string
	Propagator propagation.TextMapPropagator
}

// ErrEmptyList is returned by Parse for a list without a name.
var ErrEmptyList = errors.New("propagators: the list is empty")

// elsewhere are the names of OTEL_PROPAGATORS whose propagators live in other
// modules, so that programs that do not need them do not carry them.
var elsewhere = map[string]string{
	"jaeger":  "go.opentelemetry.io/contrib/propagators/jaeger",
	"ottrace": "go.opentelemetry.io/contrib/propagators/ot",
	"xray":    "go.opentelemetry.io/contrib/propagators/aws/xray",
}

// Parse returns First of the propagators in list, which has the form of
// OTEL_PROPAGATORS: names separated by commas, in order of precedence, in any
// case and with any spaces. The names are tracecontext, baggage, b3, b3multi,
// xtraceinfo, correlationid, those in named, and none, which stands alone and
// does nothing. A name given twice counts once; b3 and b3multi together write
// both encodings.
//
// xtraceinfo takes its keys from HMACKeysFromEnvironment and is an error
// without any. An unknown name is an error that quotes it and the nearest
// known one; no propagator is returned then.
func Parse(list string, named ...Named) (propagation.TextMapPropagator, error) {
	known := map[string]func() (propagation.TextMapPropagator, error){
		"tracecontext":  give(TraceContext{}),
		"baggage":       give(Baggage{}),
		"b3":            give(B3{}),
		"b3multi":       give(B3{Encoding: B3Multi}),
		"correlationid": give(CorrelationID{}),
		"xtraceinfo":    xtraceInfoFromEnvironment,
	}
	for _, n := range named {
		known[fold(n.Name)] = give(n.Propagator)
	}
	names := splitNames(list)
	if len(names) == 0 {
		return nil, ErrEmptyList
	}
	if slices.Contains(names, "none") && known["none"] == nil {
		if len(names) > 1 {
			return nil, fmt.Errorf("propagators: %q holds \"none\" beside other names", clip(list))
		}
		return First(), nil
	}
	var all []propagation.TextMapPropagator
	for _, name := range names {
		open, ok := known[name]
		if !ok {
			return nil, unknown(name, slices.Sorted(maps.Keys(known)))
		}
		p, err := open()
		if err != nil {
			return nil, err
		}
		if isNil(p) {
			return nil, fmt.Errorf("propagators: %q is registered without a propagator", clip(name))
		}
		all = append(all, p)
	}
	return First(mergeB3(all)...), nil
}

func give(p propagation.TextMapPropagator) func() (propagation.TextMapPropagator, error) {
	return func() (propagation.TextMapPropagator, error) { return p, nil }
}

// fold is the form in which names are compared.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// splitNames returns the names in list, each once.
func splitNames(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		if name = fold(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// mergeB3 makes one B3 of several, in the place of the first: reading the
// same headers twice would find the same.
func mergeB3(all []propagation.TextMapPropagator) []propagation.TextMapPropagator {
	first := slices.IndexFunc(all, isB3)
	if first < 0 {
		return all
	}
	rest := slices.DeleteFunc(slices.Clone(all[first+1:]), isB3)
	if len(rest) < len(all)-first-1 {
		all[first] = B3{Encoding: B3Both} // duplicates are gone, so they differ
	}
	return append(all[:first+1], rest...)
}

func isB3(p propagation.TextMapPropagator) bool {
	_, ok := p.(B3)
	return ok
}

func unknown(name string, known []string) error {
	if path, ok := elsewhere[name]; ok {
		return fmt.Errorf("propagators: %q is in %s and must be registered by name; the nearest name known here is %q", name, path, nearest(name, known))
	}
	return fmt.Errorf("propagators: %q is not known, the nearest known name is %q", clip(name), nearest(name, known))
}

// clip bounds what an error quotes.
func clip(s string) string { return s[:min(len(s), 64)] }

// nearest returns the name that was most probably meant: one that is at most
// two edits away, else one that the unknown name begins or continues, else
// the one with the smallest edit distance.
func nearest(name string, known []string) string {
	name = clip(name)
	rank := func(candidate string) int {
		d := edits.Distance(name, candidate)
		switch {
		case d <= 2:
			return d
		case strings.HasPrefix(name, candidate), strings.HasPrefix(candidate, name):
			return d + 1000
		}
		return d + 2000
	}
	return slices.MinFunc(append(known, "none"), func(a, b string) int { return rank(a) - rank(b) })
}
