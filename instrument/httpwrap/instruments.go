// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
)

// serverInstruments are those of the HTTP semantic conventions for a server.
type serverInstruments struct {
	duration     metric.Float64Histogram
	active       metric.Int64UpDownCounter
	requestSize  metric.Int64Histogram
	responseSize metric.Int64Histogram

	started optionCache[startedKey]
	ended   optionCache[endedKey]
}

func newServerInstruments(m metric.Meter) *serverInstruments {
	duration, err := httpconv.NewServerRequestDuration(m)
	report(err)
	active, err := httpconv.NewServerActiveRequests(m)
	report(err)
	requestSize, err := httpconv.NewServerRequestBodySize(m)
	report(err)
	responseSize, err := httpconv.NewServerResponseBodySize(m)
	report(err)
	return &serverInstruments{
		duration:     duration.Inst(),
		active:       active.Inst(),
		requestSize:  requestSize.Inst(),
		responseSize: responseSize.Inst(),
	}
}

func report(err error) {
	if err != nil {
		otel.Handle(err)
	}
}

func (i *serverInstruments) begin(ctx context.Context, key startedKey) {
	i.active.Add(ctx, 1, i.started.get(key).add...)
}

func (i *serverInstruments) end(ctx context.Context, started startedKey, o outcome) {
	i.active.Add(ctx, -1, i.started.get(started).add...)
	if o.hijacked {
		// What follows is another protocol: its duration and bytes are not
		// those of a request, and nobody counted them.
		return
	}
	opts := i.ended.get(o.key(started)).record
	i.duration.Record(ctx, seconds(o.duration), opts...)
	i.requestSize.Record(ctx, o.requestBytes, opts...)
	i.responseSize.Record(ctx, o.responseBytes, opts...)
}

func seconds(d time.Duration) float64 { return float64(d) / float64(time.Second) }

// startedKey is what is known of a request in when it starts. None of it, as
// none of endedKey, is for a caller to choose freely.
type startedKey struct {
	method string
	tls    bool
}

func (k startedKey) attributes() []attribute.KeyValue {
	scheme := schemeHTTP
	if k.tls {
		scheme = schemeHTTPS
	}
	return []attribute.KeyValue{keyMethod.String(k.method), scheme}
}

// endedKey is what is known when it has ended.
type endedKey struct {
	startedKey
	route, version, errorType string
	status                    int
}

func (k endedKey) attributes() []attribute.KeyValue {
	attrs := k.startedKey.attributes()
	if k.route != "" {
		attrs = append(attrs, keyRoute.String(k.route))
	}
	if k.version != "" {
		attrs = append(attrs, keyProtocol.String(k.version))
	}
	if k.status != 0 {
		attrs = append(attrs, keyStatus.Int(k.status))
	}
	if k.errorType != "" {
		attrs = append(attrs, keyErrorType.String(k.errorType))
	}
	return attrs
}

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
