// SPDX-License-Identifier: Apache-2.0

package sentrylog_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ingest is a Sentry server as far as an SDK sees it: it takes envelopes of
// one project and key, and keeps the events in them.
type ingest struct {
	t      *testing.T
	url    string
	mu     sync.Mutex
	events []map[string]any
}

// newIngest returns a server and a hub with a client of the real SDK, with
// its real transport, that sends there.
func newIngest(t *testing.T) (*ingest, *sentry.Hub) {
	t.Helper()
	in := &ingest{t: t}
	server := httptest.NewServer(in)
	t.Cleanup(server.Close)
	in.url = server.URL
	client, err := sentry.NewClient(sentry.ClientOptions{Dsn: in.dsn()})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return in, sentry.NewHub(client, sentry.NewScope())
}

func (in *ingest) dsn() string { return strings.Replace(in.url, "://", "://public@", 1) + "/42" }

func (in *ingest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	assert.Equal(in.t, "/api/42/envelope/", r.URL.Path)
	assert.Contains(in.t, r.Header.Get("X-Sentry-Auth"), "sentry_key=public")
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if !assert.NoError(in.t, err) {
			return
		}
		body = unzipped
	}
	events, err := envelope(bufio.NewReader(body))
	assert.NoError(in.t, err)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.events = append(in.events, events...)
	_, _ = io.WriteString(w, "{}")
}

// envelope reads a header and then items, each a header line and a payload.
func envelope(r *bufio.Reader) (events []map[string]any, err error) {
	if _, err := r.ReadBytes('\n'); err != nil {
		return nil, err
	}
	for {
		line, err := r.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) == 0 {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return events, err
		}
		var header struct {
			Type   string
			Length *int
		}
		if err := json.Unmarshal(line, &header); err != nil {
			return nil, err
		}
		var payload []byte
		if header.Length != nil {
			payload = make([]byte, *header.Length)
			if _, err = io.ReadFull(r, payload); err != nil {
				return nil, err
			}
			_, _ = r.ReadByte() // the end of the line
		} else if payload, err = r.ReadBytes('\n'); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if header.Type != "event" {
			continue
		}
		var event map[string]any
		if err := json.Unmarshal(payload, &event); err != nil {
			return nil, err
		}
		events = append(events, event)
	}
}

// received flushes and returns what the server got.
func (in *ingest) received(hub *sentry.Hub) []map[string]any {
	in.t.Helper()
	require.True(in.t, hub.Flush(10*time.Second))
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.events
}

// at follows keys and indexes into what JSON was decoded to.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}
