// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/propagators"
)

// message is what a broker keeps.
type message struct {
	Headers map[string]string `json:"headers,omitempty"`
	Token   string            `json:"token,omitempty"` // where there is one string for it, and no headers
	Body    string            `json:"body"`
}

// queue keeps bytes, as brokers do.
type queue chan []byte

func (q queue) send(m message) error {
	text, err := json.Marshal(m)
	q <- text
	return err
}

func (q queue) receive(t *testing.T) message {
	t.Helper()
	var m message
	require.NoError(t, json.Unmarshal(<-q, &m))
	return m
}

// publish sends a message with headers.
func publish(ctx context.Context, q queue, body string) error {
	return instrument.Do(ctx, "send order", func(ctx context.Context) error {
		headers := propagation.MapCarrier{}
		otel.GetTextMapPropagator().Inject(ctx, headers)
		return q.send(message{Headers: headers, Body: body})
	}, trace.WithSpanKind(trace.SpanKindProducer))
}

// consume handles one message, in the trace of its producer.
func consume(ctx context.Context, m message, handle func(context.Context, string) error) error {
	ctx = otel.GetTextMapPropagator().Extract(ctx, propagation.MapCarrier(m.Headers))
	return instrument.Do(ctx, "process order", func(ctx context.Context) error {
		return handle(ctx, m.Body)
	}, trace.WithSpanKind(trace.SpanKindConsumer))
}

// publishToken sends a message that has room for one string.
func publishToken(ctx context.Context, q queue, body string) error {
	return instrument.Do(ctx, "send order", func(ctx context.Context) error {
		return q.send(message{Token: propagators.Token(ctx), Body: body})
	}, trace.WithSpanKind(trace.SpanKindProducer))
}

// consumeToken handles one message, in the trace of its producer.
func consumeToken(ctx context.Context, m message, handle func(context.Context, string) error) error {
	ctx, err := propagators.ContextWithToken(ctx, m.Token)
	if err != nil {
		slog.WarnContext(ctx, "message starts a trace of its own", "error", err)
	}
	return instrument.Do(ctx, "process order", func(ctx context.Context) error {
		return handle(ctx, m.Body)
	}, trace.WithSpanKind(trace.SpanKindConsumer))
}

// consumeBatch handles several messages at once, in a trace of its own with a
// link to each of theirs.
func consumeBatch(ctx context.Context, batch []message, handle func(context.Context, []message) error) error {
	var links []trace.Link
	for _, m := range batch {
		sent := otel.GetTextMapPropagator().Extract(context.Background(), propagation.MapCarrier(m.Headers))
		if sc := trace.SpanContextFromContext(sent); sc.IsValid() {
			links = append(links, trace.Link{SpanContext: sc})
		}
	}
	return instrument.Do(ctx, "process orders", func(ctx context.Context) error {
		return handle(ctx, batch)
	}, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithNewRoot(), trace.WithLinks(links...))
}

func TestMessageIsHandledInTheTraceOfItsProducer(t *testing.T) {
	for name, tc := range map[string]struct {
		publish func(context.Context, queue, string) error
		consume func(context.Context, message, func(context.Context, string) error) error
		options []instrument.Option
	}{
		"headers":               {publish: publish, consume: consume},
		"headers, B3":           {publish: publish, consume: consume, options: []instrument.Option{instrument.WithPropagators(propagators.B3{}, propagators.CorrelationID{})}},
		"headers, X-Trace-Info": {publish: publish, consume: consume, options: []instrument.Option{instrument.WithPropagators(signedXTraceInfo(t, "not a secret"), propagators.CorrelationID{})}},
		"token":                 {publish: publishToken, consume: consumeToken},
	} {
		t.Run(name, func(t *testing.T) {
			arrived := setupRecipe(t, tc.options...)
			q := make(queue, 1)
			ctx := propagators.ContextWithCorrelationID(t.Context(), "order-7")
			require.NoError(t, instrument.Do(ctx, "place order", func(ctx context.Context) error { return tc.publish(ctx, q, "7") }))
			var id, body string
			require.NoError(t, tc.consume(context.Background(), q.receive(t), func(ctx context.Context, b string) error {
				id, body = propagators.CorrelationIDFromContext(ctx), b
				return instrument.Do(ctx, "pack", func(context.Context) error { return nil })
			}))
			assert.Equal(t, "7", body)
			assert.Equal(t, "order-7", id)
			spans := arrived()
			requireChain(t, spans,
				arrivedSpan(t, spans, "", "place order"),
				arrivedSpan(t, spans, "PRODUCER", "send order"),
				arrivedSpan(t, spans, "CONSUMER", "process order"),
				arrivedSpan(t, spans, "", "pack"))
		})
	}
}

