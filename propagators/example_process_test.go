// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"fmt"
	"os/exec"

	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

// traced is a context with a span and a correlation id.
func traced() context.Context {
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID:    trace.TraceID{0: 0x80, 15: 0xf7},
		SpanID:     trace.SpanID{0: 0xe4, 7: 0xd1},
		TraceFlags: trace.FlagsSampled,
	}))
	return propagators.ContextWithCorrelationID(ctx, "order-7")
}

// A job that is started with arguments gets its trace as one of them.
func ExampleToken() {
	job := exec.Command("import-orders", "--trace", propagators.Token(traced()))

	// In the job, argument 2 is the token.
	ctx, err := propagators.ContextWithToken(context.Background(), job.Args[2])
	fmt.Println(trace.SpanContextFromContext(ctx).TraceID(), propagators.CorrelationIDFromContext(ctx), err)
	// Output: 800000000000000000000000000000f7 order-7 <nil>
}

func ExampleContextWithToken() {
	_, err := propagators.ContextWithToken(context.Background(), "what somebody typed")
	fmt.Println(err)
	// Output: propagators: token "what somebody typed" is not a traceparent, ";" and a correlation id, or either
}

// A child process gets its trace in its environment, where OpenTelemetry's
// tools for shells and build systems look for it.
func ExampleEnviron() {
	p := propagators.First(propagators.TraceContext{}, propagators.CorrelationID{})
	child := exec.Command("import-orders")
	env := propagators.Environ{"PATH=/usr/bin"} // usually child.Environ()
	p.Inject(traced(), &env)
	child.Env = env
	for _, variable := range child.Env {
		fmt.Println(variable)
	}

	// In the child: env := propagators.Environ(os.Environ())
	ctx := p.Extract(context.Background(), &env)
	fmt.Println(trace.SpanContextFromContext(ctx).SpanID())
	// Output:
	// PATH=/usr/bin
	// X_CORRELATION_ID=order-7
	// TRACEPARENT=00-800000000000000000000000000000f7-e4000000000000d1-01
	// e4000000000000d1
}
