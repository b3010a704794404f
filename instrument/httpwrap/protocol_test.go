// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// protocol is a way to speak HTTP to a server of net/http.
type protocol struct {
	name  string
	proto string
	tls   bool
}

var protocols = []protocol{
	{name: "HTTP/1.1", proto: "HTTP/1.1"},
	{name: "HTTP/1.1 TLS", proto: "HTTP/1.1", tls: true},
	{name: "HTTP/2 TLS", proto: "HTTP/2.0", tls: true},
}

// start starts a server on loopback whose Client speaks the protocol.
func (p protocol) start(t testing.TB, h http.Handler) *server {
	s := &server{Server: httptest.NewUnstartedServer(h)}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if p.tls {
		s.EnableHTTP2 = p.proto == "HTTP/2.0"
		s.StartTLS()
	} else {
		s.Start()
	}
	transport := s.Server.Client().Transport.(*http.Transport)
	transport.DisableCompression = true
	transport.DialContext = s.dial
	t.Cleanup(s.Close)
	return s
}

// server is one that a test can hang up on.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	conns []*net.TCPConn
}

func (s *server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok {
		s.mu.Lock()
		s.conns = append(s.conns, tcp)
		s.mu.Unlock()
	}
	return conn, err
}

// reset returns the connection to hang up, nil for HTTP/2, where a request is
// reset without it.
func (p protocol) reset(s *server) *net.TCPConn {
	if p.proto == "HTTP/2.0" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[len(s.conns)-1]
}
