package ingest

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/testenv"
)

// peer is one user's mailbox on some server, and what its owner does there by another program. Folders are named with /,
// as Dovecot names them.
type peer interface {
	config() (MailboxConfig, *x509.CertPool)
	name(folder string) string // as the server has it
	append(t testing.TB, folder string, raws ...[]byte) []uint32
	setFlags(t testing.TB, folder string, uid uint32, flags ...string)
	expunge(t testing.TB, folder string, uid uint32)
	move(t testing.TB, folder string, uid uint32, to string)
	create(t testing.TB, folder string)
	remove(t testing.TB, folder string)
	rename(t testing.TB, folder, to string)
	list(t testing.TB) []testenv.Entry
	keepsVanished() bool // QRESYNC
}

// bare is what a server offers that Mailstamp makes use of: all that is hidden in the second run over each server.
var bare = []string{
	"CONDSTORE", "QRESYNC", "ENABLE", "ESEARCH", "LIST-STATUS", "LIST-EXTENDED", "SPECIAL-USE", "IDLE", "ID", "SASL-IR", "LITERAL+", "LITERAL-",
	"AUTH=PLAIN",
}

// TestInterop is one suite over every server that there is, with its extensions and without.
func TestInterop(t *testing.T) {
	t.Parallel()
	for server, start := range map[string]func(*testing.T) peer{
		"Dovecot": func(t *testing.T) peer {
			m := testenv.Mail(t)
			return remotePeer{&m.IMAPServer, m.NewUser(t, ""), "", "/"}
		},
		"Cyrus": func(t *testing.T) peer {
			s := testenv.Cyrus(t)
			return remotePeer{&s.IMAPServer, s.NewUser(t), s.Prefix, s.Delimiter}
		},
		"Courier": func(t *testing.T) peer {
			s := testenv.Courier(t)
			return remotePeer{&s.IMAPServer, s.NewUser(t), s.Prefix, s.Delimiter}
		},
		"imaplocal": newLocalPeer,
	} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			interop(t, start(t), nil)
		})
		t.Run(server+" without extensions", func(t *testing.T) {
			t.Parallel()
			interop(t, start(t), bare)
		})
	}
}

