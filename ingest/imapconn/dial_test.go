package imapconn

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// listen starts a scripted server on loopback, one script per connection, and
// returns a Config for it.
func listen(t testing.TB, mode TLSMode, script func(*peer)) Config {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				p := &peer{t: t, conn: conn, r: bufio.NewReader(conn)}
				script(p)
				p.drain()
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
	})
	allow, err := safedial.ParseAllow("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, TLS: mode,
		Username: "ann", Auth: Password("s3cret"), Dialer: &safedial.Dialer{Allow: allow},
	}
}

func dialErr(t *testing.T, cfg Config) error {
	t.Helper()
	c, err := Dial(t.Context(), cfg)
	if err == nil {
		c.Close()
		t.Fatal("connected")
	}
	return err
}

func TestLoginWays(t *testing.T) {
	t.Parallel()
	plain := base64.StdEncoding.EncodeToString([]byte("\x00ann\x00s3cret"))
	for name, script := range map[string]func(*peer){
		"PLAIN with initial response": func(p *peer) {
			p.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi")
			tag := p.want("AUTHENTICATE PLAIN " + plain)
			p.send(tag + " OK [CAPABILITY IMAP4rev1 IDLE] in")
		},
		"PLAIN": func(p *peer) {
			p.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN LOGINDISABLED] hi")
			tag := p.want("AUTHENTICATE PLAIN")
			p.send("+ ")
			p.want(plain)
			p.send("* CAPABILITY IMAP4rev1 IDLE", tag+" OK in")
		},
		"LOGIN, capabilities asked for": func(p *peer) {
			p.send("* OK hi")
			p.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
			p.answer(`LOGIN "ann" "s3cret"`)
			p.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE")
		},
		"PLAIN announced and not known": func(p *peer) {
			p.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi")
			p.send(p.want("AUTHENTICATE PLAIN") + " BAD no such command")
			p.send(p.want(`LOGIN "ann" "s3cret"`) + " OK [CAPABILITY IMAP4rev1 IDLE] in")
		},
		"lines before and odd greeting": func(p *peer) {
			p.send("* OK [CAPABILITY IMAP4rev1] ")
			tag := p.want("LOGIN")
			p.send("* NO quota nearly reached", "* OK [ALERT] read this", tag+" ok [capability imap4rev1 idle]")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Dial(t.Context(), listen(t, TLSNone, script))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if !c.SupportsIdle() {
				t.Error("capabilities after the login were lost")
			}
		})
	}
}

