// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracespb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/waymark-otel/waymark/instrument"
)

// The exporters' own timeout, which would bound all attempts together, is
// none: the interceptor bounds each.

func grpcTraces(ctx context.Context, s *settings, out *instrument.Exporters) error {
	conn, sender, err := dial(s, func(ctx context.Context, conn *grpc.ClientConn) error {
		_, err := tracespb.NewTraceServiceClient(conn).Export(ctx, &tracespb.ExportTraceServiceRequest{})
		return err
	})
	if err != nil {
		return err
	}
	e, err := otlptracegrpc.New(ctx, otlptracegrpc.WithGRPCConn(conn), otlptracegrpc.WithHeaders(s.headers), otlptracegrpc.WithTimeout(0),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{Enabled: true, InitialInterval: firstWait, MaxInterval: longestWait, MaxElapsedTime: longestTry}))
	if err == nil {
		out.Spans = newSpanSender(e, sender)
	}
	return err
}

func grpcMetrics(ctx context.Context, s *settings, out *instrument.Exporters) error {
	conn, sender, err := dial(s, func(ctx context.Context, conn *grpc.ClientConn) error {
		_, err := metricspb.NewMetricsServiceClient(conn).Export(ctx, &metricspb.ExportMetricsServiceRequest{})
		return err
	})
	if err != nil {
		return err
	}
	e, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithGRPCConn(conn), otlpmetricgrpc.WithHeaders(s.headers), otlpmetricgrpc.WithTimeout(0),
		otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{Enabled: true, InitialInterval: firstWait, MaxInterval: longestWait, MaxElapsedTime: longestTry}))
	if err == nil {
		out.Metrics = metricSender{e, sender}
	}
	return err
}

func grpcLogs(ctx context.Context, s *settings, out *instrument.Exporters) error {
	conn, sender, err := dial(s, func(ctx context.Context, conn *grpc.ClientConn) error {
		_, err := logspb.NewLogsServiceClient(conn).Export(ctx, &logspb.ExportLogsServiceRequest{})
		return err
	})
	if err != nil {
		return err
	}
	e, err := otlploggrpc.New(ctx, otlploggrpc.WithGRPCConn(conn), otlploggrpc.WithHeaders(s.headers), otlploggrpc.WithTimeout(0),
		otlploggrpc.WithRetry(otlploggrpc.RetryConfig{Enabled: true, InitialInterval: firstWait, MaxInterval: longestWait, MaxElapsedTime: longestTry}))
	if err == nil {
		out.Logs = logSender{e, sender}
	}
	return err
}

// dialable says whether a connection could be made to the address, if somebody
// listened there.
func dialable(address string) bool {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// dial makes a connection for one signal, which connects when it is first
// used. Probe sends an empty request through it.
func dial(s *settings, probe func(context.Context, *grpc.ClientConn) error) (*grpc.ClientConn, *sender, error) {
	secured := insecure.NewCredentials()
	if s.tls != nil {
		secured = credentials.NewTLS(s.tls)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(secured),
		grpc.WithUnaryInterceptor(intercept(s.timeout)),
		// By default a collector that comes back after minutes is asked again
		// after two more.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: firstWait, Multiplier: 1.6, Jitter: 0.2, MaxDelay: longestWait},
			MinConnectTimeout: 20 * time.Second,
		}),
	}
	if s.gzip {
		options = append(options, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	conn, err := grpc.NewClient(s.endpoint.Host, options...)
	if err != nil {
		return nil, nil, err
	}
	sender := newSender(s)
	sender.close = conn.Close
	sender.probe = func(ctx context.Context) error {
		return probe(metadata.NewOutgoingContext(ctx, metadata.New(s.headers)), conn)
	}
	return conn, sender, nil
}

// intercept counts requests and bounds each.
func intercept(timeout time.Duration) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		a := attemptsOf(ctx)
		a.begin()
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		err := call(ctx, method, req, reply, conn, opts...)
		a.end(passes(err))
		return err
	}
}

// passes says whether the exporters ask again after such an error.
func passes(err error) bool {
	switch status.Code(err) {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss, codes.ResourceExhausted:
		return true
	}
	return false
}
