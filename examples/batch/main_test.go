// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waymark-otel/waymark/examples/internal/outline"
	"github.com/waymark-otel/waymark/instrument/viewer"
)

// counted asks the viewer for the sum of a counter.
func counted(t *testing.T, v *viewer.Viewer, name string) float64 {
	resp, err := http.Get(v.URL() + "/api/viewer/statsd")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var said struct {
		Series []struct {
			Name string
			Sum  float64
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	for _, s := range said.Series {
		if s.Name == name {
			return s.Sum
		}
	}
	return 0
}

// half cancels when half of a file is done.
type half struct {
	strings.Builder
	cancel func()
}

func (h *half) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "half of it is done") {
		h.cancel()
	}
	return h.Builder.Write(p)
}

func TestAJobTellsHowItWent(t *testing.T) {
	ending, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, tc := range map[string]struct {
		ctx     context.Context
		files   []string
		err     string
		want    string
		records float64
	}{
		"done":        {t.Context(), nil, "", "import import\n  import import file\n  import import file\n", 200},
		"failed":      {t.Context(), []string{"monday", "broken"}, "broken: line 1 is not a record", "import import !\n  import import file\n  import import file !\n", 100},
		"told to end": {ending, []string{"monday"}, "monday: context canceled", "import import\n  import import file\n", 51},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := viewer.Start("127.0.0.1:0", viewer.WithStatsD("127.0.0.1:0"))
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			out := half{cancel: func() {}}
			if tc.ctx == ending {
				out.cancel = cancel
			}
			err = run(tc.ctx, &out, v.SpansURL(), v.StatsDAddr(), tc.files)
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || err.Error() != tc.err) {
				t.Errorf("error is %v, want %q", err, tc.err)
			}
			if got := outline.All(v); len(got) != 1 || got[0] != tc.want {
				t.Errorf("arrived:\n%s\nwant:\n%s", strings.Join(got, "\n"), tc.want)
			}
			for end := time.Now().Add(5 * time.Second); counted(t, v, "import.records") != tc.records; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%v records counted, want %v", counted(t, v, "import.records"), tc.records)
				}
			}
		})
	}
}
