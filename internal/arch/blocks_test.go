// SPDX-License-Identifier: Apache-2.0

package arch_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chosen says which package a name means in a document where several have it,
// and how others are called by custom; none is for names that mean something
// else there.
var chosen = map[string]string{
	"trace": "go.opentelemetry.io/otel/trace", "metric": "go.opentelemetry.io/otel/metric", "log": "log",
	"sdktrace": "go.opentelemetry.io/otel/sdk/trace", "sdkmetric": "go.opentelemetry.io/otel/sdk/metric", "sdklog": "go.opentelemetry.io/otel/sdk/log",
	"http": "net/http", "url": "net/url", "exec": "os/exec", "rand": "math/rand/v2", "context": "context", "errors": "errors", "json": "encoding/json",
	"user": "", "runtime": "",
}

// alsoStandard is what documents use and the module does not.
var alsoStandard = []string{"os/signal", "testing", "flag", "log", "net/http/httptest", "expvar", "os/exec", "database/sql/driver"}

// unimportant is wrong in a piece of code that would be right in its place:
// what it uses and does not define is a matter of the text around it. What it
// selects from a package, a type or a value that is known must be there, and
// fit.
var unimportant = []*regexp.Regexp{
	regexp.MustCompile(`^undefined: \w+$`),
	regexp.MustCompile(`^declared and not used: `),
	regexp.MustCompile(`imported and not used`),
	regexp.MustCompile(`^missing return$`),
	regexp.MustCompile(`^no new variables on left side of :=$`),
	regexp.MustCompile(`return values?\n`),
	regexp.MustCompile(`^result parameter \w+ not in scope at return$`),
	regexp.MustCompile(` is not used$`),
	regexp.MustCompile(`redeclared in this block`),
	regexp.MustCompile(`^missing return`),
}

// packages knows what a document may speak of: ours, what ours are built on,
// and the standard library's.
type packages struct {
	byName map[string]string
	types  types.Importer
	fset   *token.FileSet
}

func newPackages(t *testing.T) *packages {
	t.Helper()
	args := append([]string{"list", "-export", "-deps", "-json=ImportPath,Name,Export,Standard", "./..."}, alsoStandard...)
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	exports, names := map[string]string{}, map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Name, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		if p.Export == "" || strings.Contains("/"+p.ImportPath+"/", "/internal/") || strings.HasPrefix(p.ImportPath, "vendor/") {
			if p.Export != "" {
				exports[p.ImportPath] = p.Export
			}
			continue
		}
		exports[p.ImportPath] = p.Export
		names[p.Name] = append(names[p.Name], p.ImportPath)
	}
	p := &packages{byName: map[string]string{}, fset: token.NewFileSet()}
	for name, paths := range names {
		ours := slices.IndexFunc(paths, func(path string) bool { return strings.HasPrefix(path, module) })
		switch {
		case slices.Contains(slices.Collect(maps.Keys(chosen)), name):
		case ours >= 0:
			p.byName[name] = paths[ours]
		case len(paths) == 1:
			p.byName[name] = paths[0]
		}
	}
	for name, path := range chosen {
		p.byName[name] = path
	}
	p.types = importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		file, ok := exports[path]
		if !ok {
			return nil, fmt.Errorf("no package %s", path)
		}
		return os.Open(file)
	})
	return p
}

var selector = regexp.MustCompile(`\b([a-z]\w*)\.[A-Z]`)

// check returns what is wrong with a block.
func (p *packages) check(block string) []string {
	block = strings.ReplaceAll(block, "…", "")
	pieces, err := inPieces(p.fset, block)
	if err != nil {
		return []string{err.Error()}
	}
	var b strings.Builder
	b.WriteString("package p\n")
	if !strings.Contains(block, "\nimport ") && !strings.HasPrefix(block, "import ") {
		imported := map[string]bool{}
		for _, m := range selector.FindAllStringSubmatch(block, -1) {
			if path := p.byName[m[1]]; path != "" && !imported[m[1]] {
				imported[m[1]] = true
				fmt.Fprintf(&b, "import %s %q\n", m[1], path)
			}
		}
	}
	for _, piece := range pieces {
		b.WriteString(piece)
	}
	file, err := parser.ParseFile(p.fset, "", b.String(), 0)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	config := types.Config{Importer: p.types, Error: func(err error) {
		text := err.Error()
		var e types.Error
		if errors.As(err, &e) {
			text = e.Msg
		}
		if !slices.ContainsFunc(unimportant, func(r *regexp.Regexp) bool { return r.MatchString(text) }) {
			wrong = append(wrong, text)
		}
	}}
	_, _ = config.Check("p", p.fset, []*ast.File{file}, nil)
	return wrong
}

// inPieces returns the block as declarations: what is not one, between blank
// lines, becomes the body of a function.
func inPieces(fset *token.FileSet, block string) (pieces []string, err error) {
	asFile := func(text string) (string, error) {
		_, err := parser.ParseFile(fset, "", "package p\n"+text, parser.SkipObjectResolution)
		return text + "\n", err
	}
	asBody := func(text string) (string, error) {
		body := "func _() (err error) {\n" + text + "\n}\n"
		_, err := parser.ParseFile(fset, "", "package p\n"+body, parser.SkipObjectResolution)
		return body, err
	}
	paragraphs := strings.Split(block, "\n\n")
	for from := 0; from < len(paragraphs); {
		found := false
		for to := len(paragraphs); to > from && !found; to-- {
			text := strings.Join(paragraphs[from:to], "\n\n")
			for _, as := range []func(string) (string, error){asFile, asBody} {
				piece, wrong := as(text)
				if wrong == nil {
					pieces, from, found = append(pieces, piece), to, true
					break
				}
				err = wrong
			}
		}
		if !found {
			return nil, err
		}
	}
	return pieces, nil
}

// TestPiecesOfCodeInDocumentsFit type-checks every Go block that is not a
// whole file, as far as it can be without what the text around it defines.
// Blocks that show a change, each line with its sign, are no Go.
func TestPiecesOfCodeInDocumentsFit(t *testing.T) {
	known := newPackages(t)
	for block, want := range map[string]string{
		"viewer.NoSuch()":                     "undefined: viewer.NoSuch",
		"viewer.Start(1)":                     "cannot use 1 (untyped int constant) as string value in argument to viewer.Start",
		"v, err := viewer.Start(\"\")\nv.X()": "v.X undefined (type *viewer.Viewer has no field or method X)",
		"instrument.Setup(ctx,":               "expected",
	} {
		wrong := known.check(block)
		if assert.Len(t, wrong, 1, block) {
			assert.Contains(t, wrong[0], want)
		}
	}
	pages := documents(t)
	more, err := filepath.Glob("../../examples/*/README.md")
	require.NoError(t, err)
	checked := 0
	for _, page := range append(pages, more...) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for i, block := range goBlock.FindAllStringSubmatch(string(text), -1) {
			code := block[1]
			if strings.HasPrefix(code, "package ") || strings.HasPrefix(code, "-\t") || strings.HasPrefix(code, "+\t") {
				continue
			}
			checked++
			assert.Empty(t, known.check(code), "%s, block %d:\n%s", page, i+1, code)
		}
	}
	assert.Greater(t, checked, 30)
}
