package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// mailsEach is more than one transaction of any job takes.
const mailsEach = 1_200

// removals is an account where each of three jobs has mail of its own to remove: kim is to be erased, bo has been blocked for
// long, and only the deleted mailbox "m" holds carl's. Dora's stays, and names kim here and there.
func removals(t *testing.T) *bundle {
	b := setup(t)
	b.tell(false, &visibility.CardUpserted{Kind: rules.Lead, ID: "others", Version: 1, Audience: visibility.Audience{Everyone: true},
		Addresses: []visibility.CardAddress{{Address: "bo@customer.example"}, {Address: "carl@customer.example"}, {Address: "dora@customer.example"}}})
	b.exec(`insert into threads (account_id, author_id) select account_id, author_id from correspondences`)
	b.exec(`insert into correspondences (account_id, author_id, address_id, last_at) select a.account_id, u.id, a.id, now() from users u, addresses a on conflict do nothing`)
	b.exec(`with boxes as (
			insert into mailboxes (account_id, crm_id, user_id, host, port, tls, username, removing)
			select account_id, box, id, 'h', 1, 'tls', 'u', box = 'm' from users, unnest(array['m', 'other']) box returning *)
		insert into folders (account_id, mailbox_id, name, uid_validity) select account_id, id, crm_id, 1 from boxes`)
	b.exec(`update users set removals = 1`)
	b.exec(`with made as (
			insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, from_addr, address_ids)
			select a.account_id, u.id, t.id, sha256((a.address || n)::bytea), n, now() - n * interval '1 minute', 'inbound',
			       jsonb_build_object('name', '', 'address', a.address), array[a.id]
			from addresses a, users u, threads t, generate_series(1, $1::integer) n returning *),
		bodies as (insert into message_bodies (account_id, message_id, text)
			select account_id, id, case when sort_key % 100 = 0 and from_addr->>'address' = 'dora@customer.example' then 'from kim@customer.example' else 'text' end from made),
		places as (insert into ledger (account_id, folder_id, uid_validity, uid, disposition, message_id)
			select m.account_id, f.id, 1, m.id, 'stored', m.id from made m
			join folders f on f.name = case m.from_addr->>'address' when 'carl@customer.example' then 'm' else 'other' end)
		insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
		select account_id, author_id, address_ids[1], date, sort_key, id from made`, mailsEach)
	b.tell(false, &visibility.BlocklistChanged{Version: 1, Entries: []visibility.BlockEntry{{Address: "bo@customer.example"}}})
	if _, err := (Erasures{b.db}).Request(t.Context(), b.acc, kim); err != nil {
		t.Fatal(err)
	}
	return b
}

// work are the three jobs, each as River would run it.
func (b *bundle) work(ctx context.Context) []func() error {
	b.t.Helper()
	erasure, mailbox := int64(b.count("select id from erasures")), int64(b.count("select id from mailboxes where crm_id = 'm'"))
	return []func() error{
		func() error {
			return (&eraser{db: b.db}).Work(ctx, &river.Job[eraseArgs]{Args: eraseArgs{b.acc.ID, erasure}})
		},
		func() error {
			return (&remover{db: b.db}).Work(ctx, &river.Job[removeArgs]{Args: removeArgs{b.acc.ID, mailbox}})
		},
		func() error {
			w := &purger{db: b.db, now: func() time.Time { return time.Now().Add(purgeGrace + time.Hour) }}
			return w.Work(ctx, &river.Job[purgeArgs]{})
		},
	}
}

// left is all that the jobs leave behind, their proofs included.
func (b *bundle) left() string {
	b.t.Helper()
	var out []string
	b.tx(func(tx *db.Tx) error {
		for _, query := range []string{
			`select 'messages of ' || (from_addr->>'address') || ' ' || count(*) from messages group by from_addr order by 1`,
			`select 'bodies ' || text || ' ' || count(*) from message_bodies group by text order by 1`,
			`select 'ledger ' || disposition || ' ' || count(*) from ledger group by disposition order by 1`,
			`select 'indexed ' || count(*) from indexed_addresses`, `select 'participants ' || count(*) from participants`,
			`select 'addresses ' || coalesce(string_agg(address, ' ' order by address), '') from addresses`,
			`select 'correspondence ' || a.address from correspondences c join addresses a on a.id = c.address_id order by 1`,
			`select 'conversations ' || count(*) from conversations`, `select 'withdrawn ' || count(*) from withdrawn_messages`,
			`select 'erasure ' || (finished_at is not null) || ' ' || removed::text from erasures`,
			`select 'mailbox ' || crm_id from mailboxes order by 1`, `select 'removals ' || removals from users`,
			`select 'erased ' || count(*) from audit_log where act = 'erased'`,
			`select 'purged ' || coalesce(sum((effect->>'messages')::int), 0) from audit_log where act = 'mail.purged'`,
		} {
			rows, err := tx.Query(b.t.Context(), query)
			if err != nil {
				return err
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return fmt.Errorf("%w in %s", err, query)
			}
			out = append(out, lines...)
		}
		return nil
	})
	return strings.Join(out, "\n")
}

// TestF42JobsTwiceRescuedAndOutOfOrder: an erasure, the removal of a mailbox and a purge leave the same behind, in whatever order
// they run, and when each is run a second time: while it runs, as one that River takes for lost, and when all is over. Of
// re-stamping TestV09Jobs says the same.
func TestF42JobsTwiceRescuedAndOutOfOrder(t *testing.T) {
	var mu sync.Mutex
	ends := map[string]string{}
	t.Run("ways", func(t *testing.T) {
		for name, way := range map[string]func(jobs []func() error) error{
			"undisturbed": func(jobs []func() error) error {
				return errors.Join(jobs[0](), jobs[1](), jobs[2]())
			},
			"reversed": func(jobs []func() error) error {
				return errors.Join(jobs[2](), jobs[1](), jobs[0]())
			},
			"rescued": func(jobs []func() error) error {
				return errors.Join(atOnce(jobs[0], jobs[0]), atOnce(jobs[1], jobs[1]), atOnce(jobs[2], jobs[2]))
			},
			"all at once, twice": func(jobs []func() error) error {
				return errors.Join(atOnce(append(jobs, jobs...)...), atOnce(jobs...))
			},
		} {
			t.Run(name, func(t *testing.T) {
				b := removals(t)
				if err := way(b.work(t.Context())); err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ends[name] = b.left()
			})
		}
	})
	want := ends["undisturbed"]
	for _, line := range []string{
		fmt.Sprintf("messages of dora@customer.example %d", mailsEach), fmt.Sprintf("bodies from [erased] %d", mailsEach/100),
		fmt.Sprintf("purged %d", mailsEach), "addresses bo@customer.example carl@customer.example dora@customer.example", "mailbox other", "removals 0", "erased 1",
	} {
		if !strings.Contains(want+"\n", line+"\n") {
			t.Errorf("undisturbed, no %q is left:\n%s", line, want)
		}
	}
	if n := strings.Count(want, "messages of "); n != 1 {
		t.Errorf("mail of %d is left, want that of one:\n%s", n, want)
	}
	for name, got := range ends {
		if got != want {
			t.Errorf("%s, left is\n%s\nundisturbed it is\n%s", name, got, want)
		}
	}
}

// atOnce runs jobs beside each other.
func atOnce(jobs ...func() error) error {
	errs := make([]error, len(jobs))
	var all sync.WaitGroup
	for i, job := range jobs {
		all.Go(func() { errs[i] = job() })
	}
	all.Wait()
	return errors.Join(errs...)
}
