// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics/influx"
)

// startInfluxDB starts Debian's InfluxDB and returns its address.
func startInfluxDB(t testing.TB, auth bool) string {
	t.Helper()
	dir := debian(t, "influxdb")
	home, listen := t.TempDir(), "127.0.0.1:"+freePort(t)
	conf := filepath.Join(home, "influxdb.conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, `reporting-disabled = true
bind-address = "127.0.0.1:%[2]s"
[meta]
dir = "%[1]s/meta"
[data]
dir = "%[1]s/data"
wal-dir = "%[1]s/wal"
[http]
bind-address = "%[3]s"
auth-enabled = %[4]t
log-enabled = false
[monitor]
store-enabled = false
`, home, freePort(t), listen, auth), 0o600))
	startCommand(t, "http://"+listen+"/ping", debianCommand(dir, "usr/bin/influxd", "-config", conf))
	return "http://" + listen
}

// influxQL runs a statement and returns the rows of its first series.
func influxQL(t testing.TB, base, query string) [][]any {
	t.Helper()
	values := url.Values{"q": {query}, "db": {"shop"}, "epoch": {"ns"}}
	u, err := url.Parse(base)
	require.NoError(t, err)
	user := u.User
	u.User, u.Path = nil, "/query"
	req, err := http.NewRequest(http.MethodPost, u.String(), strings.NewReader(values.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	var got struct {
		Error   string
		Results []struct {
			Error  string
			Series []struct{ Values [][]any }
		}
	}
	require.NoError(t, doJSON(req, &got))
	require.Empty(t, got.Error)
	require.NotEmpty(t, got.Results)
	require.Empty(t, got.Results[0].Error)
	if len(got.Results[0].Series) == 0 {
		return nil
	}
	return got.Results[0].Series[0].Values
}

func TestInfluxDBStoresTheSame(t *testing.T) {
	base := startInfluxDB(t, false)
	influxQL(t, base, "CREATE DATABASE shop")
	w, err := influx.NewWriter(base, "shop")
	require.NoError(t, err)
	const n = 20_000
	for i := range n {
		w.Record(influx.Point{
			Measurement: "request",
			Tags:        []influx.Tag{{Key: "code", Value: []string{"200", "404"}[i%2]}},
			Fields:      []influx.Field{influx.Int("bytes", int64(i)), influx.Duration("took", time.Duration(i%10)*time.Millisecond), influx.Bool("ok", true), influx.String("path", "/o")},
		})
	}
	require.NoError(t, w.Close())
	stats := w.Stats()
	assert.Zero(t, stats.Dropped)
	assert.EqualValues(t, n, stats.Sent)
	rows := influxQL(t, base, `SELECT count(bytes), sum(bytes), sum(took) FROM request WHERE code = '200'`)
	require.Len(t, rows, 1)
	assert.EqualValues(t, n/2, rows[0][1])
	assert.EqualValues(t, n/2*(n/2-1), rows[0][2])
	assert.InDelta(t, 0.004*n/2, rows[0][3], 1e-6)
}

// TestInfluxDBReadsWhatWeMean: hostile names, tags and texts come back as
// single points.
func TestInfluxDBReadsWhatWeMean(t *testing.T) {
	base := startInfluxDB(t, false)
	influxQL(t, base, "CREATE DATABASE shop")
	w, err := influx.NewWriter(base, "shop")
	require.NoError(t, err)
	texts := append([]string{`a\`, `a\ b`, `a\,b`, `"`, `\"`, "#x", "time", "multi\nline", strings.Repeat("x", 60_000)}, hostile...)
	for i, s := range texts {
		w.Record(influx.Point{Measurement: "text", Fields: []influx.Field{influx.String("s", s), influx.Int("i", int64(i))}})
		name := s[:min(len(s), 1000)] // a key has at most 65535 bytes
		w.Record(influx.Point{Measurement: "tag", Tags: []influx.Tag{{Key: "k", Value: name}, {Key: name, Value: "x"}}, Fields: []influx.Field{influx.Int("i", int64(i))}})
		w.Record(influx.Point{Measurement: "m" + name, Fields: []influx.Field{influx.Int("i"+name, 1), influx.Float("v", math.MaxFloat64)}})
	}
	require.NoError(t, w.Close())
	stats := w.Stats()
	assert.Empty(t, stats.LastError)
	assert.Zero(t, stats.Dropped)
	rows := influxQL(t, base, `SELECT s, i FROM "text"`)
	require.Len(t, rows, len(texts))
	for _, row := range rows {
		i := int(row[2].(float64))
		assert.Equal(t, strings.ReplaceAll(strings.ToValidUTF8(texts[i], "_"), "\x00", "_"), row[1])
	}
	rows = influxQL(t, base, `SELECT count(i) FROM "tag"`)
	require.Len(t, rows, 1)
	assert.EqualValues(t, len(texts), rows[0][1])
	rows = influxQL(t, base, `SELECT count(v) FROM /^m/`)
	assert.NotEmpty(t, rows)
	assert.Empty(t, influxQL(t, base, `SELECT * FROM "evil"`))
}

func TestInfluxDBRefusals(t *testing.T) {
	base := startInfluxDB(t, false)
	w, err := influx.NewWriter(base, "shop")
	require.NoError(t, err)
	point := func(f influx.Field) { w.Record(influx.Point{Measurement: "m", Fields: []influx.Field{f}}) }
	point(influx.Int("v", 1))
	assert.ErrorContains(t, w.Flush(t.Context()), "database not found")
	assert.EqualValues(t, 1, w.Stats().Dropped.Rejected)

	influxQL(t, base, "CREATE DATABASE shop")
	point(influx.Int("v", 1))
	require.NoError(t, w.Flush(t.Context()))
	for range 5 {
		point(influx.Int("v", 1))
	}
	point(influx.Float("v", 1)) // an integer so far
	assert.ErrorContains(t, w.Flush(t.Context()), "partial write")
	require.NoError(t, w.Close())
	stats := w.Stats()
	assert.EqualValues(t, 2, stats.Dropped.Rejected)
	assert.EqualValues(t, 6, stats.Sent)
	rows := influxQL(t, base, `SELECT count(v) FROM m`)
	require.Len(t, rows, 1)
	assert.EqualValues(t, 6, rows[0][1])
}

func TestInfluxDBWithAPassword(t *testing.T) {
	base := startInfluxDB(t, true)
	influxQL(t, base, "CREATE USER ann WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
	ann := strings.Replace(base, "://", "://ann:secret@", 1)
	influxQL(t, ann, "CREATE DATABASE shop")

	w, err := influx.NewWriter(base, "shop")
	require.NoError(t, err)
	w.Record(influx.Point{Measurement: "m", Fields: []influx.Field{influx.Int("v", 1)}})
	assert.ErrorContains(t, w.Close(), "401")

	w, err = influx.NewWriter(ann, "shop")
	require.NoError(t, err)
	w.Record(influx.Point{Measurement: "m", Fields: []influx.Field{influx.Int("v", 1)}})
	require.NoError(t, w.Close())
	assert.Len(t, influxQL(t, ann, "SELECT v FROM m"), 1)
}
