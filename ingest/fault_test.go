package ingest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// faulty is a connection to the real server that does not tell everything, or ends too soon. A nil hook does nothing.
type faulty struct {
	conn
	examine func(*imapconn.Selected)
	uids    func(imapconn.UIDRanges) imapconn.UIDRanges
	header  func(*imapconn.HeaderItem) (drop bool, err error)
	body    func(*imapconn.BodyItem) (drop bool, err error)
	batch   func(imapconn.UIDRanges) // of which the headers are asked for
}

func (b *bundle) faulty(f faulty) {
	b.opts.dial = func(ctx context.Context, cfg imapconn.Config) (conn, error) {
		c, err := dialIMAP(ctx, cfg)
		f := f
		f.conn = c
		return &f, err
	}
}

var errCut = &imapconn.Error{Op: "fetch", Kind: imapconn.KindClosed}

func (f *faulty) Examine(ctx context.Context, name string) (imapconn.Selected, error) {
	sel, err := f.conn.Examine(ctx, name)
	if f.examine != nil {
		f.examine(&sel)
	}
	return sel, err
}

// LookAhead tells nothing of what the hooks change: they are asked when the folders are opened one by one.
func (f *faulty) LookAhead(ctx context.Context, names []string, from time.Time) (map[string]imapconn.Look, string, error) {
	if f.examine != nil || f.uids != nil {
		return nil, "", nil
	}
	return f.conn.LookAhead(ctx, names, from)
}

func (f *faulty) UIDs(ctx context.Context, since time.Time) (imapconn.UIDRanges, error) {
	uids, err := f.conn.UIDs(ctx, since)
	if f.uids != nil {
		uids = f.uids(uids)
	}
	return uids, err
}

func (f *faulty) AskHeaders(uids imapconn.UIDRanges, fn func(imapconn.HeaderItem) error) imapconn.Answer {
	if f.batch != nil {
		f.batch(uids)
	}
	if f.header == nil {
		return f.conn.AskHeaders(uids, fn)
	}
	var missing []uint32
	return answered(f.conn.AskHeaders(uids, func(item imapconn.HeaderItem) error {
		if drop, err := f.header(&item); err != nil || drop {
			missing = append(missing, item.UID)
			return err
		}
		return fn(item)
	}), &missing)
}

func (f *faulty) AskBodies(uids imapconn.UIDRanges, most int64, fn func(imapconn.BodyItem) error) imapconn.Answer {
	if f.body == nil {
		return f.conn.AskBodies(uids, most, fn)
	}
	var missing []uint32
	return answered(f.conn.AskBodies(uids, most, func(item imapconn.BodyItem) error {
		if drop, err := f.body(&item); err != nil || drop {
			missing = append(missing, item.UID)
			return err
		}
		return fn(item)
	}), &missing)
}

// answered is an answer that more is missing in.
func answered(answer imapconn.Answer, missing *[]uint32) imapconn.Answer {
	return func(ctx context.Context) (imapconn.UIDRanges, error) {
		more, err := answer(ctx)
		return more.Union(uidset.Of(*missing...)), err
	}
}

// syncThrough syncs over as many connections as it takes.
func (b *bundle) syncThrough(mailbox string) {
	b.t.Helper()
	l := b.loopOf(mailbox)
	var err error
	for range 60 {
		if err = b.trySync(l); err == nil {
			return
		}
	}
	b.t.Fatalf("no end after 60 connections: %v", err)
}

// many is an office with n more messages, every other of them matching.
func many(t testing.TB, n int) *bundle {
	b := office(t)
	for i := range n {
		from := "joe@acme.example"
		if i%2 == 1 {
			from = "someone@else.example"
		}
		b.append("ann-box", "INBOX", mail{
			id: fmt.Sprintf("m%d@x", i), from: from, to: "ann@firm.example", subject: fmt.Sprintf("S %d", i),
			body: strings.Repeat("text ", 20), at: day.Add(time.Duration(i) * time.Hour),
		})
	}
	return b
}

