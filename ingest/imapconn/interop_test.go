package imapconn_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/ingest/uidset"
	"github.com/mailstamp/mailstamp/testenv"
)

// mailbox is one user's mailbox on some server, and what other programs do to
// it meanwhile. The suite below holds for each of them.
type mailbox interface {
	name(folder string) string // as the server has it; tests name folders with /
	config(imapconn.TLSMode) imapconn.Config
	add(t testing.TB, folder string, subjects ...string)
	setFlags(t testing.TB, folder string, uid uint32, flags ...string)
	expunge(t testing.TB, folder string, uid uint32)
	create(t testing.TB, folder string)
	messages(t testing.TB) int
}

var everyTLS = []imapconn.TLSMode{imapconn.TLSNone, imapconn.TLSImplicit, imapconn.TLSStart}

func TestOnImaplocal(t *testing.T) {
	t.Parallel()
	suite(t, everyTLS, func(t *testing.T, mode imapconn.TLSMode) mailbox {
		return inProcess{newLocal(t, imaplocal.Options{TLS: mode == imapconn.TLSImplicit, StartTLS: mode == imapconn.TLSStart})}
	})
}

func TestOnDovecot(t *testing.T) {
	m := testenv.Mail(t)
	t.Run("suite", func(t *testing.T) {
		suite(t, everyTLS, func(t *testing.T, _ imapconn.TLSMode) mailbox {
			return onDovecot(t, m)
		})
	})
	t.Run("CONDSTORE", func(t *testing.T) { condstore(t, onDovecot(t, m)) })
	t.Run("logins", func(t *testing.T) { logins(t, m, onDovecot(t, m)) })
	t.Run("trouble", func(t *testing.T) { trouble(t, m) })
}

func TestOnCyrus(t *testing.T) {
	s := testenv.Cyrus(t)
	user := func(t testing.TB) remote {
		return remote{&s.IMAPServer, s.NewUser(t), s.Prefix, s.Delimiter, []string{"emoji 😀"}, false}
	}
	t.Run("suite", func(t *testing.T) {
		suite(t, everyTLS, func(t *testing.T, _ imapconn.TLSMode) mailbox { return user(t) })
	})
	t.Run("CONDSTORE", func(t *testing.T) { condstore(t, user(t)) })
}

func TestOnCourier(t *testing.T) {
	s := testenv.Courier(t)
	suite(t, everyTLS, func(t *testing.T, _ imapconn.TLSMode) mailbox {
		return remote{&s.IMAPServer, s.NewUser(t), s.Prefix, s.Delimiter, nil, true}
	})
}

type inProcess struct{ *local }

func (b inProcess) name(folder string) string { return folder }

func (b inProcess) config(imapconn.TLSMode) imapconn.Config { return b.cfg }

func (b inProcess) add(t testing.TB, folder string, subjects ...string) {
	for _, s := range subjects {
		b.append(t, folder, s)
	}
}

func (b inProcess) setFlags(t testing.TB, folder string, uid uint32, flags ...string) {
	t.Helper()
	if err := b.SetFlags("ann", folder, flags, uid); err != nil {
		t.Fatal(err)
	}
}

func (b inProcess) expunge(t testing.TB, folder string, uid uint32) {
	t.Helper()
	if err := b.Expunge("ann", folder, uid); err != nil {
		t.Fatal(err)
	}
}

func (b inProcess) create(t testing.TB, folder string) {
	t.Helper()
	if err := b.CreateFolder("ann", folder); err != nil {
		t.Fatalf("create %q: %v", folder, err)
	}
}

func (b inProcess) messages(t testing.TB) int {
	t.Helper()
	msgs, err := b.Messages("ann")
	if err != nil {
		t.Fatal(err)
	}
	return len(msgs)
}

// remote is a mailbox on a server in a container.
type remote struct {
	*testenv.IMAPServer
	user              testenv.User
	prefix, delimiter string
	alsoNames         []string // that not every server takes
	noUIDNext         bool     // EXAMINE does not tell it
}

func onDovecot(t testing.TB, m *testenv.MailServer) remote {
	return remote{&m.IMAPServer, m.NewUser(t, ""), "", "/", []string{"emoji 😀", `Entwürfe "quo\te"`}, false}
}

