// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"log"
	"log/slog"
	"testing"

	"github.com/go-logr/logr"
	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"

	"github.com/waymark-otel/waymark/logbridge"
	"github.com/waymark-otel/waymark/propagators"
)

// The recipes of docs/logging.md, one test each.

const logTraceID = "4e3e0ec6293840b1850409eb1d4b0dee"

func logContext() context.Context {
	traceID, _ := trace.TraceIDFromHex(logTraceID)
	spanID, _ := trace.SpanIDFromHex("8c00f6daa2bc32f1")
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID}))
	return propagators.ContextWithCorrelationID(ctx, "order-7")
}

// requireIDs decodes one line and looks for the ids at its top level.
func requireIDs(t *testing.T, out *bytes.Buffer) map[string]any {
	t.Helper()
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line), "%s", out)
	require.Equal(t, 1, bytes.Count(out.Bytes(), []byte(`"trace_id"`)), "%s", out)
	assert.Equal(t, logTraceID, line["trace_id"])
	assert.Equal(t, "8c00f6daa2bc32f1", line["span_id"])
	assert.Equal(t, "00", line["trace_flags"])
	assert.Equal(t, "order-7", line["correlation_id"])
	return line
}

func TestStandardLogAfterSetDefault(t *testing.T) {
	before, flags, out := slog.Default(), log.Flags(), log.Writer()
	defer func() {
		slog.SetDefault(before)
		log.SetOutput(out)
		log.SetFlags(flags)
	}()
	var lines bytes.Buffer
	slog.SetDefault(slog.New(logbridge.TraceContext(slog.NewJSONHandler(&lines, nil))))
	log.Print("from the log package")
	assert.Contains(t, lines.String(), `"msg":"from the log package"`)
	assert.NotContains(t, lines.String(), "trace_id", "it has no context")
	lines.Reset()
	slog.InfoContext(logContext(), "from slog")
	requireIDs(t, &lines)
}

func TestStandardLoggerOfARequest(t *testing.T) {
	var out bytes.Buffer
	handler := logbridge.TraceContext(slog.NewJSONHandler(&out, nil))
	legacy := slog.NewLogLogger(handler.WithAttrs(logbridge.TraceAttrs(logContext())), slog.LevelInfo)
	legacy.Print("connected")
	assert.Equal(t, "connected", requireIDs(t, &out)["msg"])
}

func zapCore(out *bytes.Buffer) zapcore.Core {
	return zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(out), zap.InfoLevel)
}

func TestZapBehindSlog(t *testing.T) {
	usesModule(t, "go.uber.org/zap")
	var out bytes.Buffer
	logger := slog.New(logbridge.TraceContext(zapslog.NewHandler(zapCore(&out))))
	logger.WithGroup("order").InfoContext(logContext(), "placed", "id", 17)
	assert.Equal(t, map[string]any{"id": 17.0}, requireIDs(t, &out)["order"])
}

func traceFields(ctx context.Context) []zap.Field {
	var fields []zap.Field
	for _, a := range logbridge.TraceAttrs(ctx) {
		fields = append(fields, zap.String(a.Key, a.Value.String()))
	}
	return fields
}

func TestZapItself(t *testing.T) {
	usesModule(t, "go.uber.org/zap")
	var out bytes.Buffer
	zap.New(zapCore(&out)).With(traceFields(logContext())...).Info("order placed", zap.Int("id", 17))
	assert.Equal(t, 17.0, requireIDs(t, &out)["id"])
}

type zerologHook struct{}

func (zerologHook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	for _, a := range logbridge.TraceAttrs(e.GetCtx()) {
		e.Str(a.Key, a.Value.String())
	}
}

func TestZerolog(t *testing.T) {
	usesModule(t, "github.com/rs/zerolog")
	var out bytes.Buffer
	logger := zerolog.New(&out).Hook(zerologHook{})
	logger.Info().Ctx(logContext()).Int("id", 17).Msg("order placed")
	assert.Equal(t, 17.0, requireIDs(t, &out)["id"])
	out.Reset()
	logger.Info().Msg("without a context")
	assert.NotContains(t, out.String(), "trace_id")
}

type logrusHook struct{}

func (logrusHook) Levels() []logrus.Level { return logrus.AllLevels }

func (logrusHook) Fire(e *logrus.Entry) error {
	for _, a := range logbridge.TraceAttrs(e.Context) {
		if _, own := e.Data[a.Key]; !own {
			e.Data[a.Key] = a.Value.String()
		}
	}
	return nil
}

func TestLogrus(t *testing.T) {
	usesModule(t, "github.com/sirupsen/logrus")
	var out bytes.Buffer
	logger := logrus.New()
	logger.SetOutput(&out)
	logger.SetFormatter(&logrus.JSONFormatter{})
	logger.AddHook(logrusHook{})
	logger.WithContext(logContext()).WithField("id", 17).Info("order placed")
	assert.Equal(t, 17.0, requireIDs(t, &out)["id"])
	out.Reset()
	logger.Info("without a context")
	assert.NotContains(t, out.String(), "trace_id")
}

func TestLogr(t *testing.T) {
	usesModule(t, "github.com/go-logr/logr")
	var out bytes.Buffer
	handler := logbridge.TraceContext(slog.NewJSONHandler(&out, nil))
	logger := logr.FromSlogHandler(handler.WithAttrs(logbridge.TraceAttrs(logContext())))
	logger.Info("order placed", "id", 17)
	assert.Equal(t, 17.0, requireIDs(t, &out)["id"])
	out.Reset()
	logger.Error(assert.AnError, "order failed")
	assert.Equal(t, assert.AnError.Error(), requireIDs(t, &out)["err"])
}
