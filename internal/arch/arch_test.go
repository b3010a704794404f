// SPDX-License-Identifier: Apache-2.0

package arch_test

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/waymark-otel/waymark"

// allowed says what each package may import of ours, directly, and why the
// arrow is there. A package that is not in the table fails the test: whoever
// adds one says where it stands.
var allowed = map[string]map[string]string{
	"propagators": {
		"internal/edits":  "names what was likely meant",
		"internal/intent": "B3 says what it heard of sampling",
	},
	"samplers": {
		"internal/edits":  "names what was likely meant",
		"internal/intent": "Forced and ParentBased obey what was heard",
	},
	"internal/intent": {},
	"internal/edits":  {},
	"logbridge": {
		"propagators": "the correlation id in every line",
	},
	"metrics":                   {},
	"metrics/influx":            {},
	"metrics/metricstest":       {"metrics": "a recorder of its lines"},
	"metrics/spanmetrics":       {"metrics": "a span's length is a timer"},
	"metrics/otelmetrics":       {"metrics": "other people's instruments out as StatsD"},
	"internal/providers":        {},
	"sqltrace":                  {"metrics": "statement timers", "internal/providers": "which provider records"},
	"sqltrace/sqltracetest":     {"sqltrace": "the contract as a kit"},
	"instrument/zipkin":         {},
	"instrument/viewer":         {},
	"instrument/instrumenttest": {},
	"instrument/httpwrap": {
		"propagators":        "the owner of the correlation id",
		"metrics":            "per-route timers",
		"internal/intent":    "a public endpoint drops what its caller asked",
		"internal/providers": "which provider records",
	},
	"instrument": {
		"internal/edits":      "names what was likely meant",
		"propagators":         "installs them",
		"samplers":            "installs them",
		"metrics":             "opens the client",
		"metrics/spanmetrics": "installs it",
		"instrument/zipkin":   "installs it",
		"internal/intent":     "Sampled and Unsampled",
	},
}

// forbidden holds for everything a package compiles, also through others.
var forbidden = []struct {
	pkg, prefix, why string
	except           []string
}{
	{"metrics", "go.opentelemetry.io/", "the statsd client is standard library only", nil},
	{"instrument/viewer", "go.opentelemetry.io/", "the collector must not share our encoder's mistakes", nil},
	{"propagators", "go.opentelemetry.io/otel/sdk", "libraries propagate without an SDK", nil},
	{"propagators", "net/http/httputil", "nothing that serves", nil},
	{"logbridge", "go.opentelemetry.io/otel/sdk", "libraries log without an SDK", nil},
	{"sqltrace", "go.opentelemetry.io/otel/sdk", "libraries trace without an SDK", nil},
	{"instrument/httpwrap", "go.opentelemetry.io/otel/sdk", "libraries wrap without an SDK", nil},
	{"...", "google.golang.org/", "no gRPC and no protobuf in the root module", nil},
	{"...", "testing", "test code must not reach a user's binary", []string{"instrument/instrumenttest", "sqltrace/sqltracetest", "metrics/metricstest"}},
	{"...", "github.com/stretchr/", "test code must not reach a user's binary", []string{"instrument/instrumenttest", "sqltrace/sqltracetest", "metrics/metricstest"}},
	{"...", "github.com/kisielk/", "an oracle of tests only", nil},
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImportArrows(t *testing.T) {
	packages := list(t)
	require.NotEmpty(t, packages)
	for _, p := range packages {
		name, ours := strings.CutPrefix(p.ImportPath, module+"/")
		if !ours {
			continue
		}
		arrows, known := allowed[name]
		if name == "internal/arch" {
			continue
		}
		if !assert.True(t, known, "package %s is not in the table of allowed imports", name) {
			continue
		}
		for _, imported := range p.Imports {
			if target, ours := strings.CutPrefix(imported, module+"/"); ours {
				assert.Contains(t, arrows, target, "%s imports %s", name, target)
			}
		}
		for _, rule := range forbidden {
			if rule.pkg != "..." && rule.pkg != name || slices.Contains(rule.except, name) {
				continue
			}
			for _, dep := range p.Deps {
				if dep == rule.prefix || strings.HasPrefix(dep, strings.TrimSuffix(rule.prefix, "/")+"/") {
					t.Errorf("%s compiles %s: %s", name, dep, rule.why)
				}
			}
		}
	}
}

// TestGlobalsAreSetInOneFile keeps process-wide state where it can be seen.
func TestGlobalsAreSetInOneFile(t *testing.T) {
	setters := []string{"otel.SetTracerProvider(", "otel.SetTextMapPropagator(", "otel.SetMeterProvider(", "otel.SetErrorHandler(", "otel.SetLogger(", "otel.SetLoggerProvider(", "global.SetLoggerProvider("}
	found := 0
	eachGoFile(t, func(path string, source string) {
		for _, setter := range setters {
			if strings.Contains(source, setter) {
				found++
				assert.Equal(t, "instrument/setup.go", path, "%s is for Setup alone", setter)
			}
		}
	})
	assert.NotZero(t, found, "the check has lost sight of the file it is about")
}

// TestSemconvHasOneVersion: two versions in one process disagree on names.
func TestSemconvHasOneVersion(t *testing.T) {
	versions := map[string][]string{}
	eachGoFile(t, func(path string, source string) {
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if rest, ok := strings.CutPrefix(imported, "go.opentelemetry.io/otel/semconv/"); ok {
				version, _, _ := strings.Cut(rest, "/")
				versions[version] = append(versions[version], path)
			}
		}
	})
	assert.Len(t, versions, 1, "%v", versions)
}

// TestEveryGoFileNamesItsLicence and stays within what one noun needs.
func TestEveryGoFileNamesItsLicence(t *testing.T) {
	eachGoFile(t, func(path string, source string) {
		assert.True(t, strings.HasPrefix(source, "// SPDX-License-Identifier: Apache-2.0\n"), "%s has no SPDX line", path)
		assert.LessOrEqual(t, strings.Count(source, "\n"), 350, "%s is more than one noun", path)
	})
}

func list(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var packages []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}

// eachGoFile visits the files of the root module that are not tests.
func eachGoFile(t *testing.T, visit func(path, source string)) {
	t.Helper()
	root := filepath.Join("..", "..")
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && name != "." || strings.HasPrefix(d.Name(), ".") && name != "." {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(name, string(source))
		return nil
	}))
}
