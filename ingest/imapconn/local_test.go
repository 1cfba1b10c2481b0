package imapconn_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func loopback(t testing.TB) *safedial.Dialer {
	t.Helper()
	allow, err := safedial.ParseAllow("127.0.0.0/8", "::1", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	return &safedial.Dialer{Allow: allow}
}

// local is one server with one user, ann, and how to reach it.
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

func (l *local) dial(t testing.TB) *imapconn.Conn {
	t.Helper()
	c, err := imapconn.Dial(t.Context(), l.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (l *local) append(t testing.TB, folder, subject string) uint32 {
	t.Helper()
	uid, err := l.Append("ann", folder, nil, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), mail(subject))
	if err != nil {
		t.Fatal(err)
	}
	return uid
}

func mail(subject string) []byte {
	return fmt.Appendf(nil, "From: ann@x.example\r\nTo: bob@y.example\r\nSubject: %s\r\n\r\nbody of %s\r\n", subject, subject)
}

func TestReadsAMailbox(t *testing.T) {
	t.Parallel()
	for _, opts := range []imaplocal.Options{{}, {TLS: true}, {StartTLS: true}} {
		t.Run(fmt.Sprintf("tls=%v,starttls=%v", opts.TLS, opts.StartTLS), func(t *testing.T) {
			t.Parallel()
			l := newLocal(t, opts)
			for i := range 5 {
				l.append(t, "INBOX", fmt.Sprint("mail ", i+1))
			}
			if err := l.SetFlags("ann", "INBOX", 2, `\Seen`, `\Flagged`); err != nil {
				t.Fatal(err)
			}
			if err := l.Expunge("ann", "INBOX", 4); err != nil {
				t.Fatal(err)
			}
			c := l.dial(t)
			ctx := t.Context()

			before := c.RoundTrips()
			folders, err := c.Folders(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if n := c.RoundTrips() - before; n != 1 {
				t.Errorf("Folders took %d round trips, want 1 with LIST-STATUS", n)
			}
			var got []string
			for _, f := range folders {
				got = append(got, fmt.Sprintf("%s %s %v %d %d %d", f.Name, f.Role, f.Selectable, f.Messages, f.UIDNext, f.UIDValidity))
			}
			want := "INBOX inbox true 4 6 1|Sent sent true 0 1 2|Archive archive true 0 1 3|Drafts drafts true 0 1 4|Junk junk true 0 1 5|Trash trash true 0 1 6"
			if strings.Join(got, "|") != want {
				t.Errorf("folders\n got %s\nwant %s", strings.Join(got, "|"), want)
			}

			sel, err := c.Examine(ctx, "INBOX")
			if err != nil {
				t.Fatal(err)
			}
			if sel != (imapconn.Selected{Name: "INBOX", UIDValidity: 1, UIDNext: 6, Messages: 4, NoModSeq: true}) {
				t.Errorf("selected %+v", sel)
			}
			uids, err := c.UIDs(ctx, time.Time{})
			if err != nil || uids.String() != "1:3,5" {
				t.Fatalf("UIDs = %s, %v", uids, err)
			}
			if uids, err = c.UIDs(ctx, time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)); err != nil || uids.String() != "1:3,5" {
				t.Errorf("UIDs since the day = %s, %v", uids, err)
			}
			if uids, err = c.UIDs(ctx, time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC)); err != nil || len(uids) != 0 {
				t.Errorf("UIDs since later = %s, %v", uids, err)
			}
			if has, err := c.HasUIDs(ctx, uidset.Between(2, 9)); err != nil || has.String() != "2:3,5" {
				t.Errorf("HasUIDs = %s, %v", has, err)
			}

			var heads []string
			missing, err := c.FetchHeaders(ctx, uidset.Between(1, 5), func(h imapconn.HeaderItem) error {
				heads = append(heads, fmt.Sprintf("%d %d %v %v", h.UID, h.Size, h.Flags.Seen, h.Err))
				if want := strings.TrimSuffix(string(mail(fmt.Sprint("mail ", h.UID))), fmt.Sprintf("body of mail %d\r\n", h.UID)); string(h.RawHeader) != want {
					t.Errorf("header of %d = %q, want %q", h.UID, h.RawHeader, want)
				}
				if !h.InternalDate.Equal(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)) {
					t.Errorf("date %v", h.InternalDate)
				}
				return nil
			})
			if err != nil || missing.String() != "4" || strings.Join(heads, "|") != "1 75 false <nil>|2 75 true <nil>|3 75 false <nil>|5 75 false <nil>" {
				t.Errorf("headers %v, missing %s, %v", heads, missing, err)
			}

			var bodies []string
			missing, err = c.FetchBodies(ctx, uidset.Of(5, 1, 4), 1<<20, func(b imapconn.BodyItem) error {
				bodies = append(bodies, string(b.Raw))
				return b.Err
			})
			if err != nil || missing.String() != "4" || strings.Join(bodies, "") != string(mail("mail 1"))+string(mail("mail 5")) {
				t.Errorf("bodies %q, missing %s, %v", bodies, missing, err)
			}

			flags := map[uint32]imapconn.Flags{}
			if _, err = c.FetchFlags(ctx, uids, 0, nil); err != nil {
				t.Error(err)
			}
			missing, err = c.FetchFlags(ctx, uidset.Between(1, 3), 0, func(f imapconn.FlagItem) error {
				flags[f.UID] = f.Flags
				return nil
			})
			if err != nil || len(missing) > 0 || len(flags) != 3 || flags[2] != (imapconn.Flags{Seen: true, Flagged: true}) || flags[1] != (imapconn.Flags{}) {
				t.Errorf("flags %v, missing %s, %v", flags, missing, err)
			}
			msgs, err := l.Messages("ann")
			if err != nil || len(msgs) != 4 || len(msgs[0].Flags) != 0 {
				t.Errorf("reading changed the mailbox: %+v, %v", msgs, err)
			}
			if err := c.Logout(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestIdleHearsOfNewMail(t *testing.T) {
	t.Parallel()
	l := newLocal(t, imaplocal.Options{TLS: true})
	c := l.dial(t)
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
	go func() {
		changed, err := c.Idle(t.Context(), time.Minute)
		done <- result{changed, err}
	}()
	l.append(t, "INBOX", "new")
	if r := <-done; !r.changed || r.err != nil {
		t.Fatalf("idle: %+v", r)
	}
	if uids, err := c.UIDs(t.Context(), time.Time{}); err != nil || uids.String() != "1" {
		t.Fatalf("after idle: %s, %v", uids, err)
	}
	// A context that ends stops the waiting and not the connection.
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		changed, err := c.Idle(ctx, time.Minute)
		done <- result{changed, err}
	}()
	cancel()
	if r := <-done; r.changed || imapconn.KindOf(r.err) != imapconn.KindCanceled || imapconn.Broken(r.err) {
		t.Fatalf("cancelled idle: %+v", r)
	}
	if _, err := c.Examine(t.Context(), "Sent"); err != nil {
		t.Fatalf("after a cancelled idle: %v", err)
	}
}

func TestF11_FolderNames(t *testing.T) {
	t.Parallel()
	l := newLocal(t, imaplocal.Options{})
	names := []string{
		"Entwürfe", `quo"te`, `back\slash`, "a&b", "&", "日本語/台北", "a/b/c", "100%", "star*", "(x)", "{5}", "[Gmail]/All Mail",
		" lead", "trail ", "emoji 😀", "inbox/sub", "x]y", "tab\there", "cr\r\nlf", strings.Repeat("deep/", 199) + "end",
	}
	for _, n := range names {
		if err := l.CreateFolder("ann", n); err != nil {
			t.Fatalf("%q: %v", n, err)
		}
	}
	c := l.dial(t)
	folders, err := c.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]imapconn.Folder{}
	for _, f := range folders {
		byName[f.Name] = f
	}
	for _, n := range names {
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

func TestWrongPasswordIsAuth(t *testing.T) {
	t.Parallel()
	l := newLocal(t, imaplocal.Options{TLS: true})
	cfg := l.cfg
	cfg.Auth = imapconn.Password("wrong")
	_, err := imapconn.Dial(t.Context(), cfg)
	if !imapconn.AuthRejected(err) {
		t.Fatalf("error %v", err)
	}
	if s := fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg); strings.Contains(s, "wrong") {
		t.Errorf("the password prints: %s", s)
	}
}
