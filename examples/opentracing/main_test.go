// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// TestMain takes the telemetry variables of the developer's shell away.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

func TestExampleIsOneTrace(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, c.URL))
	assert.Equal(t, "12 left\n", out.String())
	spans := c.Spans()
	requireChain(t, spans,
		one(t, spans, "CLIENT", "GET"),
		one(t, spans, "SERVER", "GET /orders/{item}"),
		one(t, spans, "", "price order"),
		one(t, spans, "CLIENT", "read stock"),
		one(t, spans, "SERVER", "get stock"),
		one(t, spans, "", "look at shelf"))
	assert.Equal(t, "1", one(t, spans, "CLIENT", "read stock").Tags["item"])
	logged := one(t, spans, "", "look at shelf").Annotations
	require.Len(t, logged, 1)
	assert.Contains(t, logged[0].Value, "cache miss")
}
