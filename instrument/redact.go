// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"errors"
	"net/url"
	"strings"
)

// redactURL removes the user information and the values of the query. What is
// not a URL is shown only when nothing in it looks like either.
func redactURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		if strings.ContainsAny(text, "@?&") {
			return "REDACTED"
		}
		return text
	}
	if u.User != nil {
		u.User = url.User("REDACTED")
	}
	if q := u.Query(); len(q) > 0 || u.RawQuery != "" {
		for k := range q {
			q[k] = []string{"REDACTED"}
		}
		u.RawQuery = q.Encode()
	}
	u.Fragment = ""
	return u.String()
}

// withoutSecrets returns text, what err says, with the address of an HTTP
// client's error as redactURL leaves it: a query may hold a key.
func withoutSecrets(err error, text string) string {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return text
	}
	safe := *failed
	if safe.URL = redactURL(failed.URL); safe.URL == failed.URL {
		return text
	}
	text = strings.ReplaceAll(text, failed.Error(), safe.Error())
	return strings.ReplaceAll(text, failed.URL, safe.URL)
}
