// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/sqltrace"
)

// database is a server under test, as one driver sees it.
type database struct {
	driver, dsn string
	fresh       func(t testing.TB) string // a data source name of an empty database; nil when dsn is enough

	system, namespace, address, port string            // attributes of each span
	numbered                         bool              // placeholders are $1, $2
	types                            map[string]string // of columns, where they differ

	slow, slowSummary string // a statement that takes ten seconds

	pid     string            // asks for the connection's number
	busy    string            // counts the connections of that number that run the slow statement
	kill    string            // kills that connection
	code    map[string]string // by kind of error: error.type and, unless it has a dot or an underscore, the status code
	refused []string          // spans of arguments that database/sql would refuse
	own     []step            // what only this one can do
}

// step is a part of the program that is run on each database, and the spans
// that it leaves: names, with what failed behind an exclamation mark.
type step struct {
	name  string
	run   func(*session)
	spans []string
}

// session is one run of the program. What it sees is written down.
type session struct {
	t   testing.TB
	d   *database
	db  *sql.DB
	ctx context.Context
	log strings.Builder
}

// literal is in texts, and must be in no span.
const literal = "s3cr3t"

// q writes placeholders as the database does.
func (p *session) q(query string) string {
	for name, kind := range p.d.types {
		query = strings.ReplaceAll(query, name, kind)
	}
	if !p.d.numbered {
		return query
	}
	parts := strings.Split(query, "?")
	for i := range parts[:len(parts)-1] {
		parts[i] += "$" + strconv.Itoa(i+1)
	}
	return strings.Join(parts, "")
}

func (p *session) printf(format string, args ...any) { fmt.Fprintf(&p.log, format+"\n", args...) }

// failed writes an error down, down to its types.
func (p *session) failed(err error) {
	p.printf("error: %v", err)
	for ; err != nil; err = errors.Unwrap(err) {
		p.printf("  %T", err)
	}
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (p *session) exec(on execer, query string, args ...any) {
	p.result(on.ExecContext(p.ctx, p.q(query), args...))
}

func (p *session) result(result sql.Result, err error) {
	if err != nil {
		p.failed(err)
		return
	}
	affected, err := result.RowsAffected()
	p.printf("affected: %d, %v", affected, err)
	id, err := result.LastInsertId()
	p.printf("last id: %d, %v", id, err)
}

func (p *session) query(on querier, query string, args ...any) {
	p.rows(on.QueryContext(p.ctx, p.q(query), args...))
}

// rows writes down all that rows tell.
func (p *session) rows(rows *sql.Rows, err error) {
	if err != nil {
		p.failed(err)
		return
	}
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		columns, err := rows.Columns()
		p.printf("columns: %q, %v", columns, err)
		types, err := rows.ColumnTypes()
		p.printf("types: %v", err)
		for _, c := range types {
			length, hasLength := c.Length()
			precision, scale, hasScale := c.DecimalSize()
			nullable, hasNullable := c.Nullable()
			p.printf("  %s %s %v %d %t %d %d %t %t %t", c.Name(), c.DatabaseTypeName(), c.ScanType(), length, hasLength, precision, scale, hasScale, nullable, hasNullable)
		}
		for rows.Next() {
			values := make([]any, len(columns))
			places := make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			p.printf("row: %v", rows.Scan(places...))
			for _, v := range values {
				p.printf("  %T %#v", v, v)
			}
		}
		p.printf("end: %v", rows.Err())
	}
	p.printf("close: %v", rows.Close())
}

// begin begins a transaction, which the run cannot go on without.
func (p *session) begin(opts *sql.TxOptions) *sql.Tx {
	p.t.Helper()
	tx, err := p.db.BeginTx(p.ctx, opts)
	require.NoError(p.t, err)
	return tx
}

