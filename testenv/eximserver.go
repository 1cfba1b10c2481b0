//go:build unix

package testenv

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/testcontainers/testcontainers-go"
)

// EximServer is a container with Exim, the server by which a user sends: it
// takes everything and passes it to Mail by SMTP, its own reports too. The server
// of exim.test refuses at RCPT: full@ because it is full (5.2.2), strict@ by
// policy (5.7.1), all others as unknown (5.1.1);
// nowhere.test has no host; slow.test refuses connections and is reported as
// delayed after some seconds.
type EximServer struct{ SMTPAddr string }

var eximOnce = sync.OnceValues(func() (*EximServer, error) {
	m, err := mailOnce()
	if err != nil {
		return nil, err
	}
	hub, err := m.box.exec(context.Background(), "hostname", "-i")
	if err != nil {
		return nil, fmt.Errorf("ask for the mail server's address: %w", err)
	}
	e, err := engineOnce()
	if err != nil {
		return nil, err
	}
	const host = "127.0.0.1"
	b, err := e.start(context.Background(), boxSpec{
		image: "exim",
		ports: []string{"25/tcp"},
		files: []testcontainers.ContainerFile{
			{Reader: strings.NewReader(string(bytes.Fields(hub)[0])), ContainerFilePath: "/etc/mailstamp/hub", FileMode: 0o644},
		},
		ready: func(b *box) func(context.Context) error {
			return func(ctx context.Context) error { return greets(ctx, host, b.ports["25/tcp"], "220 ") }
		},
	})
	if err != nil {
		return nil, err
	}
	return &EximServer{SMTPAddr: fmt.Sprintf("%s:%d", host, b.ports["25/tcp"])}, nil
})

// Exim is the Exim that all tests of this process share; it delivers to Mail.
func Exim(tb testing.TB) *EximServer {
	tb.Helper()
	dockerEngine(tb, "a second real SMTP (Exim)")
	x, err := eximOnce()
	if err != nil {
		tb.Fatalf("testenv: start Exim: %v", err)
	}
	return x
}

// Submit sends raw by SMTP with the whole envelope.
func (x *EximServer) Submit(tb testing.TB, env Envelope, raw []byte) {
	tb.Helper()
	if err := submit(x.SMTPAddr, env, raw); err != nil {
		tb.Fatalf("testenv: send by SMTP: %v", err)
	}
}
