// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQueryFindsTracesAsZipkinDoes(t *testing.T) {
	now := Micros(time.Now().UnixMicro())
	at := func(trace string, ago time.Duration, id, parent, service, name string, took time.Duration, tags map[string]string) Span {
		return Span{
			TraceID: trace, ID: id, ParentID: parent, Name: name, Tags: tags,
			Timestamp: now - Micros(ago.Microseconds()), Duration: Micros(took.Microseconds()),
			LocalEndpoint: &Endpoint{ServiceName: service},
		}
	}
	inPast := strconv.FormatInt(int64(now/1000-90_000), 10)
	const (
		slow    = "000000000000000a"
		failed  = "000000000000000b"
		old     = "000000000000000c"
		undated = "000000000000000d"
	)
	st := newStore(1<<20, false)
	annotated := at(slow, time.Minute, "0000000000000002", "0000000000000001", "Catalog", "lookup", 300*ms, map[string]string{"db": "sqlite"})
	annotated.RemoteEndpoint = &Endpoint{ServiceName: "Items"}
	annotated.Annotations = []Annotation{{Timestamp: now, Value: "cache miss"}}
	st.add([]Span{
		annotated,
		at(slow, time.Minute+time.Second, "0000000000000001", "", "front", "GET /", 400*ms, map[string]string{"http.method": "GET", "a=b": "c"}),
		at(failed, 2*time.Minute, "0000000000000001", "", "front", "GET /", 10*ms, map[string]string{"error": "boom"}),
		at(old, 48*time.Hour, "0000000000000001", "", "batch", "nightly", time.Hour, nil),
		{TraceID: undated, ID: "0000000000000001", Name: "undated", LocalEndpoint: &Endpoint{ServiceName: "odd"}},
	})
	for query, want := range map[string][]string{
		"":                          {slow, failed, old, undated},
		"limit=2":                   {slow, failed},
		"serviceName=front":         {slow, failed},
		"serviceName=CATALOG":       {slow},
		"serviceName=nobody":        {},
		"remoteServiceName=items":   {slow},
		"remoteServiceName=catalog": {},
		"serviceName=catalog&remoteServiceName=items":       {slow},
		"serviceName=front&remoteServiceName=items":         {},
		"spanName=get+%2F":                                  {slow, failed},
		"spanName=all":                                      {slow, failed, old, undated},
		"spanName=LOOKUP":                                   {slow},
		"serviceName=front&spanName=lookup":                 {},
		"serviceName=catalog&spanName=lookup":               {slow},
		"annotationQuery=error":                             {failed},
		"annotationQuery=error%3Dboom":                      {failed},
		"annotationQuery=error%3Dbang":                      {},
		"annotationQuery=cache+miss":                        {slow},
		"annotationQuery=cache+miss+and+db":                 {slow},
		"annotationQuery=db%3Dsqlite+and+http.method%3DGET": {slow},
		"annotationQuery=db+and+error":                      {},
		"serviceName=front&annotationQuery=db":              {},
		"annotationQuery=Error":                             {},
		"minDuration=300000":                                {slow, old},
		"minDuration=300000&maxDuration=300000":             {slow},
		"minDuration=300001&maxDuration=399999":             {},
		"serviceName=catalog&minDuration=400000":            {},
		"lookback=90000":                                    {slow},
		"lookback=86400000":                                 {slow, failed},
		"lookback=9223372036854775807":                      {slow, failed, old},
		"endTs=" + inPast:                                   {failed, old},
		"endTs=" + inPast + "&lookback=60000":               {failed},
		"endTs=9223372036854775807":                         {slow, failed, old},
	} {
		t.Run(query, func(t *testing.T) {
			values, err := url.ParseQuery(query)
			require.NoError(t, err)
			q, err := parseQuery(values)
			require.NoError(t, err)
			got := []string{}
			for _, spans := range q.find(st.all()) {
				got = append(got, spans[0].TraceID)
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestTenTracesAreTheDefault(t *testing.T) {
	st := newStore(1<<20, false)
	for n := range 12 {
		st.add(one(n, ""))
	}
	q, err := parseQuery(nil)
	require.NoError(t, err)
	assert.Len(t, q.find(st.all()), 10)
}

func TestWrongQueriesNameTheRule(t *testing.T) {
	for query, want := range map[string]string{
		"limit=0":                         `viewer: limit "0" is not a positive whole number`,
		"limit=ten":                       `viewer: limit "ten" is not a positive whole number`,
		"lookback=-1":                     `viewer: lookback "-1" is not a positive whole number`,
		"endTs=1.5":                       `viewer: endTs "1.5" is not a positive whole number`,
		"minDuration=9999999999999999999": `viewer: minDuration "9999999999999999999" is not a positive whole number`,
		"maxDuration=5":                   `viewer: maxDuration 5 needs a minDuration`,
		"minDuration=6&maxDuration=5":     `viewer: maxDuration 5 is below minDuration 6`,
		"limit=%1b%5b2J":                  `viewer: limit "\x1b[2J" is not a positive whole number`,
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, err = parseQuery(values)
		assert.EqualError(t, err, want)
	}
}
