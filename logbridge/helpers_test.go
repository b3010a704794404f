// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
)

const (
	traceIDText = "4e3e0ec6293840b1850409eb1d4b0dee"
	spanIDText  = "8c00f6daa2bc32f1"
)

// noContext is nil, which callers are not to pass and sometimes do.
var noContext context.Context

// spanContext returns a context with a span of the ids above.
func spanContext(flags trace.TraceFlags, remote bool) context.Context {
	traceID, err := trace.TraceIDFromHex(traceIDText)
	if err != nil {
		panic(err)
	}
	spanID, err := trace.SpanIDFromHex(spanIDText)
	if err != nil {
		panic(err)
	}
	return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: flags, Remote: remote,
	}))
}

// jsonTo writes lines without their time, of every level.
func jsonTo(w io.Writer) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: slog.Level(-1 << 10),
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})
}

// lines decodes what was written. A key that occurs twice in one object is an
// error, which encoding/json would let pass.
func lines(t testing.TB, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(out.String()) {
		d := json.NewDecoder(strings.NewReader(line))
		v, err := strict(d)
		require.NoError(t, err, "%s", line)
		all = append(all, v.(map[string]any))
	}
	return all
}

func line(t testing.TB, out *bytes.Buffer) map[string]any {
	t.Helper()
	all := lines(t, out)
	require.Len(t, all, 1)
	return all[0]
}

func strict(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			if _, twice := object[key.(string)]; twice {
				return nil, fmt.Errorf("key %q occurs twice", key)
			}
			if object[key.(string)], err = strict(d); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := strict(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

func TestTheDecoderOfTheseTestsRejectsADuplicate(t *testing.T) {
	for _, text := range []string{`{"a":1,"a":1}`, `{"g":{"a":1,"a":2}}`, `{"l":[{"a":1,"a":1}]}`} {
		_, err := strict(json.NewDecoder(strings.NewReader(text)))
		require.ErrorContains(t, err, "occurs twice", text)
	}
}

// within logs with ctx, whatever context the record came with.
type within struct {
	slog.Handler
	ctx context.Context
}

func (w within) Enabled(_ context.Context, l slog.Level) bool { return w.Handler.Enabled(w.ctx, l) }
func (w within) Handle(_ context.Context, r slog.Record) error {
	return w.Handler.Handle(w.ctx, r)
}
func (w within) WithAttrs(attrs []slog.Attr) slog.Handler {
	return within{w.Handler.WithAttrs(attrs), w.ctx}
}
func (w within) WithGroup(name string) slog.Handler {
	return within{w.Handler.WithGroup(name), w.ctx}
}
