// SPDX-License-Identifier: Apache-2.0

//go:build unix

package benchmarks

// go test -run '^$' -bench MetricsDelivery -benchtime 300x .
//
// Each iteration is a burst every ten milliseconds, sent to another process
// over UDP; it has the receive buffer that the system gives, and reads as fast
// as it can. Reported are the share that arrived, the share that the client
// says it dropped, and the processor time of this process for each metric.

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"
	cactus "github.com/cactus/go-statsd-client/v5/statsd"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
)

const metricsSinkVariable = "WAYMARK_METRICS_SINK"

// TestMetricsSinkProcess is the other process: it counts what it reads, and
// says how much it was for each line of its standard input.
func TestMetricsSinkProcess(t *testing.T) {
	if os.Getenv(metricsSinkVariable) == "" {
		t.Skip("the receiver of BenchmarkMetricsDelivery, which starts it")
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	fmt.Println("listening", conn.LocalAddr())
	asked := make(chan struct{})
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			asked <- struct{}{}
		}
		os.Exit(0)
	}()
	var total int
	packet := make([]byte, 65536)
	for {
		_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		n, err := conn.Read(packet)
		if err == nil {
			total += countMetrics(packet[:n])
			continue
		}
		select { // nothing comes any more
		case <-asked:
			fmt.Println("total", total)
			total = 0
		default:
		}
	}
}

// countMetrics returns how many events the lines of a packet stand for: the values of
// counters, and each value of a timer.
func countMetrics(packet []byte) (total int) {
	for line := range bytes.SplitSeq(packet, []byte{'\n'}) {
		_, rest, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			continue
		}
		values, kind, _ := bytes.Cut(rest, []byte{'|'})
		if bytes.HasPrefix(kind, []byte("ms")) {
			total += 1 + bytes.Count(values, []byte{':'})
			continue
		}
		for v := range bytes.SplitSeq(values, []byte{':'}) {
			n, _ := strconv.Atoi(string(v))
			total += n
		}
	}
	return total
}

// metricsSink starts the other process.
func metricsSink(b *testing.B) (addr string, total func() int) {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestMetricsSinkProcess$")
	cmd.Env = append(os.Environ(), metricsSinkVariable+"=1")
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(out)
	read := func(format string, to any) {
		for {
			line, err := lines.ReadString('\n')
			require.NoError(b, err)
			if n, _ := fmt.Sscanf(line, format, to); n == 1 {
				return
			}
		}
	}
	read("listening %s", &addr)
	return addr, func() (n int) {
		_, err := io.WriteString(in, "\n")
		require.NoError(b, err)
		read("total %d", &n)
		return n
	}
}

// metricsLoad is a client under load: one call of each kind, and what ends it and
// says how many values it knows to be lost.
type metricsLoad struct {
	count, timing func(i int)
	close         func() (dropped uint64)
}

var loadNames = [...]string{"http.requests", "db.queries", "cache.hits", "queue.jobs", "rpc.calls"}

var metricsLoads = map[string]func(b *testing.B, addr string) metricsLoad{
	"waymark": func(b *testing.B, addr string) metricsLoad {
		c, err := metrics.Dial(addr)
		require.NoError(b, err)
		tag := metrics.Tag{Key: "code", Value: "200"}
		return metricsLoad{
			count:  func(i int) { c.Count(loadNames[i%len(loadNames)], 1, tag) },
			timing: func(i int) { c.Timing(loadNames[i%len(loadNames)], time.Duration(i%1000)*time.Microsecond, tag) },
			close: func() uint64 {
				require.NoError(b, c.Close())
				return c.Stats().Dropped.Total()
			},
		}
	},
	"datadog": func(b *testing.B, addr string) metricsLoad {
		c, err := statsd.New(addr, statsd.WithoutTelemetry(), statsd.WithoutOriginDetection())
		require.NoError(b, err)
		tags := []string{"code:200"}
		return metricsLoad{
			count: func(i int) { _ = c.Count(loadNames[i%len(loadNames)], 1, tags, 1) },
			timing: func(i int) {
				_ = c.Timing(loadNames[i%len(loadNames)], time.Duration(i%1000)*time.Microsecond, tags, 1)
			},
			close: func() uint64 {
				require.NoError(b, c.Close())
				t := c.GetTelemetry()
				return t.TotalDroppedOnReceive
			},
		}
	},
	"nobody": func(*testing.B, string) metricsLoad { // what the loop itself costs
		return metricsLoad{count: func(int) {}, timing: func(int) {}, close: func() uint64 { return 0 }}
	},
	"cactus": func(b *testing.B, addr string) metricsLoad {
		c, err := cactus.NewClientWithConfig(&cactus.ClientConfig{Address: addr, UseBuffered: true, TagFormat: cactus.SuffixOctothorpe})
		require.NoError(b, err)
		tag := cactus.Tag{"code", "200"}
		return metricsLoad{
			count: func(i int) { _ = c.Inc(loadNames[i%len(loadNames)], 1, 1, tag) },
			timing: func(i int) {
				_ = c.TimingDuration(loadNames[i%len(loadNames)], time.Duration(i%1000)*time.Microsecond, 1, tag)
			},
			close: func() uint64 { _ = c.Close(); return 0 },
		}
	},
}

func BenchmarkMetricsDelivery(b *testing.B) {
	for _, rate := range []int{20_000, 200_000, 1_000_000} {
		for _, kind := range []string{"counters", "timers"} {
			for _, client := range []string{"nobody", "waymark", "datadog", "cactus"} {
				b.Run(fmt.Sprintf("%d/%s/%s", rate, kind, client), func(b *testing.B) {
					addr, total := metricsSink(b)
					l := metricsLoads[client](b, addr)
					call := l.count
					if kind == "timers" {
						call = l.timing
					}
					const every = 10 * time.Millisecond
					burst := rate / int(time.Second/every)
					before, start := metricsProcessorTime(b), time.Now()
					var sent int
					for b.Loop() {
						for i := range burst {
							call(i)
						}
						sent += burst
						if ahead := time.Duration(sent/burst)*every - time.Since(start); ahead > 0 {
							time.Sleep(ahead)
						}
					}
					took := time.Since(start)
					dropped := l.close()
					spent := metricsProcessorTime(b) - before
					arrived := total()
					b.ReportMetric(100*float64(arrived)/float64(sent), "%arrived")
					b.ReportMetric(100*float64(dropped)/float64(sent), "%dropped")
					b.ReportMetric(float64(spent)/float64(sent), "cpu-ns/metric")
					b.ReportMetric(float64(sent)/took.Seconds(), "metrics/s")
					b.ReportMetric(0, "ns/op") // a burst and its pause: says nothing
				})
			}
		}
	}
}

// metricsProcessorTime returns what this process has used.
func metricsProcessorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
