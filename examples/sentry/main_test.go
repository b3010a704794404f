// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// locked is written to by Sentry's transport and by the service.
type locked struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func TestErrorsAndPanicsArriveWithTheirTrace(t *testing.T) {
	var out, arrived locked
	sentry := httptest.NewServer(ingest(&arrived))
	defer sentry.Close()
	if err := run(t.Context(), &out, dsnOf(sentry.URL)); err != nil {
		t.Fatal(err)
	}
	got := arrived.text.String()
	if n := strings.Count(got, "sentry:"); n != 2 {
		t.Errorf("%d events arrived, want 2:\n%s", n, got)
	}
	failed := regexp.MustCompile(`sentry: error order failed \(.*no such item\) trace_id=([0-9a-f]{32})\n`).FindStringSubmatch(got)
	if failed == nil || !strings.Contains(out.text.String(), `msg="order failed" trace_id=`+failed[1]) {
		t.Errorf("the error did not arrive with the trace id of its line:\n%s\n%s", got, out.text.String())
	}
	if !regexp.MustCompile(`sentry: fatal .*no shelf 14.* trace_id=[0-9a-f]{32}\n`).MatchString(got) {
		t.Errorf("the panic did not arrive:\n%s", got)
	}
}
