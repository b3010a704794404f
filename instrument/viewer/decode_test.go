// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const wholeSpan = `[{
	"traceId": "5af7183fb1d4cf5f", "parentId": "6b221d5bc9e6496c", "id": "352bff9a74ca9ad2",
	"kind": "CLIENT", "name": "GET /api", "timestamp": 1556604172355737, "duration": 1431, "debug": true, "shared": true,
	"localEndpoint": {"serviceName": "backend", "ipv4": "192.168.99.1", "port": 3306},
	"remoteEndpoint": {"ipv6": "2001:db8::c001", "port": 58648},
	"annotations": [{"timestamp": 1556604172355800, "value": "retry"}],
	"tags": {"http.method": "GET", "http.path": "/api"},
	"unknown": [{"to": "us"}]
}]`

func TestEveryFieldIsRead(t *testing.T) {
	got, err := decode([]byte(wholeSpan), false, 1<<20)
	require.NoError(t, err)
	assert.Equal(t, []Span{{
		TraceID: "5af7183fb1d4cf5f", ParentID: "6b221d5bc9e6496c", ID: "352bff9a74ca9ad2",
		Kind: "CLIENT", Name: "GET /api", Timestamp: 1556604172355737, Duration: 1431, Debug: true, Shared: true,
		LocalEndpoint:  &Endpoint{ServiceName: "backend", IPv4: "192.168.99.1", Port: 3306},
		RemoteEndpoint: &Endpoint{IPv6: "2001:db8::c001", Port: 58648},
		Annotations:    []Annotation{{Timestamp: 1556604172355800, Value: "retry"}},
		Tags:           map[string]string{"http.method": "GET", "http.path": "/api"},
	}}, got)
}

func TestSpansAreReadAsZipkinReadsThem(t *testing.T) {
	tests := map[string]struct {
		in   string
		want Span
	}{
		"short ids are padded":                 {`"traceId":"a","id":"b","parentId":"c"`, Span{TraceID: "000000000000000a", ID: "000000000000000b", ParentID: "000000000000000c"}},
		"a 128-bit id is kept":                 {`"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"b"`, Span{TraceID: "463ac35c9f6413ad48485a3953bb6124", ID: "000000000000000b"}},
		"17 digits are padded to 32":           {`"traceId":"1463ac35c9f6413ad","id":"b"`, Span{TraceID: "0000000000000001463ac35c9f6413ad", ID: "000000000000000b"}},
		"zeros on the left are dropped":        {`"traceId":"0000000000000000463ac35c9f6413ad","id":"b"`, Span{TraceID: "463ac35c9f6413ad", ID: "000000000000000b"}},
		"a parent of zero is none":             {`"traceId":"a","id":"b","parentId":"0000000000000000"`, Span{TraceID: "000000000000000a", ID: "000000000000000b"}},
		"a span is not its own parent":         {`"traceId":"a","id":"b","parentId":"0b"`, Span{TraceID: "000000000000000a", ID: "000000000000000b"}},
		"null is absence":                      {`"traceId":"a","id":"b","name":null,"timestamp":null,"tags":null,"localEndpoint":null,"shared":null`, Span{TraceID: "000000000000000a", ID: "000000000000000b"}},
		"time may be quoted or a power":        {`"traceId":"a","id":"b","timestamp":"1556604172355737","duration":1.5e6`, Span{TraceID: "000000000000000a", ID: "000000000000000b", Timestamp: 1556604172355737, Duration: 1500000}},
		"less than no time is no time":         {`"traceId":"a","id":"b","timestamp":-1,"duration":-1e3`, Span{TraceID: "000000000000000a", ID: "000000000000000b"}},
		"an empty endpoint is none":            {`"traceId":"a","id":"b","localEndpoint":{},"remoteEndpoint":{"unknown":1}`, Span{TraceID: "000000000000000a", ID: "000000000000000b"}},
		"addresses are filed by family":        {`"traceId":"a","id":"b","localEndpoint":{"ipv6":"::ffff:1.2.3.4","ipv4":"::1"}`, Span{TraceID: "000000000000000a", ID: "000000000000000b", LocalEndpoint: &Endpoint{IPv4: "1.2.3.4", IPv6: "::1"}}},
		"an address nobody can read is left":   {`"traceId":"a","id":"b","localEndpoint":{"serviceName":"s","ipv4":"localhost"}`, Span{TraceID: "000000000000000a", ID: "000000000000000b", LocalEndpoint: &Endpoint{ServiceName: "s"}}},
		"an endpoint without anything is none": {`"traceId":"a","id":"b","remoteEndpoint":{"ipv4":"localhost","port":0}`, Span{TraceID: "000000000000000a", ID: "000000000000000b"}},
		"an empty tag is a tag":                {`"traceId":"a","id":"b","tags":{"error":""}`, Span{TraceID: "000000000000000a", ID: "000000000000000b", Tags: map[string]string{"error": ""}}},
		"bytes that are not UTF-8 are marked":  {"\"traceId\":\"a\",\"id\":\"b\",\"name\":\"\xff\"", Span{TraceID: "000000000000000a", ID: "000000000000000b", Name: "\ufffd"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := decode([]byte("[{"+tc.in+"}]"), false, 1<<20)
			require.NoError(t, err)
			assert.Equal(t, []Span{tc.want}, got)
		})
	}
}

