// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// encodedResource is what all spans of a resource share, encoded once.
type encodedResource struct {
	of       *resource.Resource
	endpoint []byte // the field localEndpoint, or nothing
	tags     []encodedTag
}

type encodedTag struct {
	key   attribute.Key
	value attribute.Value
	hash  uint8
	json  []byte // "key":"value",
}

// fallbackService is the name of a program that gave itself none:
// unknown_service and the name of its binary.
var fallbackService = sync.OnceValue(func() string {
	name, _ := resource.Default().Set().Value(semconv.ServiceNameKey)
	return name.AsString()
})

// resource returns r encoded. A resource never changes, so the pointer is
// enough to know it again.
func (e *encoder) resource(r *resource.Resource) *encodedResource {
	for _, known := range e.resources {
		if known != nil && known.of == r {
			return known
		}
	}
	fresh := e.encodeResource(r)
	e.resources[e.next] = fresh
	e.next = (e.next + 1) % len(e.resources)
	return fresh
}

func (e *encoder) encodeResource(r *resource.Resource) *encodedResource {
	out := &encodedResource{of: r}
	plain := encoder{}
	service, named := "", false
	for _, kv := range r.Attributes() {
		if kv.Key == semconv.ServiceNameKey {
			service, named = kv.Value.AsString(), true
		}
		out.tags = append(out.tags, encodedTag{
			key:   kv.Key,
			value: kv.Value,
			hash:  hash(kv.Key),
			json:  plain.appendTag(nil, string(kv.Key), kv.Value),
		})
	}
	if !named {
		service = fallbackService()
	}
	if service != "" {
		out.endpoint = append(out.endpoint, `,"localEndpoint":{"serviceName":"`...)
		out.endpoint = plain.appendLower(out.endpoint, service)
		out.endpoint = append(out.endpoint, `"}`...)
	}
	return out
}
