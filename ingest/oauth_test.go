package ingest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
)

// provider is an OAuth provider that rotates refresh tokens, with the mail server that believes it. A refresh token that
// comes twice is taken as stolen, as RFC 6819 section 5.2.2.3 advises.
type provider struct {
	*httptest.Server

	mu      sync.Mutex
	access  string // the one that the mail server takes
	refresh string // the one that is good for the next
	asked   int
	logins  int
	answer  http.HandlerFunc // instead of a token
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.answer != nil {
		p.answer(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if r.FormValue("refresh_token") != p.refresh || r.FormValue("client_secret") != "client's" {
		p.refresh = "revoked"
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"%s is not good"}`, r.FormValue("refresh_token"))
		return
	}
	p.access, p.refresh = fmt.Sprintf("access-%d", p.asked), fmt.Sprintf("refresh-%d", p.asked)
	fmt.Fprintf(w, `{"access_token":"%s","refresh_token":"%s","expires_in":3600,"token_type":"Bearer"}`, p.access, p.refresh)
}

// expire makes the mail server take no token that was given out so far.
func (p *provider) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.access = "none"
}

func (p *provider) say(answer http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *provider) counts() (asked, logins int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked, p.logins
}

// granted is a bundle whose mailbox logs in by OAuth, with five messages.
func granted(t *testing.T) (*bundle, *provider, MailboxConfig) {
	t.Helper()
	p := &provider{access: "access-0", refresh: "refresh-0"}
	p.Server = httptest.NewTLSServer(p)
	t.Cleanup(p.Close)
	b := newBundle(t)
	server, err := imaplocal.New(imaplocal.Options{Token: func(user, token string) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.logins++
		return user == "ann-box" && token == p.access
	}})
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	b.server = server
	b.opts.RootCAs = x509.NewCertPool()
	b.opts.RootCAs.AddCert(p.Certificate())
	b.boxes = NewMailboxes(b.opts)
	b.user("ann", "ann@firm.example")
	b.card("acme", "joe@acme.example")
	must(t, b.server.AddUser("ann-box", password))
	for i := range 5 {
		b.append("ann-box", "INBOX", mail{id: fmt.Sprintf("%d@x", i), from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	}
	cfg := b.config("ann-box", "ann")
	cfg.Auth = MailboxAuth{OAuth: &MailboxOAuth{
		AccessToken: "access-0", RefreshToken: "refresh-0", Expiry: time.Now().Add(time.Hour),
		TokenURL: p.URL + "/token", ClientID: "client", ClientSecret: "client's", Mechanism: imapconn.XOAuth2,
	}}
	return b, p, cfg
}

func (b *bundle) putConfig(cfg MailboxConfig) {
	b.t.Helper()
	_, err := b.boxes.Put(b.ctx, b.acc, "ann-box", cfg)
	must(b.t, err)
}

// grant is what is kept of the mailbox's grant.
func (b *bundle) grant() MailboxOAuth {
	b.t.Helper()
	l := b.loopOf("ann-box")
	must(b.t, l.load(b.ctx))
	auth, err := l.s.o.openAuth(b.acc, l.mailboxID, l.row.SealedAuth)
	must(b.t, err)
	return *auth.OAuth
}

func TestF31TokenExpiresMidSync(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{imapconn.XOAuth2, imapconn.OAuthBearer} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			b, p, cfg := granted(t)
			cfg.Auth.OAuth.Mechanism = mechanism
			b.putConfig(cfg)
			cut := false
			b.faulty(faulty{header: func(*imapconn.HeaderItem) (bool, error) {
				if !cut { // the server ends the session with its token, well before the time that was told
					cut = true
					p.expire()
					return false, errCut
				}
				return false, nil
			}})
			b.syncThrough("ann-box")
			b.checkLedger("ann-box")
			if asked, logins := p.counts(); asked != 1 || logins != 3 {
				t.Errorf("renewed %d times, want once; %d logins, want 3", asked, logins)
			}
			if g := b.grant(); g.AccessToken != "access-1" || g.RefreshToken != "refresh-1" || time.Until(g.Expiry) < 50*time.Minute {
				t.Errorf("kept: %s, %s until %s", g.AccessToken, g.RefreshToken, g.Expiry)
			}
			b.opts.dial = nil
			b.sync("ann-box") // as another process: with the kept one
			if asked, _ := p.counts(); asked != 1 {
				t.Errorf("renewed %d times", asked)
			}
		})
	}
}

func TestF31ManyWorkersRenewOnce(t *testing.T) {
	t.Parallel()
	b, p, cfg := granted(t)
	cfg.Auth.OAuth.Expiry = time.Now().Add(-time.Minute)
	b.putConfig(cfg)
	var loops []*loop
	for range maxPerLogin { // each as a process of its own would have read the row
		l := b.loopOf("ann-box")
		must(t, l.load(b.ctx))
		loops = append(loops, l)
	}
	var wg sync.WaitGroup
	for _, l := range loops {
		wg.Go(func() {
			c, err := l.s.o.connect(b.ctx, b.acc, l.row)
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
		})
	}
	wg.Wait()
	if asked, _ := p.counts(); asked != 1 {
		t.Errorf("renewed %d times, want once", asked)
	}
	if g := b.grant(); g.RefreshToken != "refresh-1" {
		t.Errorf("kept %s", g.RefreshToken)
	}
}

// A renewed grant outlives a commit that fails and a worker that stops: the old refresh token is not good any more.
func TestF31RenewedGrantIsNotLost(t *testing.T) {
	t.Parallel()
	b, p, cfg := granted(t)
	cfg.Auth.OAuth.Expiry = time.Now().Add(-time.Minute)
	b.putConfig(cfg)
	ctx, stop := context.WithCancel(b.ctx)
	failed := false
	b.opts.commit = func(name string) error {
		if name == "grant" && !failed {
			failed = true
			stop()
			return errors.New("the database went away")
		}
		return nil
	}
	l := b.loopOf("ann-box")
	must(t, l.load(b.ctx))
	if c, err := l.s.o.connect(ctx, b.acc, l.row); err == nil {
		c.Close()
		t.Error("a stopping worker connected")
	}
	b.opts.commit = nil
	b.sync("ann-box")
	if asked, _ := p.counts(); asked != 1 || !failed {
		t.Errorf("renewed %d times, want once", asked)
	}
	b.checkLedger("ann-box")
}

func TestF31RevokedNeedsAuthAndHealsByPut(t *testing.T) {
	t.Parallel()
	b, p, cfg := granted(t)
	cfg.Auth.OAuth.RefreshToken, cfg.Auth.OAuth.AccessToken = "withdrawn", ""
	b.putConfig(cfg)
	for range 5 { // restarts of the worker
		l := b.loopOf("ann-box")
		must(t, l.load(b.ctx))
		_, err := l.fail(b.ctx, l.session(b.ctx))
		must(t, err)
	}
	if asked, logins := p.counts(); asked != 1 || logins != 0 {
		t.Errorf("a withdrawn grant was presented %d times, and the mail server asked %d times", asked, logins)
	}
	h, err := b.boxes.Get(b.ctx, b.acc, "ann-box")
	must(t, err)
	if h.State != "needs_auth" || h.Problem == nil || !strings.Contains(*h.Problem, "withdrawn the permission") {
		t.Errorf("health %+v", h)
	}
	p.mu.Lock()
	p.refresh = "refresh-new"
	p.mu.Unlock()
	b.start()
	cfg.Auth.OAuth.RefreshToken = "refresh-new"
	b.putConfig(cfg)
	b.await("5", countMessages)
	b.await("live", `select state from mailboxes`)
}

func TestF31ProviderAwayIsAskedAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"503":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "away", http.StatusServiceUnavailable) },
		"429":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "slowly", http.StatusTooManyRequests) },
		"HTML": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>maintenance</html>") },
		"temporarily": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"temporarily_unavailable"}`)
		},
		// S02: it does not lead us elsewhere with the client's secret.
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://169.254.169.254/latest", http.StatusTemporaryRedirect)
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			line := []byte(`{"access_token":"` + strings.Repeat("x", 64<<10))
			for range 64 { // four times what is read of it
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, p, cfg := granted(t)
			cfg.Auth.OAuth.Expiry = time.Now().Add(-time.Minute)
			b.putConfig(cfg)
			p.say(answer)
			for range errorAfter {
				l := b.loopOf("ann-box")
				must(t, l.load(b.ctx))
				err := l.session(b.ctx)
				if strings.Contains(fmt.Sprint(err), "refresh-0") || strings.Contains(fmt.Sprint(err), "client's") {
					t.Errorf("a secret is in the error: %v", err)
				}
				_, failErr := l.fail(b.ctx, err)
				must(t, failErr)
			}
			if got := b.one(`select state from mailboxes`); got != "error" {
				t.Errorf("state %s", got)
			}
			p.say(nil)
			b.sync("ann-box")
			b.checkLedger("ann-box")
			if got := b.one(`select state from mailboxes`); got != "live" {
				t.Errorf("afterwards %s", got)
			}
		})
	}
}

