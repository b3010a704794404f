// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"

	"github.com/waymark-otel/waymark/propagators"
)

func members(from, n, size int) string {
	var list []string
	for i := range n {
		m := fmt.Sprintf("key%03d=", from+i)
		list = append(list, m+strings.Repeat("v", size-len(m)))
	}
	return strings.Join(list, ",")
}

func keyed(b baggage.Baggage) map[string]string {
	all := map[string]string{}
	for _, m := range b.Members() {
		all[m.Key()] = m.Value()
	}
	return all
}

func TestBaggageIsRead(t *testing.T) {
	for name, tc := range map[string]struct {
		headers []string
		want    map[string]string
	}{
		"one":                         {[]string{"a=1,b=2"}, map[string]string{"a": "1", "b": "2"}},
		"two headers":                 {[]string{"a=1", "b=2"}, map[string]string{"a": "1", "b": "2"}},
		"white space and properties":  {[]string{" a = 1 ; p ; q=2 , b=2"}, map[string]string{"a": "1", "b": "2"}},
		"percent":                     {[]string{"a=%20%C3%A9"}, map[string]string{"a": " é"}},
		"the last of equal keys":      {[]string{"a=1,a=2"}, map[string]string{"a": "2"}},
		"equals sign in a value":      {[]string{"a=b=c"}, map[string]string{"a": "b=c"}},
		"malformed ones are dropped":  {[]string{"a=1,nonsense,=2,b c=3,d=\x01,e=é,f=\"x\",g=5"}, map[string]string{"a": "1", "g": "5"}},
		"malformed first and last":    {[]string{"nonsense,a=1,nonsense"}, map[string]string{"a": "1"}},
		"empty members":               {[]string{",,a=1,,"}, map[string]string{"a": "1"}},
		"nothing valid":               {[]string{"nonsense"}, nil},
		"bad percent":                 {[]string{"a=%zz,b=2"}, map[string]string{"b": "2"}},
		"nothing but bad percent":     {[]string{"a=%zz"}, nil},
		"bad property":                {[]string{"a=1;=,b=2"}, map[string]string{"b": "2"}},
		"8 KiB of commas":             {[]string{strings.Repeat(",", 8192)}, nil},
		"over 8192 bytes":             {[]string{"a=" + strings.Repeat("v", 8191)}, nil},
		"over 8192 bytes in two":      {[]string{"a=" + strings.Repeat("v", 5000), "b=" + strings.Repeat("v", 5000)}, nil},
		"empty":                       {[]string{""}, nil},
		"65 members keep the first":   {[]string{members(0, 65, 10)}, keyedList(members(0, 64, 10))},
		"65 members with a bad first": {[]string{"bad," + members(0, 65, 10)}, keyedList(members(0, 64, 10))},
		"64 members":                  {[]string{members(0, 64, 127)}, keyedList(members(0, 64, 127))},
	} {
		for _, kind := range []string{"http.Header", "gRPC metadata", "message"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				var headers [][2]string
				for _, h := range tc.headers {
					headers = append(headers, [2]string{"baggage", h})
				}
				ctx := background(t)
				got := propagators.Baggage{}.Extract(ctx, carriers[kind](headers))
				if tc.want == nil {
					assert.True(t, got == ctx)
					return
				}
				assert.Equal(t, tc.want, keyed(baggage.FromContext(got)))
			})
		}
	}
}

func keyedList(list string) map[string]string {
	b, err := baggage.Parse(list)
	if err != nil {
		panic(err)
	}
	return keyed(b)
}

func withBaggage(t *testing.T, list string) context.Context {
	t.Helper()
	b, err := baggage.Parse(list)
	require.NoError(t, err)
	return baggage.ContextWithBaggage(context.Background(), b)
}

func TestBaggageIsMerged(t *testing.T) {
	for name, tc := range map[string]struct {
		existing, header string
		want             map[string]string
	}{
		"other keys":                   {"a=1", "b=2", map[string]string{"a": "1", "b": "2"}},
		"the same key":                 {"a=1,b=1", "a=2", map[string]string{"a": "2", "b": "1"}},
		"up to 64 members":             {members(0, 63, 10), members(100, 3, 10), keyedList(members(0, 63, 10) + "," + members(100, 1, 10))},
		"a full one still takes news":  {members(0, 64, 10), "key000=new", func() map[string]string { m := keyedList(members(0, 64, 10)); m["key000"] = "new"; return m }()},
		"up to 8192 bytes":             {members(0, 60, 130), members(100, 3, 150), keyedList(members(0, 60, 130) + "," + members(100, 2, 150))},
		"nothing that fits, nothing":   {members(0, 64, 10), members(100, 3, 10), keyedList(members(0, 64, 10))},
		"a longer value that does not": {members(0, 60, 130), "key000=" + strings.Repeat("w", 600), keyedList(members(0, 60, 130))},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := propagators.Baggage{}.Extract(withBaggage(t, tc.existing), header([2]string{"baggage", tc.header}))
			assert.Equal(t, tc.want, keyed(baggage.FromContext(ctx)))
			assert.LessOrEqual(t, len(baggage.FromContext(ctx).String()), 8192)
		})
	}
}

func TestBaggageMergeTouchesNeitherSide(t *testing.T) {
	before := withBaggage(t, "a=1")
	propagators.Baggage{}.Extract(before, header([2]string{"baggage", "a=2,b=3"}))
	assert.Equal(t, map[string]string{"a": "1"}, keyed(baggage.FromContext(before)))
}

func TestBaggageInject(t *testing.T) {
	p := propagators.Baggage{}
	assert.Equal(t, []string{"baggage"}, p.Fields())
	assert.Empty(t, injected(context.Background(), p))
	assert.Equal(t, "a=1;p=2", injected(withBaggage(t, "a=1;p=2"), p)["baggage"])
}

func TestBaggageOverTheLimitsIsCutWhereItIsSent(t *testing.T) {
	for name, tc := range map[string]struct{ members, size, sent int }{
		"64 of them":           {100, 100, 64},
		"8192 bytes":           {100, 150, 54},
		"8192 bytes, exactly":  {64, 818, 10}, // and 9 commas: 8189
		"one byte too long":    {64, 1024, 7},
		"filled to the last":   {63, 2730, 3}, // and 2 commas: 8192
		"not filled to beyond": {63, 2731, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := baggage.Baggage{}
			for i := range tc.members { // SetMember has no limit
				key := fmt.Sprintf("key%03d", i)
				m, err := baggage.NewMember(key, strings.Repeat("v", tc.size-len(key)-1))
				require.NoError(t, err)
				b, err = b.SetMember(m)
				require.NoError(t, err)
			}
			sent := injected(baggage.ContextWithBaggage(context.Background(), b), propagators.Baggage{})["baggage"]
			assert.Equal(t, keyedList(members(0, tc.sent, tc.size)), keyedList(sent), "the first keys")
			assert.LessOrEqual(t, len(sent), 8192)
		})
	}
}

func TestBaggageOfNonsenseCostsNoAllocation(t *testing.T) {
	ctx := context.Background()
	carrier := header([2]string{"baggage", strings.Repeat("nonsense,", 900)})
	assert.Zero(t, testing.AllocsPerRun(10, func() { propagators.Baggage{}.Extract(ctx, carrier) }))
}
