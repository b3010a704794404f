// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/propagators"
	"github.com/waymark-otel/waymark/samplers"
)

const (
	traceHex = "80f198ee56343ba864fe8b2a57d3eff7"
	spanHex  = "e457b5a2e4d86bd1"
)

var decisions = map[string]intent.Decision{
	"none": intent.None, "defer": intent.Defer, "deny": intent.Deny, "accept": intent.Accept, "debug": intent.Debug,
}

func TestB3Vectors(t *testing.T) {
	for _, v := range b3Vectors(t) {
		for kind, carrier := range carriers {
			t.Run(v.Name+"/"+kind, func(t *testing.T) {
				ctx := background(t)
				got := propagators.B3{}.Extract(ctx, carrier(v.Headers))
				if v.Expect.Unchanged {
					assert.True(t, got == ctx, "a rejected header leaves the context the identical value")
					return
				}
				want, known := decisions[v.Expect.Sampling]
				assert.True(t, known)
				sc := trace.SpanContextFromContext(got)
				asked := intent.FromContext(got)
				if !v.Expect.IDs {
					assert.False(t, sc.IsValid())
					assert.Equal(t, want, asked.Unbound())
					return
				}
				assert.Equal(t, v.Expect.TraceID, sc.TraceID().String())
				assert.Equal(t, v.Expect.SpanID, sc.SpanID().String())
				assert.Equal(t, want, asked.For(sc.TraceID()))
				assert.Equal(t, want == intent.Accept || want == intent.Debug, sc.IsSampled())
				assert.True(t, sc.IsRemote())
			})
		}
	}
}

// tracer samples as instrument.Setup does, with root deciding new traces.
func tracer(t *testing.T, root sdktrace.Sampler) trace.Tracer {
	t.Helper()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSampler(samplers.ParentBased(samplers.Forced(root))))
	t.Cleanup(func() { assert.NoError(t, tp.Shutdown(context.Background())) })
	return tp.Tracer("test")
}

func injected(ctx context.Context, p propagation.TextMapPropagator) propagation.MapCarrier {
	carrier := propagation.MapCarrier{}
	p.Inject(ctx, carrier)
	return carrier
}

// withIDs replaces the placeholders of the vectors.
func withIDs(headers map[string]string, sc trace.SpanContext) propagation.MapCarrier {
	ids := strings.NewReplacer("<trace>", sc.TraceID().String(), "<span>", sc.SpanID().String())
	out := propagation.MapCarrier{}
	for k, v := range headers {
		if k != "local_span_sampled" {
			out[k] = ids.Replace(v)
		}
	}
	return out
}

func TestB3InjectVectors(t *testing.T) {
	var file struct {
		Inject []struct {
			Name    string
			Headers map[string]string `json:"expect_headers"`
		}
		Fields map[string][]string `json:"fields_expected"`
	}
	readVectors(t, "testdata/b3.json", &file)
	require.NotEmpty(t, file.Inject)
	ids := traceHex + "-" + spanHex
	setups := map[string]struct {
		encoding propagators.B3Encoding
		header   string
		local    bool // start a span from what was extracted
		root     sdktrace.Sampler
	}{
		"default unsampled":                     {header: ids + "-0", local: true},
		"both":                                  {encoding: propagators.B3Both, header: ids + "-1", local: true},
		"no span in ctx, multi":                 {encoding: propagators.B3Multi},
		"extract defer, local decision sampled": {header: ids, local: true, root: sdktrace.AlwaysSample()},
		"extract defer, local decision dropped": {header: ids, local: true, root: sdktrace.NeverSample()},
		"extract debug, child, multi":           {encoding: propagators.B3Multi, header: ids + "-d", local: true},
		"b3: d only, root sampler NeverSample":  {header: "d", local: true, root: sdktrace.NeverSample()},
		"b3: 0 only, root sampler AlwaysSample": {header: "0", local: true, root: sdktrace.AlwaysSample()},
	}
	for _, v := range file.Inject {
		t.Run(v.Name, func(t *testing.T) {
			setup, ok := setups[v.Name]
			require.True(t, ok, "a vector without a test")
			p := propagators.B3{Encoding: setup.encoding}
			ctx := p.Extract(context.Background(), header([2]string{"b3", setup.header}))
			if setup.local {
				ctx, _ = tracer(t, setup.root).Start(ctx, "local")
			}
			assert.Equal(t, withIDs(v.Headers, trace.SpanContextFromContext(ctx)), injected(ctx, p))
		})
	}
	assert.ElementsMatch(t, file.Fields["default"], propagators.B3{}.Fields())
	assert.ElementsMatch(t, file.Fields["single"], propagators.B3{Encoding: propagators.B3Single}.Fields())
	assert.ElementsMatch(t, file.Fields["multi"], propagators.B3{Encoding: propagators.B3Multi}.Fields())
}

