// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// one makes the only span of trace n.
func one(n int, name string) []Span {
	return []Span{{TraceID: fmt.Sprintf("%016x", n+1), ID: "000000000000000a", Name: name}}
}

func sizeOf(n int, name string) int64 {
	s := one(n, name)
	return s[0].size() + entryOverhead
}

func TestOldestTracesMakeRoom(t *testing.T) {
	st := newStore(3*sizeOf(0, "same"), true)
	for n := range 5 {
		st.add(one(n, "same"))
	}
	assert.Nil(t, st.trace("0000000000000001"))
	assert.Nil(t, st.trace("0000000000000002"))
	for _, id := range []string{"0000000000000003", "0000000000000004", "0000000000000005"} {
		assert.Len(t, st.trace(id), 1)
	}
	assert.Equal(t, Stats{Traces: 3, Spans: 3, Bytes: st.max, MaxBytes: st.max, Received: 5, Evicted: 2}, st.read())
	assert.Equal(t, 3, st.waiting.Len(), "what was evicted is not printed either")
}

func TestATraceThatIsStillFedStays(t *testing.T) {
	more := Span{TraceID: "0000000000000001", ID: "000000000000000b"}
	st := newStore(2*sizeOf(0, "same")+more.size(), true)
	st.add(one(0, "same"))
	st.add(one(1, "same"))
	st.add([]Span{more})
	st.add(one(2, "same"))
	assert.Len(t, st.trace("0000000000000001"), 2)
	assert.Nil(t, st.trace("0000000000000002"))
	assert.Len(t, st.trace("0000000000000003"), 1)
}

func TestASpanTooLargeForAllIsDroppedAndNothingElse(t *testing.T) {
	st := newStore(10_000, true)
	st.add(one(0, "small"))
	st.add(one(1, strings.Repeat("x", 10_000)))
	assert.Len(t, st.trace("0000000000000001"), 1)
	got := st.read()
	assert.EqualValues(t, 1, got.Dropped)
	assert.EqualValues(t, 0, got.Evicted)
	assert.Equal(t, 1, got.Traces)
}

func TestATraceDoesNotOutgrowTheViewer(t *testing.T) {
	st := newStore(20_000, true)
	for i := range 1000 {
		st.add([]Span{{TraceID: "000000000000000a", ID: fmt.Sprintf("%016x", i+1)}})
	}
	got := st.read()
	assert.Equal(t, 1, got.Traces)
	assert.LessOrEqual(t, got.Bytes, int64(20_000))
	assert.Greater(t, got.Bytes, int64(19_000))
	assert.EqualValues(t, 1000, got.Dropped+uint64(got.Spans))
	assert.Len(t, st.trace("000000000000000a"), got.Spans, "its first spans stay")
}

func TestASpanSentTwiceIsHeldOnce(t *testing.T) {
	client := Span{TraceID: "000000000000000a", ID: "000000000000000b", Kind: "CLIENT", Tags: map[string]string{"k": "v"}}
	server := Span{TraceID: "000000000000000a", ID: "000000000000000b", Kind: "SERVER", Shared: true}
	st := newStore(1<<20, true)
	for range 3 {
		st.add([]Span{client.clone(), server.clone()})
	}
	assert.Len(t, st.trace("000000000000000a"), 2)
	got := st.read()
	assert.EqualValues(t, 4, got.Duplicates)
	assert.EqualValues(t, 6, got.Received)
}

func TestCompleteMeansRootAndEveryParent(t *testing.T) {
	ids := map[string]Span{
		"root":  {TraceID: "000000000000000a", ID: "0000000000000001"},
		"child": {TraceID: "000000000000000a", ID: "0000000000000002", ParentID: "0000000000000001"},
		"leaf":  {TraceID: "000000000000000a", ID: "0000000000000003", ParentID: "0000000000000002"},
	}
	for name, tc := range map[string]struct {
		order []string
		want  bool
	}{
		"in order":        {[]string{"root", "child", "leaf"}, true},
		"backwards":       {[]string{"leaf", "child", "root"}, true},
		"root alone":      {[]string{"root"}, true},
		"no root":         {[]string{"leaf", "child"}, false},
		"a parent is out": {[]string{"leaf", "root"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStore(1<<20, true)
			for _, n := range tc.order {
				st.add([]Span{ids[n]})
			}
			assert.Equal(t, tc.want, st.traces["000000000000000a"].complete())
		})
	}
}