func TestMalformedBodiesNameTheRule(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"nothing":             {"", `viewer: body is empty, want a JSON array of spans`},
		"an object":           {`{}`, `viewer: body is not a JSON array of spans`},
		"a string":            {`"spans"`, `viewer: body is not a JSON array of spans`},
		"null":                {`null`, `viewer: body is not a JSON array of spans`},
		"not JSON":            {`spans`, `viewer: body is not JSON: invalid character 's' looking for beginning of value`},
		"cut in a span":       {`[{"traceId":"a",`, `viewer: span 0: body ends early`},
		"more":                {`[] []`, `viewer: body goes on after the array of spans`},
		"rubbish after":       {`[]]`, `viewer: body is not JSON: invalid character ']' looking for beginning of value`},
		"span is null":        {`[null]`, `viewer: span 0: traceId "" is not 1 to 32 lower-case hexadecimal digits, or is zero`},
		"span is a number":    {`[{"traceId":"a","id":"b"},1]`, `viewer: span 1: it is a JSON number, want an object`},
		"no trace id":         {`[{"id":"b"}]`, `viewer: span 0: traceId "" is not 1 to 32 lower-case hexadecimal digits, or is zero`},
		"trace id of zero":    {`[{"traceId":"00","id":"b"}]`, `viewer: span 0: traceId "00" is not 1 to 32 lower-case hexadecimal digits, or is zero`},
		"trace id upper case": {`[{"traceId":"A","id":"b"}]`, `viewer: span 0: traceId "A" is not 1 to 32 lower-case hexadecimal digits, or is zero`},
		"trace id too long":   {`[{"traceId":"` + strings.Repeat("1", 33) + `","id":"b"}]`, `viewer: span 0: traceId "111111111111111111111111111111111" is not 1 to 32 lower-case hexadecimal digits, or is zero`},
		"trace id number":     {`[{"traceId":1,"id":"b"}]`, `viewer: span 0: "traceId" is a JSON number, want a string`},
		"no id":               {`[{"traceId":"a"}]`, `viewer: span 0: id "" is not 1 to 16 lower-case hexadecimal digits, or is zero`},
		"id too long":         {`[{"traceId":"a","id":"11111111111111111"}]`, `viewer: span 0: id "11111111111111111" is not 1 to 16 lower-case hexadecimal digits, or is zero`},
		"parent not hex":      {`[{"traceId":"a","id":"b","parentId":"xyz"}]`, `viewer: span 0: parentId "xyz" is not 1 to 16 lower-case hexadecimal digits`},
		"kind":                {`[{"traceId":"a","id":"b","kind":"client"}]`, `viewer: span 0: kind "client" is not CLIENT, SERVER, PRODUCER or CONSUMER`},
		"fraction":            {`[{"traceId":"a","id":"b","duration":1.5}]`, `viewer: span 0: duration "1.5" is not a whole number of 64 bits`},
		"overflow":            {`[{"traceId":"a","id":"b","timestamp":9223372036854775808}]`, `viewer: span 0: timestamp "9223372036854775808" is not a whole number of 64 bits`},
		"far overflow":        {`[{"traceId":"a","id":"b","timestamp":1e999}]`, `viewer: span 0: timestamp "1e999" is not a whole number of 64 bits`},
		"flag":                {`[{"traceId":"a","id":"b","shared":1}]`, `viewer: span 0: "shared" is a JSON number, want true or false`},
		"port":                {`[{"traceId":"a","id":"b","localEndpoint":{"port":65536}}]`, `viewer: span 0: localEndpoint's port 65536 is above 65535`},
		"endpoint":            {`[{"traceId":"a","id":"b","remoteEndpoint":"x"}]`, `viewer: span 0: "remoteEndpoint" is a JSON string, want an object`},
		"annotations":         {`[{"traceId":"a","id":"b","annotations":{}}]`, `viewer: span 0: "annotations" is a JSON object, want an array`},
		"annotation's value":  {`[{"traceId":"a","id":"b","annotations":[{"timestamp":1}]}]`, `viewer: span 0: annotation 0 lacks its timestamp or its value`},
		"annotation's time":   {`[{"traceId":"a","id":"b","annotations":[{"value":"x"}]}]`, `viewer: span 0: annotation 0 lacks its timestamp or its value`},
		"tag null":            {`[{"traceId":"a","id":"b","tags":{"k":null}}]`, `viewer: span 0: tag "k" is null, want a string`},
		"hostile in an error": {"[{\"traceId\":\"\\u001b[2J" + strings.Repeat("x", 9999) + "\",\"id\":\"b\"}]", `viewer: span 0: traceId "\x1b[2J` + strings.Repeat("x", 60) + `"… is not 1 to 32 lower-case hexadecimal digits, or is zero`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			spans, err := decode([]byte(tc.in), false, 1<<20)
			assert.EqualError(t, err, tc.want)
			assert.Empty(t, spans)
		})
	}
	// Go 1.26 and 1.27 say these in different words.
	for in, want := range map[string]string{
		`[{"traceId":"a","id":"b"}`:                   `^viewer: (span 1: )?body ends early$`,
		`[{"traceId":"a","id":"b"},]`:                 `^viewer: span 1: body is not JSON: invalid character '[],]' looking for beginning of value$`,
		`[{"traceId":"a","id":"b","timestamp":true}]`: `^viewer: span 0: ("timestamp"|it) is a JSON bool, want a number$`,
		`[{"traceId":"a","id":"b","timestamp":"` + strings.Repeat("<script>", 9999) + `"}]`: `^viewer: span 0: (a number in quotes is not a number|it is a JSON string, want a number)$`,
		`[{"x":` + strings.Repeat("[", 20_000):                                              `^viewer: span 0: body is not JSON: .*exceeded max depth$`,
	} {
		_, err := decode([]byte(in), false, 1<<20)
		require.Error(t, err)
		assert.Regexp(t, want, err.Error())
	}
}

