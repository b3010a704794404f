// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAddresses(t *testing.T) {
	for name, tc := range map[string]struct {
		addr string
		want target
		err  string
	}{
		"host and port":   {"statsd.local:8125", target{"udp", "statsd.local", 8125}, ""},
		"no host":         {":8125", target{"udp", "localhost", 8125}, ""},
		"udp":             {"udp://10.0.0.1:9125", target{"udp", "10.0.0.1", 9125}, ""},
		"upper case":      {"UDP://h:1", target{"udp", "h", 1}, ""},
		"trailing slash":  {"udp://h:1/", target{"udp", "h", 1}, ""},
		"IPv6":            {"[::1]:8125", target{"udp", "::1", 8125}, ""},
		"IPv6 zone":       {"udp6://[fe80::1%eth0]:8125", target{"udp6", "fe80::1%eth0", 8125}, ""},
		"tcp":             {"tcp://h:65535", target{"tcp", "h", 65535}, ""},
		"unix datagrams":  {"unixgram:///run/statsd.sock", target{"unixgram", "/run/statsd.sock", 0}, ""},
		"unix stream":     {"unix:///run/statsd.sock", target{"unix", "/run/statsd.sock", 0}, ""},
		"abstract socket": {"unixgram://@statsd", target{"unixgram", "@statsd", 0}, ""},

		"empty":          {"", target{}, `metrics: address "" is not host:port`},
		"no port":        {"localhost", target{}, `metrics: address "localhost" is not host:port`},
		"empty port":     {"localhost:", target{}, `metrics: port "" is outside [1, 65535]`},
		"port zero":      {"localhost:0", target{}, `metrics: port "0" is outside [1, 65535]`},
		"port too large": {"localhost:65536", target{}, `metrics: port "65536" is outside [1, 65535]`},
		"port by name":   {"localhost:statsd", target{}, `metrics: port "statsd" is outside [1, 65535]`},
		"bare IPv6":      {"::1", target{}, `metrics: address "::1" is not host:port`},
		"path":           {"udp://h:1/x", target{}, `metrics: port "1/x" is outside [1, 65535]`},
		"space":          {" h:1", target{}, `metrics: host " h" is not a host name or an address`},
		"scheme":         {"http://h:1", target{}, `metrics: network "http" is none of udp, tcp, unixgram and unix`},
		"no path":        {"unix://", target{}, `metrics: address "unix://" has no path`},
		"user":           {"udp://ann:secret@h:1", target{}, `metrics: address of "h:1" has a user, StatsD knows none`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseTarget(tc.addr)
			if tc.err != "" {
				require.EqualError(t, err, tc.err)
				assert.NotContains(t, err.Error(), "secret")
				_, err = Dial(tc.addr)
				assert.EqualError(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
		})
	}
}

func TestSocketPathsHaveALimit(t *testing.T) {
	_, err := parseTarget("unixgram:///" + strings.Repeat("x", 106))
	assert.NoError(t, err)
	_, err = parseTarget("unixgram:///" + strings.Repeat("x", 107))
	assert.ErrorContains(t, err, "is longer than 107 bytes")
}

func TestAddressesOfTheOtherVersionAreAnError(t *testing.T) {
	_, err := Dial("udp4://[::1]:8125")
	assert.ErrorContains(t, err, `metrics: address "::1" is not of network udp4`)
	_, err = Dial("udp6://127.0.0.1:8125")
	assert.Error(t, err)
}
