// SPDX-License-Identifier: Apache-2.0

package sentrylog

import (
	"fmt"
	"log/slog"
	"time"
)

const (
	maxDepth  = 16 // of groups; a LogValuer may return itself in one, for ever
	maxErrors = 10 // of a chain of wrapped errors
)

// fields are attributes as Sentry shows them: nested maps of what JSON knows.
type fields struct {
	values map[string]any
	inner  []*fields
	errs   []error
}

// group returns the group of a name. One that With was given and one of the
// record are the same.
func (f *fields) group(name string) *fields {
	if g, ok := f.values[name].(*fields); ok {
		return g
	}
	g := &fields{values: map[string]any{}}
	f.inner = append(f.inner, g)
	f.values[name] = g
	return g
}

func (f *fields) add(attrs []slog.Attr, depth int) {
	for _, a := range attrs {
		v := a.Value.Resolve()
		switch {
		case v.Kind() == slog.KindGroup && depth == 0:
			f.values[a.Key] = "!TOODEEP"
		case v.Kind() == slog.KindGroup && a.Key == "":
			f.add(v.Group(), depth-1)
		case v.Kind() == slog.KindGroup:
			f.group(a.Key).add(v.Group(), depth-1)
		case a.Key == "" && v.Any() == nil: // slog: empty attributes are ignored
		default:
			f.values[a.Key] = f.value(v, a.Value.Kind() == slog.KindAny)
		}
	}
}

// value returns v as JSON can tell it. An error that was given as one, not by
// a LogValuer, is an exception too.
func (f *fields) value(v slog.Value, asGiven bool) any {
	switch v.Kind() {
	case slog.KindDuration:
		return v.Duration().String()
	case slog.KindTime:
		return v.Time().Format(time.RFC3339Nano)
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			text, ok := errorText(err)
			if ok && asGiven {
				f.errs = append(f.errs, err)
			}
			return text
		}
		return fmt.Sprintf("%+v", v.Any())
	case slog.KindFloat64:
		return fmt.Sprint(v.Float64()) // JSON knows no NaN
	default:
		return v.Any()
	}
}

// errorText returns what err says. It reports false when err panics instead,
// as a nil pointer in an error is apt to.
func errorText(err error) (text string, ok bool) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%v", err) // which says that it panicked, or <nil>
		}
	}()
	return err.Error(), true
}

// prune returns the values without empty groups, as slog has it.
func (f *fields) prune() map[string]any {
	for key, v := range f.values {
		if g, ok := v.(*fields); ok {
			if f.values[key] = g.prune(); len(g.values) == 0 {
				delete(f.values, key)
			}
		}
	}
	return f.values
}

// allErrors returns the errors, those of inner groups last.
func (f *fields) allErrors() []error {
	all := f.errs
	for _, g := range f.inner {
		all = append(all, g.allErrors()...)
	}
	return all
}
