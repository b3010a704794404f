// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

func TestOptionsAreKeptAndBounded(t *testing.T) {
	var c optionCache[endedKey]
	key := func(i int) endedKey {
		return endedKey{startedKey: startedKey{method: http.MethodGet}, route: "/" + strconv.Itoa(i), status: 200}
	}
	for range 2 {
		for i := range 2 * maxCachedOptions {
			cfg := metric.NewRecordConfig(c.get(key(i)).record)
			set := cfg.Attributes()
			route, _ := set.Value(keyRoute)
			assert.Equal(t, attribute.StringValue("/"+strconv.Itoa(i)), route)
		}
	}
	assert.Len(t, *c.options.Load(), maxCachedOptions)
	assert.Same(t, c.get(key(1)), c.get(key(1)), "one that is kept is made once")
}

func TestOptionsMayBeAskedForAtOnce(t *testing.T) {
	var c optionCache[startedKey]
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			for range 100 {
				key := startedKey{method: strconv.Itoa(i % 8)}
				cfg := metric.NewAddConfig(c.get(key).add)
				set := cfg.Attributes()
				if got, _ := set.Value(keyMethod); got.AsString() != key.method {
					t.Errorf("method %q, want %q", got.AsString(), key.method)
				}
			}
		})
	}
	group.Wait()
	assert.Len(t, *c.options.Load(), 8)
}
