// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/waymark-otel/waymark/instrument/viewer"
)

// collector is where spans go and where they are read back.
type collector struct {
	what               string
	spansURL, queryURL string
	viewer             *viewer.Viewer // nil when somebody else collects
}

func (c collector) close() error { return c.viewer.Close() }

// page is where a browser shows a trace, here as at Zipkin's server.
func (c collector) page(traceID string) string { return c.queryURL + "/zipkin/traces/" + traceID }

// findCollector picks the collector of the environment, else a Zipkin server
// where one usually is, else a viewer in this process.
func findCollector(ctx context.Context, out io.Writer, once bool) (collector, error) {
	if spans := os.Getenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT"); spans != "" {
		query, err := url.Parse(spans)
		if err != nil || query.Host == "" {
			return collector{}, fmt.Errorf("OTEL_EXPORTER_ZIPKIN_ENDPOINT is not a URL such as http://127.0.0.1:9411/api/v2/spans")
		}
		query.Path = strings.TrimSuffix(strings.TrimSuffix(query.Path, "/"), "/api/v2/spans")
		query.RawQuery = ""
		return collector{"Spans go where OTEL_EXPORTER_ZIPKIN_ENDPOINT says: " + query.Redacted(), spans, query.String(), nil}, nil
	}
	usual := "http://" + viewer.DefaultAddress
	if isZipkin(ctx, usual) {
		return collector{"Spans go to what collects at " + usual + " already", usual + "/api/v2/spans", usual, nil}, nil
	}
	addr := viewer.DefaultAddress
	if once {
		addr = "127.0.0.1:0" // nobody looks at its page, and two can run at a time
	}
	v, err := viewer.Start(addr, viewer.WithOutput(out))
	if errors.Is(err, viewer.ErrAddressInUse) {
		v, err = viewer.Start("127.0.0.1:0", viewer.WithOutput(out))
	}
	if err != nil {
		return collector{}, err
	}
	return collector{"Spans go to the viewer at " + v.URL(), v.SpansURL(), v.URL(), v}, nil
}

func isZipkin(ctx context.Context, base string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/health", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	return resp.StatusCode == http.StatusOK && strings.Contains(string(text), `"UP"`)
}
