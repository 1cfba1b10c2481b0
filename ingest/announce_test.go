package ingest

import (
	"fmt"
	"slices"
	"testing"
)

// announced is what the CRM is told, oldest first, since the last call.
func (b *bundle) announced() []string {
	b.t.Helper()
	events := b.rows(`select concat_ws(' ', o.type, m.header_id, a.address, o.status, o.class, o.code, x.crm_id) from outbox o
		left join messages m on m.id = o.message_id left join addresses a on a.id = o.address_id left join mailboxes x on x.id = o.mailbox_id
		order by o.id`)
	for i := range events {
		events[i] = events[i][1 : len(events[i])-1]
		if events[i][0] == '"' {
			events[i] = events[i][1 : len(events[i])-1]
		}
	}
	b.exec(`delete from outbox`)
	return events
}

// TestEventsOfMailAreAnnouncedOnce (I6): a stored message, a changed delivery and a synced mailbox are told once, whatever is read
// again; of a blind copy nothing is told.
func TestEventsOfMailAreAnnouncedOnce(t *testing.T) {
	t.Parallel()
	b := office(t)
	expect := func(what string, want ...string) {
		t.Helper()
		if got := b.announced(); !slices.Equal(got, want) {
			t.Errorf("%s: announced\n%q, want\n%q", what, got, want)
		}
	}
	b.sync("ann-box")
	b.announced()
	b.append("ann-box", "Sent", mail{id: "out@x", from: "ann@firm.example", to: "third@other.example", bcc: "joe@acme.example", subject: "x", body: "x"})
	b.append("ann-box", "Sent", mail{id: "open@x", from: "ann@firm.example", to: "joe@acme.example", subject: "y", body: "y"})
	b.sync("ann-box")
	expect("two sent mails", "message.stored open@x", "message.stored out@x") // newest first
	b.append("ann-box", "INBOX", bounce("r1@x", "open@x", "delayed", "4.4.1"))
	b.sync("ann-box")
	expect("a report of delay", "delivery.changed open@x joe@acme.example delayed unreachable 4.4.1")
	b.append("ann-box", "INBOX", bounce("r2@x", "open@x", "failed", "5.1.1"))
	b.append("ann-box", "INBOX", bounce("r3@x", "open@x", "delayed", "4.4.1"))
	b.append("ann-box", "INBOX", bounce("r4@x", "out@x", "failed", "5.1.1"))
	b.sync("ann-box")
	expect("a bounce, a late report of delay, and a bounce of the blind copy", "delivery.changed open@x joe@acme.example bounced unknown_user 5.1.1")
	b.sync("ann-box")
	expect("nothing new")
}

// TestNamedConversationIsAnnounced: a conversation that blind copies made is told once mail names it to its readers, and then no more;
// once, too, on a deal that has the address from two contacts.
func TestNamedConversationIsAnnounced(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.card("blind", "eve@acme.example")
	b.card("also", "eve@acme.example")
	b.exec(`insert into cards (account_id, kind, crm_id, state) values ($1, 'deal', 'order', 'open')`, b.acc.ID)
	b.exec(`insert into deal_contacts (account_id, deal_id, contact_id, since)
		select d.account_id, d.id, c.id, now() from cards d, cards c where d.crm_id = 'order' and c.crm_id in ('blind', 'also')`)
	b.append("ann-box", "Sent", mail{id: "1b@x", from: "ann@firm.example", to: "joe@acme.example", bcc: "eve@acme.example", subject: "x", body: "x"})
	b.sync("ann-box")
	b.exec(`insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked, reason)
		select k.account_id, c.author_id, k.id, c.address_id, k.kind, true, false, 'setting_nobody'
		from cards k, correspondences c join addresses a on a.id = c.address_id where k.crm_id = 'order' and a.address = 'eve@acme.example'`)
	b.announced()
	for i, want := range [][]string{{"message.stored 2b@x"}, {"message.stored 3b@x", "thread.stamped eve@acme.example"}, {"message.stored 4b@x"}} {
		m := mail{id: fmt.Sprint(i+2, "b@x"), from: "ann@firm.example", to: "eve@acme.example", subject: fmt.Sprint(i), body: "x"}
		if i == 0 {
			m.to, m.bcc = "joe@acme.example", m.to
		}
		b.append("ann-box", "Sent", m)
		b.sync("ann-box")
		if got := b.announced(); !slices.Equal(got, want) {
			t.Errorf("announced %q, want %q", got, want)
		}
	}
}
