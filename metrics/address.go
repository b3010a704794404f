// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// target is where a client sends to.
type target struct {
	network string // as package net names it
	host    string // or the path of a Unix socket
	port    uint16
}

// address returns what net.Dial wants.
func (t target) address() string {
	if t.unix() {
		return t.host
	}
	return net.JoinHostPort(t.host, strconv.Itoa(int(t.port)))
}

func (t target) unix() bool { return strings.HasPrefix(t.network, "unix") }

// maxUnixPath is what sun_path of Linux holds beside its zero byte.
const maxUnixPath = 107

// parseTarget reads an address of Dial. Its errors never quote what may be a
// password.
func parseTarget(addr string) (target, error) {
	network, rest, ok := strings.Cut(addr, "://")
	if !ok {
		network, rest = "udp", addr
	}
	network = strings.ToLower(network)
	switch network {
	case "udp", "udp4", "udp6", "tcp", "tcp4", "tcp6":
		return parseHostPort(network, strings.TrimSuffix(rest, "/"))
	case "unix", "unixgram":
		if rest == "" {
			return target{}, fmt.Errorf("metrics: address %q has no path", addr)
		}
		if len(rest) > maxUnixPath {
			return target{}, fmt.Errorf("metrics: socket path %q is longer than %d bytes", rest, maxUnixPath)
		}
		return target{network: network, host: rest}, nil
	}
	return target{}, fmt.Errorf("metrics: network %q is none of udp, tcp, unixgram and unix", network)
}

func parseHostPort(network, hostPort string) (target, error) {
	if i := strings.LastIndexByte(hostPort, '@'); i >= 0 {
		return target{}, fmt.Errorf("metrics: address of %q has a user, StatsD knows none", hostPort[i+1:])
	}
	host, portText, err := net.SplitHostPort(hostPort)
	if err != nil {
		return target{}, fmt.Errorf("metrics: address %q is not host:port", hostPort)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return target{}, fmt.Errorf("metrics: port %q is outside [1, 65535]", portText)
	}
	if strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`/\?#|`, r) }) {
		return target{}, fmt.Errorf("metrics: host %q is not a host name or an address", host)
	}
	if host == "" {
		host = "localhost"
	}
	return target{network: network, host: host, port: uint16(port)}, nil
}
