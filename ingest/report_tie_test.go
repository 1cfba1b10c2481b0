package ingest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/ingest/plan"
)

// dsn is a report as systems write it; empty fields are left out.
type dsn struct {
	id, to                  string // of the mail: Message-ID, and where it is sent
	final, original, action string
	status, envelope        string
	returned                string // lines of the returned header
	arrival                 string
	at                      time.Time

	disposition, about string // MDN
}

func (d dsn) mail() mail {
	var group, head strings.Builder
	line := func(b *strings.Builder, name, value string) {
		if value != "" {
			fmt.Fprintf(b, "%s: %s\r\n", name, value)
		}
	}
	m := mail{id: d.id, from: "MAILER-DAEMON@mx.example", to: d.to, subject: "Undelivered Mail", at: d.at}
	if m.to == "" {
		m.to = "ann@firm.example"
	}
	m.extra = "Return-Path: <>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=R\r\n"
	if d.disposition != "" {
		m.from, m.subject = d.final, "Read: it"
		m.extra = "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=disposition-notification; boundary=R\r\n"
		line(&group, "Final-Recipient", "rfc822; "+d.final)
		line(&group, "Original-Message-ID", "<"+d.about+">")
		line(&group, "Disposition", d.disposition)
		m.body = "--R\r\nContent-Type: text/plain\r\n\r\nRead.\r\n--R\r\nContent-Type: message/disposition-notification\r\n\r\n" + group.String() + "\r\n--R--\r\n"
		return m
	}
	line(&head, "Reporting-MTA", "dns; mx.example")
	line(&head, "Original-Envelope-Id", d.envelope)
	line(&head, "Arrival-Date", d.arrival)
	if d.original != "" {
		line(&group, "Original-Recipient", "rfc822; "+d.original)
	}
	line(&group, "Final-Recipient", "rfc822; "+d.final)
	line(&group, "Action", d.action)
	line(&group, "Status", d.status)
	m.body = "--R\r\nContent-Type: text/plain\r\n\r\nSorry about this one.\r\n--R\r\nContent-Type: message/delivery-status\r\n\r\n" + head.String() + "\r\n" + group.String() + "\r\n"
	if d.returned != "" {
		m.body += "--R\r\nContent-Type: text/rfc822-headers\r\n\r\n" + d.returned + "\r\n\r\n"
	}
	m.body += "--R--\r\n"
	return m
}

// delivered is a message's deliveries: "address status class code hard", sorted.
func (b *bundle) delivered(id string) string {
	b.t.Helper()
	rows := b.rows(`select d.address || ' ' || d.status || coalesce(' ' || d.class, '') || coalesce(' ' || d.code, '') || case when d.hard then ' hard' else '' end
		from deliveries d join messages m on m.id = d.message_id where m.header_id = $1`, id)
	for i := range rows {
		rows[i] = strings.Trim(rows[i], `()"`)
	}
	slices.Sort(rows)
	return strings.Join(rows, ", ")
}