func TestF12F15OmittedMessagesAreAskedForAgain(t *testing.T) {
	t.Parallel()
	b := many(t, 30)
	omitted := map[uint32]bool{}
	short := 0
	b.faulty(faulty{
		header: func(item *imapconn.HeaderItem) (bool, error) { // each third is left out once
			if item.UID%3 == 0 && !omitted[item.UID] {
				omitted[item.UID] = true
				return true, nil
			}
			return false, nil
		},
		uids: func(all imapconn.UIDRanges) imapconn.UIDRanges { // the first listing is short
			if short++; short == 1 {
				return all.Subtract(uidset.Between(5, 9))
			}
			return all
		},
	})
	b.syncThrough("ann-box")
	b.checkLedger("ann-box")
	if got := b.rows(`select 1 from ledger where disposition in ('quarantined', 'expunged')`); len(got) != 0 {
		t.Errorf("%d messages were given up", len(got))
	}
	// A listing that lacks what is held deletes nothing.
	before := b.content()
	b.faulty(faulty{uids: func(all imapconn.UIDRanges) imapconn.UIDRanges { return all.Subtract(uidset.Between(3, 20)) }})
	l := b.loopOf("ann-box")
	b.exec(`update folders set uid_next = 0`) // look at every folder
	if err := b.trySync(l); err != nil {
		t.Fatal(err)
	}
	b.opts.dial = nil
	b.sync("ann-box")
	if after := b.content(); after != before {
		t.Error("a short listing changed what is held")
	}
}

func TestF15NeverDeliveredIsQuarantinedWithReason(t *testing.T) {
	t.Parallel()
	b := many(t, 10)
	b.faulty(faulty{header: func(item *imapconn.HeaderItem) (bool, error) { return item.UID == 7, nil }})
	l := b.loopOf("ann-box")
	for range maxFetchTries + 1 {
		must(t, b.trySync(l))
	}
	b.checkLedger("ann-box")
	if !slices.Contains(b.ledger("ann-box"), "INBOX/7 quarantined not_delivered") {
		t.Errorf("ledger %q", b.ledger("ann-box"))
	}
	b.checkHealth("ann-box", "live", "mail_missing")
	// Saving the mailbox has it tried at once.
	b.opts.dial = nil
	b.put("ann-box", "ann")
	b.sync("ann-box")
	if !slices.Contains(b.ledger("ann-box"), "INBOX/7 indexed") {
		t.Errorf("after a PUT: %q", b.ledger("ann-box"))
	}
	b.checkHealth("ann-box", "live", "")
}

func TestF13MailArrivesWhileFetching(t *testing.T) {
	t.Parallel()
	b := many(t, 10)
	n := 0
	b.faulty(faulty{
		examine: func(sel *imapconn.Selected) { n = b.arrive(n) },
		header:  func(*imapconn.HeaderItem) (bool, error) { n = b.arrive(n); return false, nil },
	})
	b.syncThrough("ann-box")
	b.checkLedger("ann-box")
	if n == 0 {
		t.Error("nothing arrived")
	}
}

// arrive brings a message, ten in all.
func (b *bundle) arrive(n int) int {
	if n < 10 {
		b.append("ann-box", "INBOX", mail{id: fmt.Sprintf("late%d@x", n), from: "joe@acme.example", to: "ann@firm.example", body: "x"})
		return n + 1
	}
	return n
}

func TestF20F21CutConnectionsLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	undisturbed := many(t, 40)
	undisturbed.sync("ann-box")
	b := many(t, 40)
	cuts, random := 0, rand.New(rand.NewPCG(1, 2))
	hit := map[uint32]int{}
	// What cuts the connection each time it is asked for alone is given up by design: no UID is hit so often.
	cut := func(uid uint32) error {
		if cuts < 20 && hit[uid] < maxFetchTries-1 && random.IntN(8) == 0 {
			cuts++
			hit[uid]++
			return errCut
		}
		return nil
	}
	b.faulty(faulty{
		header: func(item *imapconn.HeaderItem) (bool, error) { return false, cut(item.UID) },
		body:   func(item *imapconn.BodyItem) (bool, error) { return false, cut(item.UID) },
	})
	b.syncThrough("ann-box")
	b.checkLedger("ann-box")
	if got := b.rows(`select 1 from ledger where disposition = 'quarantined'`); len(got) != 0 {
		t.Errorf("%d messages were given up for random cuts", len(got))
	}
	if !sameContent(b.content(), undisturbed.content()) {
		t.Error("the end differs from that of an undisturbed run")
	}
}

// subjectKeyHex finds a keyed hash in a row of content.
var subjectKeyHex = regexp.MustCompile(`([,}"\])\d]),[0-9a-f]{32}\b`)

// sameContent compares but for the keyed hashes, which differ between accounts.
func sameContent(a, c string) bool { return unhash(a) == unhash(c) }

func unhash(s string) string {
	var out []string
	for _, line := range strings.Split(s, "\n") {
		if strings.HasPrefix(line, "(message,") || strings.HasPrefix(line, "(ledger,") || strings.HasPrefix(line, "(folder,") ||
			strings.HasPrefix(line, "(participant,") || strings.HasPrefix(line, "(correspondence,") || strings.HasPrefix(line, "(delivery,") {
			out = append(out, subjectKeyHex.ReplaceAllString(line, "$1,"))
		}
	}
	return strings.Join(out, "\n")
}

