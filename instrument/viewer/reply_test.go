// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reader is a caller who notes how much he gets, and may leave early.
type reader struct {
	header         http.Header
	total, longest int
	leaves         bool
}

func (r *reader) Header() http.Header { return r.header }
func (r *reader) WriteHeader(int)     {}
func (r *reader) Write(p []byte) (int, error) {
	if r.leaves && r.total > 0 {
		return 0, io.ErrClosedPipe
	}
	r.total += len(p)
	r.longest = max(r.longest, len(p))
	return len(p), nil
}

// TestAnAnswerIsNeverInMemoryAsAWhole asks for all that is held, in the
// character that JSON makes most of.
func TestAnAnswerIsNeverInMemoryAsAWhole(t *testing.T) {
	const traces, each = 100, 64 << 10
	v := quietViewer(t)
	for i := range traces {
		strange := strings.Repeat("<", each) + fmt.Sprint(i)
		body := fmt.Sprintf(`[{"traceId":"%x","id":"1","kind":"CLIENT","name":"%[2]s","localEndpoint":{"serviceName":"s"},"remoteEndpoint":{"serviceName":"%[2]s"}}]`, i+1, strange)
		require.Equal(t, http.StatusAccepted, ask(v, "POST", "/api/v2/spans", body).Code)
	}
	for _, target := range []string{"/api/v2/traces?limit=1000000", "/api/v2/spans?serviceName=s", "/api/v2/remoteServices?serviceName=s", "/api/v2/dependencies"} {
		t.Run(target, func(t *testing.T) {
			stays := &reader{header: http.Header{}}
			v.Handler().ServeHTTP(stays, httptest.NewRequest("GET", target, nil))
			assert.Greater(t, stays.total, traces*each*6)
			assert.Less(t, stays.longest, each*13, "bytes written at a time")

			leaves := &reader{header: http.Header{}, leaves: true}
			v.Handler().ServeHTTP(leaves, httptest.NewRequest("GET", target, nil))
			assert.Less(t, leaves.total, each*13, "nothing more is made for a caller who has left")
		})
	}
}
