// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// FuzzVariables: whatever a variable holds, what comes of it can be used, and
// what is said of headers does not hold them.
func FuzzVariables(f *testing.F) {
	for _, v := range []string{"http://c.example:4318/x?y=1", "127.0.0.1:4317", "[::1]:4317", "https://me:pw@c", "a=1,b=%2C", "authorization=Basic%20dXNlcg==", "gzip", "10s", "250", "grpc", "true", "\"", "\x00", "http://\u00e9", "[]:0", "http://a%25b", "http://[fe80::1%25x]:1", "http://a:99999"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		for _, setting := range []string{nameEndpoint, nameHeaders, nameCompression, nameTimeout, nameProtocol, nameInsecure} {
			for _, protocol := range []string{overHTTP, overGRPC, ""} {
				for _, name := range traces.names(setting) {
					e := &environment{values: map[string]string{name: strings.TrimSpace(v)}}
					s := e.settings(traces, protocol)
					if s.endpoint.Scheme != "http" && s.endpoint.Scheme != "https" || s.endpoint.Host == "" || s.endpoint.User != nil {
						t.Errorf("%s=%q: endpoint %s", name, v, s.endpoint)
					}
					if s.timeout <= 0 || s.protocol != overHTTP && s.protocol != overGRPC {
						t.Errorf("%s=%q: %+v", name, v, s)
					}
					r, err := http.NewRequest(http.MethodPost, s.endpoint.String(), http.NoBody)
					if err != nil {
						t.Errorf("%s=%q: %v", name, v, err)
						continue
					}
					if s.protocol == overGRPC {
						conn, err := grpc.NewClient(s.endpoint.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
						if err != nil {
							t.Errorf("%s=%q: %v", name, v, err)
							continue
						}
						_ = conn.Close()
					}
					for key, value := range s.headers {
						r.Header.Set(key, value)
					}
					if err := r.Write(io.Discard); err != nil {
						t.Errorf("%s=%q: %v", name, v, err)
					}
					for _, variable := range e.variables {
						if setting == nameHeaders && len(v) > 12 && strings.Contains(variable.Note, v) {
							t.Errorf("%s: the note has it: %s", name, variable.Note)
						}
					}
				}
			}
		}
	})
}
