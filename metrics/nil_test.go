// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
)

func TestNilDiscardsInEveryMethod(t *testing.T) {
	var client *metrics.Client
	var counter *metrics.Counter
	var timer *metrics.Timer
	for _, receiver := range []any{client, counter, timer} {
		v := reflect.ValueOf(receiver)
		require.Positive(t, v.NumMethod())
		for i := range v.NumMethod() {
			name := v.Type().Elem().Name() + "." + v.Type().Method(i).Name
			t.Run(name, func(t *testing.T) {
				m := v.Method(i)
				var args []reflect.Value
				for j := range m.Type().NumIn() {
					if m.Type().IsVariadic() && j == m.Type().NumIn()-1 {
						break
					}
					arg := reflect.New(m.Type().In(j)).Elem()
					if arg.Kind() == reflect.Float64 {
						arg.SetFloat(0.5)
					}
					args = append(args, arg)
				}
				for _, result := range m.Call(args) {
					switch r := result.Interface().(type) {
					case error:
						assert.NoError(t, r)
					case func():
						require.NotNil(t, r)
						r()
					case metrics.Stats:
						assert.Zero(t, r)
					default:
						assert.True(t, result.IsNil(), "what a nil value makes is nil")
					}
				}
			})
		}
	}
}
