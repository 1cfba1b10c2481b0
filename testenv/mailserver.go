//go:build unix

package testenv

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MailServer is a container with Dovecot and Postfix: one small provider.
// Postfix takes mail for every domain under .test; mail to an address that
// NewUser did not make bounces (5.1.1), over quota too (5.2.2). Domains of its
// own kind: nowhere.test has no host (5.4.4), strict.test refuses (5.7.1),
// slow.test never answers and is reported as delayed after some seconds.
// Nothing leaves the container; mail to domains outside .test bounces.
type MailServer struct {
	IMAPServer
	SMTPAddr string // host:port

	mu      sync.Mutex
	domains map[testing.TB]string
}

const mailCovers = "real IMAP and SMTP (Dovecot, Postfix)"

var mailOnce = sync.OnceValues(func() (*MailServer, error) {
	e, err := engineOnce()
	if err != nil {
		return nil, err
	}
	return startMail(context.Background(), e)
})

// Mail is the mail server that all tests of this process share.
func Mail(tb testing.TB) *MailServer {
	tb.Helper()
	dockerEngine(tb, mailCovers)
	m, err := mailOnce()
	if err != nil {
		tb.Fatalf("testenv: start the mail server: %v", err)
	}
	return m
}

// OwnMail is a mail server for this test alone, which may kill it.
func OwnMail(tb testing.TB) *MailServer {
	tb.Helper()
	m, err := startMail(tb.Context(), dockerEngine(tb, mailCovers))
	if err != nil {
		tb.Fatalf("testenv: start the mail server: %v", err)
	}
	tb.Cleanup(func() {
		if err := m.box.remove(); err != nil {
			tb.Errorf("testenv: %v", err)
		}
	})
	return m
}

func startMail(ctx context.Context, e *engine) (*MailServer, error) {
	m, err := startIMAP(ctx, e, "mail", "25/tcp")
	if err != nil {
		return nil, err
	}
	return &MailServer{
		IMAPServer: *m, SMTPAddr: fmt.Sprintf("%s:%d", m.Host, m.box.ports["25/tcp"]), domains: map[testing.TB]string{},
	}, nil
}

// greets checks that a server says hello; the engine's proxy accepts
// connections before the server behind it does.
func greets(ctx context.Context, host string, port int, want string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", fmt.Sprintf("%s:%d", host, port))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(greetingTime)); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return fmt.Errorf("read a greeting: %w", err)
	}
	if !strings.HasPrefix(line, want) {
		return fmt.Errorf("the greeting is %q", line)
	}
	return nil
}

// Domain is the test's own domain, in which no other test has users.
func (m *MailServer) Domain(tb testing.TB) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.domains[tb]
	if !ok {
		d = "t" + strings.ToLower(rand.Text()[:8]) + ".test"
		m.domains[tb] = d
		tb.Cleanup(func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			delete(m.domains, tb)
		})
	}
	return d
}

// NewUser makes a mailbox. name is a local part, in the test's own Domain, or
// a whole address under .test, which must then be new to the server.
func (m *MailServer) NewUser(tb testing.TB, name string) User {
	tb.Helper()
	return m.newUser(tb, name, "")
}

// NewUserWithQuota makes a mailbox that is full at quota, like "1M".
func (m *MailServer) NewUserWithQuota(tb testing.TB, name, quota string) User {
	tb.Helper()
	return m.newUser(tb, name, quota)
}

func (m *MailServer) newUser(tb testing.TB, name, quota string) User {
	tb.Helper()
	if !strings.Contains(name, "@") {
		name += "@" + m.Domain(tb)
	}
	u := User{Address: name, Username: name, Password: rand.Text()}
	m.box.mustExec(tb, "add-users", u.Username+":"+u.Password+":"+quota)
	return u
}

// SetPassword changes a user's password; logins with the old one fail.
func (m *MailServer) SetPassword(tb testing.TB, u User, password string) User {
	tb.Helper()
	m.box.mustExec(tb, "set-password", u.Username, password)
	u.Password = password
	return u
}

// AccessToken is what an OAuth provider would give a user for a time; Dovecot
// takes it by XOAUTH2 and OAUTHBEARER.
func (m *MailServer) AccessToken(tb testing.TB, u User, lasts time.Duration) string {
	tb.Helper()
	encoded, err := imageFiles.ReadFile("images/mail/token-key")
	if err != nil {
		tb.Fatalf("testenv: read the key of access tokens: %v", err)
	}
	key, err := base64.StdEncoding.DecodeString(string(encoded))
	if err != nil {
		tb.Fatalf("testenv: read the key of access tokens: %v", err)
	}
	now := time.Now()
	claims := jwt.MapClaims{"sub": u.Username, "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(lasts).Unix()}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(key)
	if err != nil {
		tb.Fatalf("testenv: sign an access token: %v", err)
	}
	return token
}

// Doveadm runs doveadm in the container: UIDVALIDITY, folders, sessions and
// whatever else a test does behind its clients' backs.
func (m *MailServer) Doveadm(tb testing.TB, args ...string) []byte {
	tb.Helper()
	return m.box.mustExec(tb, append([]string{"doveadm"}, args...)...)
}

// Kill ends the server with SIGKILL; Start brings it back on the same ports
// with the same mail. Only on OwnMail: other tests use the shared one.
func (m *MailServer) Kill(tb testing.TB) {
	tb.Helper()
	m.box.kill(tb)
}

// Start starts a killed server and waits until it answers.
func (m *MailServer) Start(tb testing.TB) {
	tb.Helper()
	m.box.startAgain(tb)
}

// Restart restarts the server and waits until it answers. Only on OwnMail.
func (m *MailServer) Restart(tb testing.TB) {
	tb.Helper()
	m.box.restart(tb, 0)
}
