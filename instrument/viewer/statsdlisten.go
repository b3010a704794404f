// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"fmt"
	"net"
)

// statsdListener takes StatsD lines over UDP.
type statsdListener struct {
	conn *net.UDPConn
	done chan struct{}
}

func listenStatsD(addr string, remote bool, to *statsd) (*statsdListener, error) {
	at, err := resolve(addr, remote)
	if err != nil {
		return nil, err
	}
	network := "udp"
	if at.IP.To4() != nil {
		network = "udp4"
	}
	conn, err := net.ListenUDP(network, &net.UDPAddr{IP: at.IP, Port: at.Port, Zone: at.Zone})
	if isInUse(err) {
		return nil, fmt.Errorf("viewer: %w: udp %s", ErrAddressInUse, at)
	}
	if err != nil {
		return nil, fmt.Errorf("viewer: statsd: %w", err)
	}
	l := &statsdListener{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		packet := make([]byte, 64<<10)
		for {
			n, err := conn.Read(packet)
			if err != nil {
				return // closed
			}
			_, _ = to.Write(packet[:n])
		}
	}()
	return l, nil
}

func (l *statsdListener) addr() string {
	at := l.conn.LocalAddr().(*net.UDPAddr)
	return reachable(&net.TCPAddr{IP: at.IP, Port: at.Port, Zone: at.Zone})
}

func (l *statsdListener) close() {
	_ = l.conn.Close()
	<-l.done
}

// StatsDAddr returns where WithStatsD listens, to be given to a StatsD client:
// "127.0.0.1:41234". Without the option it is empty, and so is it when the
// Viewer is Elsewhere: instrument.WithStatsD takes that for where a StatsD
// server usually is.
func (v *Viewer) StatsDAddr() string {
	if v == nil || v.listener == nil {
		return ""
	}
	return v.listener.addr()
}
