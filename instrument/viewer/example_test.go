// SPDX-License-Identifier: Apache-2.0

package viewer_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/waymark-otel/waymark/instrument/viewer"
)

const spans = `[
	{"traceId": "4e3e0ec6293840b1", "id": "1", "name": "GET /orders/{id}", "timestamp": 1000000, "duration": 305000,
	 "localEndpoint": {"serviceName": "front"}},
	{"traceId": "4e3e0ec6293840b1", "id": "2", "parentId": "1", "name": "lookup", "timestamp": 1050000, "duration": 200000,
	 "localEndpoint": {"serviceName": "catalog"}, "tags": {"error": "no such item"}}
]`

// Any Zipkin exporter can send to a Viewer; here it is plain HTTP.
func ExampleStart() {
	v, err := viewer.Start("127.0.0.1:0", viewer.WithOutput(os.Stdout), viewer.WithWidth(64))
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := http.Post(v.SpansURL(), "application/json", strings.NewReader(spans))
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	v.Close() // prints what was not printed yet
	// Output:
	// trace 4e3e0ec6293840b1, 2 spans, 2 services, 1 error, 305ms
	// front    GET /orders/{id}   ██████████████████████████████ 305ms
	// catalog    lookup         ✗     ████████████████████       200ms
	//            ✗ no such item
}

func ExampleViewer_Trace() {
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	resp, err := http.Post(v.SpansURL(), "application/json", strings.NewReader(spans))
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	trace, ok := v.Trace("4e3e0ec6293840b1")
	fmt.Println(trace.ID, ok)
	for _, s := range trace.Spans {
		fmt.Println(s.Service(), s.Name, s.Duration.Duration(), s.Failed())
	}
	// Output:
	// 4e3e0ec6293840b1 true
	// front GET /orders/{id} 305ms false
	// catalog lookup 200ms true
}

// Two programs of one developer: the second finds the first.
func ExampleViewer_Elsewhere() {
	first, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer first.Close()
	second, err := viewer.Start(strings.TrimPrefix(first.URL(), "http://"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer second.Close()
	fmt.Println(first.Elsewhere(), second.Elsewhere(), first.SpansURL() == second.SpansURL())
	// Output: false true true
}

// In a program the ids come from logbridge.TraceContext around the handler.
func ExampleViewer_SlogHandler() {
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	log := slog.New(v.SlogHandler(slog.LevelInfo))
	log.Info("order placed", "trace_id", "4e3e0ec6293840b1", "id", 17)
	log.Info("a line of no trace")
	fmt.Println(v.Stats().Logs)
	// Output: 1
}

// In a program a StatsD client writes: metrics.New(v.StatsD()).
func ExampleViewer_StatsD() {
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	fmt.Fprint(v.StatsD(), "orders:2|c|#country:se\norders:1|c|#country:se\n")
	resp, err := http.Get(v.URL() + "/api/viewer/statsd")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var page struct {
		Series []struct {
			Name, Tags string
			Sum        float64
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Series)
	// Output: [{orders country:se 3}]
}
