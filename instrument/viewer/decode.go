// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// maxBody bounds one request, before and after decompression. Zipkin's own
// limit is 5 MiB.
const maxBody = 16 << 20

var errTooLarge = errors.New("viewer: body is larger than 16 MiB")

// errTooMuch is what a batch meets that could not be held even alone.
var errTooMuch = errors.New("viewer: body takes more memory than the viewer may hold")

// decode reads a JSON array of Zipkin v2 spans. Nothing is returned with an
// error: Zipkin takes a whole body or none of it. What is decoded, or may be
// inflated, is bounded by maxBody and by maxBytes.
func decode(body []byte, compressed bool, maxBytes int64) ([]Span, error) {
	var r io.Reader = bytes.NewReader(body)
	if compressed {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, errors.New("viewer: body is not gzip, as its Content-Encoding says")
		}
		r = z
	}
	d := json.NewDecoder(&bounded{r: r, left: maxBody})
	switch open, err := d.Token(); {
	case err == io.EOF:
		return nil, errors.New("viewer: body is empty, want a JSON array of spans")
	case err != nil:
		return nil, explain(err)
	case open != json.Delim('['):
		return nil, errors.New("viewer: body is not a JSON array of spans")
	}
	var spans []Span
	var size int64
	for d.More() {
		var w wireSpan
		if err := d.Decode(&w); err != nil {
			return nil, inSpan(len(spans), explain(err))
		}
		s, err := w.span()
		if err != nil {
			return nil, inSpan(len(spans), err)
		}
		if size += s.size(); size > maxBytes {
			return nil, errTooMuch
		}
		spans = append(spans, s)
	}
	if _, err := d.Token(); err != nil {
		return nil, explain(err)
	}
	if _, err := d.Token(); err == nil {
		return nil, errors.New("viewer: body goes on after the array of spans")
	} else if err != io.EOF {
		return nil, explain(err)
	}
	return spans, nil
}

func inSpan(i int, err error) error {
	if errors.Is(err, errTooLarge) {
		return err
	}
	return fmt.Errorf("viewer: span %d: %s", i, strings.TrimPrefix(err.Error(), "viewer: "))
}

// explain names the rule that the body broke, in the words of this package.
func explain(err error) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, errTooLarge):
		return errTooLarge
	case errors.As(err, &mismatch):
		return fmt.Errorf("viewer: %s is a JSON %s, want %s", field(mismatch.Field), kindOf(mismatch.Value), want(mismatch))
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return errors.New("viewer: body is damaged gzip")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("viewer: body ends early")
	case errors.As(err, &syntax):
		return fmt.Errorf("viewer: body is not JSON: %s at byte %d", syntax, syntax.Offset)
	}
	return fmt.Errorf("viewer: body is not JSON: %w", err)
}

func field(name string) string {
	if name == "" {
		return "it"
	}
	// A tag's key is part of the name, as long and as strange as its sender liked.
	return quote(name)
}

// kindOf takes the number out of "number 1e400".
func kindOf(value string) string {
	kind, _, _ := strings.Cut(value, " ")
	return kind
}

func want(e *json.UnmarshalTypeError) string {
	switch e.Type.String() {
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "json.Number":
		return "a number"
	}
	if strings.HasPrefix(e.Type.String(), "[]") {
		return "an array"
	}
	return "an object"
}

// quote shows a stranger's text in an error: escaped, and not at length.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + "…"
	}
	return strconv.Quote(s)
}

// bounded fails, where io.LimitReader would pretend that the input ended.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// The end may be exactly here.
		if n, err := b.r.Read(p[:min(1, len(p))]); n == 0 {
			return 0, err
		}
		return 0, errTooLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// wireSpan is a span before its rules were checked. Numbers may be quoted, as
// Zipkin's reader allows.
type wireSpan struct {
	TraceID        string             `json:"traceId"`
	ParentID       string             `json:"parentId"`
	ID             string             `json:"id"`
	Kind           string             `json:"kind"`
	Name           string             `json:"name"`
	Timestamp      json.Number        `json:"timestamp"`
	Duration       json.Number        `json:"duration"`
	Debug          bool               `json:"debug"`
	Shared         bool               `json:"shared"`
	LocalEndpoint  *wireEndpoint      `json:"localEndpoint"`
	RemoteEndpoint *wireEndpoint      `json:"remoteEndpoint"`
	Annotations    []wireAnnotation   `json:"annotations"`
	Tags           map[string]*string `json:"tags"`
}

