// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/instrument"
)

// resourceOf returns the resource of a span of a Telemetry so made.
func resourceOf(t *testing.T, env variables, opts ...instrument.Option) attribute.Set {
	t.Helper()
	rec := tracetest.NewSpanRecorder()
	tel, _, err := built(t, env, append(opts, instrument.WithoutDefaultExporter(), instrument.WithSpanProcessor(rec))...)
	require.NoError(t, err)
	spans(tel, 1)
	return *rec.Ended()[0].Resource().Set()
}

func TestServiceNameComesFromCodeThenEnvironmentThenBuild(t *testing.T) {
	for name, tc := range map[string]struct {
		env  variables
		code []instrument.Option
		want string
	}{
		"code":                     {env: variables{"OTEL_SERVICE_NAME": "env"}, code: []instrument.Option{instrument.WithService("code", "")}, want: "code"},
		"environment":              {env: variables{"OTEL_SERVICE_NAME": " env ", "OTEL_RESOURCE_ATTRIBUTES": "service.name=attr"}, want: "env"},
		"resource attributes":      {env: variables{"OTEL_RESOURCE_ATTRIBUTES": "service.name=attr"}, want: "attr"},
		"an empty attribute":       {env: variables{"OTEL_RESOURCE_ATTRIBUTES": "service.name= "}, want: "waymark"},
		"code leaves it":           {env: variables{"OTEL_SERVICE_NAME": "env"}, code: []instrument.Option{instrument.WithService(" ", "")}, want: "env"},
		"the main module":          {want: "waymark"},
		"environment not asked":    {env: variables{"OTEL_SERVICE_NAME": "env"}, code: []instrument.Option{instrument.WithoutEnvironment()}, want: "waymark"},
		"an attribute of the code": {code: []instrument.Option{instrument.WithService("code", ""), instrument.WithResource(attribute.String("service.name", "attr"))}, want: "attr"},
	} {
		t.Run(name, func(t *testing.T) {
			set := resourceOf(t, tc.env, tc.code...)
			v, _ := set.Value("service.name")
			assert.Equal(t, tc.want, v.AsString())
		})
	}
}

func TestResourceAttributesMergeAndCodeWins(t *testing.T) {
	set := resourceOf(t, variables{"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=prod,team=a%20b, region = eu ,load=50%"},
		instrument.WithService("shop", "1.2.3"), instrument.WithResource(attribute.String("team", "code")))
	for key, want := range map[attribute.Key]string{
		"deployment.environment.name": "prod", "team": "code", "region": "eu", "load": "50%", "service.version": "1.2.3", "telemetry.sdk.language": "go",
	} {
		v, _ := set.Value(key)
		assert.Equal(t, want, v.AsString(), "%s", key)
	}
	for _, key := range []attribute.Key{"service.instance.id", "host.name", "process.pid", "os.type", "process.runtime.version"} {
		assert.True(t, set.HasValue(key), "%s", key)
	}
	for _, key := range []attribute.Key{"process.command_args", "process.command_line", "process.owner"} {
		assert.False(t, set.HasValue(key), "%s may hold what is secret", key)
	}
}

func TestWithoutEnvironmentLeavesTheEnvironmentOutOfTheResource(t *testing.T) {
	c := &stubExporter{}
	var got attribute.Set
	c.export = func(_ context.Context, s []sdktrace.ReadOnlySpan) error { got = *s[0].Resource().Set(); return nil }
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "team=a")
	tel, err := instrument.New(context.Background(), instrument.WithoutEnvironment(), c.option())
	require.NoError(t, err)
	spans(tel, 1)
	require.NoError(t, tel.Shutdown(context.Background()))
	assert.NotZero(t, got.Len())
	assert.False(t, got.HasValue("team"))
}
