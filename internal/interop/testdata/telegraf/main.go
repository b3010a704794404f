// SPDX-License-Identifier: Apache-2.0

// Telegraf runs Telegraf's StatsD input and answers every HTTP request with
// the totals of what it received, as JSON.
//
//	telegraf protocol service-address http-address [datadog]
//
// With datadog it reads tags after |#, and takes lines that start with _e for
// events.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/plugins/inputs/statsd"
)

// answer is what the test reads.
type answer struct {
	Totals map[string]float64 // name;key=value what
	Errors []string           // lines the input could not read
}

// errorLog is a logger that keeps errors and warnings.
type errorLog struct {
	telegraf.Logger // nil: what is not kept is not called

	mu   sync.Mutex
	list []string
}

func (l *errorLog) add(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, text)
}

func (l *errorLog) Errorf(format string, args ...any) { l.add(fmt.Sprintf(format, args...)) }
func (l *errorLog) Error(args ...any)                 { l.add(fmt.Sprint(args...)) }
func (l *errorLog) Warnf(format string, args ...any)  { l.add(fmt.Sprintf(format, args...)) }
func (l *errorLog) Warn(args ...any)                  { l.add(fmt.Sprint(args...)) }
func (l *errorLog) Infof(string, ...any)              {}
func (l *errorLog) Info(...any)                       {}
func (l *errorLog) Debugf(string, ...any)             {}
func (l *errorLog) Debug(...any)                      {}

// totals is an accumulator: nothing is deleted by the input, so what it
// gathers last is the total.
type totals struct {
	telegraf.Accumulator // nil: what is not here is not called
	answer
}

func main() {
	input := inputs.Inputs["statsd"]().(*statsd.Statsd)
	input.Protocol, input.ServiceAddress = os.Args[1], os.Args[2]
	input.MetricSeparator = "."
	// Its five workers take lines that came one after the other in any order,
	// and the last value of a gauge need not be the one it keeps.
	input.NumberWorkerThreads = 1
	input.DataDogExtensions = len(os.Args) > 4 && os.Args[4] == "datadog"
	input.DeleteCounters, input.DeleteGauges, input.DeleteSets, input.DeleteTimings = false, false, false, false
	errors := &errorLog{}
	input.Log = errors

	if err := input.Start(&totals{}); err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(os.Args[3], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sums := totals{answer: answer{Totals: map[string]float64{}}}
		if err := input.Gather(&sums); err != nil {
			errors.add(err.Error())
		}
		errors.mu.Lock()
		sums.Errors = slices.Clone(errors.list)
		errors.mu.Unlock()
		_ = json.NewEncoder(w).Encode(sums.answer)
	})))
}

func (t *totals) AddError(err error) { t.Errors = append(t.Errors, err.Error()) }

func (t *totals) AddCounter(name string, fields map[string]any, tags map[string]string, _ ...time.Time) {
	t.Totals[key(name, tags)+" total"] = number(fields["value"])
}

func (t *totals) AddGauge(name string, fields map[string]any, tags map[string]string, _ ...time.Time) {
	t.Totals[key(name, tags)+" level"] = number(fields["value"])
}

// AddFields is called for sets and timings.
func (t *totals) AddFields(name string, fields map[string]any, tags map[string]string, _ ...time.Time) {
	if tags["metric_type"] == "set" {
		t.Totals[key(name, tags)+" members"] = number(fields["value"])
		return
	}
	t.Totals[key(name, tags)+" count"] = number(fields["count"])
	t.Totals[key(name, tags)+" sum"] = number(fields["sum"])
}

func key(name string, tags map[string]string) string {
	var b strings.Builder
	b.WriteString(name)
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if k != "metric_type" {
			b.WriteString(";" + k + "=" + tags[k])
		}
	}
	return b.String()
}

func number(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}
