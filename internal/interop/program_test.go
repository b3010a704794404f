// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/waymark-otel/waymark/metrics"
)

// program is what every receiver of metrics is sent: the same calls, so the
// same totals.
func program(c *metrics.Client) {
	programWithoutSets(c)
	for i := range 300 {
		c.With("shop").Set("users", fmt.Sprint("user-", i%25))
	}
}

// programWithoutSets is program for receivers that know no sets.
func programWithoutSets(c *metrics.Client) {
	ok, lost := metrics.T("code", "200"), metrics.T("code", "404")
	shop := c.With("shop")
	hits := shop.Counter("requests", ok)
	for i := range 1000 {
		hits.Inc()
		if i%100 == 0 {
			shop.Count("requests", 1, lost)
		}
	}
	for i := range 500 {
		shop.Timing("took", time.Duration(i%100+1)*time.Millisecond, ok)
		shop.Timing("quick", 250*time.Microsecond)
	}
	shop.Count("total", 3)
	shop.Count("total", -1)
	shop.Gauge("temperature", 21.5)
	shop.Gauge("balance", 100)
	shop.Gauge("balance", -5)
	shop.Gauge("nothing", math.NaN())
	for range 5 {
		shop.GaugeDelta("in_flight", 1)
	}
	shop.GaugeDelta("in_flight", -2)
}

// programTotals is what program means: name, tags and what of them.
var programTotals = map[string]float64{
	"shop.requests;code=200 total": 1000,
	"shop.requests;code=404 total": 10,
	"shop.total total":             2,
	"shop.took;code=200 count":     500,
	"shop.took;code=200 sum":       5 * 5050,
	"shop.quick count":             500,
	"shop.quick sum":               125,
	"shop.temperature level":       21.5,
	"shop.balance level":           -5,
	"shop.in_flight level":         3,
	"shop.users members":           25,
}

// totalsWithoutSets is programTotals for programWithoutSets.
func totalsWithoutSets() map[string]float64 {
	totals := maps.Clone(programTotals)
	maps.DeleteFunc(totals, func(key string, _ float64) bool { return strings.HasSuffix(key, " members") })
	return totals
}

// hostile are names, tags and members of sets that end a line, start another,
// or mean something to somebody.
var hostile = []string{
	"", " ", "\n", "\r\n", "\x00", "\x7f", "a\nevil:1|c", "evil:1|c\n", ":", "|", "@", "#", "|#", ",", ";", "=", "a=b", "a:b", "a;b=c", "a,b=c",
	"a|c|@0.1", "@+0.5", "|@+0.5", "constructor", "__proto__", "toString", "valueOf", "hasOwnProperty", "__defineGetter__", "prototype",
	"..", ".", "a..b", ".a", "a.", "/", "../../etc", "%", "\\", "\"", "'", "{}", "a b", "\t", "größe", "日本", "\u4e8a", "\u010a", "\u2028", "\ufeff", "\xff\xfe",
	"statsd.", "_e{1,1}:a|b", "_sc|a|0", "name", "le", "quantile", "__name__", "1st", "-", "+5", "-5", "0x10", "1e3", "NaN", "null", "undefined",
}

// hostilities calls every verb with what hostile holds, in every place.
func hostilities(c *metrics.Client, sets bool) {
	for _, s := range hostile {
		for _, value := range []float64{1, -1, 0, 1e300, 5e-324, math.MaxInt64} {
			c.Gauge(s, value)
			c.GaugeDelta("delta"+s, value, metrics.T(s, "x"))
			c.Histogram(s, value, metrics.T("x", s))
		}
		c.Count(s, 1)
		c.Count(s, 1, metrics.T(s, s))
		c.Timing(s, time.Millisecond, metrics.T("k", s))
		if sets {
			c.Set("set", s)
			c.Set(s, s, metrics.T(s, "y"), metrics.T("z", s))
		}
		c.With(s, metrics.T("a", s)).Count(s, 1)
	}
}

// sameTotals fails the test with the first few differences. Sums of fractions
// depend on their order, so the last digits may differ.
func sameTotals(t testing.TB, want, got map[string]float64) {
	t.Helper()
	differences := 0
	differ := func(format string, args ...any) {
		if differences++; differences <= 10 {
			t.Errorf(format, args...)
		}
	}
	for key, v := range want {
		if g, ok := got[key]; !ok {
			differ("%q is missing, want %v", key, v)
		} else if math.Abs(g-v) > 1e-9*max(math.Abs(v), 1) {
			differ("%q is %v, want %v", key, g, v)
		}
	}
	for key, v := range got {
		if _, ok := want[key]; !ok {
			differ("%q is %v, nobody sent it", key, v)
		}
	}
	if differences > 10 {
		t.Errorf("and %d more", differences-10)
	}
}
