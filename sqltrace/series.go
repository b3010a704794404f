// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// A program that writes its literals into its texts, or a database that makes
// up codes, must not make a series of each.
const (
	maxSummaries  = 512 // series of successes
	maxFailures   = 512 // series of failures, beyond those
	maxErrorNames = 64  // error types and codes, apart from summaries
)

// seriesKey is what tells one series of a database from another.
type seriesKey struct{ operation, summary, errorType, statusCode string }

// series keeps the attributes of metric points, so that recording does not
// sort and hash them again. Reads take no lock: the map is replaced, not
// changed.
type series struct {
	base     []attribute.KeyValue
	all      atomic.Pointer[map[seriesKey][]metric.RecordOption]
	mu       sync.Mutex
	ok, fail int
	names    map[[2]string]bool
}

// of returns the attributes of a point of d.
func (s *series) of(d *described, errorType, statusCode string) []metric.RecordOption {
	if errorType == "" {
		return d.record
	}
	_, options := s.admit(seriesKey{d.key.operation, d.key.summary, errorType, statusCode})
	return options
}

// admit returns the series for key, or the one that has less to say where
// there are enough of them.
func (s *series) admit(key seriesKey) (seriesKey, []metric.RecordOption) {
	if options, ok := s.find(key); ok {
		return key, options
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key = s.reduce(key)
	if options, ok := s.find(key); ok {
		return key, options
	}
	return key, s.add(key)
}

// reduce takes out of key what there is too much of.
func (s *series) reduce(key seriesKey) seriesKey {
	if key.errorType == "" {
		if _, known := s.find(key); !known && key.summary != "" {
			if s.ok >= maxSummaries {
				key.summary = ""
			} else {
				s.ok++
			}
		}
		return key
	}
	name := [2]string{key.errorType, key.statusCode}
	if !s.names[name] {
		if len(s.names) >= maxErrorNames {
			key.errorType, key.statusCode = errorTypeOther, ""
		} else {
			if s.names == nil {
				s.names = make(map[[2]string]bool)
			}
			s.names[name] = true
		}
	}
	if _, known := s.find(key); !known && key.summary != "" {
		if s.fail >= maxFailures {
			key.summary = ""
		} else {
			s.fail++
		}
	}
	return key
}

func (s *series) find(key seriesKey) ([]metric.RecordOption, bool) {
	if all := s.all.Load(); all != nil {
		options, ok := (*all)[key]
		return options, ok
	}
	return nil, false
}

func (s *series) add(key seriesKey) []metric.RecordOption {
	attrs := slices.Clone(s.base)
	for _, kv := range []attribute.KeyValue{
		keyOperation.String(key.operation),
		keySummary.String(key.summary),
		keyErrorType.String(key.errorType),
		keyStatusCode.String(key.statusCode),
	} {
		if kv.Value.AsString() != "" {
			attrs = append(attrs, kv)
		}
	}
	options := []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attrs...))}
	all := map[seriesKey][]metric.RecordOption{key: options}
	if old := s.all.Load(); old != nil {
		for k, v := range *old {
			all[k] = v
		}
	}
	s.all.Store(&all)
	return options
}
