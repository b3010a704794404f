// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"net/http"
	"slices"
	"strings"
)

func (a *api) services(w http.ResponseWriter, _ *http.Request) {
	replyEach(w, a.names(func(s *Span) string { return s.Service() }))
}

func (a *api) spanNames(w http.ResponseWriter, r *http.Request) {
	service := r.URL.Query().Get("serviceName")
	if service == "" {
		http.Error(w, "viewer: serviceName is required", http.StatusBadRequest)
		return
	}
	replyEach(w, a.names(func(s *Span) string {
		if !strings.EqualFold(service, s.Service()) {
			return ""
		}
		return s.Name
	}))
}

// names returns, sorted, what of says of each span, less the empty string.
func (a *api) names(of func(*Span) string) []string {
	seen := map[string]bool{"": true}
	names := []string{} // never null in JSON
	for _, spans := range a.store.all() {
		for _, s := range spans {
			if n := of(&s.Span); !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	return names
}

// remoteServices returns whom a service has called or was called by, as far
// as its spans name them.
func (a *api) remoteServices(w http.ResponseWriter, r *http.Request) {
	service := r.URL.Query().Get("serviceName")
	if service == "" {
		http.Error(w, "viewer: serviceName is required", http.StatusBadRequest)
		return
	}
	replyEach(w, a.names(func(s *Span) string {
		if s.RemoteEndpoint == nil || !strings.EqualFold(service, s.Service()) {
			return ""
		}
		return s.RemoteEndpoint.ServiceName
	}))
}

// autocomplete has nothing to offer: Zipkin's server offers the tags that it
// was configured to.
func (a *api) autocomplete(w http.ResponseWriter, _ *http.Request) {
	reply(w, []string{})
}
