// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

// The examples use a driver that does nothing, and print the spans' names.

func example(opts ...sqltrace.Option) (db *sql.DB, names func()) {
	spans := tracetest.NewSpanRecorder()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	db = sqltrace.OpenDB((&sqltracetest.Fake{Shape: sqltracetest.Full}).Connector(), append(opts, sqltrace.WithTracerProvider(tp))...)
	return db, func() {
		for _, s := range spans.Ended() {
			fmt.Println(s.Name())
		}
	}
}

func ExampleOpen() {
	sql.Register("songs", &sqltracetest.Fake{})
	db, err := sqltrace.Open("songs", "postgres://app:secret@db.example.org/shop")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	fmt.Println(db.Ping())
	// Output: <nil>
}

func ExampleOpenDB() {
	db, names := example()
	defer db.Close()
	_, err := db.ExecContext(context.Background(), "UPDATE songs SET title = 'Ode' WHERE id = 7")
	fmt.Println(err)
	names()
	// Output:
	// <nil>
	// UPDATE songs
}

func ExampleWrapDriver() {
	fake := &sqltracetest.Fake{Shape: sqltracetest.Full}
	sql.Register("songs traced", sqltrace.WrapDriver(fake.Driver()))
	db, err := sql.Open("songs traced", "songs")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(db.Close())
	// Output: <nil>
}

func ExampleWrapConnector() {
	connector := (&sqltracetest.Fake{}).Connector()
	db := sql.OpenDB(sqltrace.WrapConnector(connector))
	fmt.Println(db.Close())
	// Output: <nil>
}

func ExampleUnwrap() {
	db, _ := example()
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	err = conn.Raw(func(driverConn any) error {
		// The driver's own type: *stdlib.Conn with pgx, *sqlite.conn with SQLite.
		_, ok := sqltrace.Unwrap(driverConn).(driver.Pinger)
		fmt.Println(ok)
		return nil
	})
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

func ExampleObservePool() {
	db := sql.OpenDB((&sqltracetest.Fake{}).Connector())
	defer db.Close()
	stop, err := sqltrace.ObservePool(db, sqltrace.WithPoolName("songs"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(stop())
	// Output: <nil>
}

func ExampleContextWithSummary() {
	db, names := example()
	defer db.Close()
	ctx := sqltrace.ContextWithSummary(context.Background(), "top ten")
	if _, err := db.ExecContext(ctx, "SELECT * FROM songs ORDER BY plays LIMIT 10"); err != nil {
		fmt.Println(err)
	}
	names()
	// Output: top ten
}

func ExampleWithErrorFilter() {
	errExists := errors.New("exists")
	spans := tracetest.NewSpanRecorder()
	fake := &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
		if call == "conn.Exec" {
			return errExists
		}
		return nil
	}}
	db := sqltrace.OpenDB(fake.Connector(),
		sqltrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))),
		sqltrace.WithErrorFilter(func(err error) bool { return !errors.Is(err, errExists) }))
	defer db.Close()
	_, err := db.Exec("INSERT INTO songs VALUES ('Ode')")
	fmt.Println(err, spans.Ended()[0].Status().Code)
	// Output: exists Unset
}

func ExampleWithSlowQuery() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey, "duration", "trace_id", "span_id":
			return slog.Attr{}
		}
		return a
	}}))
	db, _ := example(sqltrace.WithSlowQuery(0, logger))
	defer db.Close()
	_, _ = db.Exec("SELECT * FROM songs WHERE title = 'Ode'")
	// Output: level=WARN msg="slow statement" summary="SELECT songs" query="SELECT * FROM songs WHERE title = ?"
}

func ExampleWithTimer() {
	var lines strings.Builder
	client := metrics.New(&lines)
	db, _ := example(sqltrace.WithTimer(client))
	_, _ = db.Exec("DELETE FROM songs")
	_ = db.Close()
	_ = client.Close()
	name, _, _ := strings.Cut(lines.String(), ":")
	fmt.Println(name)
	// Output: db.client.operation
}

func ExampleWithCommenter() {
	fake := &sqltracetest.Fake{Shape: sqltracetest.Full}
	db := sqltrace.OpenDB(fake.Connector(), sqltrace.WithCommenter(attribute.String("application", "shop")))
	defer db.Close()
	_, _ = db.Exec("DELETE FROM songs;")
	fmt.Println(fake.Calls()[1])
	// Output: conn1.Exec "DELETE FROM songs /*application='shop'*/;" [] forever
}

func ExampleWithEvents() {
	spans := tracetest.NewSpanRecorder()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	db, _ := example(sqltrace.WithEvents())
	defer db.Close()
	ctx, span := tp.Tracer("shop").Start(context.Background(), "checkout")
	_, _ = db.ExecContext(ctx, "DELETE FROM songs")
	span.End()
	fmt.Println(spans.Ended()[0].Name(), spans.Ended()[0].Events()[0].Name)
	// Output: checkout DELETE songs
}
