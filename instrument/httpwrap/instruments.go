// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
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

// enter counts a request that has come, leave one that is over. The context is
// that of the request before it had a span: nobody looks for an example of a
// number of requests, and looking for one costs more than counting.
func (i *serverInstruments) enter(ctx context.Context, key startedKey) {
	i.active.Add(ctx, 1, i.started.get(key).add...)
}

func (i *serverInstruments) leave(ctx context.Context, key startedKey) {
	i.active.Add(ctx, -1, i.started.get(key).add...)
}

// record measures a request that is over.
func (i *serverInstruments) record(ctx context.Context, key endedKey, o outcome) {
	if o.hijacked {
		// What follows is another protocol: its duration and bytes are not
		// those of a request, and nobody counted them.
		return
	}
	opts := i.ended.get(key).record
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
	return appendEnded(attrs, k.version, k.status, k.errorType)
}

func appendEnded(attrs []attribute.KeyValue, version string, status int, errorType string) []attribute.KeyValue {
	if version != "" {
		attrs = append(attrs, keyProtocol.String(version))
	}
	if status != 0 {
		attrs = append(attrs, keyStatus.Int(status))
	}
	if errorType != "" {
		attrs = append(attrs, keyErrorType.String(errorType))
	}
	return attrs
}

// clientInstruments are those of the HTTP semantic conventions for a client.
type clientInstruments struct {
	duration     metric.Float64Histogram
	requestSize  metric.Int64Histogram
	responseSize metric.Int64Histogram

	ended optionCache[sentKey]
}

func newClientInstruments(m metric.Meter) *clientInstruments {
	duration, err := httpconv.NewClientRequestDuration(m)
	report(err)
	requestSize, err := httpconv.NewClientRequestBodySize(m)
	report(err)
	responseSize, err := httpconv.NewClientResponseBodySize(m)
	report(err)
	return &clientInstruments{
		duration:     duration.Inst(),
		requestSize:  requestSize.Inst(),
		responseSize: responseSize.Inst(),
	}
}

func (i *clientInstruments) end(ctx context.Context, e *roundTrip, errorType string, d time.Duration) {
	key := sentKey{
		method:    e.method,
		host:      e.host,
		port:      e.port,
		scheme:    e.request.URL.Scheme,
		template:  e.route,
		version:   e.answer.version,
		status:    e.answer.status,
		errorType: errorType,
	}
	opts := i.ended.get(key).record
	i.duration.Record(ctx, seconds(d), opts...)
	if n := e.requestBytes(); n >= 0 {
		i.requestSize.Record(ctx, n, opts...)
	}
	if e.answer.status != 0 && !e.answer.decoded && !e.answer.upgraded {
		i.responseSize.Record(ctx, e.body.read.Load(), opts...)
	}
}

// sentKey is what is known of a request out when it is over. The host is the
// program's own choice, as the semantic conventions require it.
type sentKey struct {
	method, host, scheme, template, version, errorType string

	port, status int
}

func (k sentKey) attributes() []attribute.KeyValue {
	attrs := []attribute.KeyValue{keyMethod.String(k.method), keyServerAddress.String(k.host), keyScheme.String(k.scheme)}
	if k.port != 0 {
		attrs = append(attrs, keyServerPort.Int(k.port))
	}
	if k.template != "" {
		attrs = append(attrs, keyTemplate.String(k.template))
	}
	return appendEnded(attrs, k.version, k.status, k.errorType)
}