func (r remote) config(mode imapconn.TLSMode) imapconn.Config {
	cas := x509.NewCertPool()
	cas.AppendCertsFromPEM(r.CACert)
	port := r.IMAPPort
	if mode == imapconn.TLSImplicit {
		port = r.IMAPSPort
	}
	return imapconn.Config{
		Host: r.Host, Port: port, TLS: mode, Username: r.user.Username, Auth: imapconn.Password(r.user.Password),
		RootCAs: cas,
	}
}

func (r remote) name(folder string) string {
	if folder == "INBOX" {
		return folder
	}
	return r.prefix + strings.ReplaceAll(folder, "/", r.delimiter)
}

func (r remote) add(t testing.TB, folder string, subjects ...string) {
	var raws [][]byte
	for _, s := range subjects {
		raws = append(raws, mail(s))
	}
	r.AppendAll(t, r.user, r.name(folder), nil, arrived, raws...)
}

func (r remote) setFlags(t testing.TB, folder string, uid uint32, flags ...string) {
	r.SetFlags(t, r.user, r.name(folder), flags, uid)
}

func (r remote) expunge(t testing.TB, folder string, uid uint32) {
	r.Delete(t, r.user, r.name(folder), uid)
}
func (r remote) create(t testing.TB, folder string) { r.CreateFolder(t, r.user, r.name(folder)) }
func (r remote) messages(t testing.TB) int          { return len(r.List(t, r.user)) }

func suite(t *testing.T, modes []imapconn.TLSMode, make func(*testing.T, imapconn.TLSMode) mailbox) {
	for _, mode := range modes {
		t.Run("reads/"+string(mode), func(t *testing.T) {
			t.Parallel()
			b := make(t, mode)
			cfg := b.config(mode)
			cfg.Dialer = loopback(t, cfg.Host)
			reads(t, b, cfg)
		})
	}
	for name, test := range map[string]func(*testing.T, mailbox, imapconn.Config){"idles": idles, "F11_names": names, "refuses": refuses} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := make(t, imapconn.TLSImplicit)
			cfg := b.config(imapconn.TLSImplicit)
			cfg.Dialer = loopback(t, cfg.Host)
			test(t, b, cfg)
		})
	}
}

