// SPDX-License-Identifier: Apache-2.0

//go:build unix

package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

const childCollector = "TEST_CHILD_COLLECTOR"

// runChild is the program that the test kills, written as the README says: a
// server under load that ends on SIGTERM. It prints how many spans it ended.
func runChild() bool {
	url := os.Getenv(childCollector)
	if url == "" {
		return false
	}
	if err := child(url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func child(url string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	shutdown, err := instrument.Setup(ctx, instrument.WithService("child", ""), instrument.WithZipkin(url))
	tel := instrument.Installed()
	defer func() {
		err = errors.Join(err, shutdown(context.Background()))
		s := tel.Stats().Exporters[0]
		fmt.Println("ended", s.Ended, "dropped", s.DroppedBy)
	}()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	tracer := otel.Tracer("child")
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, span := tracer.Start(r.Context(), "request")
		span.End()
	})}
	go func() { _ = server.Serve(listener) }()
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for ctx.Err() == nil {
				if resp, err := http.Get("http://" + listener.Addr().String()); err == nil {
					_ = resp.Body.Close()
				}
				time.Sleep(time.Millisecond) // some 3,000 spans a second: the queue is not what is tested
			}
		})
	}
	<-ctx.Done()
	err = server.Shutdown(context.Background())
	load.Wait()
	return err
}

func TestNothingIsLostOnSIGTERM(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), childCollector+"="+c.URL)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	c.WaitSpans(1000)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), "%s", &out)
	var ended int
	_, after, found := strings.Cut(out.String(), "ended ")
	require.True(t, found, "%s", &out)
	_, err = fmt.Sscan(after, &ended)
	require.NoError(t, err)
	assert.Greater(t, ended, 1000)
	assert.Equal(t, ended, len(c.Spans()), "sent = ended\n%s", &out)
}
