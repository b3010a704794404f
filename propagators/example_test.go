// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

// incoming is a request's header as a server sees it.
func incoming(headers map[string]string) propagation.HeaderCarrier {
	h := http.Header{}
	for name, value := range headers {
		h.Set(name, value)
	}
	return propagation.HeaderCarrier(h)
}

func ExampleTraceContext() {
	p := propagators.TraceContext{}
	ctx := p.Extract(context.Background(), incoming(map[string]string{
		"traceparent": "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01",
		"tracestate":  "vendor=1",
	}))
	fmt.Println(trace.SpanContextFromContext(ctx).TraceID(), trace.SpanContextFromContext(ctx).TraceState())
	// Output: 80f198ee56343ba864fe8b2a57d3eff7 vendor=1
}

func ExampleBaggage() {
	p := propagators.Baggage{}
	ctx := p.Extract(context.Background(), incoming(map[string]string{"baggage": "tenant=acme"}))
	ctx = p.Extract(ctx, propagation.MapCarrier{"baggage": "priority=high"}) // merged, not replaced
	out := propagation.MapCarrier{}
	p.Inject(ctx, out)
	fmt.Println(baggage.FromContext(ctx).Len(), len(out["baggage"]))
	// Output: 2 25
}

func ExampleB3() {
	p := propagators.B3{Encoding: propagators.B3Both} // the zero value writes b3 alone
	ctx := p.Extract(context.Background(), incoming(map[string]string{
		"b3": "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-d",
	}))
	out := propagation.MapCarrier{}
	p.Inject(ctx, out) // debug is passed on
	fmt.Println(out["b3"])
	fmt.Println(out["x-b3-traceid"], out["x-b3-spanid"], out["x-b3-flags"])
	// Output:
	// 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-d
	// 80f198ee56343ba864fe8b2a57d3eff7 e457b5a2e4d86bd1 1
}

func ExampleNewXTraceInfo() {
	openstack, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{
		HMACKeys: []string{"the new secret", "secret1"}, // any is believed, the first signs
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := openstack.Extract(context.Background(), incoming(map[string]string{
		"X-Trace-Info": "eyJiYXNlX2lkIjogIjRlM2UwZWM2LTI5MzgtNDBiMS04NTA0LTA5ZWIxZDRiMGRlZSIsICJwYXJlbnRfaWQiOiAiMWMwODllYTgtMjhmZS00ZjNkLThjMDAtZjZkYWEyYmMzMmYxIn0=",
		"X-Trace-HMAC": "1cae8da9695a6ffbc9dc0691f623ab948250b9e8",
	}))
	sc := trace.SpanContextFromContext(ctx)
	fmt.Println(sc.TraceID(), sc.SpanID(), sc.IsSampled())
	// Output: 4e3e0ec6293840b1850409eb1d4b0dee 8c00f6daa2bc32f1 true
}

func ExampleNewXTraceInfo_tomograph() {
	legacy, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{
		AllowUnsigned: true, // nobody outside can reach this service
		Defer:         true, // and our own ratio decides
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := legacy.Extract(context.Background(), incoming(map[string]string{
		"X-Trace-Info": "KEk2MDA0Nzk5NTAzMTYwNjYxCkkxMjM0NTY3ODkwMTIzNDU2CnRwMAou",
	}))
	sc := trace.SpanContextFromContext(ctx)
	fmt.Println(sc.TraceID(), sc.SpanID(), sc.TraceState())
	// Output: 00000000000000000015555555555555 000462d53c8abac0 ot=rv:ff534c176a4f88
}

func ExampleCorrelationID() {
	p := propagators.CorrelationID{Header: "Request-Id"} // what divák's services read
	ctx := p.Extract(context.Background(), incoming(map[string]string{"X-Request-ID": "order-7"}))
	out := propagation.MapCarrier{}
	p.Inject(ctx, out)
	fmt.Println(propagators.CorrelationIDFromContext(ctx), out)
	// Output: order-7 map[request-id:order-7]
}

func ExampleCorrelationID_New() {
	p := propagators.CorrelationID{Generate: func(context.Context) string { return "job-42" }}
	fmt.Println(p.New(context.Background()))
	// Output: job-42
}

func ExampleContextWithCorrelationID() {
	ctx := propagators.ContextWithCorrelationID(context.Background(), "nightly-import")
	ctx = propagators.ContextWithCorrelationID(ctx, "not\r\nan id") // changes nothing
	fmt.Println(propagators.CorrelationIDFromContext(ctx))
	// Output: nightly-import
}

func ExampleCorrelationIDOf() {
	p := propagators.First(propagators.TraceContext{}, propagators.CorrelationID{Header: "Correlation-ID"})
	c, ok := propagators.CorrelationIDOf(p)
	fmt.Println(c.Header, ok)
	// Output: Correlation-ID true
}

func ExampleFirst() {
	p := propagators.First(propagators.TraceContext{}, propagators.B3{})
	ctx := p.Extract(context.Background(), incoming(map[string]string{
		"traceparent": "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-00",
		"b3":          "4e3e0ec6293840b1850409eb1d4b0dee-8c00f6daa2bc32f1-1", // another trace: no say
	}))
	out := propagation.MapCarrier{}
	p.Inject(ctx, out)
	fmt.Println(out["traceparent"])
	fmt.Println(out["b3"])
	// Output:
	// 00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-00
	// 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-0
}

func ExampleParse() {
	p, err := propagators.Parse("tracecontext, B3Multi")
	fmt.Println(p.Fields(), err)
	_, err = propagators.Parse("tracecontext,b3mutli")
	fmt.Println(err)
	// Output:
	// [traceparent tracestate x-b3-traceid x-b3-spanid x-b3-sampled x-b3-flags] <nil>
	// propagators: "b3mutli" is not known, the nearest known name is "b3multi"
}

// tenant is a propagator of one's own: three methods.
type tenant struct{}

type tenantKey struct{}

func (tenant) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	if name, ok := ctx.Value(tenantKey{}).(string); ok {
		carrier.Set("x-tenant", name)
	}
}

func (tenant) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	name := carrier.Get("x-tenant")
	if name == "" || len(name) > 32 {
		return ctx // a miss returns the context as it is
	}
	return context.WithValue(ctx, tenantKey{}, name)
}

func (tenant) Fields() []string { return []string{"x-tenant"} }

func ExampleParse_named() {
	p, err := propagators.Parse("tracecontext,tenant", propagators.Named{Name: "tenant", Propagator: tenant{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := p.Extract(context.Background(), incoming(map[string]string{"X-Tenant": "acme"}))
	fmt.Println(p.Fields(), ctx.Value(tenantKey{}))
	// Output: [traceparent tracestate x-tenant] acme
}

func ExampleHMACKeysFromEnvironment() {
	os.Setenv("WAYMARK_HMAC_KEYS", "the new secret, secret1")
	defer os.Unsetenv("WAYMARK_HMAC_KEYS")
	keys, err := propagators.HMACKeysFromEnvironment()
	fmt.Println(len(keys), err)
	// Output: 2 <nil>
}

func ExampleRejected() {
	malformed := propagators.Rejection{Format: "b3", Reason: "malformed"}
	before := propagators.Rejected()[malformed]
	propagators.B3{}.Extract(context.Background(), incoming(map[string]string{"b3": "nonsense"}))
	fmt.Println(propagators.Rejected()[malformed] - before)
	// Output: 1
}
