// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptionsThatMakeNoSenseAreErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		opt Option
		err string
	}{
		"dialect":          {WithDialect(99), "metrics: Dialect(99) is not a dialect"},
		"interval":         {WithFlushInterval(0), "metrics: flush interval 0s is not positive"},
		"reservoir":        {WithReservoir(0), "metrics: a reservoir of 0 values is empty"},
		"small packet":     {WithPacketBytes(63), "metrics: a packet of 63 bytes is outside [64, 65507]"},
		"large packet":     {WithPacketBytes(65508), "metrics: a packet of 65508 bytes is outside [64, 65507]"},
		"queue":            {WithQueueBytes(4095), "metrics: a queue of 4095 bytes is less than 4096"},
		"series":           {WithMaxSeries(0), "metrics: a bound of 0 series leaves none"},
		"timeout":          {WithTimeout(-1), "metrics: timeout -1ns is not positive"},
		"resolve interval": {WithResolveInterval(-time.Second), "metrics: resolve interval -1s is not positive"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Dial("127.0.0.1:8125", tc.opt)
			require.EqualError(t, err, tc.err)

			c := New(io.Discard, tc.opt)
			defer c.Close()
			assert.Equal(t, tc.err, c.Stats().LastError)
			standard, err := newConfig(nil)
			require.NoError(t, err)
			standard.defaultPacketBytes(1432)
			assert.Equal(t, standard, c.core.config, "the default stays")
		})
	}
}

func TestEveryMistakeIsNamed(t *testing.T) {
	_, err := Dial("127.0.0.1:8125", WithTimeout(0), nil, WithMaxSeries(0))
	assert.EqualError(t, err, "metrics: timeout 0s is not positive\nmetrics: a bound of 0 series leaves none")
}

func TestPacketsFitTheirTransport(t *testing.T) {
	for addr, want := range map[string]int{
		"127.0.0.1:8125":     1432,
		"tcp://127.0.0.1:1":  8192,
		"unixgram:///no/one": 8192,
		"unix:///no/one":     8192,
	} {
		c, err := Dial(addr)
		require.NoError(t, err)
		assert.Equal(t, want, c.core.packetBytes, addr)
		_ = c.Close()

		c, err = Dial(addr, WithPacketBytes(1232))
		require.NoError(t, err)
		assert.Equal(t, 1232, c.core.packetBytes, addr)
		_ = c.Close()
	}
}

func TestDialectsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for d := range dialects {
		assert.NotContains(t, d.String(), "Dialect(")
		assert.False(t, seen[d.String()])
		seen[d.String()] = true
	}
}
