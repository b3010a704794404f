// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"crypto/hmac"
	"crypto/sha1" // the algorithm of the wire format; HMAC-SHA1 is not broken
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/trace"
)

// minKeyBytes is the shortest HMAC key taken. It keeps out what a stray comma
// or a placeholder leaves; a good key is 20 random bytes or more.
const minKeyBytes = 6

// signer signs with one key. It may be used from several goroutines.
type signer struct{ pool sync.Pool }

// signing is what one signature needs, kept because making an HMAC costs
// more than using it.
type signing struct {
	mac  hash.Hash
	text [maxXTraceBytes]byte
	sum  [sha1.Size]byte
}

// newSigner returns an error for a key that is too short, and where the
// platform forbids HMAC-SHA1, which crypto/hmac reports by a panic. The error
// does not contain the key.
func newSigner(key string) (s *signer, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("HMAC-SHA1 is not available: %v", p)
		}
	}()
	if len(key) < minKeyBytes {
		return nil, fmt.Errorf("%d bytes, fewer than %d", len(key), minKeyBytes)
	}
	s = &signer{}
	s.pool.New = func() any { return &signing{mac: hmac.New(sha1.New, []byte(key))} }
	s.pool.Put(s.pool.New())
	return s, nil
}

// get returns a signing to be given back with put.
func (s *signer) get() *signing  { return s.pool.Get().(*signing) }
func (s *signer) put(g *signing) { s.pool.Put(g) }

// sign computes the signature of the first n bytes of g.text into g.sum.
func (g *signing) sign(n int) {
	g.mac.Reset()
	g.mac.Write(g.text[:n])
	g.mac.Sum(g.sum[:0])
}

// signers are the keys in force; the first one signs.
type signers []*signer

// verify reports whether signature, in lower-case hex, is that of text under
// any key. All keys are tried whatever the outcome, each in constant time.
// text is at most maxXTraceBytes long.
func (all signers) verify(text, signature string) bool {
	var given [sha1.Size]byte
	if !unhex(given[:], strings.TrimSpace(signature)) { // osprofiler strips it too
		return false
	}
	valid := 0
	for _, s := range all {
		g := s.get()
		g.sign(copy(g.text[:], text))
		valid |= subtle.ConstantTimeCompare(g.sum[:], given[:])
		s.put(g)
	}
	return valid == 1
}

// osprofiler returns the header of the two ids and its signature.
func (s *signer) osprofiler(traceID trace.TraceID, spanID trace.SpanID) (info, signature string) {
	g := s.get()
	defer s.put(g)
	var plain [128]byte
	n := len(base64.URLEncoding.AppendEncode(g.text[:0], appendOsprofiler(plain[:0], traceID, spanID)))
	g.sign(n)
	both := string(appendHex(g.text[:n], g.sum[:]))
	return both[:n], both[n:]
}
