package ingest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/db"
)

// block puts an address on ann's block list as an event would, or takes all of it off again.
func (b *bundle) block(addresses ...string) {
	b.exec(`insert into blocklists (account_id, user_id) select account_id, id from users where crm_id = 'ann' on conflict do nothing`)
	b.exec(`delete from blocklist_entries`)
	for _, a := range addresses {
		b.exec(`insert into blocklist_entries (account_id, blocklist_id, address) select account_id, id, $1 from blocklists`, a)
	}
	must(b.t, b.db.Tx(b.ctx, b.acc.ID, func(tx *db.Tx) error {
		_, err := tx.Exec(b.ctx, `update correspondences c set blocked_at = case when is_blocked(account_id, author_id, address_id) then now() end, purged_at = null
			where (blocked_at is not null) <> is_blocked(account_id, author_id, address_id)`)
		return err
	}))
	b.exec(`update ledger l set wanted = true from indexed_addresses i join addresses a on a.hash = i.hash
		where l.disposition in ('indexed', 'blocked', 'internal') and not is_blocked(i.account_id, i.author_id, a.id)
		  and exists (select from card_reach r where r.account_id = a.account_id and r.address_id = a.id)
		  and l.account_id = i.account_id and l.folder_id = i.folder_id and l.uid_validity = i.uid_validity and l.uid = i.uid`)
}

const grace = 30 * 24 * time.Hour

func (b *bundle) purgeAt(now time.Time) int {
	b.t.Helper()
	n, err := Purge(b.ctx, b.db, b.acc.ID, now, grace)
	must(b.t, err)
	return n
}

// TestPurge: what is blocked goes when the grace period is over and not before; what has another counterpart stays; unblocking
// fetches exactly what was purged.
func TestPurge(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.append("ann-box", "INBOX", mail{id: "7@x", from: "joe@acme.example", to: "ann@firm.example", cc: "joe.second@acme.example", subject: "Both", body: "both"})
	b.sync("ann-box")
	before := b.content()
	now := time.Now()
	b.block("joe@acme.example")
	if n := b.purgeAt(now.Add(grace - time.Hour)); n != 0 {
		t.Errorf("%d messages were purged within the grace period", n)
	}
	if n := b.purgeAt(now.Add(grace + time.Hour)); n != 2 {
		t.Errorf("%d messages were purged, want 2", n)
	}
	if got := strings.Join(b.rows(`select header_id from messages order by 1`), " "); got != "(5@x) (7@x)" {
		t.Errorf("left are %s", got)
	}
	want := "Archive/1 stored INBOX/1 blocked INBOX/2 indexed INBOX/3 internal INBOX/4 stored Sent/1 blocked"
	if got := strings.Join(b.ledger("ann-box"), " "); got != want {
		t.Errorf("ledger %s, want %s", got, want)
	}
	for _, table := range []string{"message_bodies", "deliveries", "participants"} {
		if n := b.one(`select count(*) from ` + table + ` where message_id not in (select id from messages)`); n != "0" {
			t.Errorf("%s rows of purged mail are left in %s", n, table)
		}
	}
	if n := b.purgeAt(now.Add(grace + 2*time.Hour)); n != 0 {
		t.Errorf("a second run purged %d", n)
	}
	b.sync("ann-box")
	if n := b.one(`select count(*) from messages`); n != "2" {
		t.Errorf("a sync brought blocked mail back: %s messages", n)
	}
	b.block()
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if after := b.content(); withoutEvents(after) != withoutEvents(before) {
		t.Errorf("after unblocking it is not what it was:\n%s\n---\n%s", after, before)
	}
	if n := b.one(`select count(*) from outbox where type = 'message.stored'`); n != "6" {
		t.Errorf("the CRM is told of %s stored messages, want four and the two that were fetched again", n)
	}
}

// withoutEvents is content but for what the CRM was told on the way.
func withoutEvents(content string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(content, "\n"), func(line string) bool { return strings.HasPrefix(line, "(event,") }), "\n")
}

// TestPurgeWithdrawsInternalMail: mail with somebody who became a user is internal mail.
func TestPurgeWithdrawsInternalMail(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	b.user("second", "joe.second@acme.example")
	b.block()
	if n := b.purgeAt(time.Now().Add(grace + time.Hour)); n != 1 {
		t.Errorf("%d messages were withdrawn, want the one among users", n)
	}
	if got := strings.Join(b.ledger("ann-box"), " "); !strings.Contains(got, "Archive/1 internal") {
		t.Errorf("ledger %s", got)
	}
}

// TestPurgeKeepsWhatIsNotBlocked: a card that is gone blocks nobody.
func TestPurgeKeepsWhatIsNotBlocked(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	b.exec(`update cards set state = 'deleted'`)
	b.block("someone@else.example")
	if n := b.purgeAt(time.Now().Add(grace + time.Hour)); n != 0 {
		t.Errorf("%d messages were purged though nobody is blocked", n)
	}
}

// TestPurgeWaitsForDisconnectedMailboxes: what could not be fetched again stays until it can.
func TestPurgeWaitsForDisconnectedMailboxes(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	b.block("joe@acme.example")
	state := b.one(`select state from mailboxes where crm_id = 'ann-box'`)
	b.exec(`update mailboxes set state = 'disconnected' where crm_id = 'ann-box'`)
	if n := b.purgeAt(time.Now().Add(grace + time.Hour)); n != 0 {
		t.Errorf("%d messages were purged that no mailbox can bring back", n)
	}
	b.exec(`update mailboxes set state = $1 where crm_id = 'ann-box'`, state)
	if n := b.purgeAt(time.Now().Add(2*grace + 2*time.Hour)); n != 2 {
		t.Errorf("%d messages were purged once it is read again, want 2", n)
	}
}
