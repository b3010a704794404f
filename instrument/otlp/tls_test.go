// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument"
)

// authority signs certificates for 127.0.0.1.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{}
	der, key := a.sign(t, true)
	a.cert, _ = x509.ParseCertificate(der)
	a.key = key
	a.pool = x509.NewCertPool()
	a.pool.AddCert(a.cert)
	a.file = write(t, "CERTIFICATE", der)
	return a
}

func (a *authority) sign(t testing.TB, itself bool) (der []byte, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.cert, a.key
	if itself {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, signer = template, key
	}
	der, err = x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	return der, key
}

func write(t testing.TB, kind string, der []byte) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return file
}

func TestCertificatesAreThoseOfTheEnvironment(t *testing.T) {
	ca := newAuthority(t)
	serverDER, serverKey := ca.sign(t, false)
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{serverDER}, PrivateKey: serverKey}},
		ClientCAs:    ca.pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}
	clientDER, clientKey := ca.sign(t, false)
	keyDER, err := x509.MarshalECPrivateKey(clientKey)
	require.NoError(t, err)
	certFile, keyFile := write(t, "CERTIFICATE", clientDER), write(t, "EC PRIVATE KEY", keyDER)

	for name, p := range protocols {
		for what, tc := range map[string]struct {
			env  map[string]string
			sent uint64
		}{
			"all":                {map[string]string{"CERTIFICATE": ca.file, "CLIENT_CERTIFICATE": certFile, "CLIENT_KEY": keyFile}, 1},
			"for traces":         {map[string]string{"TRACES_CERTIFICATE": ca.file, "TRACES_CLIENT_CERTIFICATE": certFile, "TRACES_CLIENT_KEY": keyFile}, 1},
			"not trusted":        {map[string]string{"CLIENT_CERTIFICATE": certFile, "CLIENT_KEY": keyFile}, 0},
			"for metrics":        {map[string]string{"METRICS_CERTIFICATE": ca.file, "CLIENT_CERTIFICATE": certFile, "CLIENT_KEY": keyFile}, 0},
			"without its client": {map[string]string{"CERTIFICATE": ca.file}, 0},
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				r := newTLSReceiver(t, config)
				t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", p.endpoint(r))
				for k, v := range tc.env {
					t.Setenv("OTEL_EXPORTER_OTLP_"+k, v)
				}
				tel, _ := start(t, instrument.WithExporters(p.open))
				work(tel, 1)
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+5*tc.sent)*time.Second)
				defer cancel()
				assert.Equal(t, tc.sent == 0, tel.ForceFlush(ctx) != nil)
				assert.Len(t, r.names(), int(tc.sent))
			})
		}
	}
}

// TestACertificateBesideAPlainEndpointIsNoError: one environment serves many
// programs.
func TestACertificateBesideAPlainEndpointIsNoError(t *testing.T) {
	ca := newAuthority(t)
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", p.endpoint(r))
			t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", ca.file)
			t.Setenv("OTEL_EXPORTER_OTLP_INSECURE", "false") // is for endpoints without a scheme
			tel, errs := start(t, instrument.WithExporters(p.open))
			work3(t, tel)
			require.NoError(t, tel.Shutdown(context.Background()))
			assert.Len(t, r.names(), 1)
			assert.Len(t, r.metrics, 1)
			assert.Len(t, r.logs, 1)
			assert.Empty(t, errs.all())
		})
	}
}
