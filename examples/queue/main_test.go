// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/waymark-otel/waymark/examples/internal/outline"
	"github.com/waymark-otel/waymark/instrument/viewer"
)

func TestTheWorkerContinuesTheTrace(t *testing.T) {
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var out strings.Builder
	if err := run(t.Context(), &out, v.SpansURL()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"orders process orders consumer\n", // its token could not be read
		"orders take order\n  orders send orders producer\n    orders process orders consumer\n",
		"orders take order\n  orders send orders producer\n    orders process orders consumer !\n",
	}
	if got := strings.Join(outline.All(v), "\n"); got != strings.Join(want, "\n") {
		t.Errorf("arrived:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	for _, line := range []string{`msg=shipped`, `msg="out of stock"`} {
		at := strings.Index(out.String(), line)
		if at < 0 || !strings.Contains(out.String()[at:], "correlation_id=order-") {
			t.Errorf("%s has no correlation id: %s", line, out.String())
		}
	}
	if !strings.Contains(out.String(), `level=WARN msg="order without its trace"`) {
		t.Errorf("the malformed token is not reported: %s", out.String())
	}
}
