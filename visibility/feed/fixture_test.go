package feed_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"flag"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// checks of drawn accounts; each costs some 0.1 s. The flag -rapid.checks asks for more.
const checks = "20"

func TestMain(m *testing.M) {
	flag.Set("rapid.checks", checks)
	goleak.VerifyTestMain(m)
}

var epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// tb is what testing.T, testing.B and rapid.T share.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// world is an account whose rows a test writes itself: stamps are what the test says, so that reading is tested alone.
type world struct {
	t   tb
	d   *db.DB
	acc *db.Account
	svc *feed.Service

	users     map[string]int64
	cards     map[visibility.CardRef]int64
	addresses map[string]int64
	threads   map[string]int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newAccount(t, testenv.DB(t))
}

func newAccount(t tb, d *db.DB) *world {
	t.Helper()
	acc, err := d.NewAccount(context.Background(), "test")
	if err != nil {
		t.Fatalf("make an account: %v", err)
	}
	return &world{t: t, d: d, acc: acc, users: map[string]int64{}, cards: map[visibility.CardRef]int64{},
		addresses: map[string]int64{}, threads: map[string]int64{},
		svc: &feed.Service{DB: d, SanitizeHTML: func(s string) string { return "clean:" + s }}}
}

// insert runs an insert that returns a number.
func (w *world) insert(sql string, args ...any) (id int64) {
	w.t.Helper()
	err := w.d.Tx(context.Background(), w.acc.ID, func(tx *db.Tx) error {
		return tx.QueryRow(context.Background(), sql, append([]any{w.acc.ID}, args...)...).Scan(&id)
	})
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return id
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	err := w.d.Tx(context.Background(), w.acc.ID, func(tx *db.Tx) error {
		_, err := tx.Exec(context.Background(), sql, append([]any{w.acc.ID}, args...)...)
		return err
	})
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w *world) user(id string) int64 {
	w.t.Helper()
	if w.users[id] == 0 {
		w.users[id] = w.insert(`insert into users (account_id, crm_id, version, name, state) values ($1, $2, 1, $2, 'active') returning id`, id)
		w.exec(`insert into settings (account_id, user_id, kind) select $1, $2, unnest(array['lead', 'contact', 'deal'])`, w.users[id])
	}
	return w.users[id]
}

func (w *world) state(user, state string) {
	w.exec(`update users set state = $3 where account_id = $1 and id = $2`, w.user(user), state)
}

func lead(id string) visibility.CardRef { return visibility.CardRef{Kind: rules.Lead, ID: id} }

// card is an open card for everyone, or for its owner and the named users when there are any.
func (w *world) card(ref visibility.CardRef, audience ...string) int64 {
	w.t.Helper()
	if w.cards[ref] != 0 {
		return w.cards[ref]
	}
	id := w.insert(`insert into cards (account_id, kind, crm_id, version, name, state, everyone) values ($1, $2, $3, 1, $3, 'open', $4) returning id`,
		string(ref.Kind), ref.ID, len(audience) == 0)
	for _, u := range audience {
		w.exec(`insert into card_audience (account_id, card_id, user_id) values ($1, $2, $3)`, id, w.user(u))
	}
	w.cards[ref] = id
	return id
}

func (w *world) address(a string) int64 {
	w.t.Helper()
	if w.addresses[a] == 0 {
		w.addresses[a] = w.insert(`insert into addresses (account_id, address, hash, domains) values ($1, $2, $3, $4) returning id`,
			a, w.acc.Keys.Hash("address", a), address.Domains(a))
	}
	return w.addresses[a]
}

// conversation puts the address on the card and stamps the author's conversation.
func (w *world) conversation(author string, card visibility.CardRef, addr string, visible bool) {
	w.t.Helper()
	reason := "setting_nobody"
	if visible {
		reason = "setting_everyone"
	}
	w.exec(`insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked, visible, reason, author_epoch, card_epoch, owner_epoch)
		values ($1, $2, $3, $4, $5, true, false, $6, $7, 1, 1, 1)
		on conflict (account_id, author_id, card_id, address_id) do update set visible = excluded.visible, reason = excluded.reason`,
		w.user(author), w.card(card), w.address(addr), string(card.Kind), visible, reason)
	w.exec(`insert into card_addresses (account_id, card_id, address_id, since) values ($1, $2, $3, now()) on conflict do nothing`,
		w.card(card), w.address(addr))
}

// mail describes a message; the zero value of a field is the obvious one.
type mail struct {
	author      string
	content     string // what its identity is made of; copies share it
	at          time.Time
	outbound    bool
	from        string
	to, cc, bcc []string
	thread      string // of the author
	subject     string
	attachments []feed.Attachment
	delivery    map[string]string
	seen        bool
	html, text  string
	sortKey     *int64
}

func (m mail) identity() [32]byte { return sha256.Sum256([]byte(m.content)) }

func (m mail) key() int64 {
	if m.sortKey != nil {
		return *m.sortKey
	}
	id := m.identity()
	return int64(binary.BigEndian.Uint64(id[:8]))
}

