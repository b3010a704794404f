// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument"
)

func TestWhatKubernetesSetsIsNoMistake(t *testing.T) {
	env := variables{"OTEL_RESOURCE_ATTRIBUTES_POD_NAME": "shop-1", "STATSD_PORT": "udp://10.0.0.1:8125"}
	for _, name := range []string{"SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_OTLP_GRPC", "PORT", "PORT_4317_TCP", "PORT_4317_TCP_PROTO", "PORT_4317_TCP_ADDR"} {
		env["OTEL_COLLECTOR_"+name] = "10.0.0.1"
	}
	tel, errs, err := built(t, env, instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	assert.Empty(t, errs.all())
	assert.Empty(t, tel.Report().Variables)

	_, errs, err = built(t, variables{"OTEL_EXPORTER_JAEGER_AGENT_PORT": "6831"}, instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	require.Len(t, errs.all(), 1, "no Service of that name")
	assert.Contains(t, errs.all()[0], "OTEL_EXPORTER_JAEGER_AGENT_PORT")
}

func TestEachMistakeInAVariableIsToldOnce(t *testing.T) {
	tel, errs, err := built(t, variables{"OTEL_RESOURCE_ATTRIBUTES": "team,x=%zz", "OTEL_ATTRIBUTE_COUNT_LIMIT": "abc"}, instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	assert.Len(t, errs.all(), 3, "%q", errs.all())
	notes := map[string]string{}
	for _, v := range tel.Report().Variables {
		notes[v.Name] = v.Note
	}
	assert.Contains(t, notes["OTEL_RESOURCE_ATTRIBUTES"], "team")
	assert.Contains(t, notes["OTEL_RESOURCE_ATTRIBUTES"], "%zz")
	assert.Equal(t, 1, strings.Count(notes["OTEL_ATTRIBUTE_COUNT_LIMIT"], "whole number"))
}