func zip(t testing.TB, body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(body)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestGzipIsUnpackedOrNamed(t *testing.T) {
	whole := zip(t, []byte(wholeSpan))
	got, err := decode(whole, true, 1<<20)
	require.NoError(t, err)
	assert.Len(t, got, 1)

	broken := bytes.Clone(whole)
	broken[len(broken)-6] ^= 1 // the checksum
	for name, tc := range map[string]struct {
		body []byte
		want string
	}{
		"plain":        {[]byte(wholeSpan), "viewer: body is not gzip, as its Content-Encoding says"},
		"empty":        {nil, "viewer: body is not gzip, as its Content-Encoding says"},
		"cut":          {whole[:len(whole)-9], "viewer: body ends early"},
		"checksum":     {broken, "viewer: body is damaged gzip"},
		"rubbish tail": {append(bytes.Clone(whole), "rubbish at the end"...), "viewer: body is damaged gzip"},
		"empty inside": {zip(t, nil), "viewer: body is empty, want a JSON array of spans"},
	} {
		t.Run(name, func(t *testing.T) {
			spans, err := decode(tc.body, true, 1<<20)
			assert.EqualError(t, err, tc.want)
			assert.Empty(t, spans)
		})
	}
}

// TestGzipBombIsNotUnpacked sends a gibibyte, packed a thousandfold, in each of
// the shapes that a reader might be tempted to keep.
func TestGzipBombIsNotUnpacked(t *testing.T) {
	megabyte := zip(t, bytes.Repeat([]byte(" "), 1<<20)) // parts of a gzip file add up
	for name, open := range map[string]string{
		"spaces":      ` `,
		"one string":  `[{"name":"`,
		"one unknown": `[{"x":"`,
	} {
		t.Run(name, func(t *testing.T) {
			body := append(zip(t, []byte(open)), bytes.Repeat(megabyte, 1024)...)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			spans, err := decode(body, true, 1<<30)
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, errTooLarge)
			assert.Empty(t, spans)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(6*maxBody), "bytes allocated in all")
		})
	}
}

