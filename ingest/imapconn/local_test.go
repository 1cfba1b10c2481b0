package imapconn_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loopback is a Dialer that may reach loopback and the hosts named.
func loopback(t testing.TB, hosts ...string) *safedial.Dialer {
	t.Helper()
	allow, err := safedial.ParseAllow(append(hosts, "127.0.0.0/8", "::1")...)
	if err != nil {
		t.Fatal(err)
	}
	return &safedial.Dialer{Allow: allow}
}

// resolvesTo answers every name with one address.
type resolvesTo string

func (r resolvesTo) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	ip, err := netip.ParseAddr(string(r))
	return []netip.Addr{ip}, err
}

// local is one in-process server with one user, ann, and how to reach it.
type local struct {
	*imaplocal.Server
	cfg imapconn.Config
}

func newLocal(t testing.TB, opts imaplocal.Options) *local {
	t.Helper()
	s, err := imaplocal.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.AddUser("ann", "secret"); err != nil {
		t.Fatal(err)
	}
	mode := imapconn.TLSNone
	switch {
	case opts.TLS:
		mode = imapconn.TLSImplicit
	case opts.StartTLS:
		mode = imapconn.TLSStart
	}
	return &local{s, imapconn.Config{
		Host: s.Host(), Port: s.Port(), TLS: mode, Username: "ann", Auth: imapconn.Password("secret"),
		Dialer: loopback(t), RootCAs: s.CAs(),
	}}
}

func (l *local) dial(t testing.TB) *imapconn.Conn { return dial(t, l.cfg) }

func dial(t testing.TB, cfg imapconn.Config) *imapconn.Conn {
	t.Helper()
	c, err := imapconn.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (l *local) append(t testing.TB, folder, subject string) uint32 {
	t.Helper()
	uid, err := l.Append("ann", folder, nil, arrived, mail(subject))
	if err != nil {
		t.Fatal(err)
	}
	return uid
}

var arrived = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func mail(subject string) []byte {
	return fmt.Appendf(nil, "From: ann@x.example\r\nTo: bob@y.example\r\nSubject: %s\r\n\r\nbody of %s\r\n", subject, subject)
}

func TestS10_ConfigDoesNotPrintItsSecret(t *testing.T) {
	t.Parallel()
	cfg := imapconn.Config{Username: "ann", Auth: imapconn.Password("s3cret")}
	if s := fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg); strings.Contains(s, "s3cret") {
		t.Errorf("the password prints: %s", s)
	}
}
