// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/internal/edits"
)

// The values of OTEL_TRACES_SAMPLER, and ratelimited, which is ours.
const (
	nameAlwaysOn     = "always_on"
	nameAlwaysOff    = "always_off"
	nameRatio        = "traceidratio"
	nameRateLimited  = "ratelimited"
	nameJaegerRemote = "jaeger_remote"
	parentPrefix     = "parentbased_"
)

var samplerNames = []string{
	nameAlwaysOn, nameAlwaysOff, nameRatio, nameRateLimited,
	parentPrefix + nameAlwaysOn, parentPrefix + nameAlwaysOff,
	parentPrefix + nameRatio, parentPrefix + nameRateLimited,
}

// Parse returns the sampler that OTEL_TRACES_SAMPLER and
// OTEL_TRACES_SAMPLER_ARG name: always_on, always_off, traceidratio (which is
// [Probability]; arg is the ratio, 1 when empty), ratelimited (which is
// [RateLimited]; arg is traces per second and must be there), and each of them
// after parentbased_ (within [ParentBased]). Names and arguments are trimmed,
// and the case of a name does not matter. An empty name is
// parentbased_traceidratio, which without an arg is the default of
// OpenTelemetry, parentbased_always_on.
//
// For an arg that cannot be used it returns an error and, beside it, the
// sampler named with 0 for its argument: a typing mistake must not mean more
// sampling than was asked for. For a name that is unknown, and for
// jaeger_remote, whose client is not linked, it returns nil and an error.
func Parse(name, arg string) (sdktrace.Sampler, error) {
	given := strings.TrimSpace(name)
	arg = strings.TrimSpace(arg)
	known := strings.ToLower(given)
	if known == "" {
		known = parentPrefix + nameRatio
	}
	rootName, parentBased := strings.CutPrefix(known, parentPrefix)
	if rootName == nameJaegerRemote {
		return nil, fmt.Errorf("samplers: sampler %q is not linked into this program; pass it in code", known)
	}
	root, err := parseRoot(rootName, arg)
	if root == nil && err == nil {
		err = fmt.Errorf("samplers: sampler %s is unknown; %s", quoted(given), suggestion(known))
	}
	if root != nil && parentBased {
		root = ParentBased(root)
	}
	return root, err
}

// parseRoot returns nil and no error for a name it does not know.
func parseRoot(name, arg string) (sdktrace.Sampler, error) {
	switch name {
	case nameAlwaysOn:
		// Unlike the SDK's, with a threshold: every span stands for itself.
		return &probability{ratioOf(1), "AlwaysOnSampler"}, nil
	case nameAlwaysOff:
		return &probability{ratioOf(0), "AlwaysOffSampler"}, nil
	case nameRatio:
		p, err := parseRatio(arg, 1)
		return Probability(p), err
	case nameRateLimited:
		n, err := parseRate(arg)
		return RateLimited(n), err
	}
	return nil, nil
}

// parseRatio reads a probability; the empty text means unset.
func parseRatio(text string, unset float64) (float64, error) {
	if text == "" {
		return unset, nil
	}
	p, err := strconv.ParseFloat(text, 64)
	if math.IsNaN(p) || err != nil && !math.IsInf(p, 0) {
		return 0, fmt.Errorf("samplers: ratio %s is not a number%s", quoted(text), meant(text))
	}
	if p == 0 && nonZero(text) {
		p = math.SmallestNonzeroFloat64
	}
	if err := checkRatio(p, quoted(text)); err != nil {
		return 0, err
	}
	return p, nil
}

// checkRatio returns the rule that p, written as text, breaks.
func checkRatio(p float64, text string) error {
	switch {
	case p == usableRatio(p):
		return nil
	case p > 0 && p < minRatio:
		return fmt.Errorf("samplers: ratio %s is below 2^-56, the smallest there is; 0 is never", text)
	default:
		return fmt.Errorf("samplers: ratio %s is outside [0, 1]", text)
	}
}

// parseRate reads a number of traces per second.
func parseRate(text string) (float64, error) {
	if text == "" {
		return 0, fmt.Errorf("samplers: %s needs a rate, in traces per second", nameRateLimited)
	}
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case math.IsNaN(n), err != nil && !math.IsInf(n, 0):
		return 0, fmt.Errorf("samplers: rate %s is not a number of traces per second", quoted(text))
	case n < 0 || math.IsInf(n, 0):
		return 0, fmt.Errorf("samplers: rate %s is outside [0, ∞)", quoted(text))
	}
	return n, nil
}

// nonZero reports whether a number that was read as 0 was written as something
// else: 1e-400 has no float64 of its own.
func nonZero(text string) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	return strings.ContainsAny(mantissa, "123456789")
}

// meant names the number that was likely meant: 50% is 0.5, and quotes belong
// to the shell.
func meant(text string) string {
	bare, percent := strings.CutSuffix(strings.Trim(text, `"'`+"`"), "%")
	p, err := strconv.ParseFloat(strings.TrimSpace(bare), 64)
	if percent {
		p /= 100
	}
	if err != nil || (usableRatio(p) != p) {
		return ""
	}
	return "; write " + strconv.FormatFloat(p, 'g', -1, 64)
}

// quoted makes a value from outside fit for a log line.
func quoted(value string) string {
	const most = 64
	if len(value) > most {
		return strconv.Quote(value[:most]) + "…"
	}
	return strconv.Quote(value)
}

// suggestion names the known name with the fewest single-letter changes, or
// all of them when a typing mistake is unlikely.
func suggestion(name string) string {
	const most = 64
	name = name[:min(len(name), most)]
	best, fewest := "", math.MaxInt
	for _, candidate := range samplerNames {
		if d := edits.Distance(name, candidate); d < fewest {
			best, fewest = candidate, d
		}
	}
	if fewest > len(best)/3 {
		return "known are " + strings.Join(samplerNames, ", ")
	}
	return "the nearest is " + best
}