func interop(t *testing.T, p peer, without []string) {
	b := newBundle(t)
	b.user("ann", "ann@firm.example")
	b.card("acme", "joe@acme.example")
	cfg, cas := p.config()
	cfg.User = "ann"
	b.opts.RootCAs = cas
	lists := 0 // of all UIDs
	b.opts.dial = func(ctx context.Context, cfg imapconn.Config) (conn, error) {
		cfg.Without = without
		c, err := dialIMAP(ctx, cfg)
		if err != nil {
			return nil, err
		}
		return countsLists{c, &lists}, nil
	}
	// The folder of projects has a name that has to be encoded and quoted.
	projects := `Kunden (A&B)/Größe`
	folders := []string{"INBOX", "Sent", "Archive", projects}
	choose := func() {
		t.Helper()
		cfg.Folders = nil
		for _, f := range folders {
			cfg.Folders = append(cfg.Folders, p.name(f))
		}
		_, err := b.boxes.Put(b.ctx, b.acc, "box", cfg)
		must(t, err)
	}
	const joe, other, ann = "joe@acme.example", "news@letter.example", "ann@firm.example"
	mails := map[[32]byte]letterKnown{} // the test's own truth
	letter := func(n int, from string) []byte {
		to := ann
		if from == ann {
			to = joe
		}
		raw := mail{
			id: fmt.Sprintf("m%d@x", n), from: from, to: to, subject: fmt.Sprintf("Subject %d", n),
			body: strings.Repeat(fmt.Sprintf("Line of %d.\r\n", n), 20), at: day.Add(time.Duration(n) * time.Minute),
		}.raw()
		mails[sha256.Sum256(raw)] = letterKnown{raw, from != other}
		return raw
	}
	p.create(t, projects)
	p.append(t, "INBOX", letter(1, joe), letter(2, other), letter(3, joe), letter(4, joe), letter(5, other))
	p.append(t, "Sent", letter(6, ann))
	p.append(t, "Archive", letter(7, joe), letter(8, joe))
	p.append(t, projects, letter(9, joe), letter(1, joe))
	p.append(t, "Drafts", letter(10, joe))
	choose()
	check := func(step string) {
		t.Helper()
		b.checkPlaces(step, p, folders, mails)
		if n := b.writtenIn(func() { b.sync("box") }); n != 0 {
			t.Errorf("%s: a second sync wrote %d times", step, n)
		}
	}
	b.sync("box")
	check("first sync")
	numbers := b.rows(`select header_id, id, stored_at from messages order by 1`)

	// From here on one session, as a worker has it. With QRESYNC it lists no folder.
	lists = 0
	l := b.dialed("box")
	again := func(step string) {
		t.Helper()
		must(t, passes(b.ctx, l))
		b.checkPlaces(step, p, folders, mails)
	}
	again("nothing new")
	p.setFlags(t, "INBOX", 3, `\Seen`, `\Answered`)
	p.append(t, "INBOX", letter(11, joe))
	again("flags and new mail")
	if got := b.rows(`select header_id from messages where seen order by 1`); !slices.Equal(got, []string{"(m3@x)"}) {
		t.Errorf("seen: %q", got)
	}
	p.move(t, "INBOX", 4, "Archive")
	p.move(t, "Archive", 1, projects)
	again("moves")
	p.expunge(t, "INBOX", 2) // indexed only
	p.expunge(t, "INBOX", 6) // letter 11
	p.append(t, "Archive", letter(12, joe))
	p.expunge(t, "Archive", 2) // letter 8
	again("deletions")
	if resyncs := l.conn.CanResync(); resyncs != (without == nil && p.keepsVanished()) || resyncs == (lists > 0) {
		t.Errorf("with QRESYNC %v all UIDs were listed %d times", resyncs, lists)
	}
	for id, want := range map[string]string{"m11@x": "0", "m8@x": "0", "m4@x": "1", "m12@x": "1"} {
		if got := b.one(`select count(*) from messages where header_id = $1`, id); got != want {
			t.Errorf("after deletions there are %s of %s, want %s", got, id, want)
		}
	}

	p.rename(t, projects, "Renamed")
	projects = "Renamed"
	folders[3] = projects
	choose()
	l.disconnect()
	b.sync("box")
	check("rename (F10)")

	// Another UIDVALIDITY with the same mail, one more and one less.
	p.remove(t, projects)
	p.create(t, projects)
	p.append(t, projects, letter(13, joe), letter(1, joe), letter(7, joe))
	b.sync("box")
	check("UIDVALIDITY changed (F01, F02)")
	for _, row := range numbers { // who stayed is who he was
		if id, _, _ := strings.Cut(strings.Trim(row, "("), ","); id != "m8@x" && id != "m9@x" &&
			!slices.Contains(b.rows(`select header_id, id, stored_at from messages`), row) {
			t.Errorf("message %s was stored anew", row)
		}
	}
	if got := b.one(`select state from mailboxes`); got != "live" {
		t.Errorf("state %s", got)
	}

	if without == nil {
		b.opts.Timing.Pass = time.Minute // only IDLE is quick
	}
	b.opts.commit = nil
	b.start()
	for n := 14; n < 17; n++ {
		p.append(t, "INBOX", letter(n, joe))
		b.await("1", `select count(*) from messages where header_id = $1`, fmt.Sprintf("m%d@x", n))
	}
	b.checkPlaces("IDLE", p, folders, mails)
}

// letterKnown is what the test knows of a message that it put somewhere.
type letterKnown struct {
	raw    []byte
	stored bool // it is with a card's address
}

// checkPlaces compares the ledger with the server's own list of folder, UIDVALIDITY, UID and SHA-256, and each stored
// message with the bytes that lie there.
func (b *bundle) checkPlaces(step string, p peer, folders []string, mails map[[32]byte]letterKnown) {
	b.t.Helper()
	var want []string
	for _, e := range p.list(b.t) {
		if !slices.ContainsFunc(folders, func(f string) bool { return p.name(f) == e.Folder }) {
			continue
		}
		m, known := mails[e.SHA256]
		if !known {
			b.t.Fatalf("%s: the server changed what it was given: %s/%d", step, e.Folder, e.UID)
		}
		header, identity := message.HeaderDigest(m.raw), ""
		if m.stored {
			sum := message.Identity(message.ParseHeader(m.raw), m.raw)
			identity = fmt.Sprintf("%x", sum)
		}
		want = append(want, fmt.Sprintf("%s|%d|%d|%x|%s", e.Folder, e.UIDValidity, e.UID, header, identity))
	}
	got := b.rows(`select f.name || '|' || l.uid_validity || '|' || l.uid || '|' || encode(l.header_digest, 'hex') || '|' || coalesce(encode(m.identity, 'hex'), '') from ledger l
		join folders f on f.account_id = l.account_id and f.id = l.folder_id and f.uid_validity = l.uid_validity
		left join messages m on m.account_id = l.account_id and m.id = l.message_id
		where f.gone_at is null and l.disposition <> 'expunged'`)
	for i := range got {
		got[i] = strings.ReplaceAll(strings.Trim(got[i], `()"`), `""`, `"`)
	}
	if d := diff(strings.Join(want, "\n"), strings.Join(got, "\n")); d != "" || len(got) != len(want) {
		b.t.Errorf("%s: the ledger (+) is not what the server has (-):\n%s", step, d)
	}
}