func reads(t *testing.T, b mailbox, cfg imapconn.Config) {
	b.add(t, "INBOX", "mail 1", "mail 2", "mail 3", "mail 4", "mail 5")
	b.setFlags(t, "INBOX", 2, `\Seen`, `\Flagged`)
	b.expunge(t, "INBOX", 4)
	c := dial(t, cfg)
	ctx := t.Context()

	before := c.RoundTrips()
	folders, err := c.Folders(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if n := c.RoundTrips() - before; n != 1 && c.Has("LIST-STATUS") {
		t.Errorf("Folders took %d round trips, want 1 with LIST-STATUS", n)
	}
	roles := map[string]imapconn.Role{}
	for name, role := range map[string]imapconn.Role{"INBOX": "inbox", "Sent": "sent", "Archive": "archive", "Drafts": "drafts", "Junk": "junk", "Trash": "trash"} {
		roles[b.name(name)] = role
	}
	var inbox imapconn.Folder
	for _, f := range folders {
		if f.Role != roles[f.Name] || !f.Selectable || f.UIDValidity == 0 || b.name("a/b") != b.name("a")+f.Delimiter+"b" {
			t.Errorf("folder %+v", f)
		}
		delete(roles, f.Name)
		if f.Name == "INBOX" {
			inbox = f
		}
	}
	if len(roles) > 0 || inbox.Messages != 4 || inbox.UIDNext != 6 {
		t.Errorf("folders %+v", folders)
	}

	sel, err := c.Examine(ctx, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	next := uint32(6)
	if r, ok := b.(remote); ok && r.noUIDNext {
		next = 0
	}
	if sel.Name != "INBOX" || sel.UIDValidity != inbox.UIDValidity || sel.UIDNext != next || sel.Messages != 4 || sel.NoModSeq == c.Has("CONDSTORE") {
		t.Errorf("selected %+v", sel)
	}
	for since, want := range map[time.Time]string{{}: "1:3,5", arrived.Truncate(24 * time.Hour): "1:3,5", arrived.AddDate(0, 0, 4): ""} {
		if uids, err := c.UIDs(ctx, since); err != nil || uids.String() != want {
			t.Errorf("UIDs since %v = %s, %v", since, uids, err)
		}
		if some, err := c.UIDsSince(ctx, uidset.Between(3, 9), since); err != nil || some.String() != strings.Replace(want, "1:3", "3", 1) {
			t.Errorf("UIDs from 3 on since %v = %s, %v", since, some, err)
		}
	}
	if has, err := c.HasUIDs(ctx, uidset.Between(2, 9)); err != nil || has.String() != "2:3,5" {
		t.Errorf("HasUIDs = %s, %v", has, err)
	}
	for _, ask := range []struct {
		folder string
		from   time.Time
		begins bool
	}{{b.name("Drafts"), arrived, false}, {"INBOX", arrived.AddDate(0, 0, 4), false}, {"INBOX", arrived, c.Has("ESEARCH")}} {
		c.ListAhead(ask.from)
		if _, err := c.Examine(ctx, ask.folder); err != nil {
			t.Fatal(err)
		}
		if begins := c.BeginsSince(ask.from); begins != ask.begins {
			t.Errorf("%s begins since %v: %v", ask.folder, ask.from, begins)
		}
	}

	var heads []string
	missing, err := c.FetchHeaders(ctx, uidset.Between(1, 5), func(h imapconn.HeaderItem) error {
		heads = append(heads, fmt.Sprintf("%d %d %v %v", h.UID, h.Size, h.Flags.Seen, h.Err))
		header, _, _ := strings.Cut(string(mail(fmt.Sprint("mail ", h.UID))), "body of")
		if string(h.RawHeader) != header {
			t.Errorf("header of %d = %q, want %q", h.UID, h.RawHeader, header)
		}
		if !h.InternalDate.Equal(arrived) || h.ModSeq == 0 != sel.NoModSeq {
			t.Errorf("date %v, mod-sequence %d", h.InternalDate, h.ModSeq)
		}
		return nil
	})
	if err != nil || missing.String() != "4" || strings.Join(heads, "|") != "1 75 false <nil>|2 75 true <nil>|3 75 false <nil>|5 75 false <nil>" {
		t.Errorf("headers %v, missing %s, %v", heads, missing, err)
	}

	var bodies strings.Builder
	missing, err = c.FetchBodies(ctx, uidset.Of(5, 1, 4), 1<<20, func(b imapconn.BodyItem) error {
		bodies.Write(b.Raw)
		return b.Err
	})
	if err != nil || missing.String() != "4" || bodies.String() != string(mail("mail 1"))+string(mail("mail 5")) {
		t.Errorf("bodies %q, missing %s, %v", bodies.String(), missing, err)
	}
	missing, err = c.FetchBodies(ctx, uidset.Of(3), 74, func(b imapconn.BodyItem) error { return b.Err })
	if err != imapconn.ErrTooLarge {
		t.Errorf("too large: missing %s, %v", missing, err)
	}

	flags := map[uint32]imapconn.Flags{}
	missing, err = c.FetchFlags(ctx, uidset.Between(1, 3), 0, func(f imapconn.FlagItem) error {
		flags[f.UID] = f.Flags
		return nil
	})
	if err != nil || len(missing) > 0 || len(flags) != 3 || flags[2] != (imapconn.Flags{Seen: true, Flagged: true}) || flags[1] != (imapconn.Flags{}) {
		t.Errorf("flags %v, missing %s, %v", flags, missing, err)
	}
	if err := c.Logout(ctx); err != nil {
		t.Error(err)
	}
	// Reading marked nothing as read.
	again := dial(t, cfg)
	if _, err := again.Examine(ctx, "INBOX"); err != nil {
		t.Fatal(err)
	}
	if _, err := again.FetchFlags(ctx, uidset.Of(1, 3, 5), 0, func(f imapconn.FlagItem) error {
		if f.Flags != (imapconn.Flags{}) {
			t.Errorf("reading set %+v", f)
		}
		return nil
	}); err != nil || b.messages(t) != 4 {
		t.Errorf("%d messages, %v", b.messages(t), err)
	}
}

func idles(t *testing.T, b mailbox, cfg imapconn.Config) {
	b.add(t, "INBOX", "one", "two")
	c := dial(t, cfg)
	if !c.SupportsIdle() {
		t.Fatal("no IDLE")
	}
	if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
		t.Fatal(err)
	}
	type result struct {
		changed bool
		err     error
	}
	done := make(chan result)
	idle := func(ctx context.Context) {
		go func() {
			changed, _, err := c.Idle(ctx, 20*time.Second, nil)
			done <- result{changed, err}
		}()
	}
	for what, change := range map[string]func(){
		"new mail": func() { b.add(t, "INBOX", "new") },
		"flags":    func() { b.setFlags(t, "INBOX", 1, `\Seen`) },
		"expunge":  func() { b.expunge(t, "INBOX", 2) },
	} {
		if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
			t.Fatal(err)
		}
		idle(t.Context())
		change()
		if r := <-done; !r.changed || r.err != nil {
			t.Fatalf("%s: %+v", what, r)
		}
	}
	// A context that ends stops the waiting and not the connection.
	if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	idle(ctx)
	cancel()
	if r := <-done; r.changed || imapconn.KindOf(r.err) != imapconn.KindCanceled {
		t.Fatalf("cancelled idle: %+v", r)
	} else if imapconn.Broken(r.err) {
		return // it ended before IDLE was confirmed
	}
	if _, err := c.Examine(t.Context(), b.name("Sent")); err != nil {
		t.Fatalf("after a cancelled idle: %v", err)
	}
}

