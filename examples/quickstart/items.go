// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "modernc.org/sqlite" // SQLite in Go: nothing to install

	"github.com/waymark-otel/waymark/sqltrace"
)

// openItems returns catalog's database, in memory.
func openItems(ctx context.Context) (*sql.DB, error) {
	db, err := sqltrace.Open("sqlite", ":memory:") // in the place of sql.Open: the rest is database/sql
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // each connection to :memory: is a database of its own
	if _, err := db.ExecContext(ctx, "CREATE TABLE items (id TEXT PRIMARY KEY, name TEXT NOT NULL)"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	for id, name := range map[string]string{plainItem: "lamp", slowItem: "clock", lostItem: "umbrella"} {
		if _, err := db.ExecContext(ctx, "INSERT INTO items (id, name) VALUES (?, ?)", id, name); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

func nameOf(ctx context.Context, items *sql.DB, id string) (name string, err error) {
	err = items.QueryRowContext(ctx, "SELECT name FROM items WHERE id = ?", id).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("no item has the id %q", id)
	}
	return name, err
}
