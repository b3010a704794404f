// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
)

// Baggage reads and writes W3C baggage (https://www.w3.org/TR/baggage/), at
// most 64 members and 8192 bytes in both directions. It differs from
// propagation.Baggage in that what is extracted is merged into the baggage
// that is in the context already, and in that malformed members are dropped
// before they cost anything. The zero value is ready; it may be used from
// several goroutines.
type Baggage struct{}

var _ propagation.TextMapPropagator = Baggage{}

var baggageField = field{"Baggage", "baggage"}

const (
	maxBaggageMembers = 64
	maxBaggageBytes   = 8192
)

// Extract returns a context with the carrier's baggage, or ctx itself when
// there is none that is valid. Several headers are one list. A list over 8192
// bytes is ignored; of one with more than 64 members the first 64 are read.
// Where the context has baggage, its members stay, an extracted member
// replaces the one of the same key, and extracted members that would exceed
// the limits are dropped.
func (Baggage) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	list, ok := baggageField.joined(carrier, maxBaggageBytes)
	if !ok {
		reject(baggageTooLarge)
		return ctx
	}
	if list == "" {
		return ctx
	}
	if list = validMembers(list); list == "" {
		return ctx
	}
	extracted, err := baggage.Parse(list)
	if err != nil {
		reject(baggageMalformed)
	}
	if extracted.Len() == 0 {
		return ctx
	}
	if existing := baggage.FromContext(ctx); existing.Len() > 0 {
		extracted = mergeBaggage(existing, extracted)
	}
	return baggage.ContextWithBaggage(ctx, extracted)
}

// validMembers returns the first 64 members of list whose key and value are
// well formed: list itself in the usual case. baggage.Parse makes an error
// value for each malformed one, and 8 KiB of commas is eight thousand.
func validMembers(list string) string {
	if allMembers(list) {
		return list
	}
	var kept strings.Builder
	members, malformed := 0, false
	for member := range strings.SplitSeq(list, ",") {
		if !isMember(member) {
			malformed = malformed || strings.Trim(member, " \t") != ""
			continue
		}
		if members == maxBaggageMembers {
			reject(baggageTooLarge)
			break
		}
		if members++; members > 1 {
			kept.WriteByte(',')
		}
		kept.WriteString(member)
	}
	if malformed {
		reject(baggageMalformed)
	}
	return kept.String()
}

// allMembers reports whether list is well formed and short enough as it is.
func allMembers(list string) bool {
	members := 0
	for member := range strings.SplitSeq(list, ",") {
		if members++; members > maxBaggageMembers || !isMember(member) {
			return false
		}
	}
	return true
}

// isMember reports whether m begins with a token, "=" and a value, white
// space aside. Properties are left to baggage.Parse.
func isMember(m string) bool {
	m, _, _ = strings.Cut(m, ";")
	key, value, ok := strings.Cut(m, "=")
	if key = strings.Trim(key, " \t"); !ok || key == "" {
		return false
	}
	for i := range len(key) {
		if !tokenChars[key[i]] {
			return false
		}
	}
	value = strings.Trim(value, " \t")
	for i := range len(value) {
		// baggage-octet of W3C: printable ASCII but space, ", comma, ;, \.
		if c := value[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// mergeBaggage adds extracted to existing as far as the limits allow, in the
// order of the keys so that the result does not depend on a map's order.
func mergeBaggage(existing, extracted baggage.Baggage) baggage.Baggage {
	merged, size := existing, len(existing.String())
	if size == 0 {
		size = -1 // the first member has no comma before it
	}
	members := extracted.Members()
	slices.SortFunc(members, func(a, b baggage.Member) int { return cmp.Compare(a.Key(), b.Key()) })
	for _, m := range members {
		grown := size + len(m.String()) + 1
		if old := merged.Member(m.Key()); old.Key() != "" {
			grown -= len(old.String()) + 1
		} else if merged.Len() >= maxBaggageMembers {
			reject(baggageTooLarge)
			continue
		}
		if grown > maxBaggageBytes {
			reject(baggageTooLarge)
			continue
		}
		if next, err := merged.SetMember(m); err == nil {
			merged, size = next, grown
		}
	}
	return merged
}

// Inject writes the baggage in ctx, if any: members that would exceed the
// limits are left out, the last keys first.
func (Baggage) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	b := baggage.FromContext(ctx)
	if b.Len() == 0 {
		return
	}
	header := b.String()
	if b.Len() > maxBaggageMembers || len(header) > maxBaggageBytes {
		reject(baggageTooLarge)
		header = mergeBaggage(baggage.Baggage{}, b).String()
	}
	if header != "" {
		baggageField.set(carrier, header)
	}
}

// Fields returns the header that Inject writes.
func (Baggage) Fields() []string { return []string{baggageField.lower} }