// A report is tied by what it names, strongest first, and to nothing else. The forged ones know something of the message, but not
// enough.
func TestReportsAreTiedByWhatTheyName(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.user("ann", "ann@firm.example")
	b.user("bob", "bob@firm.example")
	b.card("acme", "joe@acme.example", "list@acme.example", "eve@acme.example", "time@acme.example", "twice@acme.example", "ask@acme.example")
	b.mailbox("ann-box", "ann")
	b.mailbox("bob-box", "bob")
	sent := func(n int, to string) {
		b.append("ann-box", "Sent", mail{id: fmt.Sprintf("out%d@x", n), from: "ann@firm.example", to: to, subject: fmt.Sprintf("Subject %d", n),
			body: "x", at: day.Add(time.Duration(n) * time.Hour)})
	}
	date := func(n int) string { return day.Add(time.Duration(n) * time.Hour).Format(time.RFC1123Z) }
	const joe = "joe@acme.example"
	type try struct {
		name string
		to   string // of the message
		dsn
		mailbox string
		want    string // status of the message's first recipient
	}
	tries := []try{
		{name: "Message-ID", to: joe, dsn: dsn{final: joe, returned: "Message-ID: <out%d@x>"}, want: "bounced unknown_user 5.1.1 hard"},
		{name: "as the sender wrote it", to: "list@acme.example", dsn: dsn{final: "other@else.example", original: "list@acme.example", returned: "Message-ID: <out%d@x>"}, want: "bounced unknown_user 5.1.1 hard"},
		{name: "envelope id", to: joe, dsn: dsn{final: joe, envelope: "+3Cout%d@x+3E"}, want: "bounced unknown_user 5.1.1 hard"},
		{name: "VERP", to: joe, dsn: dsn{to: "bounces-x-joe=acme.example@firm.example", final: "moved@else.example", returned: "Message-ID: <out%d@x>"}, want: "bounced unknown_user 5.1.1 hard"},
		{name: "recipient and date", to: "time@acme.example", dsn: dsn{final: "time@acme.example", returned: "From: ann@firm.example\r\nDate: {date}"}, want: "bounced unknown_user 5.1.1 hard"},
		{name: "forged: another's message", to: joe, dsn: dsn{final: joe, returned: "Message-ID: <out%d@x>"}, mailbox: "bob-box", want: "sent"},
		{name: "forged: no such message", to: joe, dsn: dsn{final: joe, returned: "Message-ID: <guess%d@x>"}, want: "sent"},
		{name: "forged: not its recipient", to: joe, dsn: dsn{final: "eve@acme.example", returned: "Message-ID: <out%d@x>"}, want: "sent"},
		{name: "forged: recipient alone", to: "ask@acme.example", dsn: dsn{final: "ask@acme.example"}, want: "sent"},
		{name: "forged: the right time, a wrong id", to: joe, dsn: dsn{final: joe, returned: "Message-ID: <no%d@x>\r\nDate: {date}"}, want: "sent"},
		{name: "a reader's program failed", to: joe, dsn: dsn{final: joe, disposition: "automatic-action/MDN-sent-automatically; failed", about: "out%d@x"}, want: "delivered"},
	}
	for i := range tries {
		r := &tries[i]
		sent(i, r.to)
		r.id, r.at = fmt.Sprintf("r%d@mx", i), day.Add(time.Duration(i)*time.Hour+time.Minute)
		if r.action, r.status = "failed", "5.1.1"; r.mailbox == "" {
			r.mailbox = "ann-box"
		}
		for _, s := range []*string{&r.returned, &r.envelope, &r.about} {
			if strings.Contains(*s, "%d") {
				*s = fmt.Sprintf(*s, i)
			}
			*s = strings.ReplaceAll(*s, "{date}", date(i))
		}
		b.append(r.mailbox, "INBOX", r.mail())
	}
	// Two messages in the time of a report that names none: it could be either, whatever it returned.
	for n := 50; n < 52; n++ {
		sent(n, "twice@acme.example")
	}
	b.append("ann-box", "INBOX", dsn{id: "both@mx", final: "twice@acme.example", action: "failed", status: "5.1.1", returned: "From: ann@firm.example\r\nDate: " + date(50), at: day.Add(53 * time.Hour)}.mail())
	b.sync("ann-box")
	b.sync("bob-box")
	for i, r := range tries {
		if got := b.delivered(fmt.Sprintf("out%d@x", i)); got != r.to+" "+r.want {
			t.Errorf("%s: %q, want %q", r.name, got, r.want)
		}
	}
	for n := 50; n < 52; n++ {
		if got := b.delivered(fmt.Sprintf("out%d@x", n)); got != "twice@acme.example sent" {
			t.Errorf("an ambiguous report: %q", got)
		}
	}
	if got := b.one(`select count(*) from reports where message_id is null`); got != "6" {
		t.Errorf("%s unmatched reports, want 6", got)
	}
	// Nothing of what does not match is in the clear, and nothing opens it.
	if rows := b.rows(`select 1 from reports r where r::text like '%acme%' or r::text like '%Sorry%' or r::text like '%guess%'`); len(rows) > 0 {
		t.Error("a kept report tells of whom it is")
	}
	if got := b.one(`select count(*) from delivery_events where passage = ''`); got != "0" {
		t.Errorf("%s events have no passage", got)
	}
	b.checkLedger("ann-box")
}