// names: F11 round trip, exact.
func names(t *testing.T, b mailbox, cfg imapconn.Config) {
	want := []string{"Entwürfe", "日本語/台北", "a&b/(x]"}
	if r, ok := b.(remote); ok {
		want = append(want, r.alsoNames...)
	}
	if _, ok := b.(inProcess); ok {
		want = append(want, "a/b/c", "{5}", "emoji 😀", `Entwürfe "quo\te"`, "x]y", `back\slash`, "&", "100%", "star*", "[Gmail]/All Mail", " lead", "trail ", "inbox/sub", "tab\there", "cr\r\nlf", strings.Repeat("deep/", 199)+"end")
	}
	for _, n := range want {
		b.create(t, n)
	}
	c := dial(t, cfg)
	folders, err := c.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]imapconn.Folder{}
	for _, f := range folders {
		byName[f.Name] = f
	}
	for _, n := range want {
		n = b.name(n)
		f, ok := byName[n]
		if !ok || !f.Selectable || f.UIDValidity == 0 {
			t.Errorf("%q listed as %+v, %v", n, f, ok)
			continue
		}
		if sel, err := c.Examine(t.Context(), n); err != nil || sel.UIDValidity != f.UIDValidity {
			t.Errorf("examine %q: %+v, %v", n, sel, err)
		}
	}
}

func refuses(t *testing.T, b mailbox, cfg imapconn.Config) {
	c := dial(t, cfg)
	if _, err := c.Examine(t.Context(), "no such folder"); !imapconn.Refused(err) || imapconn.Broken(err) {
		t.Errorf("no such folder: %v", err)
	}
	if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	wrong := cfg
	wrong.Auth = imapconn.Password("wrong")
	if _, err := imapconn.Dial(t.Context(), wrong); !imapconn.AuthRejected(err) {
		t.Errorf("wrong password: %v", err)
	}
	stranger := cfg
	stranger.RootCAs = x509.NewCertPool()
	if _, err := imapconn.Dial(t.Context(), stranger); imapconn.ProblemOf(err).Code != "tls_untrusted" {
		t.Errorf("unknown authority: %v", err)
	}
	named := cfg
	named.Host = "other.example"
	named.Dialer = loopback(t, cfg.Host, "other.example")
	named.Dialer.Resolver = resolvesTo(cfg.Host)
	if _, err := imapconn.Dial(t.Context(), named); imapconn.ProblemOf(err).Code != "tls_name" {
		t.Errorf("wrong name: %v", err)
	}
}

