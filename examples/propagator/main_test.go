// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/viewer"
)

const callers = "4e3e0ec6293840b1850409eb1d4b0dee"

func TestTheEnvironmentChoosesByName(t *testing.T) {
	for list, want := range map[string]struct {
		headers   []string
		continued bool
	}{
		"acme,tracecontext": {[]string{"X-Acme-Trace: ", "traceparent: "}, true},
		"acme":              {[]string{"X-Acme-Trace: "}, true},
		"tracecontext":      {[]string{"traceparent: ", "tracestate: "}, false},
	} {
		t.Run(list, func(t *testing.T) {
			t.Setenv("OTEL_PROPAGATORS", list)
			v, err := viewer.Start("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			var out strings.Builder
			if err := run(t.Context(), &out, v.SpansURL()); err != nil {
				t.Fatal(err)
			}
			for _, header := range want.headers {
				if !strings.Contains(strings.ToLower(out.String()), strings.ToLower(header)) {
					t.Errorf("%s is not sent: %q", header, out.String())
				}
			}
			if n := strings.Count(out.String(), "\n"); n != len(want.headers) {
				t.Errorf("%d headers are sent: %q", n, out.String())
			}
			if _, ok := v.Trace(callers); ok != want.continued {
				t.Errorf("the caller's trace is continued: %t", ok)
			}
		})
	}
}

func TestWhatIsMalformedIsNobody(t *testing.T) {
	for _, header := range []string{"", "/", callers, callers + "/", callers + "/8c00f6daa2bc32f", callers + "/8c00f6daa2bc32fx", strings.Repeat("0", 32) + "/" + strings.Repeat("0", 16), callers + "/8c00f6daa2bc32f1/1"} {
		ctx := acme{}.Extract(t.Context(), propagation.MapCarrier{acmeHeader: header})
		if trace.SpanContextFromContext(ctx).IsValid() {
			t.Errorf("%q is taken for a span", header)
		}
	}
}
