// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/propagators"
)

type variables map[string]string

// built is what New makes of options and variables.
func built(t *testing.T, env variables, opts ...instrument.Option) (*instrument.Telemetry, *recordErrors, error) {
	t.Helper()
	for name, value := range env {
		t.Setenv(name, value)
	}
	errs := &recordErrors{}
	tel, err := instrument.New(context.Background(), append(opts, instrument.WithErrorHandler(errs))...)
	if err == nil {
		t.Cleanup(func() { _ = tel.Shutdown(context.Background()) })
	}
	return tel, errs, err
}

const (
	parentRoot = "ParentBased{root:Forced{100,"
)

// TestWhoWins is the table of code × environment → result.
func TestWhoWins(t *testing.T) {
	probability := func(p float64) []instrument.Option { return []instrument.Option{instrument.WithSampleRatio(p)} }
	for name, tc := range map[string]struct {
		env     variables
		code    []instrument.Option
		sampler string // part of the description
		fields  []string
		problem string // part of the one problem reported; empty: none
	}{
		"nothing said":                        {sampler: parentRoot + "ProbabilitySampler{1}"},
		"code alone":                          {code: probability(0.1), sampler: parentRoot + "ProbabilitySampler{0.1}"},
		"environment alone":                   {env: variables{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, sampler: parentRoot + "ProbabilitySampler{0.1}"},
		"code before environment":             {env: variables{"OTEL_TRACES_SAMPLER": "always_on"}, code: probability(0.1), sampler: parentRoot + "ProbabilitySampler{0.1}"},
		"code before a bad environment":       {env: variables{"OTEL_TRACES_SAMPLER_ARG": "50%"}, code: probability(0.1), sampler: parentRoot + "ProbabilitySampler{0.1}"},
		"always_on asks nobody":               {env: variables{"OTEL_TRACES_SAMPLER": "always_on"}, sampler: ",AlwaysOnSampler"},
		"always_off":                          {env: variables{"OTEL_TRACES_SAMPLER": "always_off"}, sampler: ",AlwaysOffSampler"},
		"upper case and spaces":               {env: variables{"OTEL_TRACES_SAMPLER": "  Always_Off\n"}, sampler: ",AlwaysOffSampler"},
		"the argument alone":                  {env: variables{"OTEL_TRACES_SAMPLER_ARG": "0.1"}, sampler: parentRoot + "ProbabilitySampler{0.1}"},
		"an empty variable is unset":          {env: variables{"OTEL_TRACES_SAMPLER": "", "OTEL_TRACES_SAMPLER_ARG": " "}, sampler: parentRoot + "ProbabilitySampler{1}"},
		"a percentage":                        {env: variables{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "50%"}, sampler: ",ProbabilitySampler{0}", problem: `OTEL_TRACES_SAMPLER_ARG="50%"`},
		"a quoted number":                     {env: variables{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": `"0.5"`}, sampler: ",ProbabilitySampler{0}", problem: `OTEL_TRACES_SAMPLER_ARG="\"0.5\""`},
		"a negative ratio":                    {env: variables{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "-1"}, sampler: ",ProbabilitySampler{0}", problem: `outside [0, 1]; sampling nothing, nearest valid value "0"`},
		"a ratio over 1":                      {env: variables{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "100"}, sampler: ",ProbabilitySampler{0}", problem: `outside [0, 1]; sampling nothing, nearest valid value "1"`},
		"a ratio that overflows":              {env: variables{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1e999"}, sampler: ",ProbabilitySampler{0}", problem: `OTEL_TRACES_SAMPLER_ARG="1e999"`},
		"not a number":                        {env: variables{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, sampler: ",ProbabilitySampler{0}", problem: `OTEL_TRACES_SAMPLER_ARG="NaN"`},
		"a comma for a point":                 {env: variables{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0,5"}, sampler: ",ProbabilitySampler{0}", problem: `OTEL_TRACES_SAMPLER_ARG="0,5"`},
		"a trailing newline":                  {env: variables{"OTEL_TRACES_SAMPLER": "traceidratio\n", "OTEL_TRACES_SAMPLER_ARG": "0.1\n"}, sampler: ",ProbabilitySampler{0.1}"},
		"a sampler misspelt":                  {env: variables{"OTEL_TRACES_SAMPLER": "parentbased_always_onn"}, sampler: "ProbabilitySampler{0}", problem: `parentbased_always_on`},
		"a sampler that is not linked":        {env: variables{"OTEL_TRACES_SAMPLER": "jaeger_remote"}, sampler: "ProbabilitySampler{0}", problem: `not linked`},
		"propagators of the code":             {env: variables{"OTEL_PROPAGATORS": "tracecontext"}, code: []instrument.Option{instrument.WithPropagators(propagators.B3{})}, sampler: ratioText, fields: []string{"b3"}},
		"propagators with a space":            {env: variables{"OTEL_PROPAGATORS": "tracecontext, b3"}, sampler: ratioText, fields: []string{"traceparent", "tracestate", "b3"}},
		"propagators in upper case":           {env: variables{"OTEL_PROPAGATORS": "B3"}, sampler: ratioText, fields: []string{"b3"}},
		"no propagators":                      {env: variables{"OTEL_PROPAGATORS": "none"}, sampler: ratioText, fields: []string{}},
		"propagators misspelt":                {env: variables{"OTEL_PROPAGATORS": "tracecontxt"}, sampler: ratioText, problem: `"tracecontext"`},
		"a propagator of the program":         {env: variables{"OTEL_PROPAGATORS": "Mine"}, code: []instrument.Option{instrument.WithNamedPropagator("mine", propagators.B3{Encoding: propagators.B3Multi})}, sampler: ratioText, fields: []string{"x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"}},
		"a queue that is not a number":        {env: variables{"OTEL_BSP_MAX_QUEUE_SIZE": "many"}, sampler: ratioText, problem: `OTEL_BSP_MAX_QUEUE_SIZE="many"`},
		"a negative queue":                    {env: variables{"OTEL_BSP_MAX_QUEUE_SIZE": "-5"}, sampler: ratioText, problem: `nearest valid value 1`},
		"a queue that overflows":              {env: variables{"OTEL_BSP_MAX_QUEUE_SIZE": "99999999999999999999"}, sampler: ratioText, problem: `nearest valid value 2147483647`},
		"a queue of gigabytes":                {env: variables{"OTEL_BSP_MAX_QUEUE_SIZE": "2000000000"}, sampler: ratioText, problem: `more than 1048576`},
		"a batch beyond its queue":            {env: variables{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5000"}, sampler: ratioText, problem: `OTEL_BSP_MAX_EXPORT_BATCH_SIZE="5000"`},
		"a bool that is not one":              {env: variables{"OTEL_SDK_DISABLED": "yes"}, sampler: ratioText, problem: `nearest valid value "true"`},
		"a bool in quotes":                    {env: variables{"OTEL_SDK_DISABLED": `"true"`}, sampler: ratioText, problem: `taken as "false", nearest valid value "true"`},
		"a bool cut short":                    {env: variables{"OTEL_SDK_DISABLED": "fals"}, sampler: ratioText, problem: `taken as "false", nearest valid value "false"`},
		"a timeout with a unit":               {env: variables{"OTEL_EXPORTER_ZIPKIN_TIMEOUT": "10s"}, sampler: ratioText, problem: `OTEL_EXPORTER_ZIPKIN_TIMEOUT="10s"`},
		"an endpoint without a scheme":        {env: variables{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "localhost:9411"}, sampler: ratioText, problem: `scheme other than http, https and unix; using http://127.0.0.1:9411`},
		"an exporter misspelt":                {env: variables{"OTEL_TRACES_EXPORTER": "zipkn"}, sampler: ratioText, problem: `nearest valid value "zipkin"`},
		"an exporter that is not linked":      {env: variables{"OTEL_TRACES_EXPORTER": "otlp"}, sampler: ratioText, problem: `instrument.WithNamedExporter("otlp", …)`},
		"none beside others":                  {env: variables{"OTEL_TRACES_EXPORTER": "none,zipkin"}, sampler: ratioText, problem: `names none beside others`},
		"an exporter without the signal":      {env: variables{"OTEL_METRICS_EXPORTER": "zipkin"}, sampler: ratioText, problem: `exporter "zipkin" is not known`},
		"a pair that is not one":              {env: variables{"OTEL_RESOURCE_ATTRIBUTES": "a=1,b"}, sampler: ratioText, problem: `"b" is not key=value`},
		"a percent that encodes nothing":      {env: variables{"OTEL_RESOURCE_ATTRIBUTES": "load=50%"}, sampler: ratioText, problem: `the value of "load=50%" is not percent-encoded; it is taken as it is`},
		"a ratio by a name of its own":        {env: variables{"OTEL_TRACES_SAMPLER_RATIO": "0.001"}, sampler: "ProbabilitySampler{0}", problem: `nearest name OTEL_TRACES_SAMPLER_ARG; sampling nothing`},
		"sampling by a name of its own":       {env: variables{"OTEL_SAMPLING_RATIO": "0.001"}, sampler: "ProbabilitySampler{0}", problem: `nearest name OTEL_TRACES_SAMPLER_ARG; sampling nothing`},
		"the right name beside another":       {env: variables{"OTEL_TRACES_SAMPLER_RATIO": "0.5", "OTEL_TRACES_SAMPLER_ARG": "1"}, sampler: ratioText, problem: `OTEL_TRACES_SAMPLER_RATIO`},
		"a name misspelt":                     {env: variables{"OTEL_SERVICE_NAM": "shop"}, sampler: ratioText, problem: `nearest name OTEL_SERVICE_NAME`},
		"a variable of a package not of ours": {env: variables{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, sampler: ratioText},
		"a limit misspelt":                    {env: variables{"OTEL_SPAN_EVENT_COUNT_LIMIT": "1e3"}, sampler: ratioText, problem: `nearest valid value 1000`},
		"a limit of none":                     {env: variables{"OTEL_SPAN_EVENT_COUNT_LIMIT": "-1"}, sampler: ratioText},
		"an exemplar filter misspelt":         {env: variables{"OTEL_METRICS_EXEMPLAR_FILTER": "always_onn"}, sampler: ratioText, problem: `nearest valid value "always_on"`},
	} {
		t.Run(name, func(t *testing.T) {
			tel, errs, err := built(t, tc.env, append(tc.code, instrument.WithoutDefaultExporter())...)
			require.NoError(t, err, "the environment never fails a program")
			report := tel.Report()
			assert.Contains(t, report.Sampler, tc.sampler)
			if tc.fields != nil {
				assert.ElementsMatch(t, tc.fields, report.Propagators)
			}
			if tc.problem == "" {
				assert.Empty(t, errs.all())
				return
			}
			require.Len(t, errs.all(), 1)
			assert.Contains(t, errs.all()[0], tc.problem)
			assert.True(t, strings.HasPrefix(errs.all()[0], "instrument: OTEL_"), "%s names the variable", errs.all()[0])
			assert.NotContains(t, errs.all()[0], "\n")
		})
	}
}

const ratioText = parentRoot + "ProbabilitySampler{1}"

func TestExportersAreChosenByCodeThenEnvironmentThenDefault(t *testing.T) {
	custom := func(context.Context) (instrument.Exporters, error) {
		return instrument.Exporters{Spans: tracetest.NewInMemoryExporter()}, nil
	}
	for name, tc := range map[string]struct {
		env  variables
		code []instrument.Option
		want []string
	}{
		"default":               {want: []string{"traces zipkin http://127.0.0.1:9411/api/v2/spans"}},
		"no default":            {code: []instrument.Option{instrument.WithoutDefaultExporter()}, want: nil},
		"environment":           {env: variables{"OTEL_TRACES_EXPORTER": "console"}, want: []string{"traces console "}},
		"several":               {env: variables{"OTEL_TRACES_EXPORTER": " console , zipkin"}, want: []string{"traces console ", "traces zipkin http://127.0.0.1:9411/api/v2/spans"}},
		"none":                  {env: variables{"OTEL_TRACES_EXPORTER": "none"}, want: nil},
		"unknown is ignored":    {env: variables{"OTEL_TRACES_EXPORTER": "xyz"}, want: []string{"traces zipkin http://127.0.0.1:9411/api/v2/spans"}},
		"code":                  {env: variables{"OTEL_TRACES_EXPORTER": "none"}, code: []instrument.Option{instrument.WithZipkin("http://127.0.0.1:1/x")}, want: []string{"traces zipkin http://127.0.0.1:1/x"}},
		"endpoint":              {env: variables{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://127.0.0.1:2/y"}, want: []string{"traces zipkin http://127.0.0.1:2/y"}},
		"endpoint for code":     {env: variables{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://127.0.0.1:2/y"}, code: []instrument.Option{instrument.WithZipkin("")}, want: []string{"traces zipkin http://127.0.0.1:2/y"}},
		"named":                 {env: variables{"OTEL_TRACES_EXPORTER": "Memory"}, code: []instrument.Option{instrument.WithNamedExporter("memory", custom)}, want: []string{"traces memory "}},
		"named but not chosen":  {code: []instrument.Option{instrument.WithNamedExporter("memory", custom)}, want: []string{"traces zipkin http://127.0.0.1:9411/api/v2/spans"}},
		"metrics and logs":      {env: variables{"OTEL_METRICS_EXPORTER": "console", "OTEL_LOGS_EXPORTER": "console", "OTEL_TRACES_EXPORTER": "none"}, want: []string{"metrics console ", "logs console "}},
		"disabled":              {env: variables{"OTEL_SDK_DISABLED": "TRUE"}, code: []instrument.Option{instrument.WithZipkin("")}, want: nil},
		"without environment":   {env: variables{"OTEL_TRACES_EXPORTER": "none", "OTEL_SDK_DISABLED": "true"}, code: []instrument.Option{instrument.WithoutEnvironment()}, want: []string{"traces zipkin http://127.0.0.1:9411/api/v2/spans"}},
		"environment over none": {env: variables{"OTEL_TRACES_EXPORTER": "console"}, code: []instrument.Option{instrument.WithoutDefaultExporter()}, want: []string{"traces console "}},
	} {
		t.Run(name, func(t *testing.T) {
			stdout := os.Stdout
			null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			require.NoError(t, err)
			os.Stdout = null
			defer func() { os.Stdout = stdout }()
			tel, _, err := built(t, tc.env, tc.code...)
			require.NoError(t, err)
			var got []string
			for _, e := range tel.Report().Exporters {
				got = append(got, e.Signal+" "+e.Name+" "+e.Endpoint)
			}
			assert.Equal(t, tc.want, got)
		})
	}
}

func TestDisabledLeavesThePropagators(t *testing.T) {
	tel, _, err := built(t, variables{"OTEL_SDK_DISABLED": "true"}, instrument.WithPropagators(propagators.B3{}))
	require.NoError(t, err)
	_, span := tel.TracerProvider().Tracer("x").Start(context.Background(), "x")
	assert.False(t, span.IsRecording())
	assert.Equal(t, []string{"b3"}, tel.Propagator().Fields())
	assert.True(t, tel.Report().Disabled)
}

func TestMistakesInCodeFailWithValueAndRule(t *testing.T) {
	for name, tc := range map[string]struct {
		option instrument.Option
		want   string
	}{
		"ratio over 1":    {instrument.WithSampleRatio(1.5), "instrument: sample ratio 1.5 is outside 0 and [2^-56, 1]"},
		"ratio below 0":   {instrument.WithSampleRatio(-0.1), "instrument: sample ratio -0.1 is outside 0 and [2^-56, 1]"},
		"ratio too small": {instrument.WithSampleRatio(1e-30), "instrument: sample ratio 1e-30 is outside 0 and [2^-56, 1]"},
		"nil sampler":     {instrument.WithSampler(nil), "instrument: sampler is nil"},
		"nil propagator":  {instrument.WithPropagators(propagators.B3{}, nil), "instrument: propagator 2 of 2 is nil"},

		"nil exporter":        {instrument.WithExporters(nil), "instrument: exporter function is nil"},
		"unnamed exporter":    {instrument.WithNamedExporter(" ", nil), `instrument: named exporter "" needs a name other than none without commas and spaces, and a function`},
		"nil processor":       {instrument.WithSpanProcessor(nil), "instrument: span processor is nil"},
		"nil reader":          {instrument.WithMetricReader(nil), "instrument: metric reader is nil"},
		"nil instrumentation": {instrument.WithInstrumentation(nil), "instrument: instrumentation is nil"},
		"nil log":             {instrument.WithLogProcessor(nil), "instrument: log processor is nil"},
		"nil logger":          {instrument.WithLogger(nil), "instrument: logger is nil"},
		"nil handler":         {instrument.WithErrorHandler(nil), "instrument: error handler is nil"},
		"resource":            {instrument.WithResource(attribute.KeyValue{}), `instrument: resource attribute "" has no key or no value`},
		"nil named":           {instrument.WithNamedPropagator("x", nil), `instrument: named propagator "x" needs a name without commas and spaces, and a propagator`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := instrument.New(context.Background(), tc.option, nil)
			require.EqualError(t, err, tc.want)
		})
	}
}

func TestAWrongZipkinURLFailsWithoutItsSecrets(t *testing.T) {
	for url, rule := range map[string]string{
		"127.0.0.1:9411":                      "URL",
		"ftp://user:s3cr3t@host/x?key=s3cr3t": "scheme",
		"http:///api":                         "host",
		"http://us er:s3cr3t@host/":           "URL",
	} {
		_, err := instrument.New(context.Background(), instrument.WithZipkin(url))
		require.ErrorContains(t, err, rule)
		assert.True(t, strings.HasPrefix(err.Error(), `instrument: exporter "zipkin": zipkin: `), "%v", err)
		assert.NotContains(t, err.Error(), "s3cr3t")
	}
}

func TestEveryMistakeInCodeIsNamedAtOnce(t *testing.T) {
	_, err := instrument.New(context.Background(), instrument.WithSampleRatio(2), instrument.WithSampler(nil))
	require.ErrorContains(t, err, "sample ratio 2")
	require.ErrorContains(t, err, "sampler is nil")
}

func TestTimeoutOfZipkinIsJudgedOnce(t *testing.T) {
	_, errs, err := built(t, variables{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://127.0.0.1:1/api/v2/spans", "OTEL_EXPORTER_ZIPKIN_TIMEOUT": "1s"})
	require.NoError(t, err)
	require.Len(t, errs.all(), 1)
	assert.Contains(t, errs.all()[0], `OTEL_EXPORTER_ZIPKIN_TIMEOUT="1s"`)
	global := &recordErrors{}
	otel.SetErrorHandler(global)
	_, _, err = built(t, variables{"OTEL_EXPORTER_ZIPKIN_TIMEOUT": "90000000"})
	require.NoError(t, err)
	assert.Empty(t, global.all(), "nothing goes past the handler")
}