// condstore: what only a server with mod-sequences shows.
func condstore(t *testing.T, d remote) {
	d.add(t, "INBOX", "1", "2", "3")
	cfg := d.config(imapconn.TLSImplicit)
	cfg.Dialer = loopback(t, cfg.Host)
	c := dial(t, cfg)
	sel, err := c.Examine(t.Context(), "INBOX")
	if err != nil || sel.NoModSeq || sel.HighestModSeq == 0 {
		t.Fatalf("%+v, %v", sel, err)
	}
	d.setFlags(t, "INBOX", 2, `\Answered`)
	d.add(t, "INBOX", "4")
	// Dovecot tells of the folder that is open what it knew when it last
	// looked; Folders makes it look.
	folders, err := c.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if f.Name == "INBOX" && (!f.HasModSeq || f.HighestModSeq <= sel.HighestModSeq || f.Messages != 4 || f.UIDNext != 5) {
			t.Errorf("%+v after %+v", f, sel)
		}
	}
	var got []imapconn.FlagItem
	if missing, err := c.FetchFlags(t.Context(), uidset.Between(1, 3), sel.HighestModSeq, func(f imapconn.FlagItem) error {
		got = append(got, f)
		return nil
	}); err != nil || len(missing) > 0 || len(got) != 1 || got[0].UID != 2 || !got[0].Flags.Answered || got[0].ModSeq <= sel.HighestModSeq {
		t.Errorf("changes %+v, missing %s, %v", got, missing, err)
	}
}

// logins: every way to present a secret, right and wrong.
func logins(t *testing.T, m *testenv.MailServer, d remote) {
	bearer := func(mechanism string, lasts time.Duration) imapconn.Auth {
		token := m.AccessToken(t, d.user, lasts)
		return imapconn.Bearer(mechanism, func(context.Context) (string, error) { return token, nil })
	}
	for name, c := range map[string]struct {
		right, wrong imapconn.Auth
		without      []string
	}{
		"PLAIN":                                {imapconn.Password(d.user.Password), imapconn.Password("wrong"), nil},
		"PLAIN without initial response":       {imapconn.Password(d.user.Password), imapconn.Password("wrong"), []string{"SASL-IR"}},
		"LOGIN":                                {imapconn.Password(d.user.Password), imapconn.Password("wrong"), []string{"AUTH=PLAIN"}},
		"XOAUTH2":                              {bearer(imapconn.XOAuth2, time.Hour), bearer(imapconn.XOAuth2, -time.Minute), nil},
		"OAUTHBEARER":                          {bearer(imapconn.OAuthBearer, time.Hour), bearer(imapconn.OAuthBearer, -time.Minute), nil},
		"XOAUTH2 without initial response":     {bearer(imapconn.XOAuth2, time.Hour), bearer(imapconn.XOAuth2, -time.Minute), []string{"SASL-IR"}},
		"OAUTHBEARER without initial response": {bearer(imapconn.OAuthBearer, time.Hour), bearer(imapconn.OAuthBearer, -time.Minute), []string{"SASL-IR"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := d.config(imapconn.TLSStart)
			cfg.Dialer, cfg.Without, cfg.Auth = loopback(t, cfg.Host), c.without, c.right
			if _, err := dial(t, cfg).Examine(t.Context(), "INBOX"); err != nil {
				t.Error(err)
			}
			cfg.Auth = c.wrong
			if _, err := imapconn.Dial(t.Context(), cfg); !imapconn.AuthRejected(err) {
				t.Errorf("a wrong secret: %v", err)
			}
		})
	}
	cfg := d.config(imapconn.TLSStart)
	cfg.Dialer, cfg.Without, cfg.Auth = loopback(t, cfg.Host), []string{"AUTH=XOAUTH2"}, bearer(imapconn.XOAuth2, time.Hour)
	if _, err := imapconn.Dial(t.Context(), cfg); imapconn.KindOf(err) != imapconn.KindAuthUnknown {
		t.Errorf("a mechanism that is not offered: %v", err)
	}
}

// trouble: a server that dies under a connection.
func trouble(t *testing.T, shared *testenv.MailServer) {
	d := onDovecot(t, shared)
	cfg := d.config(imapconn.TLSImplicit)
	cfg.Dialer = loopback(t, cfg.Host)
	c := dial(t, cfg)
	if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
		t.Fatal(err)
	}
	shared.Doveadm(t, "kick", d.user.Username)
	_, _, err := c.Idle(t.Context(), 20*time.Second, nil)
	if k := imapconn.KindOf(err); k != imapconn.KindBye && k != imapconn.KindClosed || !imapconn.Broken(err) {
		t.Errorf("kicked: %v", err)
	}
}
