// SPDX-License-Identifier: Apache-2.0

package instrumenttest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// order records a request of three levels, with a failure, an event, a link
// and a span left open.
func order(rec *instrumenttest.Recorder) {
	tracer := rec.TracerProvider().Tracer("test")
	_, earlier := tracer.Start(context.Background(), "earlier")
	earlier.End()
	ctx, root := tracer.Start(context.Background(), "GET /orders/{id}",
		trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.route", "/orders/{id}"), attribute.Int("a", 1)))
	first, price := tracer.Start(ctx, "price order", trace.WithLinks(
		trace.LinkFromContext(trace.ContextWithSpan(ctx, earlier)),
		trace.Link{SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}})}))
	_, query := tracer.Start(first, "SELECT orders", trace.WithSpanKind(trace.SpanKindClient))
	query.AddEvent("retry", trace.WithAttributes(attribute.Int("attempt", 2)))
	query.SetStatus(codes.Error, "connection refused")
	query.End()
	price.SetStatus(codes.Ok, "")
	price.End()
	_, _ = tracer.Start(ctx, "render")
	root.End()
}

func TestTreeShowsNestingKindStatusAndWhatIsMissing(t *testing.T) {
	rec := instrumenttest.New(t)
	order(rec)
	assert.Equal(t, `earlier
GET /orders/{id} | server
  price order | ok
    SELECT orders | client | error: connection refused
  render | not ended`, rec.Tree())
}

func TestTreeShowsAttributesEventsAndLinksOnRequest(t *testing.T) {
	rec := instrumenttest.New(t)
	order(rec)
	rec.AssertTree(`
		earlier
		GET /orders/{id} | server | a=1 | http.route=/orders/{id}
		  price order | ok
		    & earlier
		    & remote
		    SELECT orders | client | error: connection refused
		      @ retry | attempt=2
		  render | not ended
	`, instrumenttest.ShowAttributes(), instrumenttest.ShowEvents(), instrumenttest.ShowLinks())
	rec.AssertTree(`
		earlier
		GET /orders/{id} | server | http.route=/orders/{id}
			price order | ok
				SELECT orders | client | error: connection refused
			render | not ended
	`, instrumenttest.ShowAttributes("http.route", "none"))
}

func TestAssertTreeShowsTheDifferenceByLine(t *testing.T) {
	fake := &fakeTB{TB: t}
	rec := instrumenttest.New(fake)
	order(rec)
	assert.False(t, rec.AssertTree(`
		earlier
		GET /orders/{id} | server
		  SELECT orders | client
		  render | not ended
		  write cache
	`))
	require.Len(t, fake.errors, 1)
	assert.Equal(t, `instrumenttest: the span tree is not as expected (- want, + got):
  earlier
  GET /orders/{id} | server
-   SELECT orders | client
+   price order | ok
+     SELECT orders | client | error: connection refused
    render | not ended
-   write cache`, fake.errors[0])
}

func TestTreeTellsARemoteParentFromALostOne(t *testing.T) {
	rec := instrumenttest.New(t, sdktrace.WithSampler(sdktrace.AlwaysSample()))
	tracer := rec.TracerProvider().Tracer("test")
	sc := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}})
	_, remote := tracer.Start(trace.ContextWithRemoteSpanContext(context.Background(), sc), "from afar")
	remote.End()
	_, lost := tracer.Start(trace.ContextWithSpanContext(context.Background(), sc), "lost")
	lost.End()
	rec.AssertTree(`
		from afar | remote parent
		lost | parent missing
	`)
}

func TestTreeMarksSpansThatAreRecordedAndNotSampled(t *testing.T) {
	rec := instrumenttest.New(t, sdktrace.WithSampler(sdktrace.AlwaysRecord(sdktrace.NeverSample())))
	_, span := rec.TracerProvider().Tracer("test").Start(context.Background(), "quiet")
	span.End()
	rec.AssertTree("quiet | not sampled")
}

func TestTreeKeepsHostileTextOnItsLine(t *testing.T) {
	rec := instrumenttest.New(t)
	_, span := rec.TracerProvider().Tracer("test").Start(context.Background(), "a\n  forged | server")
	span.End()
	assert.Equal(t, `"a\n  forged | server"`, rec.Tree())
}

func TestAssertTreeOfNothing(t *testing.T) {
	rec := instrumenttest.New(t)
	assert.True(t, rec.AssertTree("\n\t\t\n"))
}

func TestCollectorTreeJoinsServicesAndSharedSpans(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	_, err := post(t, c.URL, `[
		{"traceId":"0000000000000001","id":"0000000000000003","parentId":"0000000000000002","name":"select","timestamp":30,"localEndpoint":{"serviceName":"catalog"},"tags":{"error":"no such table"}},
		{"traceId":"0000000000000001","id":"0000000000000002","shared":true,"kind":"SERVER","name":"get /items","timestamp":20,"localEndpoint":{"serviceName":"catalog"},"tags":{"error":""}},
		{"traceId":"0000000000000001","id":"0000000000000002","kind":"CLIENT","name":"get","timestamp":10,"localEndpoint":{"serviceName":"front"}},
		{"traceId":"0000000000000009","id":"0000000000000005","parentId":"0000000000000004","name":"lost","timestamp":40}]`)
	require.NoError(t, err)
	assert.Equal(t, `front: get | client
  catalog: get /items | server | error
  catalog: select | error: no such table
: lost | parent missing`, c.Tree())
}
