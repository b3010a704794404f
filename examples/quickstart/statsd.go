// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
)

// statsd is a sink in the place of a StatsD server: it prints each line and
// gives it to the viewer's page.
type statsd struct {
	conn  net.PacketConn
	lines atomic.Int64
	done  chan struct{}
}

func startStatsD(out, page io.Writer) (*statsd, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &statsd{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		packet := make([]byte, 64<<10)
		for {
			n, _, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			_, _ = page.Write(packet[:n])
			for line := range strings.Lines(string(packet[:n])) {
				s.lines.Add(1)
				fmt.Fprintln(out, "statsd:", strings.TrimSuffix(line, "\n"))
			}
		}
	}()
	return s, nil
}

func (s *statsd) addr() string { return s.conn.LocalAddr().String() }

func (s *statsd) close() error {
	err := s.conn.Close()
	<-s.done
	return err
}