// Whatever the order, the passes between, and the copies: the same evidence ends in the same rows.
func TestEvidenceInAnyOrder(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.user("ann", "ann@firm.example")
	b.mailbox("ann-box", "ann")
	rng := rand.New(rand.NewPCG(7, 7))
	const orders = 5
	type piece struct {
		folder string
		mail
	}
	scenarios := map[string]struct {
		pieces []string
		want   string
	}{
		"systems":   {[]string{"sent", "delay", "relay", "soft", "hard", "auto"}, "bounced unknown_user 5.1.1 hard"},
		"a reader":  {[]string{"sent", "delay", "hard", "mdn", "auto", "away"}, "displayed"},
		"an answer": {[]string{"sent", "soft", "mdn", "answer", "early", "auto"}, "replied"},
		"nameless":  {[]string{"sent", "delay", "nameless"}, "bounced mailbox_full 5.2.2"},
		"ambiguous": {[]string{"sent", "delay", "nameless", "second"}, "delayed unreachable 4.4.1"},
	}
	trial := 0
	for name, s := range scenarios {
		results := map[string]bool{}
		for range orders {
			trial++
			joe, out := fmt.Sprintf("joe%d@acme.example", trial), fmt.Sprintf("out%d@x", trial)
			b.card("acme", joe)
			id := func(what string) string { return fmt.Sprintf("%s%d@mx", what, trial) }
			returned := "Message-ID: <" + out + ">"
			all := map[string]piece{
				"sent":     {"Sent", mail{id: out, from: "ann@firm.example", to: joe, cc: "third@other.example", subject: "Offer", body: "x"}},
				"second":   {"Sent", mail{id: "second" + out, from: "ann@firm.example", to: joe, subject: "Another", body: "x", at: day.Add(time.Hour)}},
				"delay":    {"INBOX", dsn{id: id("d"), final: joe, action: "delayed", status: "4.4.1", returned: returned, at: day.Add(time.Minute)}.mail()},
				"relay":    {"INBOX", dsn{id: id("l"), final: joe, action: "relayed", status: "2.0.0", returned: returned, at: day.Add(2 * time.Minute)}.mail()},
				"soft":     {"INBOX", dsn{id: id("s"), final: joe, action: "failed", status: "5.2.2", returned: returned, at: day.Add(3 * time.Minute)}.mail()},
				"hard":     {"Archive", dsn{id: id("h"), final: joe, action: "failed", status: "5.1.1", returned: returned, at: day.Add(4 * time.Minute)}.mail()},
				"mdn":      {"INBOX", dsn{id: id("m"), final: joe, disposition: "manual-action/MDN-sent-manually; displayed", about: out, at: day.Add(5 * time.Minute)}.mail()},
				"nameless": {"INBOX", dsn{id: id("n"), final: joe, action: "failed", status: "5.2.2", returned: "From: ann@firm.example\r\nDate: " + day.Format(time.RFC1123Z), at: day.Add(2 * time.Hour)}.mail()},
				"answer":   {"INBOX", mail{id: id("a"), from: strings.ToUpper(joe[:1]) + joe[1:], to: "ann@firm.example", subject: "Re: Offer", refs: out, body: "Yes.", at: day.Add(3 * time.Hour)}},
				"early":    {"INBOX", mail{id: id("e"), from: joe, to: "ann@firm.example", subject: "Re: Offer", refs: out, body: "Hm.", at: day.Add(time.Hour)}},
				"away":     {"INBOX", mail{id: id("w"), from: joe, to: "ann@firm.example", subject: "Automatische Antwort: Offer", refs: out, body: "Weg.", at: day.Add(2 * time.Second)}},
				"auto": {"INBOX", mail{id: id("o"), from: joe, to: "ann@firm.example", subject: "Away", refs: out, body: "Away.", at: day.Add(time.Second),
					extra: "Auto-Submitted: auto-replied\r\n"}},
			}
			var order []piece
			for _, p := range s.pieces {
				order = append(order, all[p])
				if rng.IntN(3) == 0 && p != "sent" && p != "second" { // a copy in another folder
					order = append(order, piece{"Archive", all[p].mail})
				}
			}
			rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			for _, p := range order {
				b.append("ann-box", p.folder, p.mail)
				if rng.IntN(3) == 0 {
					b.sync("ann-box")
				}
			}
			b.sync("ann-box")
			got := b.delivered(out)
			if want := joe + " " + s.want + ", third@other.example sent"; got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
			at := b.rows(`select d.at, d.status from deliveries d join messages m on m.id = d.message_id where m.header_id = $1 order by d.address`, out)
			events := b.rows(`select e.source, e.status, e.class, e.code, e.hard, e.at, e.passage from delivery_events e join messages m on m.id = e.message_id
				where m.header_id = $1 order by e.at, e.status`, out)
			results[strings.NewReplacer(joe, "joe", out, "out").Replace(fmt.Sprint(at, events))] = true
		}
		if len(results) != 1 {
			t.Errorf("%s: %d different ends", name, len(results))
			for r := range results {
				t.Log(r)
			}
		}
	}
	if n := b.writtenIn(func() { b.sync("ann-box") }); n != 0 {
		t.Errorf("a further sync wrote %d times", n)
	}
	if got := b.one(`select count(*) from delivery_events where source <> 'answer' and passage = ''`); got != "0" {
		t.Errorf("%s events have no passage", got)
	}
	if got := b.one(`select count(*) from messages where subject in ('Undelivered Mail', 'Read: it')`); got != "0" {
		t.Error("a report was stored as mail")
	}
	b.checkLedger("ann-box")
}

