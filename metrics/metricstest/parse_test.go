// SPDX-License-Identifier: Apache-2.0

package metricstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

func TestLinesAreReadInEveryDialect(t *testing.T) {
	tags := []metrics.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "x/y"}}
	for line, want := range map[string]metricstest.Metric{
		"hits:3|c":                    {Name: "hits", Type: "c", Value: 3, Rate: 1},
		"hits:-3|c":                   {Name: "hits", Type: "c", Value: -3, Rate: 1},
		"hits:0.5|c":                  {Name: "hits", Type: "c", Value: 0.5, Rate: 1},
		"t:12.5|ms|@0.1|#a:1,b:x/y":   {Name: "t", Type: "ms", Value: 12.5, Rate: 0.1, Tags: tags},
		"t:12.5|ms|#a:1,b:x/y":        {Name: "t", Type: "ms", Value: 12.5, Rate: 1, Tags: tags},
		"t,a=1,b=x/y:12.5|ms|@0.1":    {Name: "t", Type: "ms", Value: 12.5, Rate: 0.1, Tags: tags},
		"t;a=1;b=x/y:12.5|ms":         {Name: "t", Type: "ms", Value: 12.5, Rate: 1, Tags: tags},
		"g:5|g":                       {Name: "g", Type: "g", Value: 5, Rate: 1},
		"g:+5|g":                      {Name: "g", Type: "g", Value: 5, Rate: 1, Signed: true},
		"g:-5|g":                      {Name: "g", Type: "g", Value: -5, Rate: 1, Signed: true},
		"h:-5|h":                      {Name: "h", Type: "h", Value: -5, Rate: 1},
		"u:ann b|s|#a:1,b:x/y":        {Name: "u", Type: "s", Member: "ann b", Rate: 1, Tags: tags},
		"a.b-c_d:1|c":                 {Name: "a.b-c_d", Type: "c", Value: 1, Rate: 1},
		"n:1000000000000000000000|g":  {Name: "n", Type: "g", Value: 1e21, Rate: 1},
		"n:0.000000001|g|@1|#a:1,b:c": {Name: "n", Type: "g", Value: 1e-9, Rate: 1, Tags: []metrics.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "c"}}},
	} {
		t.Run(line, func(t *testing.T) {
			got, err := metricstest.Parse(line)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestLinesThatSomeReceiverWouldMisreadAreRefused(t *testing.T) {
	for name, line := range map[string]string{
		"empty":                "",
		"no value":             "hits",
		"no type":              "hits:1",
		"no name":              ":1|c",
		"unclean name":         "a b:1|c",
		"slash in the name":    "a/b:1|c",
		"letters in the name":  "größe:1|c",
		"unknown type":         "hits:1|x",
		"meter":                "hits:1|m",
		"line break":           "hits:1|c\nevil:1|c",
		"carriage return":      "hits:1|c\r",
		"two values":           "hits:1:2|c",
		"exponent":             "hits:1e3|c",
		"infinity":             "hits:Inf|c",
		"not a number":         "hits:NaN|g",
		"hexadecimal":          "hits:0x10|c",
		"plus on a counter":    "hits:+1|c",
		"no digits":            "hits:|c",
		"only a point":         "hits:.|c",
		"point at the end":     "hits:1.|c",
		"two signs":            "hits:--1|g",
		"plus and minus":       "hits:+-1|gx",
		"negative timer":       "t:-1|ms",
		"rate of zero":         "t:1|ms|@0",
		"rate above one":       "t:1|ms|@1.5",
		"negative rate":        "t:1|ms|@-0.5",
		"rate with a plus":     "t:1|ms|@+0.5",
		"rate with exponent":   "t:1|ms|@1e-3",
		"empty rate":           "t:1|ms|@",
		"tags before the rate": "t:1|ms|#a:b|@0.5",
		"two sets of tags":     "t:1|ms|#a:b|#c:d",
		"tags twice":           "t,a=b:1|ms|#c:d",
		"key without a value":  "t:1|ms|#a",
		"empty value":          "t:1|ms|#a:",
		"empty key":            "t:1|ms|#:b",
		"the same key twice":   "t:1|ms|#a:b,a:c",
		"separator in a tag":   "t:1|ms|#a:b:c",
		"mixed separators":     "t,a=b;c=d:1|ms",
		"space in a tag":       "t:1|ms|#a:b c",
		"empty member":         "u:|s",
		"two members":          "u:a:b|s",
		"trailing bar":         "hits:1|c|",
		"no UTF-8":             "hits:1|c|#a:\xff",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := metricstest.Parse(line)
			assert.ErrorContains(t, err, "metricstest: line ")
		})
	}
}

func FuzzParseNeverPanics(f *testing.F) {
	f.Add("t:12.5|ms|@0.1|#a:1,b:x/y")
	f.Add("u:a|s")
	f.Fuzz(func(t *testing.T, line string) {
		m, err := metricstest.Parse(line)
		if err != nil {
			return
		}
		if m.Name == "" || m.Rate <= 0 || m.Rate > 1 {
			t.Errorf("%q is read as %+v", line, m)
		}
	})
}
