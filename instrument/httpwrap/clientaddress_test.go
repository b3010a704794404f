// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

func TestClientAddressIsThePeerOrATrustedProxysWord(t *testing.T) {
	trusted := httpwrap.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"))
	for name, tc := range map[string]struct {
		opts      []httpwrap.Option
		peer      string
		forwarded []string
		want      string
	}{
		"nobody is trusted":           {nil, "192.0.2.1:80", []string{"6.6.6.6"}, "192.0.2.1"},
		"peer is no proxy":            {[]httpwrap.Option{trusted}, "192.0.2.1:80", []string{"6.6.6.6"}, "192.0.2.1"},
		"proxy names the client":      {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{"198.51.100.7"}, "198.51.100.7"},
		"client names another":        {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{"6.6.6.6, 198.51.100.7"}, "198.51.100.7"},
		"two proxies":                 {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{"6.6.6.6, 198.51.100.7, 10.2.3.4"}, "198.51.100.7"},
		"two headers":                 {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{"6.6.6.6", "198.51.100.7,10.2.3.4"}, "198.51.100.7"},
		"all are proxies":             {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{"10.9.9.9"}, "10.9.9.9"},
		"no header":                   {[]httpwrap.Option{trusted}, "10.0.0.1:80", nil, "10.0.0.1"},
		"empty":                       {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{""}, "10.0.0.1"},
		"not an address":              {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{"6.6.6.6, unknown, 10.2.3.4"}, "10.2.3.4"},
		"address with port":           {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		"v6":                          {[]httpwrap.Option{trusted}, "[fd00::1]:80", []string{"2001:db8::7"}, "2001:db8::7"},
		"v6 with port":                {[]httpwrap.Option{trusted}, "[fd00::1]:80", []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		"v4 in v6":                    {[]httpwrap.Option{trusted}, "[::ffff:10.0.0.1]:80", []string{"198.51.100.7"}, "198.51.100.7"},
		"long, cut in the middle":     {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{strings.Repeat("6.6.6.6,", 9999) + " 198.51.100.7"}, "198.51.100.7"},
		"long, beyond what is read":   {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{"198.51.100.7" + strings.Repeat(",10.7.7.7", 999)}, "10.7.7.7"},
		"long, the header before too": {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{"198.51.100.7", strings.Repeat("10.7.7.7,", 999) + "10.7.7.7"}, "10.7.7.7"},
		"long, one entry, not read":   {[]httpwrap.Option{trusted}, "10.0.0.1:80", []string{strings.Repeat("6", 99999)}, "10.0.0.1"},
		"unix socket":                 {[]httpwrap.Option{trusted}, "@", []string{"6.6.6.6"}, "@"},
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tc.peer
			r.Header["X-Forwarded-For"] = tc.forwarded
			tel.handler(http.HandlerFunc(ok), tc.opts...).ServeHTTP(httptest.NewRecorder(), r)
			assert.Equal(t, tc.want, attributes(tel.span())["client.address"])
		})
	}
}
