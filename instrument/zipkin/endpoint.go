// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"net/netip"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
)

// remoteRank is the place of key in the list of attributes that may name the
// other side of a call, the best first, and 0 for a key that is not in it.
// https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/#remote-endpoint
// Most of these keys left the semantic conventions long ago, so the list is
// spelt out.
func remoteRank(key attribute.Key) int {
	switch key {
	case "peer.service":
		return 1
	case "server.address":
		return 2
	case "net.peer.name":
		return 3
	case "network.peer.address":
		return 4
	case "server.socket.domain":
		return 5
	case "server.socket.address":
		return 6
	case "net.sock.peer.name":
		return 7
	case "net.sock.peer.addr":
		return 8
	case "peer.hostname":
		return 9
	case "peer.address":
		return 10
	case "db.name":
		return 11
	}
	return 0
}

// portKey is where the port of an address of that rank is found. It is empty
// for a rank that is a name and not an address.
func portKey(rank int) attribute.Key {
	switch rank {
	case 4:
		return "network.peer.port"
	case 6:
		return "server.socket.port"
	case 8:
		return "net.sock.peer.port"
	}
	return ""
}

// appendRemote appends the field remoteEndpoint from the attribute of the
// best rank, if there is one and it says something.
func (e *encoder) appendRemote(dst []byte, attrs []attribute.KeyValue) []byte {
	best, at := 0, 0
	for i := range attrs {
		if rank := remoteRank(attrs[i].Key); rank > 0 && (best == 0 || rank < best) {
			best, at = rank, i
		}
	}
	if best == 0 {
		return dst
	}
	text := attrs[at].Value.AsString()
	if attrs[at].Value.Type() != attribute.STRING || text == "" {
		return dst
	}
	port := portKey(best)
	if port == "" {
		dst = append(dst, `,"remoteEndpoint":{"serviceName":"`...)
		dst = e.appendName(dst, text)
		return append(dst, `"}`...)
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return dst
	}
	if addr = addr.Unmap(); addr.Is4() {
		dst = append(dst, `,"remoteEndpoint":{"ipv4":"`...)
	} else {
		dst = append(dst, `,"remoteEndpoint":{"ipv6":"`...)
	}
	dst = addr.AppendTo(dst)
	dst = append(dst, '"')
	if n := portOf(attrs, port); n > 0 {
		dst = append(dst, `,"port":`...)
		dst = strconv.AppendUint(dst, n, 10)
	}
	return append(dst, '}')
}

// portOf returns the port that key holds, as a number or as text, or 0.
func portOf(attrs []attribute.KeyValue, key attribute.Key) uint64 {
	for i := range attrs {
		if attrs[i].Key != key {
			continue
		}
		v := attrs[i].Value
		if v.Type() == attribute.INT64 {
			if n := v.AsInt64(); n > 0 && n <= 65535 {
				return uint64(n)
			}
			return 0
		}
		n, err := strconv.ParseUint(v.String(), 10, 16)
		if err != nil {
			return 0
		}
		return n
	}
	return 0
}
