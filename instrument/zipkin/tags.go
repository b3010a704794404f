// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Keys of tags that are not attributes.
const (
	keyError             = "error"
	keyStatusCode        = string(semconv.OTelStatusCodeKey)
	keyScopeName         = string(semconv.OTelScopeNameKey)
	keyScopeVersion      = string(semconv.OTelScopeVersionKey)
	keyDroppedAttributes = "otel.dropped_attributes_count"
	keyDroppedEvents     = "otel.dropped_events_count"
	keyDroppedLinks      = "otel.dropped_links_count"
	keyTruncated         = "waymark.truncated"
)

// reserved is the set of such keys that one span has.
type reserved struct {
	status, scope, version           bool
	attributes, events, links, marks bool
}

// has reports whether key is not for an attribute to write: it is the
// exporter's own on this span. An attribute "error" never passes, as the
// mapping says: to Zipkin it means failed, whatever its value.
func (r *reserved) has(key string) bool {
	if key == keyError {
		return true
	}
	if !strings.HasPrefix(key, "otel.") {
		return r.marks && key == keyTruncated
	}
	switch key {
	case keyStatusCode:
		return r.status
	case keyScopeName:
		return r.scope
	case keyScopeVersion:
		return r.version
	case keyDroppedAttributes:
		return r.attributes
	case keyDroppedEvents:
		return r.events
	case keyDroppedLinks:
		return r.links
	}
	return false
}

// appendTags appends the attributes of span, those of its scope and of its
// resource that nothing nearer to it has, status, scope and what was dropped.
func (e *encoder) appendTags(dst []byte, span sdktrace.ReadOnlySpan, attrs []attribute.KeyValue, res *encodedResource) []byte {
	status, scope := span.Status(), span.InstrumentationScope()
	own := reserved{
		status:     status.Code != codes.Unset,
		scope:      scope.Name != "",
		version:    scope.Name != "" && scope.Version != "",
		attributes: span.DroppedAttributes() > 0,
		events:     span.DroppedEvents() > 0,
		links:      span.DroppedLinks() > 0,
		marks:      e.limit > 0,
	}
	start := len(dst)
	dst = append(dst, `,"tags":{`...)
	empty := len(dst)

	e.keys.set(attrs)
	for i := range attrs {
		key := string(attrs[i].Key)
		if own.has(key) || e.keys.shadowed(attrs, i) {
			continue
		}
		dst = e.appendTag(dst, key, attrs[i].Value)
	}
	for scoped := scope.Attributes.Iter(); scoped.Next(); {
		kv := scoped.Attribute()
		if !own.has(string(kv.Key)) && !e.keys.has(attrs, kv.Key, hash(kv.Key)) {
			dst = e.appendTag(dst, string(kv.Key), kv.Value)
		}
	}
	for i := range res.tags {
		tag := &res.tags[i]
		if own.has(string(tag.key)) || e.keys.has(attrs, tag.key, tag.hash) || scope.Attributes.HasValue(tag.key) {
			continue
		}
		if e.limit > 0 || e.measuring {
			dst = e.appendTag(dst, string(tag.key), tag.value)
		} else {
			dst = append(dst, tag.json...)
		}
	}
	if own.status {
		code := "OK"
		if status.Code == codes.Error {
			code = "ERROR"
			dst = e.appendTag(dst, keyError, attribute.StringValue(status.Description))
		}
		dst = e.appendTag(dst, keyStatusCode, attribute.StringValue(code))
	}
	if own.scope {
		dst = e.appendTag(dst, keyScopeName, attribute.StringValue(scope.Name))
	}
	if own.version {
		dst = e.appendTag(dst, keyScopeVersion, attribute.StringValue(scope.Version))
	}
	if own.attributes {
		dst = e.appendTag(dst, keyDroppedAttributes, attribute.IntValue(span.DroppedAttributes()))
	}
	if own.events {
		dst = e.appendTag(dst, keyDroppedEvents, attribute.IntValue(span.DroppedEvents()))
	}
	if own.links {
		dst = e.appendTag(dst, keyDroppedLinks, attribute.IntValue(span.DroppedLinks()))
	}
	if e.cut > 0 {
		dst = append(dst, `"`+keyTruncated+`":"`...)
		dst = strconv.AppendInt(dst, int64(e.cut), 10)
		dst = append(dst, `",`...)
	}
	if len(dst) == empty {
		return dst[:start]
	}
	dst[len(dst)-1] = '}'
	return dst
}

// appendTag appends a tag and a comma. The value is what
// [attribute.Value.String] prints; the usual kinds do so without allocating.
// When values are cut, a tag whose key is too long is left out.
func (e *encoder) appendTag(dst []byte, key string, v attribute.Value) []byte {
	before := len(dst)
	dst = append(dst, '"')
	dst = appendText(dst, key)
	if keyLength := len(dst) - before - 1; e.limit > 0 && keyLength > e.limit {
		e.cut++
		return dst[:before]
	} else {
		e.measure(keyLength)
	}
	dst = append(dst, `":"`...)
	switch v.Type() {
	case attribute.STRING:
		dst = value(e, dst, v.AsString())
	case attribute.INT64:
		dst = strconv.AppendInt(dst, v.AsInt64(), 10)
	case attribute.BOOL:
		dst = strconv.AppendBool(dst, v.AsBool())
	case attribute.FLOAT64:
		dst = appendFloat(dst, v.AsFloat64())
	case attribute.EMPTY:
	default:
		dst = value(e, dst, v.String())
	}
	return append(dst, `",`...)
}
