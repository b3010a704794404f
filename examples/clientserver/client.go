// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

// ask is one operation with a call in it. The server's spans are below the
// call's: the ids went along in the headers.
func ask(ctx context.Context, to, item string) error {
	client := &http.Client{Transport: httpwrap.Transport(nil)}
	return instrument.Do(ctx, "ask", func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, to+"/items/"+url.PathEscape(item), nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("the server answers %s", resp.Status)
		}
		slog.InfoContext(ctx, "answered", "item", item, "name", strings.TrimSpace(string(text)))
		return nil
	})
}
