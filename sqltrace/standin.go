// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"database/sql/driver"
	"strings"
	"sync"
	"sync/atomic"
)

type statement struct {
	summary       string
	sanitized     string
	parameterized bool
	described     atomic.Pointer[described]
}
type statements struct{ m sync.Map }

func newStatements(limit int) *statements { return &statements{} }
func (s *statements) get(query string) *statement {
	if v, ok := s.m.Load(query); ok {
		return v.(*statement)
	}
	f := strings.Fields(query)
	st := &statement{sanitized: query, parameterized: true}
	if len(f) > 0 {
		st.summary = f[0]
	}
	s.m.Store(strings.Clone(query), st)
	return st
}

type target struct {
	system, address string
	port            int
	namespace       string
}

func identify(d driver.Driver, driverName, dsn string) target { return target{system: "other_sql"} }

func classify(err error) (errorType, statusCode string) { return "*errors.errorString", "" }

func withComment(query string, pairs [][2]string) string { return query + "/*x*/" }
