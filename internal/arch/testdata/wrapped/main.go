// SPDX-License-Identifier: Apache-2.0

// Command wrapped is hello with its handler wrapped. The size of its binary and
// the modules it compiles are recorded and bounded by a test.
package main

import (
	"context"
	"log"
	"net/http"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

func main() {
	shutdown, err := instrument.Setup(context.Background(), instrument.WithService("hello", ""))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = shutdown(context.Background()) }()
	log.Print(http.ListenAndServe("127.0.0.1:0", httpwrap.Handler(http.NotFoundHandler())))
}
