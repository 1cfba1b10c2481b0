package imapconn

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"
)

// signed makes a certificate for 127.0.0.1 and localhost that by signs, or
// itself for nil.
func signed(t *testing.T, by *tls.Certificate, change func(*x509.Certificate)) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(c)
	parent, signer := c, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// S03, F26: a certificate that does not do is refused by its class, by TLS and
// by STARTTLS, and nothing is said to that server any more.
func TestS03_Certificates(t *testing.T) {
	t.Parallel()
	authority := signed(t, nil, func(c *x509.Certificate) { c.IsCA = true })
	stranger := signed(t, nil, func(c *x509.Certificate) { c.IsCA = true })
	roots := x509.NewCertPool()
	roots.AddCert(authority.Leaf)
	as := func(by *tls.Certificate, change func(*x509.Certificate)) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{*signed(t, by, change)}}
	}
	same := func(*x509.Certificate) {}
	old := as(authority, same)
	old.MaxVersion = tls.VersionTLS11
	for name, c := range map[string]struct {
		server *tls.Config
		code   string // of the Problem; "" for none
	}{
		"good":          {as(authority, same), ""},
		"expired":       {as(authority, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }), "tls_expired"},
		"not yet valid": {as(authority, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) }), "tls_expired"},
		"wrong name":    {as(authority, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} }), "tls_name"},
		"self-signed":   {as(nil, same), "tls_untrusted"},
		"of a stranger": {as(stranger, same), "tls_untrusted"},
		"for clients":   {as(authority, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), "tls_untrusted"},
		"TLS 1.1":       {old, "tls_handshake"},
	} {
		for _, mode := range []TLSMode{TLSImplicit, TLSStart} {
			t.Run(name+"/"+string(mode), func(t *testing.T) {
				t.Parallel()
				cfg := listen(t, mode, func(p *peer) {
					if mode == TLSStart {
						p.send("* OK hi")
						p.send(p.want("STARTTLS") + " OK go")
					}
					secure := tls.Server(p.conn, c.server)
					defer secure.Close()
					if err := secure.Handshake(); err != nil {
						return
					}
					p.conn, p.r = secure, bufio.NewReader(secure)
					if mode == TLSImplicit {
						p.send("* OK [CAPABILITY IMAP4rev1] hi")
					} else {
						p.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
					}
					if c.code != "" {
						if line, err := p.r.ReadString('\n'); err == nil {
							p.t.Errorf("it is told %q", line)
						}
						return
					}
					p.answer("LOGIN")
					p.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
				})
				cfg.RootCAs = roots
				if c.code == "" {
					conn, err := Dial(t.Context(), cfg)
					if err != nil {
						t.Fatal(err)
					}
					conn.Close()
					return
				}
				err := dialErr(t, cfg)
				if p := ProblemOf(err); p.Code != c.code {
					t.Errorf("%s, want %s: %v", p.Code, c.code, err)
				}
			})
		}
	}
}
