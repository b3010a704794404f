// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// maxCachedOptions bounds the sets of attributes kept. A server has as many
// as it has routes, methods and statuses; whatever comes beyond is made anew.
const maxCachedOptions = 1024

// measured is one set of attributes as the instruments take it.
type measured struct {
	record []metric.RecordOption
	add    []metric.AddOption
}

// optionCache keeps the options for each key, so that recording does not
// sort and hash the same attributes again. Reads take no lock: the map is
// replaced, not changed.
type optionCache[K interface {
	comparable
	attributes() []attribute.KeyValue
}] struct {
	options atomic.Pointer[map[K]*measured]
	mu      sync.Mutex
}

func (c *optionCache[K]) get(key K) *measured {
	if options := c.options.Load(); options != nil {
		if m, ok := (*options)[key]; ok {
			return m
		}
	}
	option := metric.WithAttributeSet(attribute.NewSet(key.attributes()...))
	m := &measured{record: []metric.RecordOption{option}, add: []metric.AddOption{option}}
	c.keep(key, m)
	return m
}

func (c *optionCache[K]) keep(key K, m *measured) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var old map[K]*measured
	if p := c.options.Load(); p != nil {
		old = *p
	}
	if len(old) >= maxCachedOptions {
		return
	}
	options := make(map[K]*measured, len(old)+1)
	for k, v := range old {
		options[k] = v
	}
	options[key] = m
	c.options.Store(&options)
}
