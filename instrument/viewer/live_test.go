// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// followed returns the messages that a page gets, until the stream ends.
func followed(t *testing.T, v *Viewer) <-chan change {
	t.Helper()
	resp, err := http.Get(v.URL() + "/api/viewer/live")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	out := make(chan change, 1000)
	go func() {
		defer close(out)
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var c change
				if json.Unmarshal([]byte(data), &c) == nil {
					out <- c
				}
			}
		}
	}()
	t.Cleanup(func() { resp.Body.Close() })
	return out
}

func next(t *testing.T, from <-chan change) change {
	t.Helper()
	select {
	case c, ok := <-from:
		require.True(t, ok, "the stream has ended")
		slices.Sort(c.Traces)
		return c
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was told")
		return change{}
	}
}

func TestAPageIsToldWhatChanged(t *testing.T) {
	v := started(t)
	first, second := followed(t, v), followed(t, v)
	resp, err := http.Post(v.SpansURL(), "application/json", strings.NewReader(twoTraces))
	require.NoError(t, err)
	resp.Body.Close()
	for _, page := range []<-chan change{first, second} {
		assert.Equal(t, change{Traces: []string{"000000000000000a", "463ac35c9f6413ad48485a3953bb6124"}}, next(t, page))
	}
	logTo(v).Info("m", "trace_id", "a")
	assert.Equal(t, change{Traces: []string{"000000000000000a"}}, next(t, first))
}

func TestAMessageNamesSoManyTraces(t *testing.T) {
	h := newHub()
	h.changed("nobody listens")
	w := h.join()
	for i := range 3 * maxChanged {
		h.changed(fmt.Sprint(i))
		h.changed("0") // again
	}
	c := h.take(w)
	assert.True(t, c.More)
	assert.Len(t, c.Traces, maxChanged)
	assert.Equal(t, change{Traces: []string{}}, h.take(w))
	h.changed("1")
	assert.Equal(t, change{Traces: []string{"1"}}, h.take(w))
	h.leave(w)
	assert.Zero(t, h.n.Load())
}

func TestAskingForTheHeadDoesNotFollow(t *testing.T) {
	v := started(t)
	client := &http.Client{Timeout: 20 * time.Second}
	for range 2 * maxWatchers {
		resp, err := client.Head(v.URL() + "/api/viewer/live")
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	resp, err := client.Get(v.URL() + "/health") // on the same connection
	require.NoError(t, err)
	resp.Body.Close()
	assert.Zero(t, v.hub.n.Load())
}

func TestPagesThatFollowAreBoundedAndLetGo(t *testing.T) {
	v := started(t)
	var pages []<-chan change
	for range maxWatchers {
		pages = append(pages, followed(t, v))
	}
	code, body := get(t, v.URL()+"/api/viewer/live", "")
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.Equal(t, "viewer: 32 pages follow already\n", body)

	begun := time.Now()
	require.NoError(t, v.Shutdown(t.Context()), "pages that follow hold nobody up")
	assert.Less(t, time.Since(begun), 10*time.Second)
	for _, p := range pages {
		for range p { // until it ends
		}
	}
	assert.Eventually(t, func() bool { return v.hub.n.Load() == 0 }, 10*time.Second, time.Millisecond)
}
