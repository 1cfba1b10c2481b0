package ingest

import (
	"fmt"
	"testing"
)

// bounce is a report on a message to joe.
func bounce(id, original, action, status string) mail {
	return mail{
		id: id, from: "MAILER-DAEMON@mx.example", to: "ann@firm.example", subject: "Undelivered Mail",
		extra: "Return-Path: <>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=R\r\n",
		body: fmt.Sprintf("--R\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--R\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"+
			"Final-Recipient: rfc822; joe@acme.example\r\nAction: %s\r\nStatus: %s\r\n\r\n--R\r\nContent-Type: text/rfc822-headers\r\n\r\n"+
			"From: ann@firm.example\r\nTo: joe@acme.example\r\nMessage-ID: <%s>\r\n\r\n--R--\r\n", action, status, original),
	}
}

func TestReportsMeetTheirMessagesInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"message first", "report first", "together"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			b := office(t)
			message := func() {
				b.append("ann-box", "Sent", mail{id: "out@x", from: "ann@firm.example", to: "joe@acme.example", cc: "third@other.example", subject: "x", body: "x"})
			}
			reports := func() {
				b.append("ann-box", "INBOX", bounce("r2@x", "out@x", "failed", "5.1.1"))
				b.append("ann-box", "INBOX", bounce("r1@x", "out@x", "delayed", "4.4.1"))
				b.append("ann-box", "INBOX", bounce("r3@x", "nothing@x", "failed", "5.1.1"))
			}
			steps := []func(){message, reports}
			if order == "report first" {
				steps[0], steps[1] = steps[1], steps[0]
			}
			for _, step := range steps {
				step()
				if order != "together" {
					b.sync("ann-box")
				}
			}
			b.sync("ann-box")
			if got := b.one(`select string_agg(d.address || ' ' || d.status || coalesce(' ' || d.class || ' ' || d.code, ''), ', ' order by d.address)
				from deliveries d join messages m on m.id = d.message_id where m.header_id = 'out@x'`); got != `"joe@acme.example bounced unknown_user 5.1.1, third@other.example sent"` {
				t.Errorf("deliveries %s", got)
			}
			if got := b.one(`select count(*) from messages where subject like 'Undelivered%'`); got != "0" {
				t.Error("a report was stored as mail")
			}
			if got := b.one(`select count(*) from reports`); got != "3" {
				t.Errorf("%s rows of reports, want 3", got)
			}
			b.checkLedger("ann-box")
			if n := b.writtenIn(func() { b.sync("ann-box") }); n != 0 {
				t.Errorf("a further sync wrote %d times", n)
			}
		})
	}
}
