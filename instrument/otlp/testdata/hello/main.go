// SPDX-License-Identifier: Apache-2.0

// Hello is a server that sends by OTLP: what its weight test weighs.
package main

import (
	"context"
	"log"
	"net/http"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/otlp"
)

func main() {
	shutdown, err := instrument.Setup(context.Background(), instrument.WithExporters(otlp.HTTP))
	defer func() { _ = shutdown(context.Background()) }()
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", nil))
}
