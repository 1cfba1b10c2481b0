package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/address"
	keysets "github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/testenv"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The test database's keeper lives as long as the process.
		goleak.IgnoreAnyFunction("github.com/mailstamp/mailstamp/testenv.holdKeeper"))
}

// bundle is a database with one account, a mail server, and what tests ask of both.
type bundle struct {
	t      testing.TB
	ctx    context.Context
	db     *db.DB
	acc    *db.Account
	server *imaplocal.Server
	opts   Options
	boxes  *Mailboxes

	mu  sync.Mutex
	met map[int64]int // addresses given to the stamper
}

const password = "secret of the mailbox"

func newKeys(t testing.TB) *keysets.Sealer {
	t.Helper()
	keyset, err := keysets.NewKeyset()
	must(t, err)
	keys, err := keysets.Load(string(keyset))
	must(t, err)
	return keys
}

// openDB opens a database as a program does; it is closed before what its URL leads through ends.
func openDB(t testing.TB, url string, keys *keysets.Sealer) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, keys)
	must(t, err)
	t.Cleanup(d.Close)
	return d
}

func newBundle(t testing.TB) *bundle {
	t.Helper()
	return bundleOn(t, testenv.DB(t))
}

func bundleOn(t testing.TB, d *db.DB) *bundle {
	t.Helper()
	return bundleServed(t, d, imaplocal.Options{})
}

