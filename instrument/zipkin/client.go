// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"net"
	"net/http"
	"time"
)

// maxReply is how much of a reply is read, headers and body each.
const maxReply = 64 << 10

// newClient returns the client to send with, and whether nobody else has it.
// It is never http.DefaultClient, nor its transport: a program that
// instruments those would trace the exporter by the exporter.
func newClient(c *config, socket string) (client *http.Client, private bool) {
	if c.client != nil {
		own := *c.client
		own.CheckRedirect = refuseRedirect
		return &own, false
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        c.tls,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
		DisableCompression:     true, // of replies, which nobody needs
		MaxResponseHeaderBytes: maxReply,
		WriteBufferSize:        64 << 10,
	}
	if socket != "" {
		// No proxy is asked for: the host of such a URL is localhost.
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		}
	}
	return &http.Client{Transport: transport, CheckRedirect: refuseRedirect}, true
}

// refuseRedirect returns the redirect itself as the answer. A collector that
// moved is for the operator to know: followed as HTTP clients do, a POST
// becomes a GET, which delivers nothing and succeeds.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
