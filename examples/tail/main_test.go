// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"testing"
	"time"

	"github.com/waymark-otel/waymark/examples/internal/outline"
	"github.com/waymark-otel/waymark/instrument/viewer"
)

func TestFailedAndSlowRequestsAreThere(t *testing.T) {
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := run(t.Context(), io.Discard, v.SpansURL(), 3000); err != nil {
		t.Fatal(err)
	}
	failed, slow, rest := 0, 0, 0
	for _, tr := range v.Traces() {
		whole := outline.Of(tr)
		switch {
		case whole == "shop request !\n  shop look up !\n":
			failed++
		case whole != "shop request\n  shop look up\n":
			t.Errorf("not a whole trace:\n%s", whole)
		case tr.Spans[0].Duration.Duration() >= 50*time.Millisecond:
			slow++
		default:
			rest++
		}
	}
	if failed != 2 || slow < 1 {
		t.Errorf("%d failed and %d slow requests arrived, want 2 and 1", failed, slow)
	}
	if rest > 60 { // three are sampled on average; a busy machine adds some that are slow
		t.Errorf("%d others arrived of 3000", rest)
	}
}
