// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"bytes"
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

func TestLinesOnTheWire(t *testing.T) {
	code, region := metrics.T("code", "200"), metrics.T("region", "eu")
	for name, tc := range map[string]struct {
		do   func(*metrics.Client)
		want map[metrics.Dialect]string // the empty one is for all others
	}{
		"counter": {
			func(c *metrics.Client) { c.Count("hits", 3) },
			map[metrics.Dialect]string{metrics.Plain: "hits:3|c\n"},
		},
		"counter down": {
			func(c *metrics.Client) { c.Count("hits", -3) },
			map[metrics.Dialect]string{metrics.Plain: "hits:-3|c\n"},
		},
		"tags in order": {
			func(c *metrics.Client) { c.Count("hits", 1, region, code) },
			map[metrics.Dialect]string{
				metrics.Plain:     "hits:1|c|#region:eu,code:200\n",
				metrics.DogStatsD: "hits:1|c|#region:eu,code:200\n",
				metrics.InfluxDB:  "hits,region=eu,code=200:1|c\n",
				metrics.Graphite:  "hits;region=eu;code=200:1|c\n",
				metrics.NoTags:    "hits.code.200.region.eu:1|c\n",
			},
		},
		"timing": {
			func(c *metrics.Client) { c.Timing("shop.checkout", 12500*time.Microsecond, region) },
			map[metrics.Dialect]string{
				metrics.Plain:     "shop.checkout:12.5|ms|#region:eu\n",
				metrics.DogStatsD: "shop.checkout:12.5|ms|#region:eu\n",
				metrics.InfluxDB:  "shop.checkout,region=eu:12.5|ms\n",
				metrics.Graphite:  "shop.checkout;region=eu:12.5|ms\n",
				metrics.NoTags:    "shop.checkout.region.eu:12.5|ms\n",
			},
		},
		"gauge": {
			func(c *metrics.Client) { c.Gauge("depth", 7.25) },
			map[metrics.Dialect]string{metrics.Plain: "depth:7.25|g\n"},
		},
		"negative gauge": {
			func(c *metrics.Client) { c.Gauge("depth", -5) },
			map[metrics.Dialect]string{
				metrics.Plain:     "depth:0|g\ndepth:-5|g\n",
				metrics.DogStatsD: "depth:-5|g\n",
			},
		},
		"minus zero": {
			func(c *metrics.Client) { c.Gauge("depth", math.Copysign(0, -1)) },
			map[metrics.Dialect]string{metrics.Plain: "depth:0|g\n"},
		},
		"gauge up": {
			func(c *metrics.Client) { c.GaugeDelta("depth", 5) },
			map[metrics.Dialect]string{metrics.Plain: "depth:+5|g\n", metrics.DogStatsD: "depth:5|g\n"},
		},
		"gauge down": {
			func(c *metrics.Client) { c.GaugeDelta("depth", -5) },
			map[metrics.Dialect]string{metrics.Plain: "depth:-5|g\n"},
		},
		"set": {
			func(c *metrics.Client) { c.Set("users", "ann", code) },
			map[metrics.Dialect]string{
				metrics.Plain:     "users:ann|s|#code:200\n",
				metrics.DogStatsD: "users:ann|s|#code:200\n",
				metrics.InfluxDB:  "users,code=200:ann|s\n",
				metrics.Graphite:  "users;code=200:ann|s\n",
				metrics.NoTags:    "users.code.200:ann|s\n",
			},
		},
		"histogram": {
			func(c *metrics.Client) { c.Histogram("bytes", 512) },
			map[metrics.Dialect]string{metrics.Plain: "bytes:512|ms\n", metrics.DogStatsD: "bytes:512|h\n"},
		},
		"negative histogram": {
			func(c *metrics.Client) { c.Histogram("drift", -0.5) },
			map[metrics.Dialect]string{metrics.Plain: "drift:0|ms\n", metrics.DogStatsD: "drift:-0.5|h\n"},
		},
		"negative timing": {
			func(c *metrics.Client) { c.Timing("t", -time.Second) },
			map[metrics.Dialect]string{metrics.Plain: "t:0|ms\n"},
		},
		"prefix and tags of a child": {
			func(c *metrics.Client) { c.With("app", region).With("db").Count("hits", 1, code) },
			map[metrics.Dialect]string{
				metrics.Plain:     "app.db.hits:1|c|#region:eu,code:200\n",
				metrics.DogStatsD: "app.db.hits:1|c|#region:eu,code:200\n",
				metrics.InfluxDB:  "app.db.hits,region=eu,code=200:1|c\n",
				metrics.Graphite:  "app.db.hits;region=eu;code=200:1|c\n",
				metrics.NoTags:    "app.db.hits.code.200.region.eu:1|c\n",
			},
		},
		"the call's tag wins": {
			func(c *metrics.Client) { c.With("", region, code).Count("hits", 1, metrics.T("region", "us")) },
			map[metrics.Dialect]string{
				metrics.Plain:     "hits:1|c|#region:us,code:200\n",
				metrics.DogStatsD: "hits:1|c|#region:us,code:200\n",
				metrics.InfluxDB:  "hits,region=us,code=200:1|c\n",
				metrics.Graphite:  "hits;region=us;code=200:1|c\n",
				metrics.NoTags:    "hits.code.200.region.us:1|c\n",
			},
		},
		"empty tags are dropped": {
			func(c *metrics.Client) {
				c.Count("hits", 1, metrics.T("", "x"), metrics.T("y", ""), metrics.T(":", "z"))
			},
			map[metrics.Dialect]string{metrics.Plain: "hits:1|c\n"},
		},
		"a dot in a tag": {
			func(c *metrics.Client) { c.Count("hits", 1, metrics.T("host", "10.0.0.1")) },
			map[metrics.Dialect]string{
				metrics.Plain:     "hits:1|c|#host:10.0.0.1\n",
				metrics.DogStatsD: "hits:1|c|#host:10.0.0.1\n",
				metrics.InfluxDB:  "hits,host=10.0.0.1:1|c\n",
				metrics.Graphite:  "hits;host=10.0.0.1:1|c\n",
				metrics.NoTags:    "hits.host.10-0-0-1:1|c\n",
			},
		},
		"a route in a tag": {
			func(c *metrics.Client) { c.Count("hits", 1, metrics.T("route", "GET /o/{id}")) },
			map[metrics.Dialect]string{
				metrics.Plain:     "hits:1|c|#route:GET_/o/{id}\n",
				metrics.DogStatsD: "hits:1|c|#route:GET_/o/{id}\n",
				metrics.InfluxDB:  "hits,route=GET_/o/{id}:1|c\n",
				metrics.Graphite:  "hits;route=GET_-o-id:1|c\n",
				metrics.NoTags:    "hits.route.GET__o__id_:1|c\n",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, d := range allDialects {
				want, ok := tc.want[d]
				if !ok {
					want = tc.want[metrics.Plain]
				}
				for mode, opt := range map[string]metrics.Option{"aggregated": nil, "unaggregated": metrics.WithoutAggregation()} {
					var out bytes.Buffer
					c := metrics.New(&out, metrics.WithDialect(d), opt)
					tc.do(c)
					require.NoError(t, c.Close())
					assert.Equal(t, want, out.String(), "%v, %s", d, mode)
				}
			}
		})
	}
}

func TestTimeRecordsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := metricstest.NewRecorder(t)
		stop := rec.Client().Time("db.query", metrics.T("table", "users"))
		time.Sleep(1500 * time.Microsecond)
		stop()
		time.Sleep(time.Second)
		stop()
		assert.Equal(t, []string{"db.query:1.5|ms|#table:users"}, rec.Lines())
	})
}

func TestHandlesAndVerbsMeetInOneSeries(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	c := rec.Client().With("app", metrics.T("a", "1"))
	hits := c.Counter("hits", metrics.T("b", "2"))
	hits.Add(2)
	hits.Inc()
	c.Count("hits", 1, metrics.T("b", "2"))
	rec.Client().Count("app.hits", 1, metrics.T("b", "2"), metrics.T("a", "1")) // another way to write it
	c.Timer("took").Record(time.Millisecond)
	stop := c.Timer("took").Time()
	stop()
	assert.Equal(t, "app.hits:5|c|#a:1,b:2", rec.Lines()[len(rec.Lines())-1])
	assert.Len(t, rec.Timings("app.took", metrics.T("a", "1")), 2)
	assert.EqualValues(t, 2, rec.Client().Stats().Series)
}

func TestChildrenShareNothingTheyMayChange(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	parent := rec.Client().With("p", metrics.T("a", "1"))
	one, two := parent.With("one", metrics.T("b", "1")), parent.With("two", metrics.T("c", "1"))
	one.Count("n", 1)
	two.Count("n", 1)
	parent.Count("n", 1)
	assert.ElementsMatch(t, []string{"p.one.n:1|c|#a:1,b:1", "p.two.n:1|c|#a:1,c:1", "p.n:1|c|#a:1"}, rec.Lines())
}

