// SPDX-License-Identifier: Apache-2.0

package arch_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var commandOf = regexp.MustCompile(`^(?:cd (\S+) && )?((?:[A-Z_]+=\S+ )*)(go (?:run|test|get|build|install) .*|cd \S+|\.ci/run.*)$`)

// byHand are the commands that CI does not run as they stand, with the reason.
// All others are run, and must end as the document says.
var byHand = map[string]string{
	"go test ./...": "the first step of .ci/run, and this test is in it",
	"go test -run '^$' -bench . -benchmem ./internal/benchmarks":              "takes minutes; each benchmark is compiled",
	"go test -bench Zipkin -benchmem -run '^$' ./internal/benchmarks":         "takes minutes; each benchmark is compiled",
	"WAYMARK_LOAD=5s go test -v -run ZipkinUnderLoad ./internal/benchmarks":   "a measurement",
	"cd internal/interop && GOWORK=off go test -count=1 -timeout 40m":         "the last step of .ci/run",
	"go run ./examples/quickstart":                                            "stays; its test stays and ends it",
	"go run ./examples/kubernetes":                                            "stays; its test ends it with a signal",
	"go run ./examples/clientserver server":                                   "stays; its test ends it with a signal",
	"go run ./examples/clientserver client -item 7":                           "needs the server; its test has both",
	"go run ./examples/clientserver client -item 13":                          "needs the server; its test has both",
	"SENTRY_DSN=https://key@sentry.example/1 go run ./examples/sentry":        "nobody is there",
	"go get github.com/waymark-otel/waymark/instrument/otlp":                  "what it gets is here already",
	"go test -run '^$' -bench SpanOnTheWire -benchtime 20x ./instrument/otlp": "a measurement; each benchmark is compiled",
	"cd examples/opentracing":                                                 "what follows is run in the folder by .ci/run",
	"GOWORK=off go run .":                                                     "in another folder, by .ci/run",
	"GOWORK=off go test .":                                                    "in another folder, by .ci/run",
}

type command struct {
	page, line, folder, env, words string
	fails                          bool
}

// commands returns what stands in blocks of shell, without its comment.
func commands(t *testing.T) (out []command) {
	t.Helper()
	pages := documents(t)
	more, err := filepath.Glob("../../examples/*/README.md")
	require.NoError(t, err)
	for _, page := range append(pages, more...) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		inside, shell := false, false
		for line := range strings.Lines(string(text)) {
			if language, fence := strings.CutPrefix(strings.TrimSpace(line), "```"); fence {
				inside = !inside
				shell = inside && (language == "" || language == "sh" || language == "bash")
				continue
			}
			line, comment, _ := strings.Cut(strings.TrimSpace(line), " #")
			line = strings.TrimSpace(line)
			if m := commandOf.FindStringSubmatch(line); m != nil && shell {
				out = append(out, command{page: page, line: line, folder: m[1], env: m[2], words: m[3], fails: strings.Contains(comment, "exits with 1")})
			}
		}
	}
	return out
}

// TestCommandsInDocumentsRun looks that each one names what exists, and runs
// those that end by themselves where CI asks for it: they compile much that
// the rest of this module does not.
func TestCommandsInDocumentsRun(t *testing.T) {
	all := commands(t)
	seen := map[string]bool{}
	for _, c := range all {
		if seen[c.line] {
			continue
		}
		seen[c.line] = true
		t.Run(c.line, func(t *testing.T) {
			words := strings.Fields(c.words)
			for _, word := range append(words, c.folder) {
				if dir := strings.TrimSuffix(word, "/..."); strings.HasPrefix(word, "./") || word == c.folder && word != "" {
					_, err := os.Stat(filepath.Join("../..", dir))
					assert.NoError(t, err, c.page)
				}
			}
			for i, word := range words {
				if strings.HasPrefix(word, "./examples/") {
					tests, _ := filepath.Glob(filepath.Join("../..", word, "*_test.go"))
					assert.NotEmpty(t, tests, "%s has no test", word)
					sources := folder(t, word)
					for _, flag := range words[i+1:] {
						if name, ok := strings.CutPrefix(flag, "-"); ok {
							assert.Contains(t, sources, `("`+name+`", `, "%s has no flag %s", word, flag)
						}
					}
				}
			}
			if reason, ok := byHand[c.line]; ok {
				t.Logf("not run here: %s", reason)
				return
			}
			require.Regexp(t, `^go run \./examples/`, c.words, "neither run nor in the table of those that are not")
			if os.Getenv("CI") != "true" || os.Getenv("GOWORK") == "off" {
				t.Skip("run in CI, with the workspace")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, words[0], words[1:]...)
			cmd.Dir = "../.."
			cmd.Env = append(os.Environ(), strings.Fields(c.env)...)
			out, err := cmd.CombinedOutput()
			if c.fails {
				var exit *exec.ExitError
				assert.ErrorAs(t, err, &exit, "%s", out)
			} else {
				assert.NoError(t, err, "%s", out)
			}
		})
	}
	assert.Greater(t, len(seen), 15)
	for line := range byHand {
		assert.True(t, seen[line], "%s is in no document any more", line)
	}
}

// folder returns the Go sources of a folder.
func folder(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", dir, "*.go"))
	require.NoError(t, err)
	var b strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		b.Write(text)
	}
	return b.String()
}
