// SPDX-License-Identifier: Apache-2.0

package metricstest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Server is a StatsD server that remembers: a real UDP socket on the loopback
// interface.
type Server struct {
	Sink
	t    testing.TB
	conn *net.UDPConn

	mu      sync.Mutex
	senders []string
	came    chan struct{} // closed and replaced with each packet
}

// waitLimit ends a wait that would never end. It is generous: machines that
// test are slow.
const waitLimit = 30 * time.Second

// NewServer returns a server that runs until the test ends.
func NewServer(t testing.TB) *Server {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatalf("metricstest: %v", err)
	}
	s := &Server{t: t, conn: conn, came: make(chan struct{})}
	var reading sync.WaitGroup
	reading.Go(s.read)
	t.Cleanup(func() {
		_ = conn.Close()
		reading.Wait()
	})
	return s
}

// Addr returns host and port, as metrics.Dial takes them.
func (s *Server) Addr() string { return s.conn.LocalAddr().String() }

// Senders returns the address each packet came from.
func (s *Server) Senders() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.senders...)
}

// Wait waits until there are at least n lines, and fails the test if they do
// not come.
func (s *Server) Wait(n int) {
	s.t.Helper()
	limit := time.NewTimer(waitLimit)
	defer limit.Stop()
	for {
		s.mu.Lock()
		came := s.came
		s.mu.Unlock()
		have := len(s.Lines())
		if have >= n {
			return
		}
		select {
		case <-came:
		case <-limit.C:
			s.t.Fatalf("metricstest: %d lines came, want %d", have, n)
		}
	}
}

func (s *Server) read() {
	packet := make([]byte, 65536)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(packet)
		if err != nil {
			return
		}
		_, _ = s.Write(packet[:n])
		s.mu.Lock()
		s.senders = append(s.senders, from.String())
		close(s.came)
		s.came = make(chan struct{})
		s.mu.Unlock()
	}
}