// A PUT that comes while a grant is renewed wins.
func TestPutDuringRenewalWins(t *testing.T) {
	t.Parallel()
	b, p, cfg := granted(t)
	cfg.Auth.OAuth.Expiry = time.Now().Add(-time.Minute)
	b.putConfig(cfg)
	l := b.loopOf("ann-box")
	must(t, l.load(b.ctx))
	cfg.Auth.OAuth.RefreshToken = "refresh-put"
	b.putConfig(cfg)
	if c, err := l.s.o.connect(b.ctx, b.acc, l.row); !errors.Is(err, errReconfigured) {
		if err == nil {
			c.Close()
		}
		t.Errorf("with the grant before: %v", err)
	}
	if asked, _ := p.counts(); asked != 0 || b.grant().RefreshToken != "refresh-put" {
		t.Errorf("asked %d times, kept %s", asked, b.grant().RefreshToken)
	}
}

func TestS02TokenURLIsAStrangersToo(t *testing.T) {
	t.Parallel()
	b, p, cfg := granted(t)
	for _, url := range []string{"http://provider.example/token", "https://10.0.0.1/token", "https://169.254.169.254/", "https://[::1]/", "https://0x7f.1/", "https:///token", "::"} {
		bad := *cfg.Auth.OAuth
		bad.TokenURL = url
		with := cfg
		with.Auth.OAuth = &bad
		if _, err := b.boxes.Put(b.ctx, b.acc, "ann-box", with); err == nil {
			t.Errorf("%s was taken", url)
		}
	}
	// One that was taken, and resolves to a private address when it is asked.
	b.putConfig(cfg)
	l := b.loopOf("ann-box")
	must(t, l.load(b.ctx))
	l.s.o.Dialer = &safedial.Dialer{}
	grant := *cfg.Auth.OAuth
	grant.Expiry = time.Now().Add(-time.Minute)
	if _, err := l.s.o.renew(b.ctx, grant); !errors.Is(err, safedial.ErrForbidden) {
		t.Errorf("a private provider: %v", err)
	}
	if asked, _ := p.counts(); asked != 0 {
		t.Error("it was asked")
	}
}
