// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/opentracing/opentracing-go"
	"github.com/opentracing/opentracing-go/ext"
)

// What is in this file stands for code that was instrumented years ago and
// that nobody wants to touch: it knows opentracing-go and nothing else.

// readStock asks the stock service for an item.
func readStock(ctx context.Context, url, item string) (string, error) {
	span, ctx := opentracing.StartSpanFromContext(ctx, "read stock", ext.SpanKindRPCClient, opentracing.Tag{Key: "item", Value: item})
	defer span.Finish()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/stock/"+item, nil)
	if err != nil {
		return "", err
	}
	if err := opentracing.GlobalTracer().Inject(span.Context(), opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(req.Header)); err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		ext.LogError(span, err)
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	return string(text), err
}

// stock is the service.
func stock() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stock/{item}", func(w http.ResponseWriter, r *http.Request) {
		caller, _ := opentracing.GlobalTracer().Extract(opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(r.Header))
		span := opentracing.StartSpan("get stock", ext.RPCServerOption(caller))
		defer span.Finish()
		shelf := opentracing.StartSpan("look at shelf", opentracing.ChildOf(span.Context()))
		shelf.LogKV("event", "cache miss", "shelf", 7)
		shelf.Finish()
		_, _ = fmt.Fprint(w, "12 left")
	})
	return mux
}
