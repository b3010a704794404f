// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/otlp"
)

const childVariable = "WAYMARK_TEST_CHILD"

// child is a program that sets up with whatever the environment says, and
// prints what an operator would see.
func child() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, nil)))
	shutdown, err := instrument.Setup(context.Background(), instrument.WithExporters(otlp.HTTP), instrument.WithExporters(otlp.Traces(otlp.GRPC)))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(instrument.Installed().Report())
	_ = instrument.Do(context.Background(), "op", func(context.Context) error { return nil })
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = shutdown(ctx)
}

// TestMistakesArePrintedInOurWayAlone: the exporters print what they cannot
// read to the standard error stream, before anybody could stop them.
func TestMistakesArePrintedInOurWayAlone(t *testing.T) {
	const secret = "s3cr3t"
	r := newReceiver(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=1",
		"OTEL_EXPORTER_OTLP_HEADERS="+secret+",key="+secret+",no%zz="+secret+",a=%zz"+secret,
		"OTEL_EXPORTER_OTLP_METRICS_HEADERS="+secret,
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS=key="+secret+", ,",
		"OTEL_EXPORTER_OTLP_CERTIFICATE=/nothing/here",
		"OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY=/nothing/here",
		"OTEL_EXPORTER_OTLP_LOGS_HEADERS="+secret+" =x",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+r.http+"/v1/traces",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://me:"+secret+"@127.0.0.1:port",
		"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://me:"+secret+"@127.0.0.1:1/v1/logs?key="+secret,
		"OTEL_EXPORTER_OTLP_TIMEOUT="+secret+"@",
		"OTEL_EXPORTER_OTLP_COMPRESSION=none",
		"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=sometimes",
		"OTEL_EXPORTER_OTLP_HEADER=key="+secret,
	)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	text := string(out)
	assert.NotContains(t, text, secret)
	for _, want := range []string{
		"instrument: OTEL_EXPORTER_OTLP_HEADERS=", "2 of its parts are not key=value",
		"instrument: OTEL_EXPORTER_OTLP_ENDPOINT=", "is not a URL",
		"instrument: OTEL_EXPORTER_OTLP_CERTIFICATE=", "instrument: OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY=", "cannot be used: open: ", "is of no use without OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
		"instrument: OTEL_EXPORTER_OTLP_TIMEOUT=", "whole number of milliseconds",
		"instrument: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=", "sometimes",
		"instrument: OTEL_EXPORTER_OTLP_HEADER: is not a variable that is read here; ignored, nearest name OTEL_EXPORTER_OTLP_HEADERS",
	} {
		assert.Contains(t, text, want)
	}
	for line := range strings.Lines(text) {
		assert.True(t, strings.HasPrefix(line, "time=") || strings.HasPrefix(line, "{"), "not ours: %s", line)
	}
	assert.NotEmpty(t, r.names(), "mistakes elsewhere do not keep spans back")
	i := slices.Index(r.paths, "/v1/traces")
	require.GreaterOrEqual(t, i, 0)
	assert.Equal(t, secret, r.headers[i]["Key"], "the part that can be read is sent")
}

// TestACollectorThatSendsSecretsBackDoesNotSpreadThem, nor fills the log.
func TestACollectorThatSendsSecretsBackDoesNotSpreadThem(t *testing.T) {
	const secret = "s3cr3t-token"
	body := "unauthorized: Bearer " + secret + " " + secret + strings.Repeat("x", 1<<20)
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, answer{status: http.StatusUnauthorized, code: codes.Unauthenticated, body: body})
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", p.endpoint(r))
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20"+secret)
			tel, errs := start(t, instrument.WithExporters(otlp.Traces(p.open)))
			work(tel, 1)
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			require.Error(t, tel.ForceFlush(ctx))
			stats := tel.Stats()
			assert.NotContains(t, fmt.Sprint(stats, errs.all(), tel.Report()), secret)
			require.NotEmpty(t, errs.all())
			assert.Less(t, len(errs.all()[0]), 2000)
			assert.EqualValues(t, 1, stats.Exporters[0].DroppedBy["rejected"])
		})
	}
}

// TestASecretThatBeginsAsAnotherIsHiddenWhole, whichever header is read first.
func TestASecretThatBeginsAsAnotherIsHiddenWhole(t *testing.T) {
	r := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.http)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=shop,x-key=shop-s3cr3t,x-other=shop-s3cr3t-t00")
	for range 20 {
		r.mu.Lock()
		r.script = []answer{{status: http.StatusUnauthorized, body: "no: shop-s3cr3t-t00 shop-s3cr3t"}}
		r.mu.Unlock()
		tel, errs := start(t, instrument.WithExporters(otlp.Traces(otlp.HTTP)))
		work(tel, 1)
		require.Error(t, tel.ForceFlush(context.Background()))
		text := fmt.Sprint(tel.Stats(), errs.all())
		assert.Contains(t, text, "no: REDACTED REDACTED")
		assert.NotContains(t, text, "s3cr3t")
		assert.NotContains(t, text, "t00")
	}
}