func TestLoginRefused(t *testing.T) {
	t.Parallel()
	greeting := "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi"
	auth := func(lines ...string) func(*peer) {
		return func(p *peer) {
			p.send(greeting)
			tag := p.want("AUTHENTICATE PLAIN")
			for _, l := range lines {
				p.send(strings.Replace(l, "TAG", tag, 1))
			}
			if !strings.HasPrefix(lines[len(lines)-1], "TAG") {
				p.conn.Close()
			}
			if line, err := p.r.ReadString('\n'); err == nil {
				p.t.Errorf("a second attempt: %q", line) // F32: it may lock the account
			}
		}
	}
	for name, c := range map[string]struct {
		script func(*peer)
		kind   Kind
	}{
		"wrong password":              {auth("TAG NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)"), KindAuth},
		"wrong password without code": {auth("TAG NO LOGIN failed."), KindAuth},
		"F23 BYE at AUTH":             {auth("* BYE Temporary failure"), KindBye},
		"F23 BYE after greeting": {func(p *peer) {
			p.send(greeting, "* BYE Internal error")
			p.conn.Close()
		}, KindBye},
		"F23 BYE as greeting":     {func(p *peer) { p.send("* BYE we are closed") }, KindBye},
		"F30 BYE too many":        {func(p *peer) { p.send("* BYE Too many connections from your IP"); p.conn.Close() }, KindTooMany},
		"F30 LIMIT":               {auth("TAG NO [LIMIT] not now"), KindTooMany},
		"F30 Dovecot":             {auth("TAG NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"), KindTooMany},
		"F30 Gmail":               {auth("TAG NO [ALERT] Too many simultaneous connections. (Failure)"), KindTooMany},
		"F29 Gmail bandwidth":     {auth("TAG NO [OVERQUOTA] Account exceeded bandwidth limits. (Failure)"), KindThrottled},
		"F29 THROTTLED":           {auth("TAG NO [THROTTLED] slow down"), KindThrottled},
		"busy":                    {auth("TAG NO [UNAVAILABLE] backend is away"), KindThrottled},
		"broken backend":          {auth("TAG NO [SERVERBUG] oops"), KindRefused},
		"closed":                  {func(p *peer) { p.conn.Close() }, KindClosed},
		"closed at AUTH":          {auth("* OK wait"), KindClosed},
		"SSH":                     {func(p *peer) { p.send("SSH-2.0-OpenSSH_9.2") }, KindProtocol},
		"HTTP":                    {func(p *peer) { p.send("HTTP/1.1 400 Bad Request", "") }, KindProtocol},
		"PREAUTH":                 {func(p *peer) { p.send("* PREAUTH in already") }, KindProtocol},
		"login disabled":          {func(p *peer) { p.send("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] hi"); p.drain() }, KindAuthUnknown},
		"tagged garbage":          {func(p *peer) { p.send(greeting); p.want("AUTH"); p.send("X1 OK in") }, KindProtocol},
		"result that is none":     {auth("TAG MAYBE later"), KindProtocol},
		"silent":                  {func(p *peer) {}, KindTimeout},
		"silent after greeting":   {func(p *peer) { p.send(greeting) }, KindTimeout},
		"endless line":            {func(p *peer) { p.raw("* OK "); flood(p) }, KindProtocol},
		"endless word":            {flood, KindProtocol},
		"endless responses":       {func(p *peer) { p.send(greeting); p.want("AUTH"); floodLines(p) }, KindProtocol},
		"endless before greeting": {floodLines, KindProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := listen(t, TLSNone, c.script)
			cfg.Limits = Limits{Response: soon, Command: 2 * soon}
			if c.kind != KindTimeout {
				cfg.Limits = Limits{}
			}
			err := dialErr(t, cfg)
			wantKind(t, err, c.kind, KindOf(err) != KindAuth && c.kind != KindTooMany && c.kind != KindThrottled && c.kind != KindRefused && c.kind != KindAuthUnknown || strings.Contains(name, "BYE"))
			p := ProblemOf(err)
			if p.Sentence == "" || p.Hint == "" || !strings.HasPrefix(p.Code, string(c.kind)) {
				t.Errorf("problem %+v", p)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the secret is in %v", err)
			}
		})
	}
}

func flood(p *peer) {
	block := strings.Repeat("x", 1<<16)
	for {
		if _, err := p.conn.Write([]byte(block)); err != nil {
			return
		}
	}
}

func floodLines(p *peer) {
	block := strings.Repeat("+ x\r\n* 1 FOO\r\n", 1<<12)
	for {
		if _, err := p.conn.Write([]byte(block)); err != nil {
			return
		}
	}
}

