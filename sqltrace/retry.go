// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A pool runs a statement again, up to two times, when its connection turns
// out to be bad; a transaction and an sql.Conn do not. The driver is not told,
// and nothing in the context says so: only the stack does. It is looked at
// when a driver says driver.ErrBadConn, which is rare, and says exactly
// whether the failure is final.

const (
	maxAttempts  = 3 // of database/sql
	retryName    = "database/sql.(*DB).retry"
	ownConnName  = "database/sql.(*Conn).close"
	queryName    = "database/sql.(*DB).queryDC"
	execName     = "database/sql.(*DB).execDC"
	stmtName     = "database/sql.(*Stmt).connStmt"
	awaitName    = "database/sql.(*Rows).awaitDone"
	sqlPrefix    = "database/sql."
	maxStackSize = 64
)

// stage is where in its attempts database/sql is.
type stage uint8

const (
	stageNone    stage = iota // nobody will try again
	stageMore                 // there will be another attempt
	stageLast                 // this is the last attempt
	stageUnknown              // attempts are made in a way this Go does not show
)

// retryLines are the lines of database/sql's retry from which it calls each
// attempt, as they are in the Go that the program was built with. Both are 0
// when that cannot be told.
var retryLines = sync.OnceValue(func() (lines struct{ more, last int }) {
	p := &probe{}
	db := sql.OpenDB(p)
	_ = db.PingContext(context.Background())
	_ = db.Close()
	n := len(p.lines)
	if n != maxAttempts || slices.Contains(p.lines, 0) || p.lines[0] != p.lines[1] || p.lines[1] == p.lines[2] {
		return lines
	}
	lines.more, lines.last = p.lines[0], p.lines[2]
	return lines
})

// probe is a connector that fails, and notes from where it was called.
type probe struct{ lines []int }

func (p *probe) Connect(context.Context) (driver.Conn, error) {
	line, _ := sqlFrame(retryName)
	p.lines = append(p.lines, line)
	return nil, driver.ErrBadConn
}

func (p *probe) Driver() driver.Driver { return nil }

// retryStage returns where the caller's caller in database/sql is.
func retryStage() stage {
	lines := retryLines()
	line, bySQL := sqlFrame(retryName)
	switch {
	case !bySQL:
		return stageNone // somebody who called the driver himself
	case lines.more == 0:
		return stageUnknown
	case line == lines.more:
		return stageMore
	case line == lines.last:
		return stageLast
	}
	return stageNone
}

// closesOwnConn reports whether a connection is being closed by an sql.Conn.
func closesOwnConn() bool {
	line, _ := sqlFrame(ownConnName)
	return line != 0
}

// preparesStatement reports whether database/sql is preparing a statement that
// somebody runs now, and not one that somebody may run later.
func preparesStatement() bool {
	line, _ := sqlFrame(queryName, execName, stmtName)
	return line != 0
}

// closedByContext reports whether database/sql is closing rows since a context
// ended, and not since somebody asked it to.
func closedByContext() bool {
	line, _ := sqlFrame(awaitName)
	return line != 0
}

// sqlFrame returns the line that one of the named functions of database/sql is
// at in the innermost calls of that package, 0 when none is among them, and
// whether there are any.
func sqlFrame(names ...string) (line int, bySQL bool) {
	var pcs [maxStackSize]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		switch {
		case slices.Contains(names, frame.Function):
			return frame.Line, true
		case strings.HasPrefix(frame.Function, sqlPrefix):
			bySQL = true
		case bySQL:
			// A caller, perhaps a driver built on database/sql itself: what is
			// further out is another pool's.
			return 0, true
		}
		if !more {
			return 0, bySQL
		}
	}
}