// A message that goes takes its history along, and finds its reports again when it comes back.
func TestRemovedMessageFindsItsReportsAgain(t *testing.T) {
	t.Parallel()
	b := office(t)
	out := mail{id: "out@x", from: "ann@firm.example", to: "joe@acme.example", subject: "x", body: "x"}
	uid := b.append("ann-box", "Sent", out)
	b.append("ann-box", "INBOX", bounce("r@x", "out@x", "failed", "5.1.1"))
	b.sync("ann-box")
	must(t, b.server.Expunge("ann-box", "Sent", uid))
	b.sync("ann-box")
	if got := b.one(`select count(*) filter (where message_id is null) from reports`); got != "1" {
		t.Fatalf("%s unmatched reports after the message went", got)
	}
	b.append("ann-box", "Sent", out)
	b.sync("ann-box")
	if got := b.delivered("out@x"); got != "joe@acme.example bounced unknown_user 5.1.1 hard" {
		t.Errorf("after it came back: %s", got)
	}
}

func TestWhatIsReadForReports(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		header   string
		size     int64
		outbound bool
		want     bool
	}{
		{header: "Content-Type: multipart/report; boundary=x", want: true},
		{header: "Content-Type: multipart/report; boundary=x", outbound: true},
		{header: "Content-Type: multipart/report; boundary=x", size: formalReportBytes + 1},
		{header: "Return-Path: <>", want: true},
		{header: "X-Failed-Recipients: a@b.example", want: true},
		{header: "From: Mail Delivery System <x@y.example>", want: true},
		{header: "From: MAILER-DAEMON@y.example", size: 3 << 20, want: true},
		{header: "From: a@b.example\r\nSubject: Undeliverable: offer", want: true},
		{header: "From: a@b.example\r\nSubject: Undeliverable: offer", size: wordedReportBytes + 1},
		{header: "From: jira@b.example\r\nAuto-Submitted: auto-generated\r\nSubject: [X-1] done"},
		{header: "From: a@b.example\r\nSubject: Hello"},
	} {
		e := &entry{header: message.ParseHeader([]byte(tc.header + "\r\n\r\n")), size: tc.size, digest: []byte{1}, verdict: plan.Verdict{Outbound: tc.outbound}}
		if got := mayReport(e); got != tc.want {
			t.Errorf("%q of %d bytes, outbound %v: %v", tc.header, tc.size, tc.outbound, got)
		}
	}
}
