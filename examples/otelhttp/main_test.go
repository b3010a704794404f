// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/waymark-otel/waymark/examples/internal/outline"
	"github.com/waymark-otel/waymark/instrument/viewer"
)

func TestPlainOtelhttpIsOneTrace(t *testing.T) {
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var out strings.Builder
	if err := run(t.Context(), &out, v.SpansURL()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "order 7, trace ") {
		t.Errorf("output is %q", out.String())
	}
	got := outline.All(v)
	want := "shop http get client\n  shop get /orders/{id} server\n    shop price order\n"
	if len(got) != 1 || got[0] != want {
		t.Errorf("arrived:\n%s\nwant:\n%s", strings.Join(got, "\n"), want)
	}
}