// bundleServed is an account of its own, on a server of its own, in a database that may be others' too.
func bundleServed(t testing.TB, d *db.DB, served imaplocal.Options) *bundle {
	t.Helper()
	server, err := imaplocal.New(served)
	must(t, err)
	t.Cleanup(func() { server.Close() })
	b := &bundle{t: t, ctx: t.Context(), db: d, server: server, met: map[int64]int{}}
	b.acc, err = b.db.NewAccount(b.ctx, "test")
	must(t, err)
	b.exec(`insert into crm_endpoints (account_id, url) values ($1, 'https://crm.example/')`, b.acc.ID)
	allow, err := safedial.ParseAllow("127.0.0.1")
	must(t, err)
	b.opts = Options{
		DB: b.db, Dialer: &safedial.Dialer{Allow: allow},
		Stamper: StamperFunc(func(ctx context.Context, tx *db.Tx, author int64, addresses []int64) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, a := range addresses {
				b.met[a]++
			}
			return tx.LockAccount(ctx, db.Shared)
		}),
		Removal: func(context.Context, *db.Tx, int64) error { return nil },
		Timing:  Timing{Pass: 200 * time.Millisecond, Acquire: 50 * time.Millisecond, Renew: 100 * time.Millisecond, LeaseTTL: time.Second, FirstRetry: time.Millisecond},
	}
	if os.Getenv("INGEST_LOG") != "" {
		b.opts.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	b.boxes = NewMailboxes(b.opts)
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// joesMailbox is an empty mailbox of ann's, who has a card of Joe.
func joesMailbox(t testing.TB) *bundle {
	t.Helper()
	b := newBundle(t)
	b.user("ann", "ann@firm.example")
	b.card("acme", "joe@acme.example")
	b.mailbox("ann-box", "ann")
	return b
}

// exec runs a statement on the account's rows.
func (b *bundle) exec(sql string, args ...any) {
	b.t.Helper()
	must(b.t, b.db.Tx(b.ctx, b.acc.ID, func(tx *db.Tx) error {
		_, err := tx.Exec(b.ctx, sql, args...)
		return err
	}))
}

// rows runs a query on the account's rows and returns each as text.
func (b *bundle) rows(sql string, args ...any) []string {
	b.t.Helper()
	var out []string
	must(b.t, b.db.Tx(b.ctx, b.acc.ID, func(tx *db.Tx) error {
		rows, err := tx.Query(b.ctx, "select q::text from ("+sql+") q", args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = nil
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	}))
	return out
}

func (b *bundle) one(sql string, args ...any) string {
	b.t.Helper()
	rows := b.rows(sql, args...)
	if len(rows) != 1 {
		b.t.Fatalf("%d rows of %s", len(rows), sql)
	}
	return strings.Trim(rows[0], "()")
}

// address interns an address.
func (b *bundle) address(a string) {
	b.exec(`insert into addresses (account_id, address, hash, domains) values ($1, $2, $3, $4) on conflict do nothing`,
		b.acc.ID, a, b.acc.Keys.Hash("address", a), address.Domains(a))
}

// user makes an active user with own addresses.
func (b *bundle) user(id string, addresses ...string) {
	b.exec(`insert into users (account_id, crm_id, version, state) values ($1, $2, 1, 'active')
	        on conflict (account_id, crm_id) do update set state = 'active'`, b.acc.ID, id)
	for _, a := range addresses {
		b.address(a)
		b.exec(`insert into user_addresses (account_id, user_id, address_id)
		        select u.account_id, u.id, a.id from users u join addresses a using (account_id) where u.crm_id = $1 and a.address = $2`, id, a)
	}
}

// card makes an open contact with addresses, as an event would: mail that is indexed and matches now becomes wanted.
func (b *bundle) card(id string, addresses ...string) {
	b.exec(`insert into cards (account_id, kind, crm_id, state) values ($1, 'contact', $2, 'open') on conflict do nothing`, b.acc.ID, id)
	for _, a := range addresses {
		b.address(a)
		b.exec(`insert into card_addresses (account_id, card_id, address_id, since)
		        select c.account_id, c.id, a.id, now() from cards c join addresses a using (account_id) where c.crm_id = $1 and a.address = $2`, id, a)
		b.exec(`update ledger l set wanted = true from indexed_addresses i where i.hash = $1 and l.account_id = i.account_id
		        and l.folder_id = i.folder_id and l.uid_validity = i.uid_validity and l.uid = i.uid`, b.acc.Keys.Hash("address", a))
	}
}

// mailbox makes a login on the server and a mailbox of the user for it.
func (b *bundle) mailbox(id, user string) {
	b.t.Helper()
	must(b.t, b.server.AddUser(id, password))
	b.put(id, user)
}

func (b *bundle) put(id, user string) {
	b.t.Helper()
	_, err := b.boxes.Put(b.ctx, b.acc, id, b.config(id, user))
	must(b.t, err)
}

func (b *bundle) config(id, user string) MailboxConfig {
	return MailboxConfig{
		User: user, Host: b.server.Host(), Port: b.server.Port(), TLS: "none", Username: id, Auth: MailboxAuth{Password: password},
	}
}

var day = time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)

// mail is a message of the tests.
type mail struct {
	id, from, to, cc, bcc, subject, refs, body, extra string
	at                                                time.Time
}

func (m mail) raw() []byte {
	var s strings.Builder
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&s, "%s: %s\r\n", name, value)
		}
	}
	if m.id != "" {
		add("Message-ID", "<"+m.id+">")
	}
	add("From", m.from)
	add("To", m.to)
	add("Cc", m.cc)
	add("Bcc", m.bcc)
	add("Subject", m.subject)
	if m.refs != "" {
		add("References", "<"+strings.ReplaceAll(m.refs, " ", "> <")+">")
	}
	add("Date", m.date().Format(time.RFC1123Z))
	s.WriteString(m.extra)
	fmt.Fprintf(&s, "\r\n%s\r\n", m.body)
	return []byte(s.String())
}

func (m mail) date() time.Time {
	if m.at.IsZero() {
		return day
	}
	return m.at
}

func (b *bundle) append(mailbox, folder string, m mail, flags ...string) uint32 {
	b.t.Helper()
	uid, err := b.server.Append(mailbox, folder, flags, m.date(), m.raw())
	must(b.t, err)
	return uid
}