// run runs the program on an observed database or a bare one, and returns what
// each step saw, its spans, and how many points there were.
func (d *database) run(t testing.TB, observed bool, opts ...sqltrace.Option) (seen map[string]string, spans map[string][]sdktrace.ReadOnlySpan, points uint64) {
	t.Helper()
	recorder, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	dsn := d.dsn
	if d.fresh != nil {
		dsn = d.fresh(t)
	}
	var db *sql.DB
	var err error
	if observed {
		db, err = sqltrace.Open(d.driver, dsn, append(opts, sqltrace.WithTracerProvider(tp), sqltrace.WithMeterProvider(mp))...)
	} else {
		db, err = sql.Open(d.driver, dsn)
	}
	require.NoError(t, err)
	p := &session{t: t, d: d, db: db, ctx: t.Context()}
	seen, spans = map[string]string{}, map[string][]sdktrace.ReadOnlySpan{}
	for _, s := range d.steps() {
		before := len(recorder.Ended())
		s.run(p)
		seen[s.name] = p.log.String()
		p.log.Reset()
		spans[s.name] = recorder.Ended()[before:]
	}
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if h, ok := m.Data.(metricdata.Histogram[float64]); ok && m.Name == "db.client.operation.duration" {
				for _, p := range h.DataPoints {
					points += p.Count
				}
			}
		}
	}
	require.NoError(t, db.Close())
	assert.Len(t, recorder.Ended(), len(recorder.Started()), "each span that was started has ended")
	return seen, spans, points
}

// check runs the program on the bare driver, observed, and observed in every
// way at once, and compares.
func (d *database) check(t *testing.T) {
	want, _, _ := d.run(t, false)
	got, spans, points := d.run(t, true)
	commented, watched, _ := d.run(t, true, sqltrace.WithCommenter(attribute.String("service.name", "shop")), sqltrace.WithRows())
	total := 0
	for _, s := range d.steps() {
		t.Run(s.name, func(t *testing.T) {
			require.NotEmpty(t, want[s.name])
			assert.Equal(t, want[s.name], got[s.name], "observed, against the bare driver")
			assert.Equal(t, want[s.name], commented[s.name], "with comments and watched rows, against the bare driver")
			assert.Equal(t, s.spans, d.lines(t, spans[s.name]))
			total += len(s.spans)
			// A span that lasts until its rows are closed may end after another.
			assert.ElementsMatch(t, s.spans, d.lines(t, watched[s.name]), "with comments and watched rows")
		})
	}
	assert.EqualValues(t, total, points, "one point for each span")
}

func (d *database) lines(t testing.TB, spans []sdktrace.ReadOnlySpan) []string {
	t.Helper()
	var lines []string
	for _, span := range spans {
		lines = append(lines, d.line(t, span))
	}
	return lines
}

// line checks what all spans have in common, and writes one down.
func (d *database) line(t testing.TB, span sdktrace.ReadOnlySpan) string {
	t.Helper()
	assert.Equal(t, trace.SpanKindClient, span.SpanKind())
	attributes := map[attribute.Key]string{}
	for _, kv := range span.Attributes() {
		attributes[kv.Key] = kv.Value.String()
		assert.NotContains(t, kv.Value.String(), literal)
	}
	assert.NotContains(t, span.Name()+span.Status().Description, literal)
	assert.Equal(t, []string{d.system, d.namespace, d.address, d.port}, []string{
		attributes["db.system.name"], attributes["db.namespace"], attributes["server.address"], attributes["server.port"],
	})
	line := span.Name()
	if code := attributes["error.type"]; code != "" {
		line += " !" + code
		assert.Equal(t, "Error", span.Status().Code.String(), line)
		if status := attributes["db.response.status_code"]; status != "" {
			assert.Equal(t, code, status)
		} else {
			assert.True(t, strings.ContainsAny(code, "._"), "%s has a name, and no code", code)
		}
	} else {
		assert.Equal(t, "Unset", span.Status().Code.String(), line)
	}
	return line
}

// recorded returns a provider of tracers, and what remembers their spans.
func recorded(t testing.TB) (*tracetest.SpanRecorder, *sdktrace.TracerProvider) {
	recorder := tracetest.NewSpanRecorder()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	t.Cleanup(func() { _ = tp.Shutdown(context.Background()) })
	return recorder, tp
}
