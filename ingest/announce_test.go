package ingest

import (
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
