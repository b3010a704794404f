// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

const secret = "s3cr3t-planted-value"

var userinfo = url.UserPassword("user", secret)

// everything returns all that a span says, as text.
func everything(s sdktrace.ReadOnlySpan) string {
	var b strings.Builder
	fmt.Fprintln(&b, s.Name(), s.Status().Description)
	all := func(attrs []attribute.KeyValue) {
		for _, kv := range attrs {
			fmt.Fprintln(&b, kv.Key, kv.Value.String())
		}
	}
	all(s.Attributes())
	for _, e := range s.Events() {
		fmt.Fprintln(&b, e.Name)
		all(e.Attributes)
	}
	return b.String()
}

// The corpus plants one secret in each place that URLs have been seen to keep
// one, and none of them may reach a span, whatever becomes of the request.
func TestSecretsOfAURLReachNoSpan(t *testing.T) {
	for name, tc := range map[string]struct{ raw, want string }{
		"userinfo":          {"https://user:" + secret + "@h.example/p", "https://REDACTED:REDACTED@h.example/p"},
		"user alone":        {"https://" + secret + "@h.example/p", "https://REDACTED:REDACTED@h.example/p"},
		"AWSAccessKeyId":    {"https://h.example/p?AWSAccessKeyId=" + secret, "https://h.example/p?AWSAccessKeyId=REDACTED"},
		"Signature":         {"https://h.example/p?a=1&Signature=" + secret + "&b=2", "https://h.example/p?a=1&Signature=REDACTED&b=2"},
		"sig":               {"https://h.example/p?sig=" + secret, "https://h.example/p?sig=REDACTED"},
		"X-Goog-Signature":  {"https://h.example/p?X-Goog-Signature=" + secret, "https://h.example/p?X-Goog-Signature=REDACTED"},
		"X-Amz-Signature":   {"https://h.example/p?X-Amz-Signature=" + secret, "https://h.example/p?X-Amz-Signature=REDACTED"},
		"own list":          {"https://h.example/p?token=" + secret, "https://h.example/p?token=REDACTED"},
		"other case":        {"https://h.example/p?SIG=" + secret, "https://h.example/p?SIG=REDACTED"},
		"escaped name":      {"https://h.example/p?s%69g=" + secret, "https://h.example/p?s%69g=REDACTED"},
		"twice":             {"https://h.example/p?sig=" + secret + "&sig=" + secret, "https://h.example/p?sig=REDACTED&sig=REDACTED"},
		"with =":            {"https://h.example/p?sig=" + secret + "=" + secret, "https://h.example/p?sig=REDACTED"},
		"semicolon":         {"https://h.example/p?a=1;sig=" + secret, "https://h.example/p?a=1;sig=REDACTED"},
		"fragment":          {"https://h.example/p#token=" + secret, "https://h.example/p#token=REDACTED"},
		"nothing to redact": {"https://h.example/p?a=%20b&c&sig=&=x#f", "https://h.example/p?a=%20b&c&sig=&=x#f"},
	} {
		t.Run(name, func(t *testing.T) {
			for outcome, base := range map[string]func(*http.Request) (*http.Response, error){
				"response": func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 204}, nil },
				"error": func(r *http.Request) (*http.Response, error) {
					return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("no route to " + r.URL.String())}
				},
				"error that quotes the query": func(r *http.Request) (*http.Response, error) {
					return nil, fmt.Errorf("bad query %q of %v", r.URL.RawQuery, r.URL.User)
				},
			} {
				tel := newTelemetry(t)
				r := mustRequest(t, http.MethodGet, tc.raw, nil)
				r.Header.Set("Authorization", "Bearer "+secret)
				r.Header.Set("Cookie", "session="+secret)
				_, _ = tel.transport(roundTripFunc(func(sent *http.Request) (*http.Response, error) {
					assert.Equal(t, tc.raw, sent.URL.String(), "the URL that is sent is not touched")
					return base(sent)
				}), httpwrap.WithRedactedQuery("token"), httpwrap.WithCapturedHeaders("authorization", "Cookie")).RoundTrip(r)
				assert.Equal(t, tc.raw, r.URL.String())
				assert.Equal(t, tc.want, attributes(tel.span())["url.full"])
				assert.NotContains(t, everything(tel.span()), secret, outcome)
			}
		})
	}
}

func TestOpaqueURLIsRedacted(t *testing.T) {
	tel := newTelemetry(t)
	r := out(context.Background(), t)
	r.URL = &url.URL{Scheme: "http", Host: "h.example", Opaque: "//u:" + secret + "@h.example/p?x", RawQuery: "sig=" + secret}
	_, err := tel.transport(answer(204, nil)).RoundTrip(r)
	require.NoError(t, err)
	assert.Equal(t, "http://REDACTED:REDACTED@h.example/p?x?sig=REDACTED", attributes(tel.span())["url.full"])
}

func TestLongURLIsCut(t *testing.T) {
	tel := newTelemetry(t)
	r := out(context.Background(), t)
	r.URL.RawQuery = "q=" + strings.Repeat("x", 1<<20)
	_, err := tel.transport(answer(204, nil)).RoundTrip(r)
	require.NoError(t, err)
	assert.Len(t, attributes(tel.span())["url.full"], 2048)
}
