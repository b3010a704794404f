// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// screen is a terminal that can be read while it is written to.
type screen struct {
	mu     sync.Mutex
	text   bytes.Buffer
	writes int
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.text.Write(p)
}

// take returns what was written since it was called last.
func (s *screen) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.text.Reset()
	return s.text.String()
}

// inBubble runs f with fake time; each pass of time is followed by stillness.
func inBubble(t *testing.T, f func(v *Viewer, s *screen, pass func(time.Duration)), opts ...Option) {
	synctest.Test(t, func(t *testing.T) {
		s := &screen{}
		v := quietViewer(t, append([]Option{WithOutput(s), WithQuietTime(time.Second), WithWidth(80)}, opts...)...)
		f(v, s, func(d time.Duration) { time.Sleep(d); synctest.Wait() })
		require.NoError(t, v.Close())
	})
}

var (
	parent = span(1, 0, "a", "parent", 0, ms)
	child  = span(2, 1, "a", "child", 0, ms)
	leaf   = span(3, 2, "a", "leaf", 0, ms)
)

func TestACompleteTraceIsPrintedWhenQuiet(t *testing.T) {
	inBubble(t, func(v *Viewer, s *screen, pass func(time.Duration)) {
		v.store.add([]Span{child})
		pass(900 * ms)
		v.store.add([]Span{parent})
		pass(900 * ms)
		v.store.add([]Span{leaf})
		pass(999 * ms)
		assert.Empty(t, s.take(), "each span makes it wait again")
		pass(ms)
		got := s.take()
		assert.True(t, strings.HasPrefix(got, "trace 4e3e0ec6293840b1850409eb1d4b0dee, 3 spans, 1 service, 1.00ms\na  parent  "), got)
		assert.True(t, strings.HasSuffix(got, "ms\n\n"), "an empty line stands between traces")
		pass(time.Hour)
		assert.Empty(t, s.take(), "once")
		assert.Equal(t, 1, s.writes)
	})
}

func TestATraceWithoutRootIsPrintedWhenPatienceEnds(t *testing.T) {
	inBubble(t, func(v *Viewer, s *screen, pass func(time.Duration)) {
		v.store.add([]Span{child})
		pass(20*time.Second - ms)
		assert.Empty(t, s.take())
		pass(ms)
		assert.Contains(t, s.take(), ", 1 span, 1 service, 1.00ms, no root yet\n  1 missing parent\n")
	})
}

func TestOthersArePrintedWhileOneWaits(t *testing.T) {
	inBubble(t, func(v *Viewer, s *screen, pass func(time.Duration)) {
		v.store.add([]Span{child})
		pass(5 * time.Second)
		v.store.add(one(7, "other"))
		pass(time.Second)
		got := s.take()
		assert.Contains(t, got, "trace 0000000000000008, 1 span")
		assert.NotContains(t, got, "child")
		v.store.add([]Span{parent})
		pass(time.Second)
		assert.Contains(t, s.take(), "child")
	})
}

func TestLateSpansPrintTheTraceAgain(t *testing.T) {
	inBubble(t, func(v *Viewer, s *screen, pass func(time.Duration)) {
		v.store.add([]Span{parent, child})
		pass(time.Second)
		assert.NotContains(t, s.take(), "late")
		v.store.add([]Span{leaf, child})
		pass(time.Second)
		got := s.take()
		assert.Contains(t, got, ", 3 spans, 1 service, 1.00ms, 1 late span\n")
		assert.Contains(t, got, "leaf")
		v.store.add([]Span{leaf})
		pass(time.Minute)
		assert.Empty(t, s.take(), "what is here already is not news")
	})
}

func TestWhatWaitsIsPrintedAtTheEnd(t *testing.T) {
	s := &screen{}
	synctest.Test(t, func(t *testing.T) {
		v := quietViewer(t, WithOutput(s))
		v.store.add([]Span{child})
		for n := range 100 {
			v.store.add(one(n, "many"))
		}
		require.NoError(t, v.Close())
		require.NoError(t, v.Close(), "a second time does nothing")
	})
	got := s.take()
	assert.Equal(t, 101, strings.Count(got, "trace "))
	assert.Contains(t, got, "no root yet")
}

func TestAWriterThatFailsStopsNothing(t *testing.T) {
	inBubble(t, func(v *Viewer, _ *screen, pass func(time.Duration)) {
		v.store.add([]Span{parent})
		pass(time.Second)
		v.store.add(one(1, "next"))
		pass(time.Second)
		assert.Equal(t, 2, v.Stats().Traces)
	}, WithOutput(failingWriter{}))
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("gone") }

// stuckWriter is a terminal on which somebody pressed Ctrl-S.
type stuckWriter struct{ until chan struct{} }

func (w stuckWriter) Write(p []byte) (int, error) {
	<-w.until
	return len(p), nil
}

func TestAStuckTerminalHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := stuckWriter{make(chan struct{})}
		v := quietViewer(t, WithOutput(w), WithMaxBytes(100_000))
		for n := range 1000 {
			v.store.add(one(n, "n"))
			time.Sleep(10 * ms)
		}
		assert.EqualValues(t, 1000, v.Stats().Received)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		assert.ErrorIs(t, v.Shutdown(ctx), context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(begun))
		close(w.until) // its goroutine ends now, or the bubble fails
	})
}

func TestColumnsAndNoColorAreObeyed(t *testing.T) {
	for name, tc := range map[string]struct {
		columns string
		opts    []Option
		want    int
	}{
		"nothing said":      {"", nil, 80},
		"COLUMNS":           {"120", nil, 120},
		"COLUMNS is odd":    {"wide", nil, 80},
		"COLUMNS is less":   {"-5", nil, 80},
		"an option wins":    {"120", []Option{WithWidth(100)}, 100},
		"no option at zero": {"120", []Option{WithWidth(0)}, 120},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("COLUMNS", tc.columns)
			s := &screen{}
			v := quietViewer(t, append(tc.opts, WithOutput(s))...)
			v.store.add([]Span{parent})
			require.NoError(t, v.Close())
			line := []rune(strings.Split(s.take(), "\n")[1])
			assert.Len(t, line, tc.want)
		})
	}
	for name, tc := range map[string]struct {
		noColor string
		opts    []Option
		want    bool
	}{
		"not a terminal": {"", nil, false},
		"on by option":   {"", []Option{WithColor(true)}, true},
		"an option wins": {"1", []Option{WithColor(true)}, true},
		"off by option":  {"", []Option{WithColor(false)}, false},
		"NO_COLOR":       {"1", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NO_COLOR", tc.noColor)
			s := &screen{}
			v := quietViewer(t, append(tc.opts, WithOutput(s))...)
			v.store.add([]Span{parent})
			require.NoError(t, v.Close())
			assert.Equal(t, tc.want, strings.Contains(s.take(), "\x1b"))
		})
	}
}