func TestB3InjectsNothingWithoutASpan(t *testing.T) {
	for name, headers := range map[string][][2]string{
		"nothing known": {},
		"deny":          {{"b3", "0"}},
		"accept":        {{"X-B3-Sampled", "1"}},
		"debug":         {{"X-B3-Flags", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := propagators.B3{Encoding: propagators.B3Both}
			ctx := p.Extract(context.Background(), header(headers...))
			assert.Empty(t, injected(ctx, p), "no span, no word to those downstream")
		})
	}
}

func TestB3DecisionWithoutIDsDrivesTheLocalRoot(t *testing.T) {
	for name, tc := range map[string]struct {
		headers [][2]string
		root    sdktrace.Sampler
		state   string
	}{
		"b3: 0":              {[][2]string{{"b3", "0"}}, sdktrace.AlwaysSample(), "0"},
		"b3: 1":              {[][2]string{{"b3", "1"}}, sdktrace.NeverSample(), "1"},
		"b3: d":              {[][2]string{{"b3", "d"}}, sdktrace.NeverSample(), "d"},
		"X-B3-Sampled: 0":    {[][2]string{{"X-B3-Sampled", "0"}}, sdktrace.AlwaysSample(), "0"},
		"X-B3-Sampled: 1":    {[][2]string{{"X-B3-Sampled", "1"}}, sdktrace.NeverSample(), "1"},
		"X-B3-Sampled: true": {[][2]string{{"X-B3-Sampled", "true"}}, sdktrace.NeverSample(), "1"},
		"X-B3-Flags: 1":      {[][2]string{{"X-B3-Flags", "1"}}, sdktrace.NeverSample(), "d"},
		"X-B3-Flags: 2":      {[][2]string{{"X-B3-Flags", "2"}}, sdktrace.NeverSample(), "0"},
		"flags over sampled": {[][2]string{{"X-B3-Flags", "1"}, {"X-B3-Sampled", "0"}}, sdktrace.NeverSample(), "d"},
		"nothing":            {nil, sdktrace.AlwaysSample(), "1"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := propagators.B3{}.Extract(context.Background(), header(tc.headers...))
			tr := tracer(t, tc.root)
			root, span := tr.Start(ctx, "root")
			assert.Equal(t, tc.state != "0", span.SpanContext().IsSampled())
			child, _ := tr.Start(root, "child")
			for _, at := range []context.Context{root, child} {
				h := injected(at, propagators.B3{})["b3"]
				assert.Equal(t, tc.state, h[len(h)-1:], h)
			}
		})
	}
}

func TestB3DebugSurvivesToChildrenAndToNoOtherRoot(t *testing.T) {
	for name, h := range map[string]string{"with ids": traceHex + "-" + spanHex + "-d", "without": "d"} {
		t.Run(name, func(t *testing.T) {
			ctx := propagators.B3{}.Extract(context.Background(), header([2]string{"b3", h}))
			tr := tracer(t, sdktrace.AlwaysSample())
			first, _ := tr.Start(ctx, "server")
			child, _ := tr.Start(first, "child")
			grandchild, _ := tr.Start(child, "grandchild")
			assert.Regexp(t, "-d$", injected(grandchild, propagators.B3{})["b3"])
			assert.Equal(t, "1", injected(grandchild, propagators.B3{Encoding: propagators.B3Multi})["x-b3-flags"])

			inside, _ := tr.Start(child, "new root", trace.WithNewRoot())
			assert.Regexp(t, "-1$", injected(inside, propagators.B3{})["b3"])
			second, _ := tr.Start(ctx, "second root", trace.WithNewRoot())
			assert.Regexp(t, "-1$", injected(second, propagators.B3{})["b3"])
		})
	}
}

