// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

// metadataCarrier has the shape of gRPC's metadata.MD: lower-case keys, many values.
type metadataCarrier map[string][]string

func (m metadataCarrier) Get(key string) string {
	if v := m[strings.ToLower(key)]; len(v) > 0 {
		return v[0]
	}
	return ""
}
func (m metadataCarrier) Values(key string) []string { return m[strings.ToLower(key)] }
func (m metadataCarrier) Set(key, value string)      { m[strings.ToLower(key)] = []string{value} }
func (m metadataCarrier) Keys() []string             { return slices.Collect(maps.Keys(m)) }

// environmentCarrier is a process environment, names as OpenTelemetry asks:
// upper case, with "_" for what a name cannot hold.
type environmentCarrier map[string]string

func environmentName(key string) string {
	return strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}
func (e environmentCarrier) Get(key string) string { return e[environmentName(key)] }
func (e environmentCarrier) Set(key, value string) { e[environmentName(key)] = value }
func (e environmentCarrier) Keys() []string        { return slices.Collect(maps.Keys(e)) }

// messageCarrier has the shape of a Kafka or AMQP message: a list of headers
// with values as bytes.
type messageCarrier struct{ headers []messageHeader }

type messageHeader struct {
	Key   string
	Value []byte
}

func (m *messageCarrier) Get(key string) string {
	for _, h := range m.headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

func (m *messageCarrier) Values(key string) []string {
	var values []string
	for _, h := range m.headers {
		if h.Key == key {
			values = append(values, string(h.Value))
		}
	}
	return values
}

func (m *messageCarrier) Set(key, value string) {
	m.headers = slices.DeleteFunc(m.headers, func(h messageHeader) bool { return h.Key == key })
	m.headers = append(m.headers, messageHeader{key, []byte(value)})
}

func (m *messageCarrier) Keys() []string {
	var keys []string
	for _, h := range m.headers {
		keys = append(keys, h.Key)
	}
	return keys
}

// carriers builds each kind of carrier from the same headers. Those that hold
// one value a key keep the first, as their producers would.
var carriers = map[string]func(headers [][2]string) propagation.TextMapCarrier{
	"http.Header": func(headers [][2]string) propagation.TextMapCarrier {
		h := http.Header{}
		for _, kv := range headers {
			h.Add(kv[0], kv[1])
		}
		return propagation.HeaderCarrier(h)
	},
	"map": func(headers [][2]string) propagation.TextMapCarrier {
		m := propagation.MapCarrier{}
		for _, kv := range slices.Backward(headers) {
			m[strings.ToLower(kv[0])] = kv[1]
		}
		return m
	},
	"gRPC metadata": func(headers [][2]string) propagation.TextMapCarrier {
		m := metadataCarrier{}
		for _, kv := range headers {
			key := strings.ToLower(kv[0])
			m[key] = append(m[key], kv[1])
		}
		return m
	},
	"environment": func(headers [][2]string) propagation.TextMapCarrier {
		e := environmentCarrier{}
		for _, kv := range slices.Backward(headers) {
			e.Set(kv[0], kv[1])
		}
		return e
	},
	"message": func(headers [][2]string) propagation.TextMapCarrier {
		m := &messageCarrier{}
		for _, kv := range headers {
			m.headers = append(m.headers, messageHeader{strings.ToLower(kv[0]), []byte(kv[1])})
		}
		return m
	},
}

// header is an http.Header as a carrier.
func header(headers ...[2]string) propagation.HeaderCarrier {
	return carriers["http.Header"](headers).(propagation.HeaderCarrier)
}
