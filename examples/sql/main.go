// SPDX-License-Identifier: Apache-2.0

// Command sql runs statements on SQLite: each one is a span, and the slow ones
// are logged with their trace.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	_ "modernc.org/sqlite" // SQLite in Go: nothing to install

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/viewer"
	"github.com/waymark-otel/waymark/sqltrace"
)

func main() {
	v, err := viewer.Start("127.0.0.1:0", viewer.WithOutput(os.Stdout))
	if err == nil {
		err = errors.Join(run(context.Background(), os.Stdout, v.SpansURL()), v.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, spansURL string) (err error) {
	shutdown, err := instrument.Setup(ctx,
		instrument.WithService("shop", "1.0"),
		instrument.WithZipkin(spansURL),
		instrument.WithLogger(slog.New(slog.DiscardHandler)))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}

	db, err := sqltrace.Open("sqlite", ":memory:", // in the place of sql.Open
		sqltrace.WithSlowQuery(slow, slog.New(slog.NewTextHandler(out, nil))),
		sqltrace.WithParentOnly()) // nothing of what is outside of a span: here, the schema
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // each connection to :memory: is a database of its own
	if _, err := db.ExecContext(ctx, "CREATE TABLE songs (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE)"); err != nil {
		return err
	}

	if err := instrument.Do(ctx, "add songs", func(ctx context.Context) error { return add(ctx, db, "Alpha", "Beta") }); err != nil {
		return err
	}
	// SQLite refuses this one: the span of the statement says why, with the
	// database's own code, and the transaction is rolled back.
	if err := instrument.Do(ctx, "add songs", func(ctx context.Context) error { return add(ctx, db, "Gamma", "Alpha") }); err == nil {
		return errors.New("a song is there twice")
	}
	return instrument.Do(ctx, "report", func(ctx context.Context) error {
		n, err := count(ctx, db)
		fmt.Fprintf(out, "%d songs\n", n)
		return err
	})
}

// slow is how long a statement takes that is logged.
const slow = 10 * time.Millisecond

func add(ctx context.Context, db *sql.DB, titles ...string) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing once it is committed
	for _, title := range titles {
		if _, err := tx.ExecContext(ctx, "INSERT INTO songs (title) VALUES (?)", title); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// count counts the songs, the long way: it compares each with the numbers up
// to 200,000.
func count(ctx context.Context, db *sql.DB) (n int, err error) {
	ctx = sqltrace.ContextWithSummary(ctx, "count songs") // instead of what the text says
	err = db.QueryRowContext(ctx, `
		WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < 200000)
		SELECT COUNT(DISTINCT songs.id) FROM numbers JOIN songs ON songs.id = numbers.i WHERE songs.title <> 'hunter2'`).Scan(&n)
	return n, err
}
