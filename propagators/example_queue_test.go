// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

// Message is what clients of Kafka, RabbitMQ and others have in common:
// headers whose values are bytes.
type Message struct {
	Headers []Header
	Body    []byte
}

type Header struct {
	Key   string
	Value []byte
}

// headersOf is the carrier of a message: three methods, and Values for
// messages that hold a header more than once.
type headersOf struct{ *Message }

func (m headersOf) Get(key string) string {
	if values := m.Values(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (m headersOf) Values(key string) (values []string) {
	for _, h := range m.Headers {
		if h.Key == key {
			values = append(values, string(h.Value))
		}
	}
	return values
}

func (m headersOf) Set(key, value string) {
	for i := range m.Headers {
		if m.Headers[i].Key == key {
			m.Headers[i].Value = []byte(value)
			return
		}
	}
	m.Headers = append(m.Headers, Header{key, []byte(value)})
}

func (m headersOf) Keys() (keys []string) {
	for _, h := range m.Headers {
		keys = append(keys, h.Key)
	}
	return keys
}

// A message carries its trace in headers of bytes. What handles it may run
// much later: it can continue the trace, or start its own and link to it.
func Example_queue() {
	p := propagators.First(propagators.TraceContext{}, propagators.B3{}, propagators.CorrelationID{})

	// The sender.
	ctx, err := propagators.ContextWithToken(context.Background(), "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01;order-7")
	if err != nil {
		fmt.Println(err)
		return
	}
	message := &Message{Body: []byte("ship it")}
	p.Inject(ctx, headersOf{message})
	for _, h := range message.Headers {
		fmt.Printf("%s: %s\n", h.Key, h.Value)
	}

	// The receiver.
	ctx = p.Extract(context.Background(), headersOf{message})
	link := trace.LinkFromContext(ctx)
	fmt.Println(link.SpanContext.SpanID(), propagators.CorrelationIDFromContext(ctx))
	// Output:
	// x-correlation-id: order-7
	// b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1
	// traceparent: 00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01
	// e457b5a2e4d86bd1 order-7
}