// store stores a message as ingest does and returns its public id.
func (w *world) store(m mail) string {
	w.t.Helper()
	return w.storeAll([]mail{m})[0]
}

func (w *world) storeAll(mails []mail) []string {
	w.t.Helper()
	for _, m := range mails {
		w.user(m.author)
		for _, list := range [][]string{{m.from}, m.to, m.cc, m.bcc} {
			for _, a := range list {
				w.address(a)
			}
		}
		if key := m.author + "/" + m.thread; w.threads[key] == 0 {
			w.threads[key] = w.insert(`insert into threads (account_id, author_id) values ($1, $2) returning id`, w.users[m.author])
		}
	}
	ids := make([]int64, len(mails))
	err := w.d.Tx(context.Background(), w.acc.ID, func(tx *db.Tx) error {
		batch := &pgx.Batch{}
		for i, m := range mails {
			w.queue(batch, m, func(id int64) { ids[i] = id })
		}
		return tx.SendBatch(context.Background(), batch).Close()
	})
	if err != nil {
		w.t.Fatalf("store mail: %v", err)
	}
	public := make([]string, len(ids))
	for i, id := range ids {
		public[i] = w.acc.Keys.ID("message", id)
	}
	return public
}

func (w *world) queue(batch *pgx.Batch, m mail, stored func(int64)) {
	people := func(list []string) string {
		out := []feed.Person{}
		for _, a := range list {
			out = append(out, feed.Person{Name: "N " + a, Address: a})
		}
		raw, _ := json.Marshal(out)
		return string(raw)
	}
	var addressIDs []int64
	for _, list := range [][]string{{m.from}, m.to, m.cc, m.bcc} {
		for _, a := range list {
			addressIDs = append(addressIDs, w.addresses[a])
		}
	}
	direction := "inbound"
	if m.outbound {
		direction = "outbound"
	}
	if m.attachments == nil {
		m.attachments = []feed.Attachment{}
	}
	attachments, _ := json.Marshal(m.attachments)
	from, _ := json.Marshal(feed.Person{Name: "N " + m.from, Address: m.from})
	identity := m.identity()
	batch.Queue(`with m as (
			insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, subject, preview,
				from_addr, to_addrs, cc_addrs, bcc_addrs, attachments, address_ids, seen)
			values ($1, $2, $3, $4, $5, $6, $7, $8, 'preview', $9, $10, $11, $12, $13, $14, $15) returning *),
		p as (insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
			select distinct account_id, author_id, unnest(address_ids), date, sort_key, id from m),
		c as (insert into correspondences (account_id, author_id, address_id, last_at)
			select distinct account_id, author_id, unnest(address_ids), date from m
			on conflict (account_id, author_id, address_id) do update set last_at = greatest(correspondences.last_at, excluded.last_at)),
		b as (insert into message_bodies (account_id, message_id, text, html) select account_id, id, $16, $17 from m)
		select id from m`,
		w.acc.ID, w.users[m.author], w.threads[m.author+"/"+m.thread], identity[:], m.key(), m.at, direction, m.subject,
		string(from), people(m.to), people(m.cc), people(m.bcc), string(attachments), addressIDs, m.seen, m.text, m.html,
	).QueryRow(func(row pgx.Row) error {
		var id int64
		if err := row.Scan(&id); err != nil {
			return err
		}
		stored(id)
		return nil
	})
	for recipient, status := range m.delivery {
		batch.Queue(`insert into deliveries (account_id, message_id, address, status, at)
			select $1, id, $2, $3, $4 from messages where account_id = $1 and author_id = $5 and identity = $6`,
			w.acc.ID, recipient, status, m.at, w.users[m.author], identity[:])
	}
}

// feed is the whole feed, read in pages of limit.
func (w *world) feed(viewer string, card visibility.CardRef, limit int) []feed.Item {
	w.t.Helper()
	return walk(w.t, limit, func(cut feed.Cut) (feed.Page[feed.Item], error) {
		return w.svc.Feed(context.Background(), w.acc, viewer, card, cut)
	})
}

func walk[T any](t tb, limit int, read func(feed.Cut) (feed.Page[T], error)) []T {
	t.Helper()
	var all []T
	for cut := (feed.Cut{Limit: limit}); ; {
		page, err := read(cut)
		if err != nil {
			t.Fatalf("read a page: %v", err)
		}
		if len(page.Items) > limit {
			t.Fatalf("a page of %d items, asked for %d", len(page.Items), limit)
		}
		all = append(all, page.Items...)
		if page.Next == nil {
			return all
		}
		if len(page.Items) == 0 {
			t.Fatalf("an empty page leads on")
		}
		cut.Cursor = *page.Next
	}
}

func messages(items []feed.Item) []string {
	out := []string{}
	for _, item := range items {
		out = append(out, item.Message)
	}
	return out
}

func at(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }

func expect[T any](t tb, what string, got, want T) {
	t.Helper()
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}
