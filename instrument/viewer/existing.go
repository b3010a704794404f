// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"time"
)

// elsewhere returns a Viewer that stands for a collector which listens at
// the address already, or nil when what listens there is none.
func elsewhere(at *net.TCPAddr) *Viewer {
	url := "http://" + reachable(at)
	if !isZipkin(url) {
		return nil
	}
	return &Viewer{url: url}
}

// isZipkin asks as a load balancer would: Zipkin's server and the viewer say
// that they are up, and little else answers in these words.
func isZipkin(url string) bool {
	client := &http.Client{
		Timeout:       2 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true}, // and no proxy
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Get(url + "/health")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var health struct {
		Status string `json:"status"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&health)
	return err == nil && resp.StatusCode == http.StatusOK && health.Status == "UP"
}

// Elsewhere tells whether the spans go to another program, one that listened
// at the address already when Start was called. Such a Viewer has a URL and
// holds nothing: not the traces, which are over there, nor logs or counters.
func (v *Viewer) Elsewhere() bool { return v != nil && v.store == nil }
