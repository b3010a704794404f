// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// setupRecipe installs a Telemetry that sends to a collector of the test's
// own. Arrived shuts it down and returns what has been delivered by then.
func setupRecipe(t *testing.T, opts ...instrument.Option) (arrived func() []instrumenttest.ZipkinSpan) {
	t.Helper()
	c := instrumenttest.NewCollector(t)
	opts = append([]instrument.Option{
		instrument.WithoutEnvironment(),
		instrument.WithService("shop", "1.0"),
		instrument.WithZipkin(c.URL),
		instrument.WithLogger(slog.New(slog.DiscardHandler)),
	}, opts...)
	shutdown, err := instrument.Setup(context.Background(), opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = shutdown(context.Background()) })
	return func() []instrumenttest.ZipkinSpan {
		t.Helper()
		require.NoError(t, shutdown(context.Background()))
		return c.Spans()
	}
}

// arrivedSpan returns the one span of that name and kind; Zipkin's names have
// no case.
func arrivedSpan(t *testing.T, spans []instrumenttest.ZipkinSpan, kind, name string) instrumenttest.ZipkinSpan {
	t.Helper()
	var found []instrumenttest.ZipkinSpan
	for _, s := range spans {
		if s.Kind == kind && strings.EqualFold(s.Name, name) {
			found = append(found, s)
		}
	}
	require.Len(t, found, 1, "%s %q among %v", kind, name, spans)
	return found[0]
}

// requireChain asserts that each span is the child of the one before it, the
// first a root, and that nothing else has arrived.
func requireChain(t *testing.T, arrived []instrumenttest.ZipkinSpan, chain ...instrumenttest.ZipkinSpan) {
	t.Helper()
	require.Len(t, arrived, len(chain), "%v", arrived)
	require.Empty(t, chain[0].ParentID, "%s is a root", chain[0].Name)
	for i, s := range chain[1:] {
		require.Equal(t, chain[0].TraceID, s.TraceID, "trace of %s", s.Name)
		require.Equal(t, chain[i].ID, s.ParentID, "parent of %s", s.Name)
	}
}

// The code of docs/recipes.md is the code that the tests here run.
func TestRecipesInTheDocsAreTheTestedOnes(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "recipes.md"))
	require.NoError(t, err)
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	example, err := filepath.Glob(filepath.Join("..", "..", "examples", "opentracing", "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, example)
	var tested strings.Builder
	for _, name := range append(files, example...) {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		tested.WriteString(unindent(string(source)))
	}
	recipes := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.GreaterOrEqual(t, len(recipes), 7)
	for _, recipe := range recipes {
		if !strings.Contains(tested.String(), unindent(recipe[1])) {
			t.Errorf("docs/recipes.md shows code that no test here runs:\n%s", recipe[1])
		}
	}
}

// unindent takes the space in front of each line away.
func unindent(text string) string {
	return regexp.MustCompile(`(?m)^[ \t\r]+|\r`).ReplaceAllString(text, "")
}
