// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
)

// isInUse knows the error of each system; syscall's own name for that of
// Windows is never the one that Windows returns.
func isInUse(err error) bool {
	const windows = syscall.Errno(10048) // WSAEADDRINUSE
	return errors.Is(err, syscall.EADDRINUSE) || runtime.GOOS == "windows" && errors.Is(err, windows)
}

// resolve finds the address to listen on, once, so that what was checked is
// what is used.
func resolve(addr string, remote bool) (*net.TCPAddr, error) {
	if addr == "" {
		addr = DefaultAddress
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("viewer: address %q is not host:port", addr)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	at, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("viewer: address %q: %w", addr, err)
	}
	if !remote && !at.IP.IsLoopback() {
		return nil, fmt.Errorf("viewer: address %q is not a loopback address; WithAnyAddress allows it", addr)
	}
	return at, nil
}

// reachable names an address to connect to for one that was listened on.
func reachable(at *net.TCPAddr) string {
	ap := at.AddrPort()
	ip := ap.Addr().Unmap()
	switch {
	case !ip.IsUnspecified():
	case ip.Is4():
		ip = netip.MustParseAddr("127.0.0.1")
	default:
		ip = netip.IPv6Loopback()
	}
	return netip.AddrPortFrom(ip, ap.Port()).String()
}

// localOnly refuses to deal with a browser under another name than this
// machine's own: a web page whose name was pointed at 127.0.0.1 would
// otherwise read every span. Spans of other programs may come in under any
// name; containers have their own for the host.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		program := r.Method == http.MethodPost && r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == ""
		if !program && !isLocal(r.Host) {
			http.Error(w, fmt.Sprintf("viewer: host %s is not this machine's own name", quote(r.Host)), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLocal(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap().IsLoopback()
}