// TestBytesHeldAreBytesOfMemory holds the estimate against the heap, for the
// spans that a stranger would choose to break it.
func TestBytesHeldAreBytesOfMemory(t *testing.T) {
	const limit = 16 << 20
	for name, body := range map[string]func(i int) string{
		"a trace each": func(i int) string { return fmt.Sprintf(`{"traceId":"%x","id":"1"}`, i+1) },
		"one trace":    func(i int) string { return fmt.Sprintf(`{"traceId":"1","id":"%x"}`, i+1) },
		"orphans":      func(i int) string { return fmt.Sprintf(`{"traceId":"1","id":"%x","parentId":"%x"}`, i+1, i+1<<40) },
		"one tag":      func(i int) string { return fmt.Sprintf(`{"traceId":"1","id":"%x","tags":{"k":""}}`, i+1) },
		"twenty tags": func(i int) string {
			var b strings.Builder
			for k := range 20 {
				fmt.Fprintf(&b, `"%d":"",`, k)
			}
			return fmt.Sprintf(`{"traceId":"1","id":"%x","tags":{%s}}`, i+1, strings.TrimSuffix(b.String(), ","))
		},
		"annotations": func(i int) string {
			return fmt.Sprintf(`{"traceId":"1","id":"%x","annotations":[%s{"timestamp":1,"value":"a"}]}`, i+1, strings.Repeat(`{"timestamp":1,"value":"a"},`, 32))
		},
		"endpoints": func(i int) string {
			return fmt.Sprintf(`{"traceId":"1","id":"%x","localEndpoint":{"serviceName":"a"},"remoteEndpoint":{"serviceName":"b"}}`, i+1)
		},
		"as exporters send": func(i int) string {
			return strings.ReplaceAll(strings.Trim(wholeSpan, "[]"), "352bff9a74ca9ad2", fmt.Sprintf("%x", i+1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStore(limit, true)
			before := heap()
			for i := 0; st.read().Evicted+st.read().Dropped == 0; i += 100 {
				var b strings.Builder
				for k := range 100 {
					b.WriteString("," + body(i+k))
				}
				spans, err := decode([]byte("["+b.String()[1:]+"]"), false, limit)
				require.NoError(t, err)
				st.add(spans)
			}
			grown := heap() - before
			t.Logf("%s: %d spans, %.2f bytes of heap for each counted", name, st.read().Spans, float64(grown)/float64(st.read().Bytes))
			assert.Less(t, float64(grown), float64(st.read().Bytes))
			runtime.KeepAlive(st)
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestCountersAddUpUnderConcurrentUse(t *testing.T) {
	st := newStore(100_000, true)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 300 {
				st.add(append(one(w*1000+i, "name"), one(i, "shared by all")...))
				st.trace("0000000000000001")
				for _, spans := range st.all() {
					_ = spans[len(spans)-1].Name
				}
				due, _ := st.due(time.Now(), 0, 0, i%2 == 0)
				for _, p := range due {
					_ = waterfall(p, 80, maxRows, false)
				}
			}
		})
	}
	wg.Wait()
	got := st.read()
	assert.LessOrEqual(t, got.Bytes, got.MaxBytes)
	assert.Equal(t, got.Received, uint64(got.Spans)+got.Duplicates+got.Evicted+got.Dropped)
	var traces, spans int
	for _, s := range st.all() {
		traces++
		spans += len(s)
	}
	assert.Equal(t, got.Traces, traces)
	assert.Equal(t, got.Spans, spans)
}
