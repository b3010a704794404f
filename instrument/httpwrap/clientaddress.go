// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"net/http"
	"net/netip"
	"strings"
)

// maxForwardedBytes bounds the X-Forwarded-For that is read, from its end:
// what a trusted proxy appended stands there.
const maxForwardedBytes = 1024

// clientAddress returns who sent r: its peer, or, as long as that one is a
// trusted proxy, whom it names. A caller cannot make itself another one, for
// what it wrote stands left of what the first trusted proxy appended.
func clientAddress(r *http.Request, trusted []netip.Prefix) string {
	peer, _ := hostPort(r.RemoteAddr)
	if len(trusted) == 0 || !isTrusted(peer, trusted) {
		return peer
	}
	client := peer
	headers := r.Header["X-Forwarded-For"]
	for i := len(headers) - 1; i >= 0; i-- {
		list := headers[i]
		cut := len(list) > maxForwardedBytes
		if cut {
			list = list[len(list)-maxForwardedBytes:]
			// The first entry left may be cut in half.
			_, list, _ = strings.Cut(list, ",")
		}
		for list != "" {
			entry := list
			j := strings.LastIndexByte(list, ',')
			if j >= 0 {
				entry, list = list[j+1:], list[:j]
			} else {
				list = ""
			}
			addr, ok := parseAddress(strings.TrimSpace(entry))
			if !ok {
				// Whoever wrote this is not to be believed about the rest.
				return client
			}
			client = addr.String()
			if !isTrustedAddress(addr, trusted) {
				return client
			}
		}
		if cut {
			return client
		}
	}
	return client
}

func isTrusted(host string, trusted []netip.Prefix) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && isTrustedAddress(addr.Unmap(), trusted)
}

func isTrustedAddress(addr netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(addr.WithZone("")) {
			return true
		}
	}
	return false
}

// parseAddress reads an address as proxies write it: with a port or without.
func parseAddress(s string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Unmap(), true
	}
	host, _ := hostPort(s)
	addr, err := netip.ParseAddr(host)
	return addr.Unmap(), err == nil
}
