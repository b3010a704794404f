// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"
)

// maxBody bounds what a collector reads of one request, uncompressed.
const maxBody = 64 << 20

// ZipkinSpan is a span as the Zipkin v2 API has it. Ids are lowercase hex,
// times are microseconds.
type ZipkinSpan struct {
	TraceID        string             `json:"traceId"`
	ID             string             `json:"id"`
	ParentID       string             `json:"parentId"`
	Name           string             `json:"name"`
	Kind           string             `json:"kind"` // CLIENT, SERVER, PRODUCER, CONSUMER or empty
	Timestamp      int64              `json:"timestamp"`
	Duration       int64              `json:"duration"`
	Debug          bool               `json:"debug"`
	Shared         bool               `json:"shared"`
	LocalEndpoint  ZipkinEndpoint     `json:"localEndpoint"`
	RemoteEndpoint ZipkinEndpoint     `json:"remoteEndpoint"`
	Annotations    []ZipkinAnnotation `json:"annotations"`
	Tags           map[string]string  `json:"tags"`
}

// ZipkinEndpoint is one side of a span; its zero value means that there was
// none.
type ZipkinEndpoint struct {
	ServiceName string `json:"serviceName"`
	IPv4        string `json:"ipv4"`
	IPv6        string `json:"ipv6"`
	Port        int    `json:"port"`
}

// ZipkinAnnotation is an event of a span, its time in microseconds since 1970.
type ZipkinAnnotation struct {
	Timestamp int64  `json:"timestamp"`
	Value     string `json:"value"`
}

// DecodeZipkin reads a list of Zipkin v2 spans. It is as strict as a server
// is, or stricter: ids of the right length and not zero, times not negative,
// no unknown field, valid UTF-8.
func DecodeZipkin(body []byte) ([]ZipkinSpan, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("instrumenttest: body is not UTF-8")
	}
	var spans []ZipkinSpan
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&spans); err != nil {
		return nil, fmt.Errorf("instrumenttest: body is not a list of Zipkin spans: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("instrumenttest: body goes on after the list")
	}
	for i, span := range spans {
		if err := span.check(); err != nil {
			return nil, fmt.Errorf("instrumenttest: span %d: %w", i, err)
		}
	}
	return spans, nil
}

func (s ZipkinSpan) check() error {
	switch {
	case !isID(s.TraceID, 16) && !isID(s.TraceID, 32):
		return fmt.Errorf("traceId %q is not 16 or 32 lowercase hex digits with one that is not zero", s.TraceID)
	case !isID(s.ID, 16):
		return fmt.Errorf("id %q is not 16 lowercase hex digits with one that is not zero", s.ID)
	case s.ParentID != "" && !isID(s.ParentID, 16):
		return fmt.Errorf("parentId %q is not 16 lowercase hex digits with one that is not zero", s.ParentID)
	case s.ParentID == s.ID:
		return fmt.Errorf("id %q is its own parent", s.ID)
	case s.Timestamp < 0 || s.Duration < 0:
		return fmt.Errorf("timestamp %d or duration %d is negative", s.Timestamp, s.Duration)
	}
	switch s.Kind {
	case "", "CLIENT", "SERVER", "PRODUCER", "CONSUMER":
	default:
		return fmt.Errorf("kind %q is unknown", s.Kind)
	}
	for _, a := range s.Annotations {
		if a.Timestamp <= 0 {
			return fmt.Errorf("annotation %q has no time", a.Value)
		}
	}
	return nil
}

func isID(s string, length int) bool {
	zero := true
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
		zero = zero && c == '0'
	}
	return len(s) == length && !zero
}

// readRequest reads and decodes r. What is wrong with it is in Err.
func readRequest(r *http.Request) *Request {
	rec := &Request{Method: r.Method, URL: r.URL.RequestURI(), Header: r.Header.Clone()}
	if r.Host != "" {
		rec.Header.Set("Host", r.Host)
	}
	wire, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	rec.Wire, rec.Body, rec.Time = len(wire), wire, time.Now()
	switch encoding := r.Header.Get("Content-Encoding"); {
	case err != nil:
	case r.Method != http.MethodPost:
		err = fmt.Errorf("instrumenttest: method %q is not POST", r.Method)
	case encoding == "gzip":
		rec.Body, err = gunzip(wire)
	case encoding != "":
		err = fmt.Errorf("instrumenttest: content encoding %q is not gzip", encoding)
	}
	if err == nil {
		rec.Spans, err = DecodeZipkin(rec.Body)
	}
	rec.Err = err
	return rec
}

func gunzip(wire []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(wire))
	if err != nil {
		return nil, fmt.Errorf("instrumenttest: body is not gzip: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(reader, maxBody))
	if err != nil {
		return nil, fmt.Errorf("instrumenttest: body is not gzip: %w", err)
	}
	return body, reader.Close()
}