// countsLists counts how often a folder's UIDs are listed.
type countsLists struct {
	conn
	n *int
}

func (c countsLists) UIDs(ctx context.Context, since time.Time) (imapconn.UIDRanges, error) {
	if since.IsZero() {
		*c.n++
	}
	return c.conn.UIDs(ctx, since)
}

// remotePeer is a mailbox on a server in a container.
type remotePeer struct {
	*testenv.IMAPServer
	user              testenv.User
	prefix, delimiter string
}

func (p remotePeer) config() (MailboxConfig, *x509.CertPool) {
	cas := x509.NewCertPool()
	cas.AppendCertsFromPEM(p.CACert)
	return MailboxConfig{
		Host: p.Host, Port: p.IMAPSPort, TLS: "tls", Username: p.user.Username, Auth: MailboxAuth{Password: p.user.Password},
	}, cas
}

func (p remotePeer) name(folder string) string {
	if folder == "INBOX" {
		return folder
	}
	return p.prefix + strings.ReplaceAll(folder, "/", p.delimiter)
}

func (p remotePeer) append(t testing.TB, folder string, raws ...[]byte) []uint32 {
	return p.AppendAll(t, p.user, p.name(folder), nil, day, raws...)
}
func (p remotePeer) setFlags(t testing.TB, folder string, uid uint32, flags ...string) {
	p.SetFlags(t, p.user, p.name(folder), flags, uid)
}
func (p remotePeer) expunge(t testing.TB, folder string, uid uint32) {
	p.Delete(t, p.user, p.name(folder), uid)
}
func (p remotePeer) move(t testing.TB, folder string, uid uint32, to string) {
	p.Move(t, p.user, p.name(folder), p.name(to), uid)
}
func (p remotePeer) create(t testing.TB, folder string) { p.CreateFolder(t, p.user, p.name(folder)) }
func (p remotePeer) remove(t testing.TB, folder string) { p.DeleteFolder(t, p.user, p.name(folder)) }
func (p remotePeer) rename(t testing.TB, folder, to string) {
	p.RenameFolder(t, p.user, p.name(folder), p.name(to))
}
func (p remotePeer) list(t testing.TB) []testenv.Entry { return p.List(t, p.user) }
func (p remotePeer) keepsVanished() bool               { return p.delimiter == "/" } // all but Courier

// localPeer is a mailbox on the in-process server.
type localPeer struct{ *imaplocal.Server }

func newLocalPeer(t *testing.T) peer {
	s, err := imaplocal.New(imaplocal.Options{TLS: true})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, s.AddUser("ann", password))
	return localPeer{s}
}

func (p localPeer) config() (MailboxConfig, *x509.CertPool) {
	return MailboxConfig{Host: p.Host(), Port: p.Port(), TLS: "tls", Username: "ann", Auth: MailboxAuth{Password: password}}, p.CAs()
}
func (p localPeer) name(folder string) string { return folder }
func (p localPeer) keepsVanished() bool       { return false }

func (p localPeer) append(t testing.TB, folder string, raws ...[]byte) (uids []uint32) {
	for _, raw := range raws {
		uid, err := p.Append("ann", folder, nil, day, raw)
		must(t, err)
		uids = append(uids, uid)
	}
	return uids
}
func (p localPeer) setFlags(t testing.TB, folder string, uid uint32, flags ...string) {
	must(t, p.SetFlags("ann", folder, flags, uid))
}
func (p localPeer) expunge(t testing.TB, folder string, uid uint32) {
	must(t, p.Expunge("ann", folder, uid))
}
func (p localPeer) move(t testing.TB, folder string, uid uint32, to string) {
	_, err := p.Move("ann", folder, uid, to)
	must(t, err)
}
func (p localPeer) create(t testing.TB, folder string) { must(t, p.CreateFolder("ann", folder)) }
func (p localPeer) remove(t testing.TB, folder string) { must(t, p.DeleteFolder("ann", folder)) }
func (p localPeer) rename(t testing.TB, folder, to string) {
	must(t, p.RenameFolder("ann", folder, to))
}

func (p localPeer) list(t testing.TB) (all []testenv.Entry) {
	shown, err := p.Messages("ann")
	must(t, err)
	for _, m := range shown {
		all = append(all, testenv.Entry{Folder: m.Folder, UIDValidity: m.UIDValidity, UID: m.UID, SHA256: m.SHA256})
	}
	return all
}
