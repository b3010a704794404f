// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	sdklog "go.opentelemetry.io/otel/sdk/log"
)

// Logs returns the records emitted so far, in order.
func (r *Recorder) Logs() []sdklog.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.logs)
}

// SlogHandler returns a handler of every level, to be the last of a chain of
// slog decorators. What reaches it is in SlogLines.
func (r *Recorder) SlogHandler() slog.Handler {
	return slog.NewTextHandler(slogRecorder{r}, &slog.HandlerOptions{
		Level: slog.Level(-1 << 10),
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})
}

// SlogLines returns what reached SlogHandler as slog's text, without the
// time: `level=INFO msg="order placed" id=7`.
func (r *Recorder) SlogLines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slogs.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(r.slogs.String(), "\n"), "\n")
}

type slogRecorder struct{ r *Recorder }

func (s slogRecorder) Write(line []byte) (int, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	return s.r.slogs.Write(line)
}

type logRecorder struct{ r *Recorder }

var _ sdklog.Processor = logRecorder{}

func (logRecorder) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }

func (l logRecorder) OnEmit(_ context.Context, record *sdklog.Record) error {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	l.r.logs = append(l.r.logs, record.Clone())
	return nil
}

func (logRecorder) Shutdown(context.Context) error   { return nil }
func (logRecorder) ForceFlush(context.Context) error { return nil }
