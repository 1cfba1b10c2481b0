package visibility_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
)

// world is one account on a database of its own, told by events and fed with mail as ingest stores it.
type world struct {
	testing.TB
	d       *db.DB
	acc     *db.Account
	now     time.Time
	pending bool // stamps are left to jobs that do not run
	queue   []visibility.Work
}

func newWorld(t testing.TB) *world { return newWorldOn(t, testenv.DB(t)) }

// newWorldOn is a world beside others in one database.
func newWorldOn(t testing.TB, d *db.DB) *world {
	acc, err := d.NewAccount(t.Context(), t.Name())
	if err != nil {
		t.Fatal(err)
	}
	return &world{TB: t, d: d, acc: acc, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
}

// tell applies one event as the CRM tells it and, unless work is pending, runs the jobs it leaves.
func (w *world) tell(e visibility.Event) (visibility.Status, error) {
	w.Helper()
	statuses, err := w.tellAll(e)
	if err != nil {
		return "", err
	}
	if !w.pending {
		w.settle()
	}
	return statuses[0], nil
}

// tellAll applies events as one batch and leaves the jobs in the queue.
func (w *world) tellAll(events ...visibility.Event) ([]visibility.Status, error) {
	w.now = w.now.Add(time.Second)
	var batch []visibility.Told
	for _, e := range events {
		batch = append(batch, visibility.Told{Event: e, At: w.now, By: "crm"})
	}
	var out visibility.Outcome
	err := w.d.Tx(w.Context(), w.acc.ID, func(tx *db.Tx) (err error) {
		out, err = visibility.Apply(w.Context(), tx, w.acc, batch)
		return err
	})
	if err != nil {
		return nil, err
	}
	w.queue = append(w.queue, out.Work...)
	return out.Statuses, nil
}

func (w *world) settle() {
	w.Helper()
	for _, work := range w.queue {
		if err := visibility.Restamp(w.Context(), w.d, w.acc.ID, work); err != nil {
			w.Fatal(err)
		}
	}
	w.queue = nil
	w.read(func(tx *db.Tx) error {
		work, stamps, err := visibility.Behind(w.Context(), tx)
		if len(work) != 0 || stamps != 0 {
			w.Errorf("nothing is pending, yet %v and %d stamps are behind", work, stamps)
		}
		return err
	})
}

func (w *world) read(fn func(*db.Tx) error) {
	w.Helper()
	if err := w.d.ReadTx(w.Context(), w.acc.ID, fn); err != nil {
		w.Fatal(err)
	}
}

// mail is one e-mail to be stored; copies of one name in several mailboxes have one identity.
type mail struct {
	name, author string
	outbound     bool
	to, cc, bcc  []string // for inbound mail, to[0] is who sent it
}

// store puts a copy into the author's mail as ingest does, and returns its number.
func (w *world) store(m mail) (id int64) {
	w.Helper()
	w.now = w.now.Add(time.Second)
	ctx := w.Context()
	identity := sha256.Sum256([]byte(m.name))
	sortKey := int64(binary.BigEndian.Uint64(identity[:8]))
	people := func(list []string) []byte {
		out := []map[string]string{}
		for _, a := range list {
			out = append(out, map[string]string{"name": "", "address": a})
		}
		raw, _ := json.Marshal(out)
		return raw
	}
	own := m.author + "@us.test"
	from, to := own, m.to
	direction := "outbound"
	if !m.outbound {
		from, to, direction = m.to[0], append([]string{own}, m.to[1:]...), "inbound"
	}
	sender, _ := json.Marshal(map[string]string{"name": "", "address": from})
	var all []string
	for _, list := range [][]string{{from}, to, m.cc, m.bcc} {
		all = append(all, list...)
	}
	err := w.d.Tx(ctx, w.acc.ID, func(tx *db.Tx) error {
		ids, err := tx.Intern(ctx, w.acc, all)
		if err != nil {
			return err
		}
		var addresses []int64
		for _, n := range ids {
			addresses = append(addresses, n)
		}
		var author, thread int64
		err = tx.QueryRow(ctx, `select id from users where account_id = $1 and crm_id = $2`, w.acc.ID, m.author).Scan(&author)
		if err != nil {
			return fmt.Errorf("author %s: %w", m.author, err)
		}
		err = tx.QueryRow(ctx, `insert into threads (account_id, author_id) values ($1, $2) returning id`, w.acc.ID, author).Scan(&thread)
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `
			insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, subject, from_addr, to_addrs,
			                      cc_addrs, bcc_addrs, address_ids)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id`,
			w.acc.ID, author, thread, identity[:], sortKey, w.mailDate(m.name), direction, m.name, sender, people(to), people(m.cc),
			people(m.bcc), addresses).Scan(&id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
			select $1, $2, unnest($3::bigint[]), $4, $5, $6`, w.acc.ID, author, addresses, w.mailDate(m.name), sortKey, id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into correspondences (account_id, author_id, address_id, last_at) select $1, $2, unnest($3::bigint[]), $4
			on conflict (account_id, author_id, address_id) do update set last_at = greatest(correspondences.last_at, excluded.last_at)`,
			w.acc.ID, author, addresses, w.mailDate(m.name))
		if err != nil {
			return err
		}
		return visibility.Correspond(ctx, tx, author, addresses)
	})
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// mailDate is when a mail was sent: the same for each of its copies.
func (w *world) mailDate(name string) time.Time {
	var at time.Time
	err := w.d.ReadTx(context.Background(), w.acc.ID, func(tx *db.Tx) error {
		return tx.QueryRow(w.Context(), `select coalesce(max(date), $3) from messages where account_id = $1 and subject = $2`,
			w.acc.ID, name, w.now).Scan(&at)
	})
	if err != nil {
		w.Fatal(err)
	}
	return at
}

// userID and cardID are the numbers of what the CRM names.
func (w *world) userID(crmID string) (id int64) {
	w.Helper()
	w.read(func(tx *db.Tx) error {
		return tx.QueryRow(w.Context(), `select id from users where account_id = $1 and crm_id = $2`, w.acc.ID, crmID).Scan(&id)
	})
	return id
}

func (w *world) cardID(ref visibility.CardRef) (id int64) {
	w.Helper()
	w.read(func(tx *db.Tx) error {
		return tx.QueryRow(w.Context(), `select id from cards where account_id = $1 and kind = $2 and crm_id = $3`,
			w.acc.ID, ref.Kind, ref.ID).Scan(&id)
	})
	return id
}
