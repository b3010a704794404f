// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heard returns what a viewer shows of lines, by name and tags.
func heard(t testing.TB, v *Viewer) (map[string]seriesView, statsdView) {
	all := view[statsdView](t, v, "/api/viewer/statsd")
	out := map[string]seriesView{}
	for _, s := range all.Series {
		out[strings.TrimRight(s.Name+" "+s.Tags, " ")+" "+s.Kind] = s
	}
	return out, all
}

func TestStatsDLinesAreSummedUp(t *testing.T) {
	v := quietViewer(t)
	n, err := v.StatsD().Write([]byte("hits:1|c\nhits:2|c|@0.5\n\nhits:3|c|#zone:eu,env:test\ninflux,zone=eu:1|c\ngraphite;a=b;c=d:1|c\n" +
		"took:10:30|ms\ntook:5|ms|@0.1\nsize:7|h\nsize:8|d\ndepth:10|g\ndepth:+5|g\ndepth:-2|g\nusers:ann|s\nusers:bob|s\nusers:ann|s\nwith:1|c|#a:b|c:container|T1656581400\n"))
	require.NoError(t, err)
	assert.Positive(t, n)
	got, all := heard(t, v)
	assert.Zero(t, all.Refused)
	assert.EqualValues(t, 16, all.Lines)
	for name, want := range map[string]seriesView{
		"hits counter":                  {Count: 3, Sum: 5},
		"hits zone:eu,env:test counter": {Count: 1, Sum: 3},
		"influx zone=eu counter":        {Count: 1, Sum: 1},
		"graphite a=b,c=d counter":      {Count: 1, Sum: 1},
		"took timer":                    {Count: 12, Sum: 90, Max: 30},
		"depth gauge":                   {Count: 3, Max: 13, Last: 13},
		"users set":                     {Count: 3, Last: 2},
		"with a:b counter":              {Count: 1, Sum: 1},
	} {
		s, ok := got[name]
		if assert.True(t, ok, "%s is not in %v", name, got) {
			assert.Equal(t, want, seriesView{Count: s.Count, Sum: s.Sum, Max: s.Max, Last: s.Last}, name)
		}
	}
	assert.Contains(t, got, "size histogram")
}

func TestMalformedLinesAreRefused(t *testing.T) {
	v := quietViewer(t)
	lines := []string{"", "hits", "hits:1", "hits|c", ":1|c", "hits:x|c", "hits:1:x|c", "hits:1|zz", "hits:1|c|@0", "hits:1|c|@2", "hits:1|c|@x", "hits:NaN|g", "hits:+Inf|g", "hits:|c", strings.Repeat("x", 600) + ":1|c"}
	for _, l := range lines {
		_, err := v.StatsD().Write([]byte(l + "\n"))
		require.NoError(t, err, l)
	}
	got, all := heard(t, v)
	assert.EqualValues(t, len(lines)-1, all.Refused)
	assert.Empty(t, got, "none takes the place of another")
}

func TestOnlyTheLastMinuteIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := quietViewer(t)
		fmt.Fprint(v.StatsD(), "old:1|c\nboth:1|c\nusers:ann|s\nlevel:4|g")
		time.Sleep(45 * time.Second)
		fmt.Fprint(v.StatsD(), "both:2|c\nusers:bob|s")
		got, _ := heard(t, v)
		assert.Equal(t, 3.0, got["both counter"].Sum)
		assert.Equal(t, number(1), got["both counter"].Seconds[14])
		assert.Equal(t, number(2), got["both counter"].Seconds[59])
		assert.Equal(t, 2.0, got["users set"].Last)
		time.Sleep(15 * time.Second)
		got, _ = heard(t, v)
		assert.NotContains(t, got, "old counter")
		assert.NotContains(t, got, "level gauge")
		assert.Equal(t, 2.0, got["both counter"].Sum)
		assert.Equal(t, 1.0, got["users set"].Last, "only whom the minute has heard of")
		assert.Equal(t, 1, v.statsd.members)
		time.Sleep(time.Minute)
		heard(t, v)
		assert.Zero(t, v.statsd.members, "there is room for others")
	})
}

func TestStatsDIsBounded(t *testing.T) {
	v := quietViewer(t)
	for i := range 3 * maxSeries {
		fmt.Fprintf(v.StatsD(), "series.%d:1|c", i)
	}
	got, all := heard(t, v)
	assert.Len(t, got, maxSeries)
	assert.EqualValues(t, 2*maxSeries, all.Refused)

	v = quietViewer(t)
	for i := range 2 * maxMembers {
		fmt.Fprintf(v.StatsD(), "set.%d:%d|s", i%2, i)
	}
	assert.Equal(t, maxMembers, v.statsd.members)

	fmt.Fprintf(v.StatsD(), "huge:%g|c\nhuge:%g|c\nhuge:%g|g\nhuge:+%g|g", math.MaxFloat64, math.MaxFloat64, math.MaxFloat64, math.MaxFloat64)
	got, _ = heard(t, v) // JSON knows no infinity
	assert.Equal(t, math.MaxFloat64, got["huge counter"].Sum)
}

func TestStatsDArrivesOverUDP(t *testing.T) {
	v := started(t, WithStatsD("127.0.0.1:0"))
	conn, err := net.Dial("udp", v.StatsDAddr())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("hits:1|c\nhits:1|c"))
	require.NoError(t, err)
	assert.Eventually(t, func() bool {
		got, _ := heard(t, v)
		return got["hits counter"].Sum == 2
	}, 10*time.Second, 5*time.Millisecond)

	_, err = Start("127.0.0.1:0", WithStatsD(v.StatsDAddr()))
	assert.ErrorIs(t, err, ErrAddressInUse)
	for addr, want := range map[string]string{
		"0.0.0.0:0": `viewer: address "0.0.0.0:0" is not a loopback address; WithAnyAddress allows it`,
		"8125":      `viewer: address "8125" is not host:port`,
	} {
		_, err := Start("127.0.0.1:0", WithStatsD(addr))
		assert.EqualError(t, err, want)
	}
	addr := v.StatsDAddr()
	require.NoError(t, v.Close())
	again, err := Start("127.0.0.1:0", WithStatsD(addr))
	require.NoError(t, err, "closed with the viewer")
	require.NoError(t, again.Close())
}

func FuzzStatsD(f *testing.F) {
	for _, seed := range []string{"hits:1|c", "a;b=c:1:2|ms|@0.5|#d:e", "g:+1e308|g\ng:+1e308|g", "\x00:1|s", ",:1|c", "a:|s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, packet string) {
		d := newStatsd()
		if n, err := d.Write([]byte(packet)); n != len(packet) || err != nil {
			t.Fatalf("Write returned %d, %v", n, err)
		}
		if _, err := json.Marshal(d.view()); err != nil {
			t.Errorf("%q cannot be told: %v", packet, err)
		}
		if d.refused > d.lines {
			t.Errorf("%d of %d lines refused", d.refused, d.lines)
		}
	})
}

func TestThePageIsToldOfNoCounters(t *testing.T) {
	w := ask(quietViewer(t), http.MethodGet, "/api/viewer/statsd", "")
	assert.Equal(t, `{"series":[],"lines":0,"refused":0}`+"\n", w.Body.String())
}
