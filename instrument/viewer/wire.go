// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strings"
)

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
	if w == nil {
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
	if *e == (Endpoint{}) {
		return nil, nil
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
