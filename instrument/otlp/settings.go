// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net/textproto"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

// signal is one of the three, as it stands in a path.
type signal string

const (
	traces  signal = "traces"
	metrics signal = "metrics"
	logs    signal = "logs"
)

var signals = []signal{traces, metrics, logs}

func (s signal) variable() string { return strings.ToUpper(string(s)) }

const (
	overHTTP = "http/protobuf"
	overGRPC = "grpc"
)

// The rules for asking again are those of our Zipkin exporter. How long they
// go on is up to the processor's or reader's own timeout.
const (
	firstWait   = 200 * time.Millisecond
	longestWait = 5 * time.Second
	longestTry  = time.Minute
)

// settings are what the environment says of one signal.
type settings struct {
	protocol string
	endpoint *url.URL // for gRPC without a path
	headers  map[string]string
	gzip     bool
	timeout  time.Duration // of one request
	tls      *tls.Config   // nil: not encrypted
}

// settings reads the variables of one signal. The protocol is the program's
// choice, or empty when the environment has it.
func (e *environment) settings(s signal, protocol string) *settings {
	out := &settings{protocol: e.protocol(s, protocol)}
	out.endpoint = first(e, s, nameEndpoint, e.standardEndpoint(s, out.protocol), func(name, v string) (*url.URL, bool) {
		return e.endpoint(s, out.protocol, name, v)
	})
	out.headers = first(e, s, nameHeaders, nil, func(name, v string) (map[string]string, bool) { return e.headers(out.protocol, name, v) })
	out.gzip = first(e, s, nameCompression, "none", func(name, v string) (string, bool) { return e.choice(name, v, "none", "gzip") }) == "gzip"
	out.timeout = first(e, s, nameTimeout, 10*time.Second, e.timeout)
	// They are looked at in any case: the exporters would, and print what is wrong.
	if config := e.tls(s); out.endpoint.Scheme == "https" {
		out.tls = config
	}
	return out
}

func (e *environment) protocol(s signal, program string) string {
	return first(e, s, nameProtocol, or(program, overHTTP), func(name, v string) (string, bool) {
		v, ok := e.choice(name, v, overHTTP, overGRPC)
		if ok && program != "" && v != program {
			e.problem(name, "the program sends by %s alone; ignored", program)
			return "", false
		}
		return v, ok
	})
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// standardEndpoint is that of the OpenTelemetry specification, a Collector on
// this host. With gRPC, OTEL_EXPORTER_OTLP_INSECURE=false asks for TLS.
func (e *environment) standardEndpoint(s signal, protocol string) *url.URL {
	if protocol == overHTTP {
		return &url.URL{Scheme: "http", Host: "localhost:4318", Path: "/v1/" + string(s)}
	}
	if e.insecure(s, true) {
		return &url.URL{Scheme: "http", Host: "localhost:4317"}
	}
	return &url.URL{Scheme: "https", Host: "localhost:4317"}
}

// insecure is what to do with a gRPC endpoint that has no scheme.
func (e *environment) insecure(s signal, fallback bool) bool {
	return first(e, s, nameInsecure, strconv.FormatBool(fallback), func(name, v string) (string, bool) {
		return e.choice(name, v, "false", "true")
	}) == "true"
}

// endpoint checks an endpoint. The general one is what signals' paths are put
// behind; a signal's own is used as it is.
func (e *environment) endpoint(s signal, protocol, name, v string) (*url.URL, bool) {
	if protocol == overGRPC && !strings.Contains(v, "://") {
		scheme := "https"
		if e.insecure(s, false) {
			scheme = "http"
		}
		if u, err := url.Parse(scheme + "://" + v); err == nil && u.Host == v && u.Hostname() != "" && u.Port() != "" && isPort(u.Port()) {
			e.hidden = append(e.hidden, name) // the exporters take some of these for mistakes
			return u, true
		}
	}
	u, err := url.Parse(v)
	switch {
	case err != nil, u.Opaque != "":
		e.mistake(name, "is not a URL; ignored, valid is for example %s", e.standardEndpoint(s, protocol))
		return nil, false
	case u.Scheme != "http" && u.Scheme != "https":
		e.mistake(name, "does not begin with http:// or https://; ignored")
		return nil, false
	case u.Host == "" || u.Hostname() == "":
		e.mistake(name, "names no host; ignored")
		return nil, false
	case !isPort(u.Port()):
		e.mistake(name, "has a port that is not from 1 to 65535; ignored")
		return nil, false
	case protocol == overGRPC && !dialable(u.Host):
		e.mistake(name, "names a host that gRPC does not take; ignored")
		return nil, false
	case u.User != nil:
		e.problem(name, "user and password are not sent; put them into %s%s", prefix, nameHeaders)
	case u.RawQuery != "" || u.Fragment != "":
		e.problem(name, "what follows the path is not sent")
	case protocol == overGRPC && strings.Trim(u.Path, "/") != "":
		e.problem(name, "gRPC has no path; it is not used")
	}
	out := &url.URL{Scheme: u.Scheme, Host: u.Host}
	if protocol == overHTTP {
		out.Path = u.Path
		if name == prefix+nameEndpoint {
			out.Path = path.Join("/", u.Path, "v1", string(s))
		} else if out.Path == "" {
			out.Path = "/"
		}
	}
	return out, true
}

// isPort says whether a port can be connected to; none is that of the scheme.
func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// headers reads k1=v1,k2=v2 with values percent-encoded. What is wrong with
// them is told without them: they are secrets. GRPC takes fewer characters
// than HTTP, and fails every request for one that it does not take.
func (e *environment) headers(protocol, name, v string) (map[string]string, bool) {
	headers := map[string]string{}
	wrong := 0
	for pair := range strings.SplitSeq(v, ",") {
		if strings.TrimSpace(pair) == "" {
			e.hidden = append(e.hidden, name) // harmless, and a mistake to the exporters
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		key = strings.TrimSpace(key)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || err != nil || !token(protocol, key) || !fieldValue(protocol, value) {
			wrong++
			continue
		}
		headers[textproto.CanonicalMIMEHeaderKey(key)] = value
	}
	if wrong > 0 {
		e.mistake(name, "%d of its parts are not key=value with the value percent-encoded; they are left out", wrong)
	}
	return headers, len(headers) > 0
}

// token says whether a text can be the name of a header.
func token(protocol, key string) bool {
	others := "!#$%&'*+-.^_`|~"
	if protocol == overGRPC {
		others = "-._"
	}
	if protocol == overGRPC && strings.EqualFold(key, "connection") {
		return false // HTTP/2 has none
	}
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune(others, r))
	})
}

