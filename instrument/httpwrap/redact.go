// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"iter"
	"net/url"
	"slices"
	"strings"
)

// redacted stands for what is secret, as the semantic conventions ask.
const redacted = "REDACTED"

// minSecretBytes is the length from which a secret is looked for in texts.
const minSecretBytes = 4

// redactor knows the names of query parameters whose values are secrets.
type redactor struct{ names []string }

// newRedactor knows the parameters that sign a URL at AWS, Azure and Google:
// those of the semantic conventions, and the ones of AWS's present version.
func newRedactor() redactor {
	return redactor{names: []string{
		"AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature",
		"X-Amz-Credential", "X-Amz-Security-Token", "X-Amz-Signature",
	}}
}

func (d redactor) with(names []string) redactor {
	return redactor{names: slices.Concat(d.names, names)}
}

// url returns u as text without its secrets; u itself is left as it is.
func (d redactor) url(u *url.URL) string {
	if u == nil {
		return ""
	}
	safe := *u
	if safe.User != nil {
		safe.User = url.UserPassword(redacted, redacted)
	}
	safe.Opaque = opaque(u.Opaque)
	safe.RawQuery = d.query(u.RawQuery)
	if f := u.EscapedFragment(); f != "" {
		// A fragment is not sent, but tokens have been seen in it.
		if q := d.query(f); q != f {
			safe.Fragment, safe.RawFragment = q, ""
		}
	}
	return safe.String()
}

// opaque removes the userinfo of an authority that was not parsed.
func opaque(s string) string {
	rest, ok := strings.CutPrefix(s, "//")
	if !ok {
		return s
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = redacted + ":" + redacted + authority[i:]
	}
	return "//" + authority + path
}

// query returns a raw query in which the values of secret parameters are
// replaced, and nothing else is changed.
func (d redactor) query(raw string) string {
	var out strings.Builder
	done := 0
	for start, end := range d.values(raw) {
		out.WriteString(raw[done:start])
		out.WriteString(redacted)
		done = end
	}
	if done == 0 {
		return raw
	}
	out.WriteString(raw[done:])
	return out.String()
}

// values yields where in a raw query the values of secret parameters start
// and end.
func (d redactor) values(raw string) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for start := 0; start < len(raw); {
			end := len(raw)
			if i := strings.IndexAny(raw[start:], "&;"); i >= 0 {
				end = start + i
			}
			name, value, _ := strings.Cut(raw[start:end], "=")
			if value != "" && d.secret(name) && !yield(start+len(name)+1, end) {
				return
			}
			start = end + 1
		}
	}
}

// secret reports whether name, as it stands in a query, names a secret. A
// name may be escaped to hide from us, and still reach the server whole.
func (d redactor) secret(name string) bool {
	if strings.ContainsAny(name, "%+") {
		if n, err := url.QueryUnescape(name); err == nil {
			name = n
		}
	}
	return slices.ContainsFunc(d.names, func(n string) bool { return strings.EqualFold(n, name) })
}

// text returns an error's text without the secrets of u, which some
// transports quote, whole or in parts.
func (d redactor) text(s string, u *url.URL) string {
	if u == nil {
		return s
	}
	if raw := u.String(); strings.Contains(s, raw) {
		s = strings.ReplaceAll(s, raw, d.url(u))
	}
	for _, secret := range d.secrets(u) {
		// A shorter one would also be found where it is not meant.
		if len(secret) >= minSecretBytes {
			s = strings.ReplaceAll(s, secret, redacted)
		}
	}
	return s
}

// secrets returns the secrets of u, as they stand there and unescaped.
func (d redactor) secrets(u *url.URL) (secrets []string) {
	if u.User != nil {
		password, _ := u.User.Password()
		secrets = append(secrets, u.User.String(), password, u.User.Username())
	}
	for _, raw := range []string{u.RawQuery, u.EscapedFragment()} {
		for start, end := range d.values(raw) {
			secrets = append(secrets, raw[start:end])
			if plain, err := url.QueryUnescape(raw[start:end]); err == nil {
				secrets = append(secrets, plain)
			}
		}
	}
	return secrets
}