func TestBearerTokens(t *testing.T) {
	t.Parallel()
	failure := base64.StdEncoding.EncodeToString([]byte(`{"status":"401","schemes":"bearer"}`))
	for _, mech := range []string{XOAuth2, OAuthBearer} {
		t.Run(mech, func(t *testing.T) {
			t.Parallel()
			good := "tok-1"
			cfg := listen(t, TLSNone, func(p *peer) {
				p.send("* OK [CAPABILITY IMAP4rev1 AUTH=" + mech + " SASL-IR] hi")
				line, _ := p.r.ReadString('\n')
				words := strings.Fields(line)
				ir, err := base64.StdEncoding.DecodeString(words[3])
				if err != nil || words[2] != mech {
					p.t.Errorf("command %q", line)
				}
				if mech == XOAuth2 && string(ir) != "user=ann\x01auth=Bearer "+good+"\x01\x01" && !strings.Contains(string(ir), "old") {
					p.t.Errorf("response %q", ir)
				}
				if strings.Contains(string(ir), "Bearer "+good+"\x01") {
					p.send(words[0] + " OK [CAPABILITY IMAP4rev1] in")
					return
				}
				p.send("+ " + failure)
			})
			cfg.Auth = Bearer(mech, func(context.Context) (string, error) { return good, nil })
			c, err := Dial(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			c.Close()

			cfg.Auth = Bearer(mech, func(context.Context) (string, error) { return "old", nil })
			wantKind(t, dialErr(t, cfg), KindAuth, false)

			revoked := errors.New("revoked")
			cfg.Auth = Bearer(mech, func(context.Context) (string, error) { return "", revoked })
			err = dialErr(t, cfg)
			if wantKind(t, err, KindToken, false); !errors.Is(err, revoked) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// S08: what cannot be said in one line of IMAP is not said at all.
func TestS08_ControlCharactersInCredentials(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ user, password string }{
		{"ann\r\nT9 DELETE INBOX", "x"}, {"ann", "x\r\ny"}, {"ann\x00root", "x"}, {"ann", "a\x00b"},
	} {
		cfg := listen(t, TLSNone, func(p *peer) {
			p.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi")
			if line, err := p.r.ReadString('\n'); err == nil {
				p.t.Errorf("sent %q", line)
			}
		})
		cfg.Username, cfg.Auth = c.user, Password(c.password)
		wantKind(t, dialErr(t, cfg), KindConfig, false)
	}
}

// S08: a folder's name is an argument, whatever is in it: every line that the
// server reads outside of a literal begins with one of our tags.
func TestS08_FolderNamesAreArguments(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a\r\nT9 DELETE INBOX", "a\nb", "a\x00b", `a" (CONDSTORE)`, "a\\", "{3}", "{3+}", "a\r\nT9 DELETE INBOX\r\n", "x\u2028y", "bad \xff"} {
		commands := make(chan string, 10)
		c := scripted(t, "LITERAL+ CONDSTORE", false, func(p *peer) {
			defer close(commands)
			for {
				line, err := p.r.ReadString('\n')
				if err != nil {
					return
				}
				tag, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
				commands <- tag + " " + rest
				for size, literal := literalAtEnd([]byte(strings.TrimSpace(line))); literal; size, literal = literalAtEnd([]byte(strings.TrimSpace(line))) {
					if !strings.HasSuffix(strings.TrimSpace(line), "+}") {
						p.send("+ go on")
					}
					if _, err := io.CopyN(io.Discard, p.r, size); err != nil {
						return
					}
					if line, err = p.r.ReadString('\n'); err != nil {
						return
					}
				}
				p.send("* 0 EXISTS", "* OK [UIDVALIDITY 1]", tag+" OK done")
			}
		})
		_, err := c.Examine(t.Context(), name)
		if err != nil {
			t.Errorf("%q: %v", name, err)
		}
		c.Close()
		for command := range commands {
			if !regexp.MustCompile(`^T\d+ EXAMINE [ -~]*$`).MatchString(command) {
				t.Errorf("%q: the server reads %q", name, command)
			}
		}
	}
}

// S03, F26: each way in which a connection is not safe has its own class, and
// none ends in a login.
func TestS03_NeverPlaintext(t *testing.T) {
	t.Parallel()
	noLogin := func(p *peer) {
		for {
			line, err := p.r.ReadString('\n')
			if err != nil {
				return
			}
			if l := strings.ToUpper(line); strings.Contains(l, "LOGIN") || strings.Contains(l, "AUTHENTICATE") {
				p.t.Errorf("in plaintext: %q", line)
			}
		}
	}
	for name, c := range map[string]struct {
		mode   TLSMode
		script func(*peer)
		kind   Kind
		detail string
	}{
		"not offered": {TLSStart, func(p *peer) {
			p.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi")
			p.send(p.want("STARTTLS") + " BAD unknown command")
			noLogin(p)
		}, KindTLS, "no_starttls"},
		"refused": {TLSStart, func(p *peer) {
			p.send("* OK hi")
			p.send(p.want("STARTTLS") + " NO not today")
			noLogin(p)
		}, KindTLS, "no_starttls"},
		"already logged in": {TLSStart, func(p *peer) { p.send("* PREAUTH come in"); noLogin(p) }, KindTLS, "no_starttls"},
		"injected": {TLSStart, func(p *peer) {
			p.send("* OK hi")
			tag := p.want("STARTTLS")
			p.raw(tag + " OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
			noLogin(p)
		}, KindTLS, "injected"},
		"injected later": {TLSStart, func(p *peer) {
			p.send("* OK hi")
			tag := p.want("STARTTLS")
			p.raw(tag + " OK go\r\n")
			p.raw("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n")
			noLogin(p)
		}, KindTLS, ""},
		"plaintext server on the TLS port": {TLSImplicit, func(p *peer) { p.send("* OK hi"); noLogin(p) }, KindTLS, "handshake"},
		"handshake stalls":                 {TLSImplicit, noLogin, KindTLS, "handshake"},
		"greeting stalls":                  {TLSStart, noLogin, KindTimeout, ""},
		"STARTTLS stalls":                  {TLSStart, func(p *peer) { p.send("* OK hi"); p.want("STARTTLS"); noLogin(p) }, KindTimeout, ""},
		"closed at STARTTLS":               {TLSStart, func(p *peer) { p.send("* OK hi"); p.want("STARTTLS"); p.conn.Close() }, KindClosed, ""},
		"not IMAP":                         {TLSStart, func(p *peer) { p.send("220 smtp.example ESMTP"); noLogin(p) }, KindProtocol, "not IMAP"},
		"endless":                          {TLSStart, flood, KindProtocol, "not IMAP"},
		"endless lines":                    {TLSStart, func(p *peer) { p.send("* OK hi"); p.want("STARTTLS"); floodLines(p) }, KindProtocol, ""},
		"BYE":                              {TLSStart, func(p *peer) { p.send("* BYE too many connections") }, KindTooMany, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := listen(t, c.mode, c.script)
			cfg.Limits.Connect = 2 * time.Second
			if strings.Contains(name, "stalls") {
				cfg.Limits.Connect = soon
			}
			e := wantKind(t, dialErr(t, cfg), c.kind, true)
			if c.detail != "" && e.Detail != c.detail {
				t.Errorf("detail %q, want %q: %v", e.Detail, c.detail, e)
			}
		})
	}
}

// S02, S03: plaintext only to hosts of the allow list that are private.
func TestS02_PlaintextOnlyToAllowedPrivateHosts(t *testing.T) {
	t.Parallel()
	cfg := listen(t, TLSNone, func(p *peer) { p.t.Error("was reached") })
	cfg.Dialer = nil
	closed := cfg
	closed.Port = 1
	a, b := dialErr(t, cfg), dialErr(t, closed)
	wantKind(t, a, KindForbidden, true)
	if a.Error() != b.Error() {
		t.Errorf("an open port is told from a closed one: %q, %q", a, b)
	}

	public := Config{Host: "public.example", Port: 143, TLS: TLSNone, Dialer: &safedial.Dialer{Resolver: fixed{netip.MustParseAddr("8.8.8.8")}}}
	wantKind(t, dialErr(t, public), KindForbidden, true)
}

type fixed []netip.Addr

func (f fixed) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) { return f, nil }

func TestF26_NameWithoutAddress(t *testing.T) {
	t.Parallel()
	cfg := Config{Host: "nowhere.example", Port: 993, TLS: TLSImplicit, Dialer: &safedial.Dialer{Resolver: fixed{}}}
	wantKind(t, dialErr(t, cfg), KindDNS, true)
	if _, err := Dial(t.Context(), Config{Host: "x", Port: 0, TLS: TLSImplicit}); KindOf(err) != KindConfig {
		t.Errorf("error %v", err)
	}
}

// S10: neither credentials nor mail are in the wire log.
func TestS10_WireLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	const canary = "c4n4ry"
	var buf bytes.Buffer
	cfg := listen(t, TLSNone, func(p *peer) {
		p.send("* OK [CAPABILITY IMAP4rev1] hi")
		p.answer("LOGIN")
		p.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 X"+canary)
		p.answer("EXAMINE", "* 1 EXISTS", "* OK [UIDVALIDITY 1]", "* XX "+canary)
		p.answer("UID FETCH", msg(1, "Subject: "+canary), "* 1 FETCH (UID 1 FLAGS ("+canary+" \"")
		p.answer("UID SEARCH", "* SEARCH "+canary)
		p.conn.Close()
	})
	cfg.Username, cfg.Auth = canary, Password(canary)
	cfg.Logger = slog.New(slog.NewTextHandler(&buf, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Examine(t.Context(), canary); err != nil {
		t.Fatal(err)
	}
	_, _, _ = headers(c, uidset.Of(1))
	_, err = c.UIDs(t.Context(), time.Time{})
	wantKind(t, err, KindProtocol, true)
	c.Close()
	if s := fmt.Sprint(err, ProblemOf(err)); strings.Contains(s, canary) {
		t.Errorf("error tells it: %s", s)
	}
	for _, want := range []string{"command=LOGIN", `command="UID FETCH"`, "status=OK"} {
		if !strings.Contains(buf.String(), want) {
			t.Errorf("log lacks %s", want)
		}
	}
	if strings.Contains(buf.String(), canary) {
		t.Errorf("log:\n%s", buf.String())
	}
}
