// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
)

// echoUpgrade takes the connection over and echoes one line, as the handshake
// and the first message of a WebSocket would.
func echoUpgrade(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "echo" {
		http.Error(w, "upgrade, please", http.StatusUpgradeRequired)
		return
	}
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
	_ = rw.Flush()
	line, _ := rw.ReadString('\n')
	_, _ = rw.WriteString(line)
	_ = rw.Flush()
}

func upgradeRequest(t *testing.T, url string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "echo")
	return r
}

func TestUpgradeIsRecordedAs101AndNotAsLatency(t *testing.T) {
	server, client := newTelemetry(t), newTelemetry(t)
	s := httptest.NewServer(server.handler(http.HandlerFunc(echoUpgrade)))
	defer s.Close()

	res, err := client.transport(&http.Transport{}).RoundTrip(upgradeRequest(t, s.URL))
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
	assert.Equal(t, "101", attributes(client.span())["http.response.status_code"], "the exchange is over, the socket is not")
	assert.Equal(t, "101", client.duration(clientDuration).attributes["http.response.status_code"])
	assert.Empty(t, client.points()["http.client.response.body.size"])

	socket, isWriter := res.Body.(io.ReadWriteCloser)
	require.True(t, isWriter, "the body is still the socket")
	_, err = io.WriteString(socket, "hello\n")
	require.NoError(t, err)
	line, err := bufio.NewReader(socket).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "hello\n", line)
	require.NoError(t, socket.Close())

	assert.Equal(t, "101", attributes(server.awaitSpan())["http.response.status_code"])
	assert.Equal(t, codes.Unset, server.span().Status().Code)
	points := server.points()
	assert.Empty(t, points[serverDuration], "the life of a socket is no latency")
	assert.Empty(t, points["http.server.response.body.size"])
	require.Len(t, points["http.server.active_requests"], 1)
	assert.Zero(t, points["http.server.active_requests"][0].sum)
}

func TestFailedUpgradeIsAResponse(t *testing.T) {
	tel := newTelemetry(t)
	s := httptest.NewServer(tel.handler(http.HandlerFunc(echoUpgrade)))
	defer s.Close()
	res, err := http.Get(s.URL)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	s.Close()
	assert.Equal(t, "426", attributes(tel.span())["http.response.status_code"])
	assert.Equal(t, "426", tel.duration(serverDuration).attributes["http.response.status_code"])
}

// failingHijacker says it can, and cannot.
type failingHijacker struct{ *httptest.ResponseRecorder }

func (failingHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, net.ErrClosed }

func TestHijackThatFailsIsNone(t *testing.T) {
	tel := newTelemetry(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Upgrade", "echo")
	tel.handler(http.HandlerFunc(echoUpgrade)).ServeHTTP(failingHijacker{httptest.NewRecorder()}, r)
	assert.Equal(t, "500", attributes(tel.span())["http.response.status_code"])
	assert.Equal(t, "500", tel.duration(serverDuration).attributes["http.response.status_code"])
}

func TestHijackAfterTheHeaderKeepsItsStatus(t *testing.T) {
	tel := newTelemetry(t)
	s := httptest.NewServer(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		conn, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			_ = conn.Close()
		}
	})))
	defer s.Close()
	if res, err := http.Get(s.URL); err == nil {
		_ = res.Body.Close()
	}
	s.Close()
	assert.Equal(t, "200", attributes(tel.awaitSpan())["http.response.status_code"])
	assert.Empty(t, tel.points()[serverDuration])
}

func TestWriteAfterHijackIsNoResponse(t *testing.T) {
	tel := newTelemetry(t)
	s := httptest.NewServer(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			_ = conn.Close()
		}
		_, err = io.WriteString(w, "too late")
		assert.ErrorIs(t, err, http.ErrHijacked)
	})))
	defer s.Close()
	if res, err := http.Get(s.URL); err == nil {
		_ = res.Body.Close()
	}
	assert.Equal(t, "101", attributes(tel.awaitSpan())["http.response.status_code"])
}