func TestRatesOutsideTheirRangeAreAnError(t *testing.T) {
	c := metricstest.NewRecorder(t).Client()
	for _, rate := range []float64{0, -0.1, 1.000001, math.NaN(), math.Inf(1), math.Inf(-1)} {
		child, err := c.Sampled(rate)
		assert.ErrorContains(t, err, "is outside (0, 1]")
		assert.Nil(t, child)
	}
	for _, rate := range []float64{1, 0.5, 5e-324} {
		child, err := c.Sampled(rate)
		assert.NoError(t, err)
		assert.NotNil(t, child)
	}
}

func TestSampledTimersSayTheirRate(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	c, err := rec.Client().Sampled(0.1)
	require.NoError(t, err)
	const n = 20_000
	for range n {
		c.Timing("t", time.Millisecond, metrics.T("a", "b"))
		c.Count("hits", 1)
	}
	c.Gauge("g", 1)
	c.Set("u", "x")
	lines := rec.Metrics()
	var kept int
	for _, m := range lines {
		if m.Name == "t" {
			kept++
			require.Equal(t, 0.1, m.Rate)
		} else {
			require.EqualValues(t, 1, m.Rate, "%s is not sampled", m.Name)
		}
	}
	assert.InDelta(t, n/10, kept, 5*42.5) // five sigma of a binomial
	assert.EqualValues(t, n, rec.Count("hits"), "aggregated counters are exact")
	assert.Contains(t, rec.Lines(), "t:1|ms|@0.1|#a:b")
}

func TestSampledCountersWithoutAggregationSayTheirRate(t *testing.T) {
	rec := metricstest.NewRecorder(t, metrics.WithoutAggregation())
	c, err := rec.Client().Sampled(0.25)
	require.NoError(t, err)
	hits := c.Counter("hits", metrics.T("a", "b"))
	const n = 20_000
	for range n {
		hits.Inc()
	}
	assert.InDelta(t, n, rec.Count("hits"), 5*4*61.3)
	assert.Equal(t, "hits:1|c|@0.25|#a:b", rec.Lines()[0])
}

func TestFlushSendsWhatCameBefore(t *testing.T) {
	var out bytes.Buffer
	c := metrics.New(&out, metrics.WithFlushInterval(time.Hour))
	defer c.Close()
	c.Count("hits", 1)
	require.NoError(t, c.Flush(context.Background()))
	assert.Equal(t, "hits:1|c\n", out.String())
	//lint:ignore SA1012 a nil context is allowed and means none
	require.NoError(t, c.Flush(nil))
}