func TestMessageThatBreaksEachConnectionIsBisectedAndQuarantined(t *testing.T) {
	t.Parallel()
	b := many(t, 40)
	// UID 6 never comes; UID 8 comes the last time that it is asked for.
	alone, times := false, 0
	b.faulty(faulty{
		batch: func(uids imapconn.UIDRanges) { alone = uids.Count() == 1 },
		body: func(item *imapconn.BodyItem) (bool, error) {
			switch {
			case item.UID == 8 && alone && times < maxFetchTries-1:
				times++
				return false, errCut
			case item.UID == 6, item.UID == 8 && !alone:
				return false, errCut
			}
			return false, nil
		},
	})
	b.syncThrough("ann-box")
	b.checkLedger("ann-box")
	if got := b.rows(`select f.name, l.uid, l.reason from ledger l join folders f on f.id = l.folder_id where disposition = 'quarantined'`); !slices.Equal(got, []string{"(INBOX,6," + reasonConnection + ")"}) {
		t.Errorf("given up: %q", got)
	}
	for _, f := range b.checkHealth("ann-box", "live", "mail_missing").Folders { // it is shown where it is missing
		if want := map[string]int64{"INBOX": 1}[f.Name]; f.Quarantined != want {
			t.Errorf("%s shows %d messages as quarantined, want %d", f.Name, f.Quarantined, want)
		}
	}
	if times != maxFetchTries-1 {
		t.Errorf("UID 8 cut %d connections while it was asked for alone", times)
	}
	if n := b.writtenIn(func() { b.sync("ann-box") }); n != 0 {
		t.Errorf("within the day a further sync wrote %d times", n)
	}
	// A day later it is tried once, after the new mail, and given up again at once.
	aDayLater := func() {
		b.exec(`update ledger set tried_at = tried_at - interval '1 day' where account_id = $1`, b.acc.ID)
	}
	aDayLater()
	b.append("ann-box", "INBOX", mail{id: "new@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	l := b.loopOf("ann-box")
	if err := b.trySync(l); imapconn.KindOf(err) != imapconn.KindClosed {
		t.Errorf("UID 6 was not tried again: %v", err)
	}
	if got := b.one(`select count(*) from messages where header_id = 'new@x'`); got != "1" {
		t.Error("the new mail waited for UID 6")
	}
	must(t, b.trySync(l))
	b.checkHealth("ann-box", "live", "mail_missing")
	// Once the line is good, the next day brings what it cost.
	b.opts.dial = nil
	aDayLater()
	b.sync("ann-box")
	if ledger := b.ledger("ann-box"); !slices.Contains(ledger, "INBOX/6 stored") {
		t.Errorf("a day later: %q", ledger)
	}
	b.checkHealth("ann-box", "live", "")
}

func TestF34F35BadMailCostsItselfOnly(t *testing.T) {
	t.Parallel()
	b := many(t, 5)
	deep := "MIME-Version: 1.0\r\n"
	body := ""
	for i := range 300 {
		deepPart := fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n", i)
		if i == 0 {
			deep += deepPart
		} else {
			body += fmt.Sprintf("--b%d\r\n%s\r\n", i-1, deepPart)
		}
	}
	b.append("ann-box", "INBOX", mail{id: "deep@x", from: "joe@acme.example", to: "ann@firm.example", extra: deep, body: body})
	b.append("ann-box", "INBOX", mail{id: "year@x", from: "joe@acme.example", to: "ann@firm.example", body: "x", at: day.AddDate(-50, 0, 0)})
	if _, err := b.server.Append("ann-box", "INBOX", nil, day, []byte("From: joe@acme.example\r\nTo: ann@firm.example\r\nDate: no date\r\nSubject: =?nonsense?Q?=FF?=\r\nContent-Type: text/plain; charset=klingon\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%\x00\xff\r\n")); err != nil {
		t.Fatal(err)
	}
	b.append("ann-box", "INBOX", mail{id: "next@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	large := uint32(6)
	b.faulty(faulty{body: func(item *imapconn.BodyItem) (bool, error) {
		if item.UID == large {
			item.Raw, item.Err = nil, imapconn.ErrTooLarge
		}
		return false, nil
	}})
	b.syncThrough("ann-box")
	ledger := strings.Join(b.ledger("ann-box"), "\n")
	for _, want := range []string{"INBOX/6 quarantined too_large", "INBOX/9 quarantined " + message.ReasonTooDeep, "INBOX/11 stored", "INBOX/12 stored"} {
		if !strings.Contains(ledger, want) {
			t.Errorf("no %q in the ledger:\n%s", want, ledger)
		}
	}
	// A mail without a usable date stands where the server received it.
	if got := b.one(`select count(*) from messages where header_id = '' and date = $1`, day); got != "1" {
		t.Error("a mail without a date has no place in time")
	}
}

func TestF36ParserPanicCostsItsMessageOnly(t *testing.T) {
	// Not parallel: the parser is the process's.
	good := parseBody
	defer func() { parseBody = good }()
	parseBody = func(raw []byte, limits message.Limits) (message.Message, error) {
		if strings.Contains(string(raw), "m4@x") {
			panic("poison")
		}
		return good(raw, limits)
	}
	b := many(t, 10)
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if got := b.rows(`select reason from ledger where disposition = 'quarantined'`); !slices.Equal(got, []string{"(parser_panic)"}) {
		t.Errorf("quarantined: %q", got)
	}
}

func TestF03FlappingUIDValidityIsParked(t *testing.T) {
	t.Parallel()
	b := office(t)
	n := uint32(1000)
	b.faulty(faulty{examine: func(sel *imapconn.Selected) {
		if sel.Name == "Archive" {
			n++
			sel.UIDValidity = n
		}
	}})
	l := b.loopOf("ann-box")
	writes := b.writtenIn(func() {
		for range 20 {
			must(t, b.trySync(l))
		}
	})
	b.checkHealth("ann-box", "error", "folder_flapping")
	if writes > 60 {
		t.Errorf("%d writes: the folder is synced again and again", writes)
	}
	if got := b.one(countMessages); got != "3" {
		t.Errorf("%s messages, want 3", got)
	}
}

// An INBOX that flaps rests too: the loop waits for the next timed pass, and does not open it again and again.
func TestF03FlappingInboxIsParked(t *testing.T) {
	t.Parallel()
	b := office(t)
	opened := 0
	b.faulty(faulty{examine: func(sel *imapconn.Selected) {
		if sel.Name == "INBOX" {
			opened++
			sel.UIDValidity = uint32(1000 + opened)
		}
	}})
	l := b.dialed("ann-box")
	defer l.disconnect()
	for ready := false; !ready; {
		var err error
		ready, err = l.work(b.ctx)
		must(t, err)
		if opened > 2*maxRevalidations {
			t.Fatalf("INBOX was opened %d times", opened)
		}
	}
	b.checkHealth("ann-box", "error", "folder_flapping")
}

// diff lists the lines that only one side has, or has more often.
func diff(a, c string) string {
	var out []string
	right := strings.Split(c, "\n")
	for _, l := range strings.Split(a, "\n") {
		if i := slices.Index(right, l); i >= 0 {
			right = slices.Delete(right, i, i+1)
		} else {
			out = append(out, "- "+l)
		}
	}
	for _, l := range right {
		out = append(out, "+ "+l)
	}
	return strings.Join(out, "\n")
}

func TestThreadsDoNotDependOnTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	mails := []mail{
		{id: "t1@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Plan", body: "1"},
		{id: "t2@x", from: "ann@firm.example", to: "joe@acme.example", subject: "Re: Plan", refs: "t1@x", body: "2"},
		{id: "t3@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Re: Plan", refs: "t1@x t2@x", body: "3"},
		{id: "u1@x", from: "someone@else.example", to: "ann@firm.example", subject: "Fwd", refs: "t3@x", body: "4"}, // unmatched, links two
		{id: "t4@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Elsewhere", refs: "u1@x", body: "5"},
		{id: "s1@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Invoice", body: "6"},
		{id: "s2@x", from: "ann@firm.example", to: "joe@acme.example", subject: "AW: invoice", body: "7", at: day.AddDate(0, 0, 3)},
		{id: "s3@x", from: "ann@firm.example", to: "joe@acme.example", subject: "Invoice", body: "8", at: day.AddDate(0, 0, 60)},
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 8 {
		b := joesMailbox(t)
		for _, i := range random.Perm(len(mails)) {
			b.append("ann-box", []string{"INBOX", "Sent", "Archive"}[random.IntN(3)], mails[i])
			if random.IntN(2) == 0 {
				b.sync("ann-box")
			}
		}
		b.sync("ann-box")
		got := b.rows(`select string_agg(header_id, ' ' order by header_id) from messages group by thread_id order by min(header_id)`)
		if !slices.Equal(got, []string{`("s1@x s2@x")`, "(s3@x)", `("t1@x t2@x t3@x t4@x")`}) {
			t.Fatalf("threads %q", got)
		}
		if n := b.one(`select count(*) from threads t where merged_into is not null and exists (select from threads o where o.id = t.merged_into and o.merged_into is not null)`); n != "0" {
			t.Error("a merged thread leads to a merged thread")
		}
	}
}

func TestBlockedMailIsNotFetched(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.exec(`insert into blocklists (account_id, user_id) select account_id, id from users where crm_id = 'ann'`)
	b.exec(`insert into blocklist_entries (account_id, blocklist_id, domain) select account_id, id, 'acme.example' from blocklists`)
	b.sync("ann-box")
	if got := b.ledger("ann-box"); !slices.Contains(got, "INBOX/1 blocked") || b.one(countMessages) != "0" {
		t.Errorf("ledger %q", got)
	}
	b.exec(`delete from blocklist_entries`)
	b.exec(`update ledger set wanted = true where disposition = 'blocked'`)
	b.sync("ann-box")
	if got := b.one(countMessages); got != "3" {
		t.Errorf("unblocked, there are %s messages", got)
	}
}

// F24: a folder of which the server refuses the older messages is put off, and the mailbox says so; the others are read
// meanwhile, over the same connection, and the folder's turn comes again.
func TestF24BackfillRefusedInOneFolder(t *testing.T) {
	t.Parallel()
	b := many(t, 30)
	b.append("ann-box", "Sent", mail{id: "s1@x", from: "ann@firm.example", to: "joe@acme.example", subject: "Sent", body: "text", at: day})
	b.opts.Timing.Pass = time.Hour
	opened, refuses := "", true
	b.faulty(faulty{
		examine: func(sel *imapconn.Selected) { opened = sel.Name },
		header: func(*imapconn.HeaderItem) (bool, error) {
			if refuses && opened == "INBOX" {
				return false, &imapconn.Error{Op: "fetch headers", Kind: imapconn.KindRefused, Detail: "NO"}
			}
			return false, nil
		},
	})
	l := b.dialed("ann-box")
	defer l.disconnect()
	must(t, passes(b.ctx, l))
	if got := b.one(`select state, problem_code from mailboxes where crm_id = 'ann-box'`); got != "live,folder_refused" {
		t.Errorf("while refused: %s", got)
	}
	for _, row := range b.ledger("ann-box") {
		if strings.HasPrefix(row, "INBOX/") {
			t.Errorf("in the ledger: %s", row)
		}
	}
	if len(b.ledger("ann-box")) == 0 {
		t.Error("the other folder was not read")
	}
	if got := b.one(`select uid_next from folders where name = 'INBOX'`); got != "0" {
		t.Errorf("the folder's cursor was saved: %s", got)
	}

	refuses = false
	l.folders["INBOX"].refusedUntil = time.Now()
	must(t, passes(b.ctx, l))
	if got := b.one(`select state, problem_code from mailboxes where crm_id = 'ann-box'`); got != "live," {
		t.Errorf("afterwards: %s", got)
	}
	b.checkLedger("ann-box")
}

// F24 with F10: a folder made anew, whose mail the server does not give for now, does not cost the mail of its life before.
func TestF24RefusedFolderKeepsItsFormerMail(t *testing.T) {
	t.Parallel()
	b := many(t, 12)
	only := mail{id: "only@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Only", body: "text", at: day}
	b.append("ann-box", "Sent", only)
	opened, refuses := "", false
	b.opts.Timing.Pass = time.Hour
	b.faulty(faulty{
		examine: func(sel *imapconn.Selected) { opened = sel.Name },
		header: func(*imapconn.HeaderItem) (bool, error) {
			if refuses && opened == "Sent" {
				return false, &imapconn.Error{Op: "fetch headers", Kind: imapconn.KindRefused, Detail: "NO"}
			}
			return false, nil
		},
	})
	pass := func() {
		t.Helper()
		l := b.dialed("ann-box")
		defer l.disconnect()
		must(t, passes(b.ctx, l))
	}
	pass()
	const query = `select string_agg(id::text, ',') from messages where subject = 'Only'`
	before := b.one(query)
	if before == "" {
		t.Fatal("the mail was not stored")
	}
	must(t, b.server.DeleteFolder("ann-box", "Sent"))
	must(t, b.server.CreateFolder("ann-box", "Sent"))
	b.append("ann-box", "Sent", only)
	refuses = true
	pass()
	if got := b.one(query); got != before {
		t.Errorf("while refused the mail is %q, was %q", got, before)
	}
	refuses = false
	pass()
	if got := b.one(query); got != before {
		t.Errorf("afterwards the mail is %q, was %q", got, before)
	}
	b.checkLedger("ann-box")
}