type wireEndpoint struct {
	ServiceName string      `json:"serviceName"`
	IPv4        string      `json:"ipv4"`
	IPv6        string      `json:"ipv6"`
	Port        json.Number `json:"port"`
}

type wireAnnotation struct {
	Timestamp json.Number `json:"timestamp"`
	Value     *string     `json:"value"`
}

func (w *wireSpan) span() (Span, error) {
	s := Span{Kind: w.Kind, Name: w.Name, Debug: w.Debug, Shared: w.Shared}
	var ok bool
	if s.TraceID, ok = traceKey(w.TraceID); !ok {
		return s, fmt.Errorf("traceId %s is not 1 to 32 lower-case hexadecimal digits, or is zero", quote(w.TraceID))
	}
	if s.ID, ok = spanKey(w.ID); !ok {
		return s, fmt.Errorf("id %s is not 1 to 16 lower-case hexadecimal digits, or is zero", quote(w.ID))
	}
	// Zipkin reads a parent of zero, and a span that is its own parent, as none.
	if strings.Trim(w.ParentID, "0") != "" {
		if s.ParentID, ok = spanKey(w.ParentID); !ok {
			return s, fmt.Errorf("parentId %s is not 1 to 16 lower-case hexadecimal digits", quote(w.ParentID))
		}
		if s.ParentID == s.ID {
			s.ParentID = ""
		}
	}
	switch w.Kind {
	case "", "CLIENT", "SERVER", "PRODUCER", "CONSUMER":
	default:
		return s, fmt.Errorf("kind %s is not CLIENT, SERVER, PRODUCER or CONSUMER", quote(w.Kind))
	}
	var err error
	if s.Timestamp, err = micros("timestamp", w.Timestamp); err != nil {
		return s, err
	}
	if s.Duration, err = micros("duration", w.Duration); err != nil {
		return s, err
	}
	if s.LocalEndpoint, err = w.LocalEndpoint.endpoint("localEndpoint"); err != nil {
		return s, err
	}
	if s.RemoteEndpoint, err = w.RemoteEndpoint.endpoint("remoteEndpoint"); err != nil {
		return s, err
	}
	for i, a := range w.Annotations {
		if a.Timestamp == "" || a.Value == nil {
			return s, fmt.Errorf("annotation %d lacks its timestamp or its value", i)
		}
		at, err := micros("annotation's timestamp", a.Timestamp)
		if err != nil {
			return s, err
		}
		s.Annotations = append(s.Annotations, Annotation{Timestamp: at, Value: *a.Value})
	}
	if len(w.Tags) > 0 {
		s.Tags = make(map[string]string, len(w.Tags))
	}
	for k, v := range w.Tags {
		if v == nil {
			return s, fmt.Errorf("tag %s is null, want a string", quote(k))
		}
		s.Tags[k] = *v
	}
	return s, nil
}

func (w *wireEndpoint) endpoint(what string) (*Endpoint, error) {
	if w == nil || *w == (wireEndpoint{}) {
		return nil, nil
	}
	e := &Endpoint{ServiceName: w.ServiceName}
	port, err := micros(what+"'s port", w.Port)
	if err != nil {
		return nil, err
	}
	if port > math.MaxUint16 {
		return nil, fmt.Errorf("%s's port %d is above 65535", what, port)
	}
	e.Port = uint16(port)
	// Zipkin drops an address that it cannot read, and files the rest by family.
	for _, text := range []string{w.IPv4, w.IPv6} {
		ip, err := netip.ParseAddr(text)
		switch ip = ip.Unmap(); {
		case err != nil:
		case ip.Is4():
			e.IPv4 = ip.String()
		default:
			e.IPv6 = ip.WithZone("").String()
		}
	}
	return e, nil
}

// micros reads a whole number, also one written as 1.5e15. Less than nothing
// counts as not known, as in Zipkin.
func micros(what string, n json.Number) (Micros, error) {
	if n == "" {
		return 0, nil
	}
	if i, err := n.Int64(); err == nil {
		return Micros(max(i, 0)), nil
	}
	f, err := n.Float64()
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, fmt.Errorf("%s %s is not a whole number of 64 bits", what, quote(n.String()))
	}
	return Micros(max(f, 0)), nil
}
