// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever comes in, what goes out is short and valid, and what was so already
// is not touched.
func FuzzClean(f *testing.F) {
	f.Add("plain", 4)
	f.Add("\xff\xfe\xfd", 2)
	f.Add("é😀", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 1 + max(limit, -limit)%1000
		if limit < 1 {
			return
		}
		got := clean(s, limit)
		if len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("clean(%q, %d) = %q", s, limit, got)
		}
		if len(s) <= limit && utf8.ValidString(s) && got != s {
			t.Errorf("clean(%q, %d) = %q, want it untouched", s, limit, got)
		}
		if again := clean(got, limit); again != got {
			t.Errorf("clean(%q) = %q", got, again)
		}
	})
}

// A server that parses the redacted query finds the parameters it found in
// the real one, without the secrets.
func FuzzRedactedQuery(f *testing.F) {
	f.Add("a=1&sig=x&b=2")
	f.Add("s%69g=x;sig=y&sig")
	f.Add("&&==&sig==&")
	d := newRedactor()
	f.Fuzz(func(t *testing.T, raw string) {
		if strings.Contains(raw, ";") {
			return // ParseQuery drops what has one
		}
		want, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		got, err := url.ParseQuery(d.query(raw))
		if err != nil {
			t.Fatalf("query(%q) = %q: %v", raw, d.query(raw), err)
		}
		for name, values := range want {
			for i, value := range values {
				if d.secret(url.QueryEscape(name)) && value != "" {
					value = redacted
				}
				if len(got[name]) != len(values) || got[name][i] != value {
					t.Fatalf("query(%q) = %q: %q is %q, want %q", raw, d.query(raw), name, got[name], value)
				}
			}
		}
	})
}

// The client is the peer, or an address, and never one that an untrusted
// sender wrote left of its own.
func FuzzClientAddress(f *testing.F) {
	f.Add("198.51.100.7")
	f.Add("6.6.6.6, [::1]:80,10.0.0.1")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, forwarded string) {
		r := &http.Request{RemoteAddr: "10.0.0.1:80", Header: http.Header{"X-Forwarded-For": {forwarded}}}
		got := clientAddress(r, trusted)
		if _, err := netip.ParseAddr(got); err != nil {
			t.Errorf("client of %q is %q: %v", forwarded, got, err)
		}
		r.Header["X-Forwarded-For"] = []string{forwarded, "192.0.2.1"}
		if got := clientAddress(r, trusted); got != "192.0.2.1" {
			t.Errorf("client of %q, 192.0.2.1 is %q", forwarded, got)
		}
		if got := clientAddress(r, nil); got != "10.0.0.1" {
			t.Errorf("client without trusted proxies is %q", got)
		}
	})
}

// The host and port that a span starts with are those that otelhttp finds.
func FuzzHostPort(f *testing.F) {
	for _, s := range []string{"a", "a:1", "[::1]", "[::1]:1", "[", ":", "a:b:c", "a:", ":80", "[::1]x:9", "a:99999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, port := hostPort(s)
		for _, kv := range describeServer(&http.Request{Method: http.MethodGet, Host: s, URL: &url.URL{}}) {
			switch kv.Key {
			case keyServerAddress:
				if kv.Value.AsString() != host {
					t.Errorf("host of %q is %q, want %q", s, host, kv.Value.AsString())
				}
			case keyServerPort:
				if int(kv.Value.AsInt64()) != port {
					t.Errorf("port of %q is %d, want %d", s, port, kv.Value.AsInt64())
				}
			}
		}
	})
}

func TestDescriberLetsForeignPanicsThrough(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a nil request must panic, and not be swallowed")
		}
	}()
	describeServer(nil)
}