func TestMessageThatIsNotSampledIsNotSampledWhereItIsHandled(t *testing.T) {
	arrived := setupRecipe(t)
	q := make(queue, 2)
	require.NoError(t, publish(instrument.Unsampled(t.Context()), q, "7"))
	require.NoError(t, publishToken(instrument.Unsampled(t.Context()), q, "8"))
	nothing := func(context.Context, string) error { return nil }
	require.NoError(t, consume(context.Background(), q.receive(t), nothing))
	require.NoError(t, consumeToken(context.Background(), q.receive(t), nothing))
	assert.Empty(t, arrived())
}

func TestMessageOfAStrangerStartsATraceAndIsHandled(t *testing.T) {
	failed := errors.New("out of stock")
	for name, tc := range map[string]struct {
		m       message
		consume func(context.Context, message, func(context.Context, string) error) error
	}{
		"no headers":        {message{Body: "7"}, consume},
		"malformed headers": {message{Headers: map[string]string{"traceparent": "00-zz", "b3": "\n"}, Body: "7"}, consume},
		"no token":          {message{Body: "7"}, consumeToken},
		"malformed token":   {message{Token: "00-zz", Body: "7"}, consumeToken},
	} {
		t.Run(name, func(t *testing.T) {
			arrived := setupRecipe(t)
			assert.ErrorIs(t, tc.consume(t.Context(), tc.m, func(context.Context, string) error { return failed }), failed)
			spans := arrived()
			requireChain(t, spans, arrivedSpan(t, spans, "CONSUMER", "process order"))
			assert.Contains(t, spans[0].Tags["error"], "out of stock")
		})
	}
}

// Zipkin has no place for links: they are read where they are recorded.
func TestBatchIsATraceOfItsOwnWithLinks(t *testing.T) {
	recorder := instrumenttest.New(t)
	arrived := setupRecipe(t, instrument.WithSpanProcessor(recorder.SpanProcessor()))
	q := make(queue, 3)
	var sent []trace.SpanContext
	for _, body := range []string{"7", "8"} {
		require.NoError(t, instrument.Do(t.Context(), "place order "+body, func(ctx context.Context) error { return publish(ctx, q, body) }))
	}
	require.NoError(t, q.send(message{Body: "9"})) // of a stranger
	for _, s := range recorder.Spans() {
		if s.SpanKind() == trace.SpanKindProducer {
			sent = append(sent, s.SpanContext())
		}
	}
	batch := []message{q.receive(t), q.receive(t), q.receive(t)}
	var inside trace.SpanContext
	require.NoError(t, instrument.Do(t.Context(), "poll", func(ctx context.Context) error {
		return consumeBatch(ctx, batch, func(ctx context.Context, batch []message) error {
			inside = trace.SpanContextFromContext(ctx)
			assert.Len(t, batch, 3)
			return nil
		})
	}))
	consumer := recorder.Span("process orders")
	assert.Equal(t, trace.SpanKindConsumer, consumer.SpanKind())
	assert.Equal(t, inside.SpanID(), consumer.SpanContext().SpanID())
	assert.False(t, consumer.Parent().IsValid())
	require.Len(t, sent, 2)
	require.Len(t, consumer.Links(), 2)
	for i, link := range consumer.Links() {
		assert.Equal(t, sent[i].TraceID(), link.SpanContext.TraceID())
		assert.Equal(t, sent[i].SpanID(), link.SpanContext.SpanID())
		assert.NotEqual(t, sent[i].TraceID(), inside.TraceID())
	}
	spans := arrived()
	require.Len(t, spans, 6)
	assert.Empty(t, arrivedSpan(t, spans, "CONSUMER", "process orders").ParentID)
}