func fieldValue(protocol, v string) bool {
	return !strings.ContainsFunc(v, func(r rune) bool {
		return r < ' ' && (r != '\t' || protocol == overGRPC) || r == 0x7f || r > 0x7f && protocol == overGRPC
	})
}

func (e *environment) timeout(name, v string) (time.Duration, bool) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > math.MaxInt32 {
		e.mistake(name, "is not a whole number of milliseconds from 1 to %d; ignored, the default is 10000", math.MaxInt32)
		return 0, false
	}
	return time.Duration(n) * time.Millisecond, true
}

// tls reads certificates. What cannot be read is left out: the collector is
// trusted no more for it.
func (e *environment) tls(s signal) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	config.RootCAs = first(e, s, nameCertificate, nil, func(name, file string) (*x509.CertPool, bool) {
		pem, err := os.ReadFile(file)
		pool := x509.NewCertPool()
		if err == nil && !pool.AppendCertsFromPEM(pem) {
			err = errors.New("it holds no certificate")
		}
		if err != nil {
			e.mistake(name, "cannot be used: %v; trusting the system's authorities", reason(err))
		}
		return pool, err == nil
	})
	for i, name := range s.names(nameClientCert) {
		key := s.names(nameClientKey)[i]
		file, ok := e.text(name)
		keyFile, okKey := e.text(key)
		if !ok && !okKey {
			continue
		}
		if ok != okKey {
			set, unset := name, key
			if okKey {
				set, unset = key, name
			}
			e.mistake(set, "is of no use without %s; ignored", unset)
			continue
		}
		pair, err := tls.LoadX509KeyPair(file, keyFile)
		if err != nil {
			e.mistake(name, "cannot be used with its key: %v; ignored", reason(err))
			e.hidden = append(e.hidden, key)
			continue
		}
		config.Certificates = []tls.Certificate{pair}
		break
	}
	return config
}

// reason is an error about a file without the file's name, which the variable
// holds.
func reason(err error) error {
	if failed, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", failed.Op, failed.Err)
	}
	return err
}
