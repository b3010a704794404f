// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxWatchers = 32  // pages that follow at a time
	maxChanged  = 100 // traces named in one message
	livePause   = 250 * time.Millisecond
	liveBeat    = 15 * time.Second // so that either side notices that the other has gone
)

// hub tells pages which traces have changed.
type hub struct {
	n    atomic.Int32 // watchers; nobody is locked when there is none
	stop chan struct{}
	once sync.Once

	mu       sync.Mutex
	watchers map[*watcher]struct{}
}

type watcher struct {
	wake chan struct{} // holds an element when ids is not empty
	ids  map[string]struct{}
	more bool // than are in ids
}

func newHub() *hub {
	return &hub{stop: make(chan struct{}), watchers: make(map[*watcher]struct{})}
}

func (h *hub) close() { h.once.Do(func() { close(h.stop) }) }

func (h *hub) changed(id string) {
	if h.n.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		if len(w.ids) < maxChanged {
			w.ids[id] = struct{}{}
		} else if _, known := w.ids[id]; !known {
			w.more = true
		}
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// join returns nil when enough pages follow already.
func (h *hub) join() *watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.watchers) >= maxWatchers {
		return nil
	}
	w := &watcher{wake: make(chan struct{}, 1), ids: make(map[string]struct{})}
	h.watchers[w] = struct{}{}
	h.n.Add(1)
	return w
}

func (h *hub) leave(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
	h.n.Add(-1)
}

// change is one message: the traces that are not as they were.
type change struct {
	Traces []string `json:"traces"`
	More   bool     `json:"more,omitempty"`
}

func (h *hub) take(w *watcher) change {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := change{Traces: make([]string, 0, len(w.ids)), More: w.more}
	for id := range w.ids {
		c.Traces = append(c.Traces, id)
	}
	clear(w.ids)
	w.more = false
	return c
}

// live sends a server-sent event whenever traces have changed, at most four a
// second, until the page or the viewer goes.
func (a *api) live(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return // there is nothing to follow, and the connection may be used again
	}
	me := a.hub.join()
	if me == nil {
		http.Error(w, fmt.Sprintf("viewer: %d pages follow already", maxWatchers), http.StatusServiceUnavailable)
		return
	}
	defer a.hub.leave(me)
	c := http.NewResponseController(w)
	send := func(text string) bool {
		_ = c.SetWriteDeadline(time.Now().Add(2 * liveBeat)) // where that is possible
		_, err := w.Write([]byte(text))
		return err == nil && c.Flush() == nil
	}
	if !send("retry: 1000\n\n") {
		return
	}
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		text := ":\n\n"
		select {
		case <-r.Context().Done():
			return
		case <-a.hub.stop:
			return
		case <-beat.C:
		case <-me.wake:
			pause.Reset(livePause)
			select {
			case <-pause.C: // what comes together is told together
			case <-r.Context().Done():
				return
			case <-a.hub.stop:
				return
			}
			told, _ := json.Marshal(a.hub.take(me)) // ids and a bool
			text = "data: " + string(told) + "\n\n"
		}
		if !send(text) {
			return
		}
	}
}
