package jobs

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

const kim = "kim@customer.example"

// mail stores n mails between ada and kim, each with a body that names kim, and one between ada and nobody that does so too.
func (b *bundle) mail(n int) {
	b.t.Helper()
	b.exec(`insert into threads (account_id, author_id) select account_id, author_id from correspondences`)
	b.exec(`with made as (
			insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, from_addr, address_ids)
			select c.account_id, c.author_id, t.id, sha256(n::text::bytea), n, now() - n * interval '1 minute', 'inbound',
			       jsonb_build_object('name', 'Kim', 'address', 'kim@customer.example'), case when n = 0 then '{}' else array[c.address_id] end
			from correspondences c, threads t, generate_series(0, $1) n returning *),
		bodies as (insert into message_bodies (account_id, message_id, text) select account_id, id, 'from kim@customer.example' from made)
		insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
		select account_id, author_id, address_ids[1], date, sort_key, id from made where address_ids <> '{}'`, n)
}

// TestEraseGoesOnWhereItWasCutOff: whenever an erasure is interrupted, what it had noted is removed, the rest is not lost, and the
// end is the same.
func TestEraseGoesOnWhereItWasCutOff(t *testing.T) {
	b := setup(t)
	b.mail(3000)
	e, err := Erasures{b.db}.Request(t.Context(), b.acc, "KIM@customer.example")
	if err != nil {
		t.Fatal(err)
	}
	if n := b.count("select count(*) from participants"); n != 0 {
		t.Fatalf("%d messages can still be reached at the answer", n)
	}
	args := eraseArgs{b.acc.ID, int64(b.count("select id from erasures"))}
	cuts := 0
	for limit := 5 * time.Millisecond; ; limit = limit*5/4 + time.Millisecond {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		err := erase(ctx, b.db, args)
		cancel()
		if err == nil {
			break
		}
		if cuts++; ctx.Err() == nil || cuts > 50 {
			t.Fatalf("cut off %d times: %v", cuts, err)
		}
	}
	if cuts == 0 {
		t.Error("it was never cut off")
	}
	if err := erase(t.Context(), b.db, args); err != nil { // once more: nothing to do
		t.Fatal(err)
	}
	if e, err = (Erasures{b.db}).Get(t.Context(), b.acc, e.Job); err != nil {
		t.Fatal(err)
	}
	if e.State != "done" || e.Removed["messages"] != 3000 || e.Removed["message_bodies"] != 3000 || e.Removed["participants"] != 3000 ||
		e.Removed["message_bodies redacted"] != 1 || e.Removed["messages redacted"] != 1 {
		t.Errorf("after %d cuts: %+v", cuts, e)
	}
	for _, table := range []string{"addresses", "correspondences", "conversations", "card_addresses", "withdrawn_messages"} {
		if n := b.count("select count(*) from " + table); n != 0 {
			t.Errorf("%d rows left in %s", n, table)
		}
	}
	if n := b.count("select count(*) from message_bodies where text = 'from [erased]'"); n != 1 {
		t.Error("the mail of others is not what it was but for the address")
	}
}

// TestEraseAFormerUser: whoever was a user is erased with all own mail, name and login, once the CRM has deleted the user.
func TestEraseAFormerUser(t *testing.T) {
	b := setup(t)
	b.mail(20)
	b.tell(false, &visibility.UserUpserted{ID: "ada", Version: 2, Name: "Ada", Addresses: []string{"ada@us.example"}})
	b.exec(`with own as (select a.account_id, a.id, u.id as author_id from addresses a, users u where a.address = 'ada@us.example'),
		met as (insert into correspondences (account_id, author_id, address_id, last_at) select account_id, author_id, id, now() from own),
		named as (update messages set address_ids = address_ids || (select id from own))
		insert into participants select m.account_id, m.author_id, own.id, m.date, m.sort_key, m.id from messages m, own`)
	b.exec(`insert into mailboxes (account_id, crm_id, user_id, host, port, tls, username) select account_id, 'm', id, 'h', 1, 'tls', 'Ada@us.example' from users`)
	if _, err := (Erasures{b.db}).Request(t.Context(), b.acc, "ada@us.example"); !errors.Is(err, visibility.ErrAddressOfUser) {
		t.Fatalf("a user was erased: %v", err)
	}
	b.tell(false, &visibility.UserDeleted{ID: "ada", Version: 3})
	if _, err := (Erasures{b.db}).Request(t.Context(), b.acc, "ada@us.example"); err != nil {
		t.Fatal(err)
	}
	if err := erase(t.Context(), b.db, eraseArgs{b.acc.ID, int64(b.count("select max(id) from erasures"))}); err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"messages", "message_bodies", "participants", "correspondences", "user_addresses", "users where name <> ''",
		"mailboxes where username <> ''", "addresses where address = 'ada@us.example'"} {
		if n := b.count("select count(*) from " + of); n != 0 {
			t.Errorf("%d rows left of %s", n, of)
		}
	}
}

