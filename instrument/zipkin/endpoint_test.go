// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

func TestRemoteEndpointIsTheAttributeOfTheBestRank(t *testing.T) {
	str := attribute.String
	name := func(s string) instrumenttest.ZipkinEndpoint {
		return instrumenttest.ZipkinEndpoint{ServiceName: s}
	}
	for label, tc := range map[string]struct {
		attrs []attribute.KeyValue
		want  instrumenttest.ZipkinEndpoint
	}{
		"nothing":              {nil, name("")},
		"other attributes":     {[]attribute.KeyValue{str("a", "b")}, name("")},
		"peer.service":         {[]attribute.KeyValue{str("server.address", "b"), str("peer.service", "A")}, name("a")},
		"server.address":       {[]attribute.KeyValue{str("net.peer.name", "b"), str("server.address", "a")}, name("a")},
		"net.peer.name":        {[]attribute.KeyValue{str("network.peer.address", "10.0.0.1"), str("net.peer.name", "a")}, name("a")},
		"server.socket.domain": {[]attribute.KeyValue{str("server.socket.address", "10.0.0.1"), str("server.socket.domain", "a")}, name("a")},
		"net.sock.peer.name":   {[]attribute.KeyValue{str("net.sock.peer.addr", "10.0.0.1"), str("net.sock.peer.name", "a")}, name("a")},
		"peer.hostname":        {[]attribute.KeyValue{str("peer.address", "b"), str("peer.hostname", "a")}, name("a")},
		"peer.address":         {[]attribute.KeyValue{str("db.name", "b"), str("peer.address", "a")}, name("a")},
		"db.name":              {[]attribute.KeyValue{str("db.name", "a")}, name("a")},
		"address and port": {[]attribute.KeyValue{attribute.Int("network.peer.port", 80), str("network.peer.address", "10.0.0.1")},
			instrumenttest.ZipkinEndpoint{IPv4: "10.0.0.1", Port: 80}},
		"IPv6 and port as text": {[]attribute.KeyValue{str("server.socket.address", "2001:DB8::1"), str("server.socket.port", "443")},
			instrumenttest.ZipkinEndpoint{IPv6: "2001:db8::1", Port: 443}},
		"IPv4 in IPv6": {[]attribute.KeyValue{str("net.sock.peer.addr", "::ffff:10.0.0.1"), attribute.Int("net.sock.peer.port", 1)},
			instrumenttest.ZipkinEndpoint{IPv4: "10.0.0.1", Port: 1}},
		"port out of range": {[]attribute.KeyValue{attribute.Int("network.peer.port", 65536), str("network.peer.address", "10.0.0.1")},
			instrumenttest.ZipkinEndpoint{IPv4: "10.0.0.1"}},
		"port that is none": {[]attribute.KeyValue{str("network.peer.port", "http"), str("network.peer.address", "10.0.0.1")},
			instrumenttest.ZipkinEndpoint{IPv4: "10.0.0.1"}},
		"address that is none": {[]attribute.KeyValue{str("network.peer.address", "/run/x.sock")}, name("")},
		"address with a zone":  {[]attribute.KeyValue{str("network.peer.address", "fe80::1%eth0")}, name("")},
		"not text":             {[]attribute.KeyValue{attribute.Int("peer.service", 5)}, name("")},
		"empty text":           {[]attribute.KeyValue{str("peer.service", "")}, name("")},
	} {
		t.Run(label, func(t *testing.T) {
			for kind, has := range map[trace.SpanKind]bool{
				trace.SpanKindClient: true, trace.SpanKindProducer: true,
				trace.SpanKindServer: false, trace.SpanKindConsumer: false, trace.SpanKindInternal: false,
			} {
				s := stub()
				s.SpanKind, s.Attributes = kind, tc.attrs
				want := instrumenttest.ZipkinEndpoint{}
				if has {
					want = tc.want
				}
				assert.Equal(t, want, decode(t, s).RemoteEndpoint, "%v", kind)
			}
		})
	}
}
