// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// newResource says who is speaking: what the SDK's detectors see, then what
// the environment says, then what the code says; the later wins. It leaves
// out the command line, which may hold a password, and the user.
func newResource(ctx context.Context, c *config, e *environment) (*resource.Resource, error) {
	detected, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithService(), // service.instance.id, and unknown_service:… for the name
		resource.WithHost(),
		resource.WithOSType(),
		resource.WithContainer(),
		resource.WithProcessPID(),
		resource.WithProcessExecutableName(),
		resource.WithProcessRuntimeName(),
		resource.WithProcessRuntimeVersion(),
	)
	if detected == nil {
		return nil, fmt.Errorf("instrument: resource: %w", err)
	}
	// A detector that sees nothing, as in a container without /etc, leaves
	// its attribute out; the rest stands.
	said := append(buildAttributes(), environmentAttributes(e)...)
	if c.service != "" {
		said = append(said, semconv.ServiceName(c.service))
	}
	if c.version != "" {
		said = append(said, semconv.ServiceVersion(c.version))
	}
	said = append(said, c.attributes...)
	r, err := resource.Merge(detected, resource.NewSchemaless(said...))
	if err != nil {
		return nil, fmt.Errorf("instrument: resource: %w", err)
	}
	return r, nil
}

// environmentAttributes reads OTEL_RESOURCE_ATTRIBUTES, key=value pairs
// between commas with percent-encoded values, and OTEL_SERVICE_NAME, which
// wins over service.name in it.
func environmentAttributes(e *environment) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if list, ok := e.text(envResource); ok {
		for pair := range strings.SplitSeq(list, ",") {
			if strings.TrimSpace(pair) == "" {
				continue
			}
			key, value, ok := strings.Cut(pair, "=")
			key, value = strings.TrimSpace(key), strings.TrimSpace(value)
			text, err := url.PathUnescape(value)
			switch {
			case !ok || key == "":
				e.problem(envResource, quotedPair(list, pair)+" is not key=value; that pair is ignored")
				continue
			case err != nil:
				// The SDK does the same for the resource of metrics and logs.
				e.problem(envResource, "the value of "+quotedPair(list, pair)+" is not percent-encoded; it is taken as it is")
				text = value
			}
			if text == "" && key == string(semconv.ServiceNameKey) {
				continue // a service has a name
			}
			attrs = append(attrs, attribute.String(key, strings.ToValidUTF8(text, "�")))
		}
	}
	if name, ok := e.text(envServiceName); ok {
		attrs = append(attrs, semconv.ServiceName(name))
	}
	return attrs
}

// quotedPair shows a pair of a list in which nothing may be a secret.
func quotedPair(list, pair string) string {
	if secretValue(list) {
		return "a pair"
	}
	return strconv.Quote(bounded(strings.TrimSpace(pair)))
}

// majorVersion is the last element of a module's path from its second major
// version on.
var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// buildAttributes names the service after the main module, when the build
// knows it.
func buildAttributes() []attribute.KeyValue {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path == "" || info.Main.Path == "command-line-arguments" {
		return nil
	}
	name := path.Base(info.Main.Path)
	if majorVersion.MatchString(name) {
		name = path.Base(path.Dir(info.Main.Path))
	}
	attrs := []attribute.KeyValue{semconv.ServiceName(name)}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		attrs = append(attrs, semconv.ServiceVersion(v))
	}
	return attrs
}

// bounded cuts what is quoted in an error.
func bounded(v string) string {
	if len(v) <= 64 {
		return v
	}
	return strings.ToValidUTF8(v[:64], "") + "…"
}

// hidden returns r when the SDK's providers would add to it what the process's
// environment says and the program asked for no environment, else nil. The
// exporters are then given spans with r for their resource; span processors of
// the program's, metrics and logs see the SDK's.
func hidden(c *config, r *resource.Resource) *resource.Resource {
	if !c.noEnvironment || os.Getenv(envResource) == "" && os.Getenv(envServiceName) == "" {
		return nil
	}
	return r
}

// spanOf is a span with another resource.
type spanOf struct {
	sdktrace.ReadOnlySpan
	resource *resource.Resource
}

func (s spanOf) Resource() *resource.Resource { return s.resource }

func withResource(spans []sdktrace.ReadOnlySpan, r *resource.Resource) []sdktrace.ReadOnlySpan {
	if r == nil {
		return spans
	}
	changed := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		changed[i] = spanOf{s, r}
	}
	return changed
}