// TestEraseEndsThoughALoginTakesTheAddress: a mailbox that is named after the request, with the address as its login, holds no
// erasure up.
func TestEraseEndsThoughALoginTakesTheAddress(t *testing.T) {
	b := setup(t)
	b.mail(20)
	b.tell(false, &visibility.UserUpserted{ID: "ada", Version: 2, Name: "Ada", Addresses: []string{"ada@us.example"}})
	if _, err := (Erasures{b.db}).Request(t.Context(), b.acc, kim); err != nil {
		t.Fatal(err)
	}
	b.exec(`insert into mailboxes (account_id, crm_id, user_id, host, port, tls, username) select account_id, 'm', id, 'h', 1, 'tls', $1 from users`, kim)
	if err := erase(t.Context(), b.db, eraseArgs{b.acc.ID, int64(b.count("select max(id) from erasures"))}); err != nil {
		t.Fatal(err)
	}
	if n := b.count("select count(*) from erasures where finished_at is null"); n != 0 {
		t.Error("the erasure did not end")
	}
}

// TestLostRemovalsAreQueuedAgain: a removal whose job is gone is found by the sweep, and no job is queued twice.
func TestLostRemovalsAreQueuedAgain(t *testing.T) {
	b := setup(t)
	if _, err := (Erasures{b.db}).Request(t.Context(), b.acc, kim); err != nil {
		t.Fatal(err)
	}
	b.exec(`insert into mailboxes (account_id, crm_id, user_id, host, port, tls, username, removing) select account_id, 'm', id, 'h', 1, 'tls', 'u', true from users`)
	b.exec(`update users set removals = 1`)
	b.exec("delete from river_job")
	b.sweep()
	b.sweep()
	if n := b.count("select count(*) from river_job where queue = 'removals'"); n != 2 {
		t.Fatalf("%d jobs, want one for each removal", n)
	}
	b.start()
	b.await("select (select count(*) from erasures where finished_at is null) + (select count(*) from mailboxes) + (select sum(removals) from users)", 0)
}

// TestPurgeAfterGrace: blocking purges when the grace period is over by the clock of the job; unblocking before then does not.
func TestPurgeAfterGrace(t *testing.T) {
	b := setup(t)
	b.mail(2)
	now := time.Now()
	w := &purger{db: b.db, now: func() time.Time { return now }}
	purge := func(after time.Duration) {
		t.Helper()
		now = time.Now().Add(after)
		if err := w.Work(t.Context(), &river.Job[purgeArgs]{}); err != nil {
			t.Fatal(err)
		}
	}
	block := func(version int64, entries ...visibility.BlockEntry) {
		b.tell(false, &visibility.BlocklistChanged{Version: version, Entries: entries})
	}
	block(1, visibility.BlockEntry{Domain: "customer.example"})
	purge(purgeGrace - time.Minute)
	block(2)
	purge(purgeGrace + time.Hour)
	if n := b.count("select count(*) from messages"); n != 3 {
		t.Fatalf("%d of 3 messages are left: unblocked in time, or blocked for less than the grace period", n)
	}
	block(3, visibility.BlockEntry{Card: &visibility.CardRef{Kind: rules.Lead, ID: "l"}})
	purge(purgeGrace + time.Hour)
	if n := b.count("select count(*) from messages"); n != 1 {
		t.Errorf("%d messages are left, want the one that is nobody's", n)
	}
	if n := b.count("select count(*) from audit_log where act = 'mail.purged' and effect = '{\"messages\": 2}'"); n != 1 {
		t.Error("the trail does not say so")
	}
	var trail error
	b.tx(func(tx *db.Tx) error {
		_, trail = tx.VerifyAudit(t.Context(), func(db.AuditHead) {})
		return nil
	})
	if trail != nil {
		t.Error(trail)
	}
}
