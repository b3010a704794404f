// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
)

func TestTheSameIDsAreInTheLineAndInTheRecord(t *testing.T) {
	var terminal, exported strings.Builder
	if err := run(t.Context(), &terminal, &exported); err != nil {
		t.Fatal(err)
	}
	ids := regexp.MustCompile(`trace_id=([0-9a-f]{32}) span_id=([0-9a-f]{16})`).FindAllStringSubmatch(terminal.String(), -1)
	if len(ids) != 2 || ids[0][0] != ids[1][0] {
		t.Fatalf("lines are:\n%s", terminal.String())
	}
	type record struct {
		Severity        int
		Body            struct{ Value string }
		TraceID, SpanID string
		Attributes      []struct{ Key string }
	}
	var records []record
	for d := json.NewDecoder(strings.NewReader(exported.String())); ; {
		var r record
		if err := d.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v: %s", err, exported.String())
		}
		records = append(records, r)
	}
	if len(records) != 2 {
		t.Fatalf("%d records: %s", len(records), exported.String())
	}
	for i, want := range []record{{Severity: 9, Body: struct{ Value string }{"priced"}}, {Severity: 17, Body: struct{ Value string }{"no receipt"}}} {
		if r := records[i]; r.Severity != want.Severity || r.Body != want.Body || r.TraceID != ids[0][1] || r.SpanID != ids[0][2] {
			t.Errorf("record is %+v, want %+v of %s", r, want, ids[0][0])
		}
	}
}
