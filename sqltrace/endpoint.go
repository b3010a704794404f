// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxNameBytes is the longest host, path or database that is told.
const maxNameBytes = 255

// first returns the first of a list.
func first(list string) string {
	one, _, _ := strings.Cut(list, ",")
	return one
}

// endpoint reads the first of some hosts with ports. What cannot be a host is
// not one.
func endpoint(hosts string) (address string, port int, ok bool) {
	host := first(hosts)
	if host == "" {
		return "", 0, true
	}
	if !strings.Contains(host, "%") {
	} else if decoded, err := url.PathUnescape(host); err == nil && strings.HasPrefix(decoded, "/") {
		host = decoded
	}
	if strings.HasPrefix(host, "/") {
		return host, 0, isPath(host)
	}
	if strings.HasPrefix(host, "[") {
		inner, after, closed := strings.Cut(host[1:], "]")
		ip, err := netip.ParseAddr(inner)
		if !closed || err != nil || !ip.Is6() {
			return "", 0, false
		}
		if after != "" {
			if port, ok = portOf(strings.TrimPrefix(after, ":")); !ok || after[0] != ':' {
				return "", 0, false
			}
		}
		return ip.WithZone("").String(), port, true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.WithZone("").String(), 0, true
	}
	host, digits, colon := strings.Cut(host, ":")
	if colon && digits != "" {
		if port, ok = portOf(digits); !ok {
			return "", 0, false
		}
	}
	return host, port, isHost(host)
}

// isHost reports whether a text may be the name of a host.
func isHost(s string) bool {
	return s == "" || len(s) <= maxNameBytes && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789.-_") == "" && s[0] != '-' && s[0] != '.'
}

// isPath reports whether a text may be the path of a socket.
func isPath(s string) bool {
	if s == "" || len(s) > maxNameBytes || s[0] != '/' && s[0] != '@' || strings.Contains(s[1:], "@") {
		return false
	}
	return strings.Trim(strings.ToLower(s[1:]), "abcdefghijklmnopqrstuvwxyz0123456789.-_/+ ") == ""
}

// portOf reads a port.
func portOf(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return int(n), err == nil && n != 0 && isDigit(s[0])
}

// namespace joins the parts that may be names, the widest first.
// https://opentelemetry.io/docs/specs/semconv/db/database-spans/
func namespace(parts ...string) string {
	var b strings.Builder
	for _, s := range parts {
		if s == "" || len(s) > maxNameBytes {
			continue
		}
		for i := range len(s) {
			if c := s[i]; !isWordStart(c) && !isDigit(c) && !strings.ContainsRune("-_. $", rune(c)) {
				return "" // neither this nor the rest
			}
		}
		if b.Len() > 0 {
			b.WriteByte('|')
		}
		b.WriteString(s)
	}
	return b.String()
}
