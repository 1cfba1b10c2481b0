//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
)

// smallAccount is an account that its benchmark fills, on the shared server, and the built program on it.
type smallAccount struct {
	d       *db.DB
	acc     *db.Account
	crm     *testenv.CRM
	program *testenv.Program
	worker  *testenv.Worker
	version int64
}

// tell sends an event newer than all before.
func (s *smallAccount) tell(b *bench, kind string, data map[string]any) {
	b.Helper()
	s.version++
	data["version"] = s.version
	s.crm.Tell(b, testenv.Event{Type: kind, Data: data})
}

// newSmallAccount makes a database with an account and starts the program on it.
func newSmallAccount(b *bench, env ...string) *smallAccount {
	b.Helper()
	keyset, err := seal.NewKeyset()
	if err != nil {
		b.Fatalf("make a key set: %v", err)
	}
	s := &smallAccount{}
	url := testenv.PostgresURL(b)
	s.d, s.acc = openAccount(b, url, keyset)
	s.program = testenv.NewProgramOn(b, url, append(env, "MAILSTAMP_KEYSET="+string(keyset))...)
	s.worker = s.program.StartWorker(b)
	s.crm = crmOf(b, s.worker, s.acc)
	return s
}

// openAccount opens a migrated database and makes an account in it.
func openAccount(b *bench, url string, keyset []byte) (*db.DB, *db.Account) {
	b.Helper()
	sealer, err := seal.Load(string(keyset))
	if err != nil {
		b.Fatalf("load the key set: %v", err)
	}
	d, err := db.Open(b.Context(), url, sealer)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(d.Close)
	acc, err := d.NewAccount(b.Context(), b.name)
	if err != nil {
		b.Fatal(err)
	}
	return d, acc
}

// crmOf is the CRM of an account that the benchmark made itself.
func crmOf(b *bench, w *testenv.Worker, acc *db.Account) *testenv.CRM {
	return testenv.NewCRM(b, w.URL, testenv.Credentials{Account: acc.PublicID, WebhookSecret: acc.WebhookSecret, TokenKey: string(acc.TokenKey)})
}

func (s *smallAccount) userID(b *bench, crmID string) (id int64) {
	b.Helper()
	err := s.d.ReadTx(b.Context(), s.acc.ID, func(tx *db.Tx) error {
		return tx.QueryRow(b.Context(), `select id from users where crm_id = $1`, crmID).Scan(&id)
	})
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// storeMail stores inbound messages of an author, all but the last from one address, and stamps, in one transaction as
// ingest does. Unlike ingest it lets an author have several writers at once: they meet in the locks of stamps alone, and a
// correspondence is dated ahead of what all of them will store.
func (s *smallAccount) storeMail(ctx context.Context, author int64, messages int, from, last string) error {
	return storeMail(ctx, s.d, s.acc, author, messages, from, last)
}

func storeMail(ctx context.Context, d *db.DB, acc *db.Account, author int64, messages int, from, last string) error {
	batch := rand.Text()
	return d.KeyTx(ctx, acc.ID, func(tx *db.Tx) error {
		ids, err := tx.Intern(ctx, acc, []string{from, last})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			with thread as (
				insert into threads (account_id, author_id) values ($1, $2) returning id
			), message as (
				insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, header_id, subject, preview, from_addr, to_addrs, address_ids, size)
				select $1, $2, thread.id, h.identity, ('x' || encode(substr(h.identity, 1, 8), 'hex'))::bit(64)::bigint, now() + n * interval '1 ms',
				       'inbound', '<' || $3 || n || '@mail.example>', 'Offer ' || n, repeat('We can deliver within three weeks. ', 5),
				       jsonb_build_object('name', '', 'address', case n when $4 then $6 else $5 end), '[{"name": "", "address": "hot@us.example"}]',
				       array[case n when $4 then $8::bigint else $7::bigint end], 8000
				from thread, generate_series(1, $4::integer) n, lateral (select sha256(convert_to($3::text || n, 'UTF8')) as identity) h
				returning id, address_ids, date, sort_key
			), body as (
				insert into message_bodies (account_id, message_id, text) select $1, id, repeat('We can deliver within three weeks. ', 100) from message
			), participant as (
				insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
				select $1, $2, unnest(address_ids), date, sort_key, id from message
			)
			insert into correspondences (account_id, author_id, address_id, last_at)
			select $1, $2, id, now() + interval '1 day' from unnest(array[$7::bigint, $8::bigint]) id
			where not exists (select from correspondences c where c.account_id = $1 and c.author_id = $2 and c.address_id = id)
			on conflict do nothing`,
			acc.ID, author, batch, messages, from, last, ids[from], ids[last])
		if err != nil {
			return fmt.Errorf("store mail: %w", err)
		}
		return visibility.Correspond(ctx, tx, author, []int64{ids[from], ids[last]})
	})
}
