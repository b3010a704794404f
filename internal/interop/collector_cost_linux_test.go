// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
)

// residentPeak is the most memory that a process has had, in bytes.
func residentPeak(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	kilobytes := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(t, kilobytes)
	n, err := strconv.Atoi(string(kilobytes[1]))
	require.NoError(t, err)
	return n << 10
}

// TestCollectorCosts measures what docs/scale.md calculates with: the
// processor time of a Collector for each span, and the memory for each that
// waits for a decision.
//
//	WAYMARK_LOAD=1 go test -v -run CollectorCosts .
func TestCollectorCosts(t *testing.T) {
	if os.Getenv("WAYMARK_LOAD") == "" {
		t.Skip("measures, and proves nothing: set WAYMARK_LOAD")
	}
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "200000")
	const traces, perTrace = 20_000, 10
	gateways := []*otelCollector{
		startOTelCollector(t, "gateway.yaml", "DECISION_WAIT=60s"),
		startOTelCollector(t, "gateway.yaml", "DECISION_WAIT=60s"),
	}
	agent := startOTelCollector(t, "agent.yaml", "GATEWAY_1="+gateways[0].grpc, "GATEWAY_2="+gateways[1].grpc)
	idle := residentPeak(t, gateways[0].cmd.Process.Pid) + residentPeak(t, gateways[1].cmd.Process.Pid)
	for _, protocol := range []string{"grpc", "http", "zipkin"} {
		tel, err := instrument.New(t.Context(), toCollector(t, protocol, agent))
		require.NoError(t, err)
		before := processorTime(t, agent.cmd.Process.Pid)
		for i := range traces {
			ctx, root := tel.TracerProvider().Tracer("load").Start(context.Background(), "GET /orders/{id}")
			for j := range perTrace - 1 {
				_, span := tel.TracerProvider().Tracer("load").Start(ctx, "op", trace.WithAttributes(
					attribute.String("http.request.method", "GET"), attribute.String("http.route", "/orders/{id}"), attribute.Int("i", i), attribute.Int("j", j),
					attribute.String("server.address", "shop.example"), attribute.Int("server.port", 443), attribute.String("client.address", "10.1.2.3"),
					attribute.String("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
					attribute.String("network.protocol.version", "2"), attribute.Int("http.response.status_code", 200)))
				span.End()
			}
			root.End()
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		require.NoError(t, tel.Shutdown(ctx))
		require.EqualValues(t, traces*perTrace, tel.Stats().Exporters[0].Sent)
		time.Sleep(time.Second) // what is on its way to the gateways
		took := processorTime(t, agent.cmd.Process.Pid) - before
		t.Logf("agent, by %s: %.1f µs of one processor for each span", protocol, float64(took.Microseconds())/(traces*perTrace))
	}
	var took time.Duration
	var peak int
	for _, g := range gateways {
		took += processorTime(t, g.cmd.Process.Pid)
		peak += residentPeak(t, g.cmd.Process.Pid)
	}
	const all = 3 * traces * perTrace
	t.Logf("gateways: %.1f µs for each span, %.1f KB for each that waits", float64(took.Microseconds())/all, float64(peak-idle)/all/1024)
}

// processorTime is what a process has used so far.
func processorTime(t testing.TB, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	fields := regexp.MustCompile(`\) (.*)`).FindSubmatch(stat)
	var ticks int
	for _, i := range []int{11, 12} { // user and system, of the fields behind the name
		n, err := strconv.Atoi(regexp.MustCompile(`\S+`).FindAllString(string(fields[1]), -1)[i])
		require.NoError(t, err)
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100)
}