// loopOf is a loop of the mailbox that the test drives itself, with a lease of its own.
func (b *bundle) loopOf(mailbox string) *loop {
	b.t.Helper()
	s := NewSupervisor(b.opts)
	must(b.t, s.renew(b.ctx))
	var id, token int64
	must(b.t, b.db.Tx(b.ctx, b.acc.ID, func(tx *db.Tx) error {
		return tx.QueryRow(b.ctx, `update mailbox_leases l set holder = $1, token = token + 1 from mailboxes m
			where m.crm_id = $2 and l.account_id = m.account_id and l.mailbox_id = m.id returning m.id, l.token`, s.holder, mailbox).Scan(&id, &token)
	}))
	return newLoop(s, b.acc, id, token)
}

// dialed is loopOf, with what there is loaded and a connection that the test ends.
func (b *bundle) dialed(mailbox string) *loop {
	b.t.Helper()
	l := b.loopOf(mailbox)
	must(b.t, l.load(b.ctx))
	must(b.t, l.dial(b.ctx))
	return l
}

// sync runs passes over a connection of their own until nothing is left to do.
func (b *bundle) sync(mailbox string) *loop {
	b.t.Helper()
	l := b.loopOf(mailbox)
	must(b.t, b.trySync(l))
	return l
}

func (b *bundle) trySync(l *loop) error {
	if err := l.load(b.ctx); err != nil {
		return err
	}
	defer l.disconnect()
	if err := l.dial(b.ctx); err != nil {
		return err
	}
	return passes(b.ctx, l)
}

// passes runs passes until one leaves nothing to do.
func passes(ctx context.Context, l *loop) error {
	for range 100 {
		more, err := l.pass(ctx)
		if err != nil {
			return err
		}
		if !more && !l.wantsMore() {
			state, problem := l.restingState()
			return l.setState(ctx, state, problem)
		}
	}
	return fmt.Errorf("no end after 100 passes")
}

// wantsMore says that the loop was woken by what it stored.
func (l *loop) wantsMore() bool {
	select {
	case <-l.woken:
		return true
	default:
		return false
	}
}

// ledger is the ledger of the present lives of a mailbox's folders: "folder/uid disposition", sorted.
func (b *bundle) ledger(mailbox string) []string {
	b.t.Helper()
	out := b.rows(`select f.name || '/' || l.uid || ' ' || l.disposition || coalesce(' ' || l.reason, '') from ledger l
		join folders f on f.account_id = l.account_id and f.id = l.folder_id and f.uid_validity = l.uid_validity
		join mailboxes m on m.account_id = f.account_id and m.id = f.mailbox_id
		where m.crm_id = $1 and f.gone_at is null and l.disposition <> 'expunged'`, mailbox)
	for i := range out {
		out[i] = strings.Trim(out[i], `()"`)
	}
	sort.Strings(out)
	return out
}

// checkHealth wants a mailbox in a state, with a problem of that code that tells what it is, since when and what to do; with none
// for no code.
func (b *bundle) checkHealth(mailbox, state, code string) Health {
	b.t.Helper()
	h, err := b.boxes.Get(b.ctx, b.acc, mailbox)
	must(b.t, err)
	told := h.Code != nil && *h.Code == code && h.Problem != nil && h.Since != nil && h.ToDo != nil && *h.ToDo != "" && strings.HasSuffix(*h.Problem, *h.ToDo)
	if code == "" {
		told = h.Code == nil && h.Problem == nil && h.Since == nil && h.ToDo == nil
	}
	if h.State != state || !told {
		b.t.Errorf("%s is %s with %s %q since %v, to do %q; want %s with %q", mailbox, h.State, deref(h.Code), deref(h.Problem), h.Since, deref(h.ToDo), state, code)
	}
	return h
}

