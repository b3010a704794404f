// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"log/slog"
	"math"
	"strconv"
)

// settleRecord returns r with its attributes settled, and the first error
// among them.
func settleRecord(r slog.Record) (slog.Record, error) {
	settled := true
	r.Attrs(func(a slog.Attr) bool {
		settled = isSettled(a)
		return settled
	})
	if settled {
		return r.Clone(), nil
	}
	s := settler{attrs: make([]slog.Attr, 0, r.NumAttrs()+1)}
	r.Attrs(func(a slog.Attr) bool {
		s.add(a, maxDepth)
		return true
	})
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	out.AddAttrs(s.attrs...)
	return out, s.first
}

func settle(attrs []slog.Attr) ([]slog.Attr, error) {
	s := settler{attrs: make([]slog.Attr, 0, len(attrs))}
	for _, a := range attrs {
		s.add(a, maxDepth)
	}
	return s.attrs, s.first
}

// isSettled reports whether otelslog does right by a as it is.
func isSettled(a slog.Attr) bool {
	switch a.Value.Kind() {
	case slog.KindLogValuer, slog.KindGroup:
		return false
	case slog.KindAny:
		_, isError := a.Value.Any().(error)
		return !isError && a.Key != ""
	case slog.KindUint64:
		return a.Value.Uint64() <= math.MaxInt64
	}
	return a.Key != ""
}

// settler rewrites attributes so that otelslog loses nothing of them: values
// are resolved, errors are text under their own key (it would keep one error
// of a record, without its key), integers beyond int64 are text (it rounds
// them), empty groups and attributes are left out.
type settler struct {
	attrs []slog.Attr
	first error // of all errors
}

func (s *settler) add(a slog.Attr, depth int) {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		s.addGroup(a.Key, v.Group(), depth)
		return
	case slog.KindAny:
		if v.Any() == nil && a.Key == "" {
			return
		}
		if err, ok := v.Any().(error); ok {
			// An error out of a LogValuer stands for what is not to be told,
			// or for its panic.
			text, ok := errorText(err)
			if ok && s.first == nil && a.Value.Kind() == slog.KindAny {
				s.first = err
			}
			v = slog.StringValue(text)
		}
	case slog.KindUint64:
		if v.Uint64() > math.MaxInt64 {
			v = slog.StringValue(strconv.FormatUint(v.Uint64(), 10))
		}
	}
	if a.Key == "" {
		a.Key = "!BADKEY" // as slog names a value without a key
	}
	s.attrs = append(s.attrs, slog.Attr{Key: a.Key, Value: v})
}

func (s *settler) addGroup(key string, attrs []slog.Attr, depth int) {
	if depth == 0 {
		s.attrs = append(s.attrs, slog.String(key, "!TOODEEP"))
		return
	}
	inner := s
	if key != "" {
		inner = &settler{attrs: make([]slog.Attr, 0, len(attrs)), first: s.first}
	}
	for _, a := range attrs {
		inner.add(a, depth-1)
	}
	s.first = inner.first
	if key != "" && len(inner.attrs) > 0 {
		s.attrs = append(s.attrs, slog.Attr{Key: key, Value: slog.GroupValue(inner.attrs...)})
	}
}
