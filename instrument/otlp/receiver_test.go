// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracespb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// receiver takes OTLP over HTTP and gRPC. It answers requests with spans by a
// script, an answer for each, and then with success.
type receiver struct {
	tracespb.UnimplementedTraceServiceServer
	http, grpc string // endpoints

	mu      sync.Mutex
	script  []answer
	spans   []*tracepb.Span
	metrics []string
	logs    []string
	probes  int
	headers []map[string]string
	gzipped int
	paths   []string
}

// answer is what to say to a request that has spans; the zero answer is
// success.
type answer struct {
	status   int        // of HTTP
	code     codes.Code // of gRPC
	header   http.Header
	body     string
	rejected int64
	hang     bool // until the client has gone
	reset    bool // end the connection
}

func newReceiver(t testing.TB, script ...answer) *receiver {
	return newTLSReceiver(t, nil, script...)
}

func newTLSReceiver(t testing.TB, config *tls.Config, script ...answer) *receiver {
	t.Helper()
	r := &receiver{script: script}
	web := httptest.NewUnstartedServer(r)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	options := []grpc.ServerOption{}
	scheme := "http://"
	if config != nil {
		web.TLS = config.Clone()
		web.StartTLS()
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
		scheme = "https://"
	} else {
		web.Start()
	}
	server := grpc.NewServer(options...)
	tracespb.RegisterTraceServiceServer(server, r)
	metricspb.RegisterMetricsServiceServer(server, metricService{r: r})
	logspb.RegisterLogsServiceServer(server, logService{r: r})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		server.Stop()
		<-done
	})
	r.http, r.grpc = web.URL, scheme+listener.Addr().String()
	return r
}

// take keeps what arrived and returns what the script says.
func (r *receiver) take(spans *tracespb.ExportTraceServiceRequest) answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(spans.ResourceSpans) == 0 {
		r.probes++
		return answer{}
	}
	var a answer
	if len(r.script) > 0 {
		a, r.script = r.script[0], r.script[1:]
	}
	if a.status/100 <= 2 && a.code == codes.OK && !a.hang && !a.reset {
		rejected := int(a.rejected)
		for _, rs := range spans.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					if rejected--; rejected < 0 {
						r.spans = append(r.spans, s)
					}
				}
			}
		}
	}
	return a
}

func (r *receiver) saw(path string, headers map[string]string, gzipped bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paths = append(r.paths, path)
	r.headers = append(r.headers, headers)
	if gzipped {
		r.gzipped++
	}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	headers := map[string]string{}
	for k := range req.Header {
		headers[k] = req.Header.Get(k)
	}
	zipped := req.Header.Get("Content-Encoding") == "gzip"
	r.saw(req.URL.Path, headers, zipped)
	body := io.Reader(req.Body)
	if zipped {
		body, _ = gzip.NewReader(req.Body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	switch req.URL.Path {
	case "/v1/metrics":
		var m metricspb.ExportMetricsServiceRequest
		_ = proto.Unmarshal(text, &m)
		r.takeMetrics(&m)
	case "/v1/logs":
		var l logspb.ExportLogsServiceRequest
		_ = proto.Unmarshal(text, &l)
		r.takeLogs(&l)
	default:
		var spans tracespb.ExportTraceServiceRequest
		_ = proto.Unmarshal(text, &spans)
		r.answer(w, req, r.take(&spans))
	}
}

func (r *receiver) answer(w http.ResponseWriter, req *http.Request, a answer) {
	switch {
	case a.hang:
		<-req.Context().Done()
		return
	case a.reset:
		panic(http.ErrAbortHandler)
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	if a.rejected != 0 || a.status == 0 && a.body != "" {
		text, _ := proto.Marshal(&tracespb.ExportTraceServiceResponse{PartialSuccess: &tracespb.ExportTracePartialSuccess{RejectedSpans: a.rejected, ErrorMessage: a.body}})
		_, _ = w.Write(text)
		return
	}
	_, _ = io.WriteString(w, a.body)
}

// Export makes the receiver the gRPC service for traces.
func (r *receiver) Export(ctx context.Context, spans *tracespb.ExportTraceServiceRequest) (*tracespb.ExportTraceServiceResponse, error) {
	r.sawGRPC(ctx, "traces")
	a := r.take(spans)
	if a.hang {
		<-ctx.Done()
		return nil, status.Error(codes.Unavailable, "too late")
	}
	if a.code != codes.OK {
		return nil, status.Error(a.code, a.body)
	}
	out := &tracespb.ExportTraceServiceResponse{}
	if a.rejected != 0 || a.body != "" {
		out.PartialSuccess = &tracespb.ExportTracePartialSuccess{RejectedSpans: a.rejected, ErrorMessage: a.body}
	}
	return out, nil
}

func (r *receiver) sawGRPC(ctx context.Context, path string) {
	headers := map[string]string{}
	md, _ := metadata.FromIncomingContext(ctx)
	for k, v := range md {
		headers[http.CanonicalHeaderKey(k)] = v[0]
	}
	r.saw(path, headers, headers["Grpc-Accept-Encoding"] != "" && headers["Grpc-Encoding"] == "gzip")
}

func (r *receiver) takeMetrics(m *metricspb.ExportMetricsServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rm := range m.ResourceMetrics {
		for _, sm := range rm.ScopeMetrics {
			for _, m := range sm.Metrics {
				r.metrics = append(r.metrics, m.Name)
			}
		}
	}
}

func (r *receiver) takeLogs(l *logspb.ExportLogsServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rl := range l.ResourceLogs {
		for _, sl := range rl.ScopeLogs {
			for _, record := range sl.LogRecords {
				r.logs = append(r.logs, record.Body.GetStringValue())
			}
		}
	}
}

type metricService struct {
	metricspb.UnimplementedMetricsServiceServer
	r *receiver
}

func (s metricService) Export(ctx context.Context, m *metricspb.ExportMetricsServiceRequest) (*metricspb.ExportMetricsServiceResponse, error) {
	s.r.sawGRPC(ctx, "metrics")
	s.r.takeMetrics(m)
	return &metricspb.ExportMetricsServiceResponse{}, nil
}

type logService struct {
	logspb.UnimplementedLogsServiceServer
	r *receiver
}

func (s logService) Export(ctx context.Context, l *logspb.ExportLogsServiceRequest) (*logspb.ExportLogsServiceResponse, error) {
	s.r.sawGRPC(ctx, "logs")
	s.r.takeLogs(l)
	return &logspb.ExportLogsServiceResponse{}, nil
}

// names are those of the spans that arrived, in order.
func (r *receiver) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, s := range r.spans {
		names = append(names, s.Name)
	}
	return names
}