// checkLedger compares the ledger with the server's own list (I1), and messages with the ledger (I2).
func (b *bundle) checkLedger(mailbox string) {
	b.t.Helper()
	held := map[string]bool{}
	for _, row := range b.ledger(mailbox) {
		slash := strings.LastIndex(row, "/") // names have blanks
		uid, _, _ := strings.Cut(row[slash:], " ")
		held[row[:slash]+uid] = true
	}
	shown, err := b.server.Messages(mailbox)
	must(b.t, err)
	for _, m := range shown {
		if slices.Contains([]string{"Drafts", "Junk", "Trash"}, m.Folder) {
			continue
		}
		place := fmt.Sprintf("%s/%d", m.Folder, m.UID)
		if !held[place] {
			b.t.Errorf("%s: %s is on the server and not in the ledger", mailbox, place)
		}
		delete(held, place)
	}
	for place := range held {
		b.t.Errorf("%s: %s is in the ledger and not on the server", mailbox, place)
	}
	if n := b.one(`select count(*) from messages m where not exists (select from ledger l where l.account_id = m.account_id and l.message_id = m.id)`); n != "0" {
		b.t.Errorf("%s messages without a place", n)
	}
}

// content is all that mail made in the database, without our own numbers, to compare two states.
func (b *bundle) content() string {
	b.t.Helper()
	var out []string
	for _, sql := range []string{
		`select 'message', u.crm_id, encode(m.identity, 'hex'), m.date, m.direction, m.header_id, m.subject, m.preview, m.from_addr, m.to_addrs, m.cc_addrs, m.bcc_addrs,
		        m.attachments, m.seen, m.size, encode(m.subject_key, 'hex'), m.subject_reply, (select array_agg(a.address order by a.address) from addresses a where a.id = any (m.address_ids)),
		        (select string_agg(encode(o.identity, 'hex'), ',' order by o.identity) from messages o where o.thread_id = m.thread_id), b.text, b.html
		 from messages m join users u on u.id = m.author_id join message_bodies b on b.message_id = m.id`,
		`select 'ledger', x.crm_id, f.name, l.uid_validity, l.uid, l.disposition, l.reason, l.seen, l.wanted, l.size, l.internal_date, encode(l.header_digest, 'hex'), encode(m.identity, 'hex')
		 from ledger l join folders f on f.id = l.folder_id join mailboxes x on x.id = f.mailbox_id left join messages m on m.id = l.message_id`,
		`select 'folder', x.crm_id, f.name, f.role, f.uid_validity, f.uid_next, f.mod_seq, f.on_server, f.gone_at is null from folders f join mailboxes x on x.id = f.mailbox_id`,
		`select 'participant', a.address, p.date, encode(m.identity, 'hex') from participants p join addresses a on a.id = p.address_id join messages m on m.id = p.message_id`,
		`select 'correspondence', u.crm_id, a.address, c.last_at from correspondences c join addresses a on a.id = c.address_id join users u on u.id = c.author_id`,
		`select 'delivery', encode(m.identity, 'hex'), d.address, d.status, d.class, d.code, d.at from deliveries d join messages m on m.id = d.message_id`,
		`select 'indexed', encode(i.hash, 'hex'), f.name, i.uid_validity, i.uid from indexed_addresses i join folders f on f.id = i.folder_id`,
		`select 'event', o.type, encode(m.identity, 'hex'), x.crm_id, a.address, o.status from outbox o left join messages m on m.id = o.message_id
		 left join mailboxes x on x.id = o.mailbox_id left join addresses a on a.id = o.address_id`,
		`select 'links', (select string_agg(encode(l.hash, 'hex'), ',' order by l.hash) from thread_links l where l.thread_id = t.id)
		 from threads t where exists (select from thread_links l where l.thread_id = t.id)`,
	} {
		out = append(out, b.rows(sql)...)
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// writtenIn counts the transactions in which fn writes mail or mailboxes.
func (b *bundle) writtenIn(fn func()) int {
	b.t.Helper()
	n := 0
	b.opts.commit = func(string) error { n++; return nil }
	fn()
	b.opts.commit = nil
	return n
}

var _ conn = (*imapconn.Conn)(nil)
