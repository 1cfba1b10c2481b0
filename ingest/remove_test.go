package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// removeMail does what a job does for a mailbox that is being removed.
func (b *bundle) removeMail(mailbox string) error {
	b.t.Helper()
	var id int64
	fmt.Sscan(b.one(`select id from mailboxes where crm_id = $1`, mailbox), &id)
	return RemoveMail(b.ctx, b.db, b.acc.ID, id)
}

// TestDeleteRemovesWhatNoOtherMailboxHolds, and shows nothing of the user's until it is done. The same mailbox may be named
// again then, and has its mail again.
func TestDeleteRemovesWhatNoOtherMailboxHolds(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.mailbox("ann-second", "ann")
	b.append("ann-second", "INBOX", mail{id: "1@x", from: "Joe <joe@acme.example>", to: "ann@firm.example", subject: "Offer", body: "How much?"})
	b.sync("ann-box")
	b.sync("ann-second")
	before := b.one(`select count(*) from messages`)
	must(t, b.boxes.Delete(b.ctx, b.acc, "ann-box", DeleteMail))
	must(t, b.boxes.Delete(b.ctx, b.acc, "ann-box", DeleteMail)) // asked again: nothing more
	if got := b.one(`select removals from users where crm_id = 'ann'`); got != "1" {
		t.Fatalf("%s removals hide the user's mail", got)
	}
	h, err := b.boxes.Get(b.ctx, b.acc, "ann-box")
	must(t, err)
	if h.State != "disconnected" || h.Problem == nil {
		t.Errorf("while it is being removed: %+v", h)
	}
	if _, err := b.boxes.Put(b.ctx, b.acc, "ann-box", b.config("ann-box", "ann")); !errors.Is(err, ErrBeingRemoved) {
		t.Errorf("named again meanwhile: %v", err)
	}
	must(t, b.removeMail("ann-box"))
	if got := strings.Join(b.rows(`select header_id from messages`), " "); got != "(1@x)" {
		t.Errorf("left are %s", got)
	}
	if got := b.one(`select removals from users where crm_id = 'ann'`); got != "0" {
		t.Error("the user's other mail stays hidden")
	}
	if _, err := b.boxes.Get(b.ctx, b.acc, "ann-box"); err != ErrNoMailbox {
		t.Errorf("a deleted mailbox gives %v", err)
	}
	b.put("ann-box", "ann")
	b.sync("ann-box")
	if got := b.one(`select count(*) from messages`); got != before {
		t.Errorf("named again, it brought %s messages, want %s", got, before)
	}
	b.checkLedger("ann-box")
}

// TestDeleteGoesOnWhereItWasCutOff: every transaction of a removal may be the last of its process.
func TestDeleteGoesOnWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	b.exec(`update messages set subject = 'kept' where header_id = '1@x'`)
	b.exec(`update ledger set disposition = 'expunged', message_id = null where message_id = (select id from messages where subject = 'kept')`) // policy keep
	must(t, b.boxes.Delete(b.ctx, b.acc, "ann-box", DeleteMail))
	var id int64
	fmt.Sscan(b.one(`select id from mailboxes where crm_id = 'ann-box'`), &id)
	for more, steps := true, 0; more; steps++ {
		ctx, cut := context.WithCancel(b.ctx)
		cut()
		if _, err := removeSome(ctx, b.db, b.acc.ID, id); err == nil {
			t.Fatal("a removal that was cut off went on")
		}
		var err error
		if more, err = removeSome(b.ctx, b.db, b.acc.ID, id); err != nil || steps > 10 {
			t.Fatalf("step %d: %v", steps, err)
		}
	}
	for _, table := range []string{"messages", "message_bodies", "participants", "correspondences", "ledger", "indexed_addresses", "folders", "mailboxes", "reports"} {
		if n := b.one(`select count(*) from ` + table); n != "0" {
			t.Errorf("%s rows are left in %s", n, table)
		}
	}
}

// TestV13DisconnectHoldsAtTheAnswer: a loop that is at work when its mailbox is disconnected stores nothing any more. The mail
// stays, and a PUT goes on where it stopped.
func TestV13DisconnectHoldsAtTheAnswer(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	kept := b.one(`select count(*) from messages`)
	b.append("ann-box", "INBOX", mail{id: "new@x", from: "joe@acme.example", to: "ann@firm.example", subject: "New", body: "new"})
	l := b.dialed("ann-box")
	defer l.disconnect()
	must(t, b.boxes.Delete(b.ctx, b.acc, "ann-box", Disconnect))
	if err := passes(b.ctx, l); !errors.Is(err, errFenced) {
		t.Errorf("a loop of a disconnected mailbox went on: %v", err)
	}
	h, err := b.boxes.Get(b.ctx, b.acc, "ann-box")
	must(t, err)
	if got := b.one(`select count(*) from messages`); got != kept || h.State != "disconnected" {
		t.Errorf("%s messages, had %s; %+v", got, kept, h)
	}
	if got := b.one(`select count(*) from mailboxes where sealed_auth is null`); got != "1" {
		t.Error("the secret of a disconnected mailbox is kept")
	}
	b.put("ann-box", "ann")
	b.sync("ann-box")
	if got := b.one(`select count(*) from messages where header_id = 'new@x'`); got != "1" {
		t.Error("connected again, it did not go on")
	}
	b.checkLedger("ann-box")
}
