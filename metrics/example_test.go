// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/waymark-otel/waymark/metrics"
)

func ExampleDial() {
	c, err := metrics.Dial("127.0.0.1:8125", metrics.WithPrefix("shop"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	c.Count("orders", 1) // never waits, whether or not somebody listens

	_, err = metrics.Dial("127.0.0.1")
	fmt.Println(err)
	// Output: metrics: address "127.0.0.1" is not host:port
}

func ExampleNew() {
	c := metrics.New(os.Stdout)
	c.Count("orders", 1, metrics.T("country", "se"))
	c.Timing("checkout", 12500*time.Microsecond)
	_ = c.Close()
	// Output:
	// checkout:12.5|ms
	// orders:1|c|#country:se
}

func ExampleClient_Count() {
	c := metrics.New(os.Stdout)
	c.Count("orders", 1)
	c.Count("orders", 2) // one line for both: counters are summed until they are sent
	_ = c.Close()
	// Output: orders:3|c
}

func ExampleClient_CountFloat() {
	c := metrics.New(os.Stdout)
	c.CountFloat("cpu.seconds", 0.75)
	c.CountFloat("cpu.seconds", 1.5) // what is left waits for more
	_ = c.Close()
	// Output: cpu.seconds:2|c
}

func ExampleClient_Gauge() {
	c := metrics.New(os.Stdout)
	c.Gauge("temperature", -3.5) // a sign alone would mean a change
	_ = c.Close()
	// Output:
	// temperature:0|g
	// temperature:-3.5|g
}

func ExampleClient_GaugeDelta() {
	c := metrics.New(os.Stdout)
	c.GaugeDelta("in_flight", 1)
	c.GaugeDelta("in_flight", 1)
	_ = c.Close()
	// Output: in_flight:+2|g
}

func ExampleClient_Timing() {
	c := metrics.New(os.Stdout)
	c.Timing("checkout", 1234567*time.Nanosecond)
	_ = c.Close()
	// Output: checkout:1.235|ms
}

func ExampleClient_Histogram() {
	c := metrics.New(os.Stdout, metrics.WithDialect(metrics.DogStatsD))
	c.Histogram("response.bytes", 512)
	_ = c.Close()
	// Output: response.bytes:512|h
}

func ExampleClient_Set() {
	c := metrics.New(os.Stdout)
	c.Set("users", "ann")
	c.Set("users", "ann")
	_ = c.Close()
	// Output: users:ann|s
}

func ExampleClient_Time() {
	var c *metrics.Client // discards
	query := func() {
		defer c.Time("db.query", metrics.T("table", "users"))()
		// …
	}
	query()
	// Output:
}

func ExampleClient_With() {
	c := metrics.New(os.Stdout)
	db := c.With("db", metrics.T("pool", "main"))
	db.Count("queries", 1, metrics.T("table", "users"))
	_ = c.Close()
	// Output: db.queries:1|c|#pool:main,table:users
}

func ExampleClient_Sampled() {
	c := metrics.New(os.Stdout)
	_, err := c.Sampled(1.5)
	fmt.Println(err)
	// Output: metrics: sample rate 1.5 is outside (0, 1]
}

func ExampleClient_Counter() {
	c := metrics.New(os.Stdout)
	hits := c.Counter("hits", metrics.T("route", "/orders"))
	for range 1000 {
		hits.Inc()
	}
	hits.Add(2)
	_ = c.Close()
	// Output: hits:1002|c|#route:/orders
}

func ExampleClient_Timer() {
	c := metrics.New(os.Stdout)
	took := c.Timer("took", metrics.T("route", "/orders"))
	took.Record(5 * time.Millisecond)
	_ = c.Close()
	// Output: took:5|ms|#route:/orders
}

func ExampleTimer_Time() {
	var took *metrics.Timer // discards
	stop := took.Time()
	stop()
	// Output:
}

func ExampleClient_Flush() {
	c := metrics.New(os.Stdout)
	defer c.Close()
	c.Count("orders", 1)
	if err := c.Flush(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: orders:1|c
}

func ExampleClient_Stats() {
	c := metrics.New(os.Stdout)
	c.Count("orders\n", 1)
	_ = c.Close()
	c.Count("orders\n", 1)
	stats := c.Stats()
	fmt.Println(stats.Sent, stats.Sanitized, stats.Dropped.Closed)
	// Output:
	// orders_:1|c
	// 1 1 1
}

func ExamplePath() {
	fmt.Println(metrics.Path("db", "10.0.0.1", "query"))
	// Output: db.10-0-0-1.query
}

func ExampleWithDialect() {
	for _, d := range []metrics.Dialect{metrics.Plain, metrics.NoTags, metrics.InfluxDB, metrics.Graphite} {
		c := metrics.New(os.Stdout, metrics.WithDialect(d))
		c.Count("orders", 1, metrics.T("country", "se"))
		_ = c.Close()
	}
	// Output:
	// orders:1|c|#country:se
	// orders.country.se:1|c
	// orders,country=se:1|c
	// orders;country=se:1|c
}
