// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/propagators"
)

// signedXTraceInfo speaks as osprofiler does, to those that share the key.
func signedXTraceInfo(t *testing.T, key string) *propagators.XTraceInfo {
	t.Helper()
	p, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: []string{key}})
	require.NoError(t, err)
	return p
}

// checker is a service whose code was generated: gRPC's own health service.
type checker struct {
	grpc_health_v1.UnimplementedHealthServer
	calls []call
}

// call is what a handler sees of one.
type call struct {
	metadata      metadata.MD
	span          trace.SpanContext
	correlationID string
}

func (c *checker) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	c.calls = append(c.calls, call{md, trace.SpanContextFromContext(ctx), propagators.CorrelationIDFromContext(ctx)})
	return instrument.Call(ctx, "ask disks", func(context.Context) (*grpc_health_v1.HealthCheckResponse, error) {
		return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
	})
}

func newGRPCServer(opts ...otelgrpc.Option) *grpc.Server {
	return grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler(opts...)))
}

func newGRPCClient(addr string) (*grpc.ClientConn, error) {
	return grpc.NewClient(addr,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler()))
}

// serveChecker serves on loopback until the test is over.
func serveChecker(t *testing.T, opts ...otelgrpc.Option) (*checker, grpc_health_v1.HealthClient) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	service, server := &checker{}, newGRPCServer(opts...)
	grpc_health_v1.RegisterHealthServer(server, service)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := newGRPCClient(listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		require.NoError(t, <-served)
	})
	return service, grpc_health_v1.NewHealthClient(conn)
}

func TestGRPCCallIsOneTraceInEachFormat(t *testing.T) {
	usesModule(t, "google.golang.org/grpc")
	every := []string{"traceparent", "b3", "x-b3-traceid", "x-trace-info", "x-trace-hmac"}
	for name, tc := range map[string]struct {
		propagators []propagation.TextMapPropagator
		server      []otelgrpc.Option
		headers     []string
	}{
		"the default":                       {headers: []string{"traceparent", "b3"}},
		"B3, one header":                    {propagators: []propagation.TextMapPropagator{propagators.B3{}}, headers: []string{"b3"}},
		"B3, many headers":                  {propagators: []propagation.TextMapPropagator{propagators.B3{Encoding: propagators.B3Multi}}, headers: []string{"x-b3-traceid"}},
		"X-Trace-Info, signed":              {propagators: []propagation.TextMapPropagator{signedXTraceInfo(t, "not a secret")}, headers: []string{"x-trace-info", "x-trace-hmac"}},
		"B3 and X-Trace-Info":               {propagators: []propagation.TextMapPropagator{propagators.B3{}, signedXTraceInfo(t, "not a secret")}, headers: []string{"b3", "x-trace-info", "x-trace-hmac"}},
		"B3, to a server that is not ours":  {server: []otelgrpc.Option{otelgrpc.WithPropagators(b3.New())}, headers: []string{"traceparent", "b3"}},
		"W3C, to a server that is not ours": {server: []otelgrpc.Option{otelgrpc.WithPropagators(propagation.TraceContext{})}, headers: []string{"traceparent", "b3"}},
	} {
		t.Run(name, func(t *testing.T) {
			arrived := setupRecipe(t, instrument.WithPropagators(tc.propagators...))
			service, client := serveChecker(t, tc.server...)
			require.NoError(t, instrument.Do(context.Background(), "watch", func(ctx context.Context) error {
				_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
				return err
			}))
			spans := arrived()
			requireChain(t, spans,
				arrivedSpan(t, spans, "", "watch"),
				arrivedSpan(t, spans, "CLIENT", "grpc.health.v1.Health/Check"),
				arrivedSpan(t, spans, "SERVER", "grpc.health.v1.Health/Check"),
				arrivedSpan(t, spans, "", "ask disks"))

			require.Len(t, service.calls, 1)
			got := service.calls[0]
			assert.Equal(t, arrivedSpan(t, spans, "SERVER", "grpc.health.v1.Health/Check").ID, got.span.SpanID().String())
			for _, header := range every {
				want := 0
				for _, h := range tc.headers {
					if h == header {
						want = 1
					}
				}
				assert.Len(t, got.metadata.Get(header), want, header)
			}
		})
	}
}

func TestGRPCCarriesTheCorrelationIDAndTheDecisionNotToSample(t *testing.T) {
	usesModule(t, "google.golang.org/grpc")
	arrived := setupRecipe(t)
	service, client := serveChecker(t)
	ctx := propagators.ContextWithCorrelationID(instrument.Unsampled(context.Background()), "order-7")
	var sent trace.SpanContext
	require.NoError(t, instrument.Do(ctx, "watch", func(ctx context.Context) error {
		sent = trace.SpanContextFromContext(ctx)
		_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		return err
	}))
	require.Empty(t, arrived())
	require.Len(t, service.calls, 1)
	got := service.calls[0]
	assert.Equal(t, "order-7", got.correlationID)
	assert.Equal(t, sent.TraceID(), got.span.TraceID())
	assert.NotEqual(t, sent.SpanID(), got.span.SpanID())
	assert.False(t, got.span.IsSampled())
}

func TestGRPCRefusesAForgedXTraceInfo(t *testing.T) {
	usesModule(t, "google.golang.org/grpc")
	arrived := setupRecipe(t, instrument.WithPropagators(signedXTraceInfo(t, "not a secret")))
	service, client := serveChecker(t, otelgrpc.WithPropagators(signedXTraceInfo(t, "another secret")))
	require.NoError(t, instrument.Do(context.Background(), "watch", func(ctx context.Context) error {
		_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		return err
	}))
	spans := arrived()
	require.Len(t, service.calls, 1)
	require.Len(t, service.calls[0].metadata.Get("x-trace-info"), 1)
	server := arrivedSpan(t, spans, "SERVER", "grpc.health.v1.Health/Check")
	assert.Empty(t, server.ParentID)
	assert.NotEqual(t, arrivedSpan(t, spans, "", "watch").TraceID, server.TraceID)
}

func TestGRPCPublicEndpointLinksToItsCaller(t *testing.T) {
	usesModule(t, "google.golang.org/grpc")
	recorder := instrumenttest.New(t)
	arrived := setupRecipe(t, instrument.WithSpanProcessor(recorder.SpanProcessor()))
	_, client := serveChecker(t, otelgrpc.WithPublicEndpoint())
	require.NoError(t, instrument.Do(context.Background(), "watch", func(ctx context.Context) error {
		_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		return err
	}))
	spans := arrived()
	require.Len(t, spans, 4)
	server, sent := arrivedSpan(t, spans, "SERVER", "grpc.health.v1.Health/Check"), arrivedSpan(t, spans, "CLIENT", "grpc.health.v1.Health/Check")
	assert.Empty(t, server.ParentID)
	assert.NotEqual(t, sent.TraceID, server.TraceID)
	for _, s := range recorder.Spans() {
		if s.SpanKind() == trace.SpanKindServer {
			require.Len(t, s.Links(), 1)
			assert.Equal(t, [2]string{sent.TraceID, sent.ID}, [2]string{s.Links()[0].SpanContext.TraceID().String(), s.Links()[0].SpanContext.SpanID().String()})
		}
	}
}
