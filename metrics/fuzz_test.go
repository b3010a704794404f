// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"bytes"
	"context"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

var allDialects = []metrics.Dialect{metrics.Plain, metrics.NoTags, metrics.DogStatsD, metrics.InfluxDB, metrics.Graphite}

// FuzzOneCallIsOneMetric is the promise of the package: whatever is passed in,
// exactly one well-formed metric comes out, of the name that was meant, and
// its neighbors survive; or none, and it was counted.
func FuzzOneCallIsOneMetric(f *testing.F) {
	f.Add(byte(0), byte(0), "app", "hits", "code", "200", "member", 1.5)
	f.Add(byte(1), byte(1), "", "constructor", "", "", "", -5.0)
	f.Add(byte(2), byte(2), "", "__proto__", "name", "x\nevil:1|c", "a|s\nb:1|c", math.Inf(1))
	f.Add(byte(3), byte(3), "a.", "hits:1|c\nevil", "k,k2:v", "|@0.1", "__proto__", math.NaN())
	f.Add(byte(4), byte(4), "\x00", "\xff\xfe", "#", ";name=evil", "\u4e8a", 1e300)
	f.Add(byte(5), byte(0), "..", "\u2028", "\u4e8a", "\u00e9=1", "%0A", 5e-324)
	f.Add(byte(0), byte(1), "@", "", "host", "10.0.0.1", "x", math.Copysign(0, -1))
	f.Add(byte(3), byte(3), "", "h", "a", strings.Repeat("v", 2000), "x", -0.25)
	f.Fuzz(func(t *testing.T, verb, dialect byte, prefix, name, key, value, member string, v float64) {
		var out bytes.Buffer
		d := allDialects[int(dialect)%len(allDialects)]
		c := metrics.New(&out, metrics.WithDialect(d), metrics.WithoutAggregation())
		defer c.Close()

		record(c.With(prefix), verb, name, v, member, metrics.Tag{Key: key, Value: value})
		require.NoError(t, c.Flush(context.Background()))
		stats := c.Stats()
		require.EqualValues(t, 1, stats.Sent+stats.Dropped.Total(), "one metric, or one drop")
		if stats.Sent == 0 {
			require.Empty(t, out.String())
			return
		}
		checkMetric(t, d, out.String(), verb, prefix, name, key, value)
	})
}

// verbs of record.
const (
	verbCount = iota
	verbGauge
	verbGaugeDelta
	verbTiming
	verbHistogram
	verbSet
	verbs
)

func record(c *metrics.Client, verb byte, name string, v float64, member string, tags ...metrics.Tag) {
	switch verb % verbs {
	case verbCount:
		c.Count(name, int64(min(max(v, -1e18), 1e18)), tags...)
	case verbGauge:
		c.Gauge(name, v, tags...)
	case verbGaugeDelta:
		c.GaugeDelta(name, v, tags...)
	case verbTiming:
		c.Timing(name, time.Duration(min(max(v, -1e18), 1e18)), tags...)
	case verbHistogram:
		c.Histogram(name, v, tags...)
	case verbSet:
		c.Set(name, member, tags...)
	}
}

// checkMetric checks that text is the one metric that was meant.
func checkMetric(t *testing.T, d metrics.Dialect, text string, verb byte, prefix, name, key, value string) {
	t.Helper()
	require.True(t, strings.HasSuffix(text, "\n"), "%q", text)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) == 2 { // the pair of a negative gauge
		require.EqualValues(t, verbGauge, verb%verbs, "%q", text)
		zero, err := metricstest.Parse(lines[0])
		require.NoError(t, err)
		require.Zero(t, zero.Value)
		require.False(t, zero.Signed)
		lines = lines[1:]
	}
	require.Len(t, lines, 1, "%q", text)
	m, err := metricstest.Parse(lines[0])
	require.NoError(t, err)

	wantType := map[byte]string{verbCount: "c", verbGauge: "g", verbGaugeDelta: "g", verbTiming: "ms", verbHistogram: "ms", verbSet: "s"}[verb%verbs]
	if verb%verbs == verbHistogram && d == metrics.DogStatsD {
		wantType = "h"
	}
	assert.Equal(t, wantType, m.Type)
	if d == metrics.NoTags {
		assert.Empty(t, m.Tags)
		assert.True(t, strings.HasPrefix(m.Name, wantName(prefix, name)), "%q starts with %q", m.Name, wantName(prefix, name))
	} else {
		assert.Equal(t, wantName(prefix, name), m.Name)
	}
	if d != metrics.NoTags && plainTag.MatchString(key) && plainTag.MatchString(value) {
		assert.Equal(t, []metrics.Tag{{Key: key, Value: value}}, m.Tags)
	}
	assert.LessOrEqual(t, len(m.Tags), 1)
}

var (
	safeRune  = regexp.MustCompile(`^[A-Za-z0-9_.-]$`)
	plainTag  = regexp.MustCompile(`^[a-z0-9]+$`)
	protoName = regexp.MustCompile(`^(__(define|lookup)[GS]etter__|__proto__|constructor|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|to(Locale)?String|valueOf|)$`)
)

// wantName says what a name becomes, in other words than the package's.
func wantName(prefix, name string) string {
	clean := func(s string) string {
		return strings.Map(func(r rune) rune {
			if safeRune.MatchString(string(r)) {
				return r
			}
			return '_'
		}, s)
	}
	name = clean(name)
	if prefix = clean(strings.Trim(prefix, ".")); prefix != "" {
		if name == "" {
			name = "_"
		}
		return prefix + "." + name
	}
	if protoName.MatchString(name) {
		name += "_"
	}
	return name
}
