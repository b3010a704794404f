// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestOpenTelemetrysMetricsAreStatsDLines(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"shop.orders:3|c|#country:se", "shop.http.server.request.duration"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		if name, rest, ok := strings.Cut(strings.TrimSpace(line), ":"); !ok || !strings.HasPrefix(name, "shop.") || !strings.Contains(rest, "|") {
			t.Errorf("not a line of StatsD: %q", line)
		}
	}
}
