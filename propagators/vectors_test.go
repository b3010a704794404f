// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// b3Vector is one case of testdata/b3.json.
type b3Vector struct {
	Name    string
	Headers [][2]string
	Expect  struct {
		IDs       bool
		TraceID   string `json:"trace_id"`
		SpanID    string `json:"span_id"`
		Sampling  string
		Unchanged bool `json:"context_must_be_unchanged"`
	}
}

// xtraceVector is one case of testdata/xtraceinfo.json.
type xtraceVector struct {
	Name     string
	Format   string
	Headers  [][2]string
	Keys     []string `json:"hmac_keys"`
	Allow    bool     `json:"allow_unsigned_tomograph"`
	Accepted bool
	TraceID  string `json:"trace_id"`
	SpanID   string `json:"span_id"`
}

func readVectors(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, into))
}

func b3Vectors(t *testing.T) []b3Vector {
	t.Helper()
	var file struct{ Extract []b3Vector }
	readVectors(t, "testdata/b3.json", &file)
	require.NotEmpty(t, file.Extract)
	return file.Extract
}

func xtraceVectors(t *testing.T) []xtraceVector {
	t.Helper()
	var file struct{ Vectors []xtraceVector }
	readVectors(t, "testdata/xtraceinfo.json", &file)
	require.NotEmpty(t, file.Vectors)
	return file.Vectors
}
