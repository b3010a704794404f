// SPDX-License-Identifier: Apache-2.0

// Statsdreceiver runs the StatsD receiver of the OpenTelemetry Collector and
// answers every HTTP request with the totals of what it received, as JSON.
//
//	statsdreceiver transport endpoint http-address
package main

import (
	"context"
	"encoding/json"
	"log"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver/protocol"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// answer is what the test reads.
type answer struct {
	Totals map[string]float64 // name;key=value what
	Errors []string           // lines the receiver could not read
}

type totals struct {
	mu sync.Mutex
	answer
}

func main() {
	sums := totals{answer: answer{Totals: map[string]float64{}}}
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.Lock(os.Stderr), zapcore.DebugLevel)
	settings := receiver.Settings{
		ID:                component.NewID(component.MustNewType("statsd")),
		TelemetrySettings: componenttest.NewNopTelemetrySettings(),
	}
	settings.Logger = zap.New(core, zap.Hooks(func(e zapcore.Entry) error {
		sums.mu.Lock()
		defer sums.mu.Unlock()
		sums.Errors = append(sums.Errors, e.Message)
		return nil
	}))

	factory := statsdreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig().(*statsdreceiver.Config)
	cfg.NetAddr.Transport = confignet.TransportType(os.Args[1])
	cfg.NetAddr.Endpoint = os.Args[2]
	cfg.AggregationInterval = 200 * time.Millisecond
	cfg.TimerHistogramMapping = []protocol.TimerHistogramMapping{
		{StatsdType: "timing", ObserverType: "histogram"}, {StatsdType: "histogram", ObserverType: "histogram"},
	}
	next, err := consumer.NewMetrics(func(_ context.Context, m pmetric.Metrics) error {
		sums.add(m)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	r, err := factory.CreateMetrics(context.Background(), settings, cfg, next)
	if err != nil {
		log.Fatal(err)
	}
	if err := r.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(os.Args[3], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sums.mu.Lock()
		defer sums.mu.Unlock()
		_ = json.NewEncoder(w).Encode(sums.answer)
	})))
}

func (t *totals) add(m pmetric.Metrics) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, rm := range m.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				t.addMetric(m)
			}
		}
	}
}

func (t *totals) addMetric(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		for _, p := range m.Sum().DataPoints().All() {
			t.Totals[key(m.Name(), p.Attributes())+" total"] += number(p)
		}
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			t.Totals[key(m.Name(), p.Attributes())+" level"] = number(p)
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			t.Totals[key(m.Name(), p.Attributes())+" count"] += float64(p.Count())
			t.Totals[key(m.Name(), p.Attributes())+" sum"] += p.Sum()
		}
	default:
		t.Errors = append(t.Errors, "unexpected "+m.Type().String())
	}
}

func number(p pmetric.NumberDataPoint) float64 {
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(p.IntValue())
	}
	return p.DoubleValue()
}

func key(name string, attrs pcommon.Map) string {
	tags := attrs.AsRaw()
	var b strings.Builder
	b.WriteString(name)
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		b.WriteString(";" + k + "=" + tags[k].(string))
	}
	return b.String()
}
