// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVariables: what each means, and what is said of those that mean nothing.
func TestVariables(t *testing.T) {
	nothing := filepath.Join(t.TempDir(), "nothing")
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	type want struct {
		endpoint string
		headers  map[string]string
		gzip     bool
		timeout  time.Duration
		notes    map[string]string // part of what is said of a variable
	}
	for name, tc := range map[string]struct {
		program string
		env     map[string]string // without the prefix
		want    want              // for traces
	}{
		"nothing, HTTP":     {overHTTP, nil, want{endpoint: "http://localhost:4318/v1/traces"}},
		"nothing, gRPC":     {overGRPC, nil, want{endpoint: "http://localhost:4317"}},
		"nothing, neither":  {"", nil, want{endpoint: "http://localhost:4318/v1/traces"}},
		"secure, gRPC":      {overGRPC, map[string]string{"INSECURE": "false"}, want{endpoint: "https://localhost:4317"}},
		"base":              {overHTTP, map[string]string{"ENDPOINT": "https://c.example:4318/otlp/"}, want{endpoint: "https://c.example:4318/otlp/v1/traces"}},
		"base with spaces":  {overHTTP, map[string]string{"ENDPOINT": "  http://c.example:4318 "}, want{endpoint: "http://c.example:4318/v1/traces"}},
		"own endpoint":      {overHTTP, map[string]string{"ENDPOINT": "http://a", "TRACES_ENDPOINT": "http://b/x"}, want{endpoint: "http://b/x"}},
		"own without path":  {overHTTP, map[string]string{"TRACES_ENDPOINT": "http://b:1"}, want{endpoint: "http://b:1/"}},
		"another's":         {overHTTP, map[string]string{"LOGS_ENDPOINT": "http://b:1"}, want{endpoint: "http://localhost:4318/v1/traces"}},
		"own wrong":         {overHTTP, map[string]string{"ENDPOINT": "http://a", "TRACES_ENDPOINT": "b:1"}, want{endpoint: "http://a/v1/traces", notes: map[string]string{"TRACES_ENDPOINT": "is not a URL"}}},
		"host and port":     {overHTTP, map[string]string{"ENDPOINT": "127.0.0.1:4318"}, want{endpoint: "http://localhost:4318/v1/traces", notes: map[string]string{"ENDPOINT": "valid is for example http://localhost:4318"}}},
		"no scheme":         {overHTTP, map[string]string{"ENDPOINT": "//c.example"}, want{endpoint: "http://localhost:4318/v1/traces", notes: map[string]string{"ENDPOINT": "http:// or https://"}}},
		"other scheme":      {overHTTP, map[string]string{"ENDPOINT": "ftp://c.example"}, want{endpoint: "http://localhost:4318/v1/traces", notes: map[string]string{"ENDPOINT": "http:// or https://"}}},
		"no host":           {overHTTP, map[string]string{"ENDPOINT": "http://:4318"}, want{endpoint: "http://localhost:4318/v1/traces", notes: map[string]string{"ENDPOINT": "names no host"}}},
		"no such port":      {overHTTP, map[string]string{"ENDPOINT": "http://c.example:99999"}, want{endpoint: "http://localhost:4318/v1/traces", notes: map[string]string{"ENDPOINT": "a port that is not from 1 to 65535"}}},
		"port zero":         {overHTTP, map[string]string{"ENDPOINT": "http://c.example:0"}, want{endpoint: "http://localhost:4318/v1/traces", notes: map[string]string{"ENDPOINT": "a port that is not from 1 to 65535"}}},
		"gRPC no such port": {overGRPC, map[string]string{"ENDPOINT": "https://c.example:65536"}, want{endpoint: "http://localhost:4317", notes: map[string]string{"ENDPOINT": "a port that is not from 1 to 65535"}}},
		"gRPC bare port":    {overGRPC, map[string]string{"ENDPOINT": "c.example:0"}, want{endpoint: "http://localhost:4317", notes: map[string]string{"ENDPOINT": "is not a URL"}}},
		"quoted":            {overHTTP, map[string]string{"ENDPOINT": `"http://c.example"`}, want{endpoint: "http://localhost:4318/v1/traces", notes: map[string]string{"ENDPOINT": "is not a URL"}}},
		"user":              {overHTTP, map[string]string{"ENDPOINT": "http://me:s3cr3t@c.example"}, want{endpoint: "http://c.example/v1/traces", notes: map[string]string{"ENDPOINT": "not sent; put them into OTEL_EXPORTER_OTLP_HEADERS"}}},
		"query":             {overHTTP, map[string]string{"TRACES_ENDPOINT": "http://c.example/x?key=s3cr3t"}, want{endpoint: "http://c.example/x", notes: map[string]string{"TRACES_ENDPOINT": "not sent"}}},
		"gRPC":              {overGRPC, map[string]string{"ENDPOINT": "http://c.example:4317/"}, want{endpoint: "http://c.example:4317"}},
		"gRPC path":         {overGRPC, map[string]string{"ENDPOINT": "https://c.example:4317/x"}, want{endpoint: "https://c.example:4317", notes: map[string]string{"ENDPOINT": "gRPC has no path"}}},
		"gRPC bare":         {overGRPC, map[string]string{"ENDPOINT": "127.0.0.1:4317"}, want{endpoint: "https://127.0.0.1:4317"}},
		"gRPC insecure":     {overGRPC, map[string]string{"ENDPOINT": "c.example:4317", "INSECURE": "TRUE"}, want{endpoint: "http://c.example:4317"}},
		"gRPC own insecure": {overGRPC, map[string]string{"ENDPOINT": "c.example:4317", "INSECURE": "true", "TRACES_INSECURE": "false"}, want{endpoint: "https://c.example:4317"}},
		"scheme wins":       {overGRPC, map[string]string{"ENDPOINT": "https://c.example:4317", "INSECURE": "true"}, want{endpoint: "https://c.example:4317"}},
		"bad insecure":      {overGRPC, map[string]string{"ENDPOINT": "c.example:4317", "INSECURE": "yes"}, want{endpoint: "https://c.example:4317", notes: map[string]string{"INSECURE": "is not one of false, true"}}},
		"gRPC bad host":     {overGRPC, map[string]string{"ENDPOINT": "http://a%25b"}, want{endpoint: "http://localhost:4317", notes: map[string]string{"ENDPOINT": "a host that gRPC does not take"}}},
		"gRPC no host":      {overGRPC, map[string]string{"ENDPOINT": "[]:4317"}, want{endpoint: "http://localhost:4317", notes: map[string]string{"ENDPOINT": "is not a URL"}}},
		"gRPC IPv6":         {overGRPC, map[string]string{"ENDPOINT": "[::1]:4317", "INSECURE": "true"}, want{endpoint: "http://[::1]:4317"}},
		"headers":           {overHTTP, map[string]string{"HEADERS": "a=1, B = x%2Cy ,c=,"}, want{headers: map[string]string{"A": "1", "B": "x,y", "C": ""}}},
		"value with =":      {overHTTP, map[string]string{"HEADERS": "authorization=Basic%20dXNlcjpwYXNz=="}, want{headers: map[string]string{"Authorization": "Basic dXNlcjpwYXNz=="}}},
		"own headers":       {overHTTP, map[string]string{"HEADERS": "a=1", "TRACES_HEADERS": "b=2"}, want{headers: map[string]string{"B": "2"}}},
		"bad headers":       {overHTTP, map[string]string{"HEADERS": "s3cr3t,a=1,b c=2,d=%zz,e=x%0d%0ay"}, want{headers: map[string]string{"A": "1"}, notes: map[string]string{"HEADERS": "4 of its parts are not key=value"}}},
		"gRPC headers":      {overGRPC, map[string]string{"HEADERS": "a!b=1,c-d=2,e=%C3%A9"}, want{headers: map[string]string{"C-D": "2"}, notes: map[string]string{"HEADERS": "2 of its parts"}}},
		"HTTP headers":      {overHTTP, map[string]string{"HEADERS": "a!b=1,c-d=2,e=%C3%A9"}, want{headers: map[string]string{"A!b": "1", "C-D": "2", "E": "é"}}},
		"gRPC connection":   {overGRPC, map[string]string{"HEADERS": "Connection=close,a=1"}, want{headers: map[string]string{"A": "1"}, notes: map[string]string{"HEADERS": "1 of its parts"}}},
		"only bad headers":  {overHTTP, map[string]string{"HEADERS": "a=1", "TRACES_HEADERS": "s3cr3t"}, want{headers: map[string]string{"A": "1"}, notes: map[string]string{"TRACES_HEADERS": "1 of its parts"}}},
		"gzip":              {overHTTP, map[string]string{"COMPRESSION": "GZip"}, want{gzip: true}},
		"own none":          {overHTTP, map[string]string{"COMPRESSION": "gzip", "TRACES_COMPRESSION": "none"}, want{}},
		"gzp":               {overHTTP, map[string]string{"COMPRESSION": "gzp"}, want{notes: map[string]string{"COMPRESSION": `is not one of none, gzip; ignored, nearest valid value "gzip"`}}},
		"timeout":           {overHTTP, map[string]string{"TIMEOUT": "250"}, want{timeout: 250 * time.Millisecond}},
		"timeout with unit": {overHTTP, map[string]string{"TIMEOUT": "10s"}, want{notes: map[string]string{"TIMEOUT": "whole number of milliseconds"}}},
		"negative timeout":  {overHTTP, map[string]string{"TIMEOUT": "-1"}, want{notes: map[string]string{"TIMEOUT": "whole number of milliseconds"}}},
		"zero timeout":      {overHTTP, map[string]string{"TIMEOUT": "0"}, want{notes: map[string]string{"TIMEOUT": "whole number of milliseconds"}}},
		"enormous timeout":  {overHTTP, map[string]string{"TIMEOUT": "99999999999999999999"}, want{notes: map[string]string{"TIMEOUT": "whole number of milliseconds"}}},
		"by protocol":       {"", map[string]string{"PROTOCOL": "grpc"}, want{endpoint: "http://localhost:4317"}},
		"own protocol":      {"", map[string]string{"PROTOCOL": "grpc", "TRACES_PROTOCOL": "http/protobuf"}, want{endpoint: "http://localhost:4318/v1/traces"}},
		"JSON":              {"", map[string]string{"PROTOCOL": "http/json"}, want{endpoint: "http://localhost:4318/v1/traces", notes: map[string]string{"PROTOCOL": "is not one of http/protobuf, grpc"}}},
		"other protocol":    {overHTTP, map[string]string{"PROTOCOL": "grpc"}, want{endpoint: "http://localhost:4318/v1/traces", notes: map[string]string{"PROTOCOL": "the program sends by http/protobuf alone"}}},
		"no such file":      {overHTTP, map[string]string{"ENDPOINT": "https://c", "CERTIFICATE": nothing}, want{endpoint: "https://c/v1/traces", notes: map[string]string{"CERTIFICATE": "cannot be used: open: "}}},
		"no certificate":    {overHTTP, map[string]string{"ENDPOINT": "https://c", "CERTIFICATE": empty}, want{endpoint: "https://c/v1/traces", notes: map[string]string{"CERTIFICATE": "it holds no certificate; trusting the system's"}}},
		"no key":            {overHTTP, map[string]string{"ENDPOINT": "https://c", "CLIENT_CERTIFICATE": empty}, want{endpoint: "https://c/v1/traces", notes: map[string]string{"CLIENT_CERTIFICATE": "of no use without OTEL_EXPORTER_OTLP_CLIENT_KEY"}}},
		"no client":         {overHTTP, map[string]string{"ENDPOINT": "https://c", "CLIENT_KEY": empty}, want{endpoint: "https://c/v1/traces", notes: map[string]string{"CLIENT_KEY": "of no use without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"}}},
		"bad pair":          {overHTTP, map[string]string{"ENDPOINT": "https://c", "CLIENT_CERTIFICATE": empty, "CLIENT_KEY": empty}, want{endpoint: "https://c/v1/traces", notes: map[string]string{"CLIENT_CERTIFICATE": "cannot be used with its key"}}},
		"misspelt":          {overHTTP, map[string]string{"ENDPIONT": "http://s3cr3t"}, want{notes: map[string]string{"ENDPIONT": "nearest name OTEL_EXPORTER_OTLP_ENDPOINT"}}},
		"temporality":       {overHTTP, map[string]string{"METRICS_TEMPORALITY_PREFERENCE": "Delta"}, want{}},
		"bad temporality":   {overHTTP, map[string]string{"METRICS_TEMPORALITY_PREFERENCE": "dleta"}, want{notes: map[string]string{"METRICS_TEMPORALITY_PREFERENCE": `nearest valid value "delta"`}}},
		"bad histograms":    {overHTTP, map[string]string{"METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "explicit"}, want{notes: map[string]string{"METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "is not one of explicit_bucket_histogram"}}},
		"empty":             {overHTTP, map[string]string{"ENDPOINT": "", "HEADERS": " ", "TIMEOUT": ""}, want{endpoint: "http://localhost:4318/v1/traces"}},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range tc.env {
				t.Setenv(prefix+k, v)
			}
			e := newEnvironment()
			e.strangers()
			e.metricChoices()
			got := e.settings(traces, tc.program)
			if tc.want.endpoint != "" {
				assert.Equal(t, tc.want.endpoint, got.endpoint.String())
			}
			assert.Equal(t, got.endpoint.Scheme == "https", got.tls != nil)
			assert.Equal(t, len(tc.want.headers), len(got.headers))
			for k, v := range tc.want.headers {
				assert.Equal(t, v, got.headers[k], k)
			}
			assert.Equal(t, tc.want.gzip, got.gzip)
			if tc.want.timeout == 0 {
				tc.want.timeout = 10 * time.Second
			}
			assert.Equal(t, tc.want.timeout, got.timeout)
			for _, v := range e.variables {
				note, wanted := tc.want.notes[strings.TrimPrefix(v.Name, prefix)]
				assert.Equal(t, wanted, v.Note != "", "%s: %s", v.Name, v.Note)
				assert.Contains(t, v.Note, note)
				assert.NotContains(t, v.Note, "s3cr3t")
				delete(tc.want.notes, strings.TrimPrefix(v.Name, prefix))
			}
			assert.Empty(t, tc.want.notes, "nothing was said of them")
		})
	}
}

// TestTheEnvironmentIsAsItWas once exporters are open: child processes and
// other libraries read it too.
func TestTheEnvironmentIsAsItWas(t *testing.T) {
	t.Setenv(prefix+nameHeaders, "s3cr3t")
	t.Setenv(prefix+nameTimeout, "soon")
	before := os.Environ()
	for range 2 {
		e, err := FromEnvironment(t.Context())
		require.NoError(t, err)
		require.NoError(t, e.Spans.Shutdown(t.Context()))
		require.NoError(t, e.Metrics.Shutdown(t.Context()))
		require.NoError(t, e.Logs.Shutdown(t.Context()))
	}
	assert.ElementsMatch(t, before, os.Environ())
}

func TestManyStrangersAreBounded(t *testing.T) {
	for i := range 100 {
		t.Setenv(prefix+strings.Repeat("X", i*10+1), "v")
	}
	e := newEnvironment()
	e.strangers()
	require.Len(t, e.variables, 17)
	assert.Contains(t, e.variables[16].Note, "and 84 more")
	for _, v := range e.variables {
		assert.Less(t, len(v.Name), 200)
		assert.Empty(t, v.Value)
	}
}