func TestB3RejectedHeaderLeavesNoDecision(t *testing.T) {
	for name, headers := range map[string][][2]string{
		"debug beside a bad trace id":      {{"X-B3-TraceId", "nope"}, {"X-B3-SpanId", spanHex}, {"X-B3-Flags", "1"}},
		"debug beside a lone span id":      {{"X-B3-SpanId", spanHex}, {"X-B3-Flags", "1"}},
		"debug beside a lone trace id":     {{"X-B3-TraceId", traceHex}, {"X-B3-Flags", "1"}},
		"accept beside a zero trace id":    {{"X-B3-TraceId", strings.Repeat("0", 32)}, {"X-B3-SpanId", spanHex}, {"X-B3-Sampled", "1"}},
		"debug beside an unreadable state": {{"X-B3-TraceId", traceHex}, {"X-B3-SpanId", spanHex}, {"X-B3-Sampled", "d"}, {"X-B3-Flags", "1"}},
		"unknown state alone":              {{"X-B3-Sampled", "2"}},
		"flags alone, not 1":               {{"X-B3-Flags", "01"}},
		"lone span id":                     {{"X-B3-SpanId", spanHex}},
		"single with debug and bad id":     {{"b3", "x" + traceHex[1:] + "-" + spanHex + "-d"}},
		"single with unknown state":        {{"b3", "D"}},
		"single with a lone trace id":      {{"b3", traceHex}},
		"single with a short span id":      {{"b3", traceHex + "-" + spanHex[1:] + "-1"}},
		"single with 24 digits":            {{"b3", traceHex[:24] + "-" + spanHex + "-1"}},
		"single with a zero parent":        {{"b3", traceHex + "-" + spanHex + "-1-" + strings.Repeat("0", 16)}},
		"single with a short parent":       {{"b3", traceHex + "-" + spanHex + "-1-05e3ac9a"}},
		"single with an upper-case parent": {{"b3", traceHex + "-" + spanHex + "-1-05E3AC9A4F6E3B90"}},
		"single with zero 64-bit trace id": {{"b3", strings.Repeat("0", 16) + "-" + spanHex + "-1"}},
		"single with more after parent":    {{"b3", traceHex + "-" + spanHex + "-1-05e3ac9a4f6e3b90-1"}},
		"single with other separators":     {{"b3", traceHex + "_" + spanHex + "_1"}},
		"single without a separator":       {{"b3", traceHex + "-" + spanHex + "dd"}},
		"single without the second one":    {{"b3", traceHex + "-" + spanHex + "-1x05e3ac9a4f6e3b90"}},
		"single with trailing space":       {{"b3", traceHex + "-" + spanHex + "-1 "}},
		"single list":                      {{"b3", traceHex + "-" + spanHex + "-1,0"}},
	} {
		for kind, carrier := range carriers {
			t.Run(name+"/"+kind, func(t *testing.T) {
				ctx := background(t)
				assert.True(t, propagators.B3{}.Extract(ctx, carrier(headers)) == ctx)
			})
		}
	}
}

func TestB3EveryTruncationOfTheSingleHeaderIsDecidedAlike(t *testing.T) {
	whole := traceHex + "-" + spanHex + "-1-05e3ac9a4f6e3b90"
	valid := map[int]bool{49: true, 51: true, len(whole): true}
	for n := range len(whole) + 1 {
		ctx := background(t)
		got := propagators.B3{}.Extract(ctx, header([2]string{"b3", whole[:n]}))
		assert.Equal(t, valid[n], got != ctx, "%d bytes", n)
	}
}

func TestB3DeferIsPassedOnUntilSomebodyDecides(t *testing.T) {
	ctx := propagators.B3{}.Extract(context.Background(), header([2]string{"b3", traceHex + "-" + spanHex}))
	assert.Equal(t, propagation.MapCarrier{"b3": traceHex + "-" + spanHex}, injected(ctx, propagators.B3{}), "a relay")
	assert.Equal(t, propagation.MapCarrier{"x-b3-traceid": traceHex, "x-b3-spanid": spanHex},
		injected(ctx, propagators.B3{Encoding: propagators.B3Multi}))
}

func TestB3DebugOfADroppedSpanIsDeny(t *testing.T) {
	ctx := propagators.B3{}.Extract(context.Background(), header([2]string{"b3", traceHex + "-" + spanHex + "-d"}))
	never := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	ctx, _ = never.Tracer("test").Start(ctx, "dropped against what was asked")
	assert.Regexp(t, "-0$", injected(ctx, propagators.B3{})["b3"], "what is sent is what was done")
}

func TestB3InjectLeavesNothingThatContradictsIt(t *testing.T) {
	stale := propagation.HeaderCarrier{
		"X-B3-Traceid": {"1"}, "X-B3-Spanid": {"2"}, "X-B3-Parentspanid": {"3"}, "X-B3-Sampled": {"0"}, "X-B3-Flags": {"1"},
	}
	propagators.B3{Encoding: propagators.B3Multi}.Inject(sampledContext(t), stale)
	assert.Equal(t, propagation.HeaderCarrier{
		"X-B3-Traceid": {"4e0000000000000000000000000000ee"}, "X-B3-Spanid": {"8c000000000000f1"}, "X-B3-Sampled": {"1"},
	}, stale, "a proxy's copy of the caller's headers")

	message := &messageCarrier{}
	message.Set("x-b3-flags", "1")
	propagators.B3{Encoding: propagators.B3Multi}.Inject(sampledContext(t), message)
	assert.Empty(t, message.Get("x-b3-flags"), "also where nothing can be removed")
}

func TestB3ReadsNoParentOfTheMultipleHeaders(t *testing.T) {
	for _, parent := range []string{"-", "0", "05e3ac9a4f6e3b90", strings.Repeat("x", 9999)} {
		ctx := propagators.B3{}.Extract(context.Background(), header([2]string{"X-B3-TraceId", traceHex},
			[2]string{"X-B3-SpanId", spanHex}, [2]string{"X-B3-ParentSpanId", parent}, [2]string{"X-B3-Sampled", "1"}))
		assert.True(t, trace.SpanContextFromContext(ctx).IsSampled())
	}
}
