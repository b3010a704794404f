// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/waymark-otel/waymark/instrument"
)

// Three services. Nothing below knows that it is traced, apart from the calls
// of Do, which record an operation inside of a request.

// The items that the requests ask for.
const (
	plainItem = "1"
	slowItem  = "7"
	lostItem  = "13"

	slowness = 300 * time.Millisecond
)

// front serves orders. It asks catalog about the item.
func front(catalog string) func(*slog.Logger, *http.Client) http.Handler {
	return func(log *slog.Logger, client *http.Client) http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /orders/{item}", func(w http.ResponseWriter, r *http.Request) {
			relay(w, r, log, client, catalog+"/items/"+url.PathEscape(r.PathValue("item")))
		})
		return mux
	}
}

// catalog serves items. It looks the item up in its database and asks legacy
// about the price.
func catalog(items *sql.DB, legacy string) func(*slog.Logger, *http.Client) http.Handler {
	return func(log *slog.Logger, client *http.Client) http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /items/{item}", func(w http.ResponseWriter, r *http.Request) {
			item := r.PathValue("item")
			name, err := instrument.Call(r.Context(), "look up item", func(ctx context.Context) (string, error) {
				instrument.SetAttributes(ctx, attribute.String("item", item))
				return nameOf(ctx, items, item)
			})
			if err != nil {
				log.WarnContext(r.Context(), "no such item", "item", item, "error", err)
				http.Error(w, "no such item", http.StatusNotFound)
				return
			}
			log.InfoContext(r.Context(), "item found", "item", item, "name", name)
			relay(w, r, log, client, legacy+"/prices/"+url.PathEscape(item))
		})
		return mux
	}
}

var errNoPrice = errors.New("no price list has this item")

// legacy serves prices. It stands for a service that knows of no trace header
// but X-Trace-Info.
func legacy(log *slog.Logger, _ *http.Client) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /prices/{item}", func(w http.ResponseWriter, r *http.Request) {
		price, err := instrument.Call(r.Context(), "compute price", func(ctx context.Context) (int, error) {
			switch r.PathValue("item") {
			case lostItem:
				return 0, errNoPrice
			case slowItem:
				instrument.AddEvent(ctx, "price list not cached")
				time.Sleep(slowness)
			}
			time.Sleep(time.Millisecond)
			return 1999, nil
		})
		if err != nil {
			log.ErrorContext(r.Context(), "no price", "error", err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "%d cents\n", price)
	})
	return mux
}

// relay answers with what is answered at to, and 502 when that is no success.
func relay(w http.ResponseWriter, r *http.Request, log *slog.Logger, client *http.Client, to string) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, to, nil)
	if err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		log.ErrorContext(r.Context(), "call broke off", "error", err)
		http.Error(w, "bad gateway", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.WriteHeader(http.StatusBadGateway)
	}
	_, _ = io.Copy(w, resp.Body)
}
