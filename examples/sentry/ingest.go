// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// event is what is shown of an event of Sentry's.
type event struct {
	Level     string
	Message   string
	Exception []struct{ Type, Value string }
	Contexts  struct {
		Trace struct {
			TraceID string `json:"trace_id"`
		}
	}
}

func dsnOf(url string) string { return strings.Replace(url, "://", "://public@", 1) + "/1" }

// ingest stands in for Sentry: it prints the events of each envelope.
func ingest(out io.Writer) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			unzipped, err := gzip.NewReader(body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			body = unzipped
		}
		mu.Lock()
		defer mu.Unlock()
		// A header, then a header and a payload for each item: JSON, line by line.
		for lines := bufio.NewReader(body); ; {
			line, err := lines.ReadBytes('\n')
			var e event
			if json.Unmarshal(line, &e) == nil && (e.Message != "" || len(e.Exception) > 0) {
				fmt.Fprintln(out, "sentry:", e)
			}
			if err != nil {
				break
			}
		}
		_, _ = io.WriteString(w, "{}")
	})
}

func (e event) String() string {
	text := e.Level + " " + e.Message
	for _, x := range e.Exception {
		text += fmt.Sprintf(" (%s: %s)", x.Type, x.Value)
	}
	return text + " trace_id=" + e.Contexts.Trace.TraceID
}