func TestABodyThatCouldNotBeHeldIsRefusedEarly(t *testing.T) {
	body := "[" + strings.Repeat(`{"traceId":"a","id":"b"},`, 10_000)
	_, err := decode([]byte(body), false, 10_000)
	assert.ErrorIs(t, err, errTooMuch, "before the missing end of the body is seen")
}

func TestLimitIsExact(t *testing.T) {
	body := []byte("[" + strings.Repeat(" ", maxBody-2) + "]")
	_, err := decode(body, false, 1<<20)
	assert.NoError(t, err)
	_, err = decode(append(body, ' '), false, 1<<20)
	assert.ErrorIs(t, err, errTooLarge)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(wholeSpan), false)
	f.Add(zip(f, []byte(wholeSpan)), true)
	f.Add([]byte(`[{"traceId":"a","id":"b","timestamp":"-0","tags":{"\ud800":""}}]`), false)
	f.Fuzz(func(t *testing.T, body []byte, compressed bool) {
		spans, err := decode(body, compressed, 1<<20)
		if err != nil {
			require.Empty(t, spans)
			require.True(t, strings.HasPrefix(err.Error(), "viewer: "), err.Error())
			require.Less(t, len(err.Error()), 1000)
			return
		}
		// What was accepted is in its final form: once more through the
		// viewer changes nothing.
		text, err := json.Marshal(spans)
		require.NoError(t, err)
		if spans == nil {
			return
		}
		again, err := decode(text, false, 1<<20)
		require.NoError(t, err)
		require.Equal(t, spans, again)
		st := newStore(1<<20, true)
		st.add(spans)
		due, _ := st.due(st.traces[spans[0].TraceID].fed, 0, 0, true)
		for _, p := range due {
			requireInert(t, waterfall(p, 80, maxRows, false), 80)
		}
	})
}

func BenchmarkDecodeThousandSpans(b *testing.B) {
	one := strings.TrimSuffix(strings.TrimPrefix(wholeSpan, "["), "]")
	body := []byte("[" + strings.Repeat(one+",", 999) + one + "]")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(body, false, 1<<30); err != nil {
			b.Fatal(err)
		}
	}
}
