// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// DefaultURL is where a Zipkin server on the same machine takes spans.
const DefaultURL = "http://127.0.0.1:9411/api/v2/spans"

const spansPath = "/api/v2/spans"

// redacted stands where a secret was.
const redacted = "REDACTED"

// minSecret is the length below which a secret would be found by chance, in
// the middle of words.
const minSecret = 4

// target is where spans go, in two forms: to be used, and to be shown.
type target struct {
	url     string // without credentials
	socket  string // path of a unix socket, or empty
	user    *url.Userinfo
	shown   string
	secrets []string // literal texts that must not be shown
	short   bool     // some secret is too short to be looked for in a text
}

// parseTarget reads http://, https:// and unix:// URLs. The text of its
// errors holds nothing of raw that could be a secret.
func parseTarget(raw string) (target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return target{}, errors.New("cannot be parsed")
	}
	t := target{user: u.User}
	switch u.Scheme {
	case "http", "https":
		if u.Hostname() == "" {
			return target{}, errors.New("has no host")
		}
		if port := u.Port(); port != "" {
			if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
				return target{}, errors.New("has a port outside of 1 to 65535")
			}
		}
		if u.Path == "" {
			u.Path = "/"
		}
	case "unix":
		socket, path, found := strings.Cut(u.Path, ":")
		if u.Host != "" || !strings.HasPrefix(socket, "/") || len(socket) < 2 {
			return target{}, errors.New("is not of the form unix:///path/of/socket or unix:///path/of/socket:/api/v2/spans")
		}
		if !found {
			path = spansPath
		}
		t.socket = socket
		u.Scheme, u.Host, u.Path, u.RawPath = "http", "localhost", path, ""
	default:
		return target{}, errors.New("has a scheme other than http, https and unix")
	}
	t.addUser(u.User)
	t.addQuery(u)
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	t.url = u.String()
	t.shown = redactURL(raw)
	return t, nil
}

func (t *target) addUser(user *url.Userinfo) {
	if user == nil {
		return
	}
	password, ok := user.Password()
	if !ok {
		t.addSecret(user.Username()) // a token, as some collectors take it
		return
	}
	t.addSecret(password)
	t.addSecret(base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password)))
}

func (t *target) addQuery(u *url.URL) {
	for _, values := range u.Query() {
		for _, v := range values {
			t.addSecret(v)
		}
	}
	t.addSecret(u.RawQuery)
}

// addSecret notes s in the forms in which an error or a reply may hold it.
func (t *target) addSecret(s string) {
	if s == "" {
		return
	}
	if len(s) < minSecret {
		t.short = true
		return
	}
	for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s)} {
		if !slices.Contains(t.secrets, form) {
			t.secrets = append(t.secrets, form)
		}
	}
	// The longest first: one may be part of another.
	slices.SortStableFunc(t.secrets, func(a, b string) int { return len(b) - len(a) })
}

// addHeader notes the value of a header, any of which may be a key.
func (t *target) addHeader(name, value string) {
	if strings.EqualFold(name, "Host") {
		return
	}
	t.addSecret(value)
	if _, credentials, ok := strings.Cut(value, " "); ok {
		t.addSecret(credentials) // of "Bearer …" and "Basic …"
	}
}

// redact replaces every secret in text, which an outside party had a hand in.
func (t *target) redact(text string) string {
	for _, s := range t.secrets {
		text = strings.ReplaceAll(text, s, redacted)
	}
	return text
}

// redactURL returns raw without user, password, values of the query and
// fragment. Of text that is no URL it shows too little rather than too much.
func redactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Host == "" && u.User != nil || u.Scheme == "" {
		scheme, rest, ok := strings.Cut(raw, "://")
		if !ok {
			scheme, rest = "", raw
		}
		at := strings.LastIndexByte(rest, '@')
		shown := rest[at+1:]
		if end := strings.IndexAny(shown, "?#"); end >= 0 {
			shown = shown[:end]
		}
		if at >= 0 {
			shown = redacted + "@" + shown
		}
		if ok {
			shown = scheme + "://" + shown
		}
		return shown
	}
	var b strings.Builder
	b.WriteString(u.Scheme + "://")
	if u.User != nil {
		b.WriteString(redacted + "@")
	}
	b.WriteString(u.Host + u.EscapedPath())
	separator := "?"
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, ok := strings.Cut(pair, "=")
		switch {
		case ok:
			b.WriteString(separator + name + "=" + redacted)
		case pair != "":
			b.WriteString(separator + redacted) // a value without a name
		default:
			continue
		}
		separator = "&"
	}
	return b.String()
}
