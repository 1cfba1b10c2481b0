package ingest

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// office is a mailbox with a bit of everything.
func office(t testing.TB) *bundle { return newBundle(t).furnish() }

// furnish brings users, a card, and a mailbox with a bit of everything.
func (b *bundle) furnish() *bundle {
	b.user("ann", "ann@firm.example")
	b.user("bob", "bob@firm.example")
	b.card("acme", "joe@acme.example", "joe.second@acme.example")
	b.mailbox("ann-box", "ann")
	b.append("ann-box", "INBOX", mail{id: "1@x", from: "Joe <joe@acme.example>", to: "ann@firm.example", subject: "Offer", body: "How much?"}, `\Seen`)
	b.append("ann-box", "Sent", mail{id: "2@x", from: "ann@firm.example", to: "Joe <Joe@ACME.example>", bcc: "hidden@other.example", cc: "bob@firm.example", subject: "Re: Offer", refs: "1@x", body: "Ten."})
	b.append("ann-box", "INBOX", mail{id: "3@x", from: "news@letter.example", to: "ann@firm.example", subject: "News", body: "Buy."})
	b.append("ann-box", "INBOX", mail{id: "4@x", from: "bob@firm.example", to: "ann@firm.example", subject: "Lunch?", body: "Noon."})
	b.append("ann-box", "Archive", mail{id: "5@x", from: "joe.second@acme.example", to: "ann@firm.example", subject: "Other", body: "Hello."})
	b.append("ann-box", "Junk", mail{id: "6@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Spam", body: "Spam."})
	return b
}

func TestSyncOfABitOfEverything(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	want := []string{"Archive/1 stored", "INBOX/1 stored", "INBOX/2 indexed", "INBOX/3 internal", "Sent/1 stored"}
	if got := b.ledger("ann-box"); !slices.Equal(got, want) {
		t.Errorf("ledger %q, want %q", got, want)
	}
	b.checkLedger("ann-box")
	if got := b.one(`select count(distinct thread_id) from messages where header_id in ('1@x', '2@x')`); got != "1" {
		t.Errorf("question and answer are in %s threads", got)
	}
	if got := b.one(`select direction, seen, bcc_addrs->0->>'address', (select string_agg(address, ' ' order by address) from deliveries d where d.message_id = m.id)
		from messages m where header_id = '2@x'`); got != `outbound,f,hidden@other.example,"bob@firm.example hidden@other.example joe@acme.example"` {
		t.Errorf("the answer is %s", got)
	}
	if got := b.one(`select count(*) from messages where seen and header_id = '1@x'`); got != "1" {
		t.Error("the question is not seen")
	}
	// Nothing of unmatched mail is in the clear.
	if got := b.one(`select count(*) from addresses where address like '%letter%'`); got != "0" {
		t.Error("an unmatched address was interned")
	}
	if got := len(b.rows(`select * from indexed_addresses`)); got != 2 {
		t.Errorf("%d hashes of unmatched mail, want 2", got)
	}
	for _, id := range b.rows(`select id from addresses where address in ('joe@acme.example', 'hidden@other.example', 'joe.second@acme.example', 'bob@firm.example', 'ann@firm.example')`) {
		var n int64
		fmt.Sscanf(id, "(%d)", &n)
		if b.met[n] != 1 {
			t.Errorf("address %d was given to the stamper %d times", n, b.met[n])
		}
	}
	h, err := b.boxes.Get(b.ctx, b.acc, "ann-box")
	must(t, err)
	if h.State != "live" || h.Problem != nil || h.LastSync == nil || h.Progress.Done != 5 || h.Progress.Total != 5 {
		t.Errorf("health %+v", h)
	}
}

func TestNothingNewWritesNothing(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	before := b.content()
	var trips int
	n := b.writtenIn(func() {
		l := b.dialed("ann-box")
		defer l.disconnect()
		counted := l.conn.(interface{ RoundTrips() int })
		login := counted.RoundTrips()
		must(t, passes(b.ctx, l))
		trips = counted.RoundTrips() - login
	})
	if n != 0 || before != b.content() {
		t.Errorf("%d writes", n)
	}
	if trips > 2 {
		t.Errorf("%d round trips", trips)
	}
}

func TestF01F02UIDValidityChanges(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	threads := b.rows(`select header_id, id, thread_id from messages order by 1`)
	// The archive is made anew with one message more; the inbox with one message less.
	must(t, b.server.DeleteFolder("ann-box", "Archive"))
	must(t, b.server.CreateFolder("ann-box", "Archive"))
	b.append("ann-box", "Archive", mail{id: "7@x", from: "joe@acme.example", to: "ann@firm.example", subject: "More", body: "More."})
	b.append("ann-box", "Archive", mail{id: "5@x", from: "joe.second@acme.example", to: "ann@firm.example", subject: "Other", body: "Hello."})
	b.sync("ann-box")
	b.checkLedger("ann-box")
	after := b.rows(`select header_id, id, thread_id from messages where header_id <> '7@x' order by 1`)
	if !slices.Equal(threads, after) {
		t.Errorf("messages were %q, are %q", threads, after)
	}
	if got := b.one(`select count(*) from messages`); got != "4" {
		t.Errorf("%s messages, want 4", got)
	}
	if n := b.writtenIn(func() { b.sync("ann-box") }); n != 0 {
		t.Errorf("a further sync wrote %d times", n)
	}
}

func TestF07MissingAndSharedMessageIDs(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.append("ann-box", "INBOX", mail{from: "joe@acme.example", to: "ann@firm.example", subject: "a", body: "one"})
	b.append("ann-box", "INBOX", mail{from: "joe@acme.example", to: "ann@firm.example", subject: "a", body: "two"})
	b.append("ann-box", "INBOX", mail{id: "same@x", from: "joe@acme.example", to: "ann@firm.example", subject: "b", body: "three"})
	b.append("ann-box", "INBOX", mail{id: "same@x", from: "joe@acme.example", to: "ann@firm.example", subject: "b", body: "four"})
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if got := b.one(`select count(*) from messages where subject in ('a', 'b')`); got != "4" {
		t.Errorf("%s messages, want 4", got)
	}
}

func TestF08F09OneMessageInManyPlaces(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.mailbox("bob-box", "bob")
	m := mail{id: "8@x", from: "joe@acme.example", to: "ann@firm.example, bob@firm.example", subject: "Both", body: "Hi."}
	b.append("ann-box", "INBOX", m)
	b.append("ann-box", "Archive", m)
	m.extra = "Received: from elsewhere\r\n"
	b.append("ann-box", "Sent", m)
	b.append("bob-box", "INBOX", m)
	b.sync("ann-box")
	b.sync("bob-box")
	b.checkLedger("ann-box")
	b.checkLedger("bob-box")
	got := b.rows(`select u.crm_id, count(distinct m.id), count(*) from messages m join users u on u.id = m.author_id join ledger l on l.message_id = m.id
		where m.header_id = '8@x' group by 1 order by 1`)
	if want := []string{"(ann,1,3)", "(bob,1,1)"}; !slices.Equal(got, want) {
		t.Errorf("copies %q, want %q", got, want)
	}
}

// F08, where labels are folders and one holds everything: a mail is one message while it is anywhere, and gone when it is nowhere.
func TestF08AllMail(t *testing.T) {
	t.Parallel()
	b := office(t)
	const all = "[Gmail]/All Mail"
	must(t, b.server.CreateFolder("ann-box", all))
	b.wrapped(wrapped{folders: func(folders []imapconn.Folder) {
		for i := range folders {
			if folders[i].Name == all {
				folders[i].Role = "all"
			}
		}
	}})
	m := mail{id: "8@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Everywhere", body: "Hi."}
	for _, folder := range []string{"INBOX", "Archive", all} { // two labels
		b.append("ann-box", folder, m)
	}
	b.append("ann-box", all, mail{id: "9@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Archived", body: "Hi."})
	is := func(want string) {
		t.Helper()
		b.sync("ann-box")
		b.checkLedger("ann-box")
		got := b.rows(`select f.name from ledger l join messages m on m.id = l.message_id join folders f on f.id = l.folder_id where m.header_id = '8@x' order by f.name`)
		if strings.Join(got, " ") != want {
			t.Errorf("it is in %q, want %s", got, want)
		}
	}
	who := func() string { return b.one(`select id, thread_id, stored_at from messages where header_id = '8@x'`) }
	is(`(Archive) (INBOX) ("[Gmail]/All Mail")`)
	first := who()
	if got := b.one(`select count(*) from messages where header_id in ('8@x', '9@x')`); got != "2" {
		t.Errorf("two mails are %s messages", got)
	}
	must(t, b.server.Expunge("ann-box", "INBOX", 4))
	is(`(Archive) ("[Gmail]/All Mail")`)
	must(t, b.server.Expunge("ann-box", "Archive", 2))
	is(`("[Gmail]/All Mail")`)
	b.append("ann-box", "INBOX", m) // the label comes back
	is(`(INBOX) ("[Gmail]/All Mail")`)
	if last := who(); last != first {
		t.Errorf("the message was %s, is %s", first, last)
	}
	must(t, b.server.Expunge("ann-box", all, 1))
	must(t, b.server.Expunge("ann-box", "INBOX", 5))
	is("")
	if got := b.one(`select count(*) from messages where header_id = '8@x'`); got != "0" {
		t.Error("a mail that is nowhere is still a message")
	}
}

// While back-fill is under way the mailbox tells how far it is and for how long.
func TestProgressHasAnEstimate(t *testing.T) {
	t.Parallel()
	b := office(t)
	var seen []Health
	b.opts.commit = func(name string) error {
		h, err := b.boxes.Get(b.ctx, b.acc, "ann-box")
		if name == "batch" {
			seen = append(seen, h)
		}
		return err
	}
	b.sync("ann-box")
	estimated := false
	for i, h := range seen[1:] { // each as the batch before left it
		p := h.Progress
		if h.State != "backfilling" || p.Total != 5 || p.Done <= seen[i].Progress.Done || p.Done >= p.Total {
			t.Errorf("after batch %d the mailbox is %s, %+v", i+1, h.State, p)
		}
		if p.ETASeconds != nil {
			estimated = estimated || *p.ETASeconds >= 0
		}
	}
	if !estimated {
		t.Errorf("no estimate in %d batches", len(seen))
	}
	if p := b.checkHealth("ann-box", "live", "").Progress; p.Done != 5 || p.Total != 5 || p.ETASeconds != nil {
		t.Errorf("in the end %+v", p)
	}
}

func TestF14MovedMessageStays(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	before := b.one(`select id, thread_id, stored_at from messages where header_id = '1@x'`)
	_, err := b.server.Move("ann-box", "INBOX", 1, "Archive")
	must(t, err)
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if after := b.one(`select id, thread_id, stored_at from messages where header_id = '1@x'`); after != before {
		t.Errorf("the moved message was %s, is %s", before, after)
	}
}

// TestF14MovedWhileFoldersAreRead: where a mail went was looked at, or not found changed, before it was missed where it was.
func TestF14MovedWhileFoldersAreRead(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{"INBOX": "Archive", "Archive": "INBOX"} {
		b := office(t)
		b.sync("ann-box")
		const stored = `select id, stored_at from messages where header_id in ('1@x', '5@x') order by id`
		before := b.rows(stored)
		b.append("ann-box", from, mail{id: "7@x", from: "joe@acme.example", to: "ann@firm.example", subject: "New", body: "x"})
		var once sync.Once
		b.wrapped(wrapped{folders: func([]imapconn.Folder) {
			once.Do(func() {
				_, err := b.server.Move("ann-box", from, 1, to)
				must(t, err)
			})
		}})
		b.sync("ann-box")
		b.sync("ann-box")
		b.checkLedger("ann-box")
		if after := b.rows(stored); !slices.Equal(after, before) {
			t.Errorf("from %s to %s: the messages were %q, are %q", from, to, before, after)
		}
	}
}

func TestMirrorAndKeep(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	must(t, b.server.Expunge("ann-box", "Archive", 1))
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if got := b.one(`select count(*) from messages where header_id = '5@x'`); got != "0" {
		t.Error("a deleted message is still there")
	}
	if got := b.one(`select count(*) from correspondences c join addresses a on a.id = c.address_id where a.address = 'joe.second@acme.example'`); got != "0" {
		t.Error("a correspondence without a message is still there")
	}
	l := b.loopOf("ann-box")
	must(t, l.load(b.ctx)) // under the policy before
	must(t, b.db.Tx(b.ctx, b.acc.ID, func(tx *db.Tx) error {
		_, err := tx.Exec(b.ctx, `update accounts set deletion = 'keep'`)
		return err
	}))
	must(t, b.server.Expunge("ann-box", "INBOX", 1))
	must(t, l.dial(b.ctx))
	defer l.disconnect()
	must(t, passes(b.ctx, l))
	if got := b.one(`select count(*) from messages where header_id = '1@x'`); got != "1" {
		t.Error("a message was removed although the account keeps them")
	}
}

func TestBrakeHoldsUntilConfirmedOrBack(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"confirm", "restore"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			b := office(t)
			for i := range 12 {
				b.append("ann-box", "Archive", mail{id: fmt.Sprintf("b%d@x", i), from: "joe@acme.example", to: "ann@firm.example", subject: fmt.Sprint(i), body: "x"})
			}
			b.sync("ann-box")
			count := func() string { return b.one(`select count(*) from messages`) }
			state := func() string { return b.one(`select state from mailboxes`) }
			must(t, b.server.DeleteFolder("ann-box", "Archive"))
			b.sync("ann-box")
			if count() != "15" || state() != "held" {
				t.Fatalf("a vanished folder left %s messages, state %s", count(), state())
			}
			// New mail still comes.
			b.append("ann-box", "INBOX", mail{id: "new@x", from: "joe@acme.example", to: "ann@firm.example", subject: "new", body: "x"})
			b.sync("ann-box")
			if count() != "16" || state() != "held" {
				t.Fatalf("while held there are %s messages, state %s", count(), state())
			}
			want := "3"
			if way == "confirm" {
				b.put("ann-box", "ann")
			} else {
				want = "15"
				must(t, b.server.CreateFolder("ann-box", "Archive"))
				for i := range 12 {
					b.append("ann-box", "Archive", mail{id: fmt.Sprintf("b%d@x", i), from: "joe@acme.example", to: "ann@firm.example", subject: fmt.Sprint(i), body: "x"})
				}
				b.append("ann-box", "Archive", mail{id: "5@x", from: "joe.second@acme.example", to: "ann@firm.example", subject: "Other", body: "Hello."})
				want = "16"
			}
			b.sync("ann-box")
			if count() != want || state() != "live" {
				t.Errorf("after all %s messages, want %s; state %s", count(), want, state())
			}
			b.checkLedger("ann-box")
		})
	}
}

func TestAddressAddedLaterFetchesExactlyItsMail(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.append("ann-box", "Archive", mail{id: "9@x", from: "ann@firm.example", to: "late@lead.example", subject: "Old", body: "old"})
	b.append("ann-box", "Archive", mail{id: "10@x", from: "late@lead.example", to: "ann@firm.example", subject: "Re: Old", refs: "9@x", body: "old too"})
	b.sync("ann-box")
	before := b.one(`select count(*) from messages`)
	b.card("late", "late@lead.example")
	b.sync("ann-box")
	if after := b.one(`select count(*) from messages`); before != "3" || after != "5" {
		t.Errorf("%s messages before, %s after", before, after)
	}
	if got := b.one(`select count(distinct thread_id) from messages where header_id in ('9@x', '10@x')`); got != "1" {
		t.Errorf("they are in %s threads", got)
	}
	if got := b.one(`select count(*) from ledger where wanted`); got != "0" {
		t.Errorf("%s rows are still wanted", got)
	}
	b.checkLedger("ann-box")
}

func TestF44CardEventBetweenMatchAndStore(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.append("ann-box", "Archive", mail{id: "9@x", from: "ann@firm.example", to: "late@lead.example", subject: "Old", body: "old"})
	once := false
	b.opts.commit = func(name string) error {
		if name == "addresses" && !once { // after the match decision, before the batch's transaction
			once = true
			b.opts.commit = nil
			b.card("late", "late@lead.example")
		}
		return nil
	}
	b.sync("ann-box")
	if !once {
		t.Fatal("the event was not in time")
	}
	if got := b.one(`select count(*) from messages where header_id = '9@x'`); got != "1" {
		t.Error("the message that matched while it was stored was not fetched")
	}
}

func TestFlagsFollowTheServer(t *testing.T) {
	t.Parallel()
	b := office(t)
	l := b.sync("ann-box")
	must(t, b.server.SetFlags("ann-box", "Archive", []string{`\Seen`}, 1))
	// Without mod-sequences flags are seen with the next change of the folder.
	b.append("ann-box", "Archive", mail{id: "11@x", from: "news@letter.example", to: "ann@firm.example", body: "x"})
	_ = l
	b.sync("ann-box")
	if got := b.one(`select seen from messages where header_id = '5@x'`); got != "t" {
		t.Error("the flag was not followed")
	}
}

func TestAttachmentOnDemand(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.append("ann-box", "INBOX", mail{id: "a@x", from: "joe@acme.example", to: "ann@firm.example", subject: "File",
		extra: "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n",
		body:  "--B\r\nContent-Type: text/plain\r\n\r\nSee file.\r\n--B\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--B--\r\n"})
	b.sync("ann-box")
	var id int64
	fmt.Sscan(b.one(`select id from messages where header_id = 'a@x'`), &id)
	a, r, err := b.boxes.OpenAttachment(b.ctx, b.acc, id, 1)
	must(t, err)
	defer r.Close()
	got, err := io.ReadAll(r)
	must(t, err)
	if a.Name != "a.pdf" || string(got) != "hello" {
		t.Errorf("attachment %+v %q", a, got)
	}
	if _, _, err := b.boxes.OpenAttachment(b.ctx, b.acc, id+1000, 1); err != ErrNoMessage {
		t.Errorf("an unknown message gives %v", err)
	}
}

func TestPutRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	good := MailboxConfig{User: "ann", Host: "127.0.0.1", Port: 143, TLS: "none", Username: "ann", Auth: MailboxAuth{Password: "x"}}
	for code, change := range map[string]func(*MailboxConfig){
		"invalid_host":        func(c *MailboxConfig) { c.Host = "" },
		"invalid_port":        func(c *MailboxConfig) { c.Port = 0 },
		"invalid_tls":         func(c *MailboxConfig) { c.TLS = "ssl" },
		"invalid_auth":        func(c *MailboxConfig) { c.Auth = MailboxAuth{} },
		"host_forbidden":      func(c *MailboxConfig) { c.Host, c.TLS = "10.0.0.1", "tls" },
		"plaintext_forbidden": func(c *MailboxConfig) { c.Host = "192.0.2.1" },
		"invalid_id":          func(c *MailboxConfig) { c.User = "" },
		"invalid_username":    func(c *MailboxConfig) { c.Username = "a\r\nb" },
		"invalid_window":      func(c *MailboxConfig) { c.WindowMonths = -1 },
	} {
		cfg := good
		change(&cfg)
		_, err := b.boxes.Put(b.ctx, b.acc, "box", cfg)
		if invalid, ok := err.(*InvalidConfig); !ok || invalid.Code != code {
			t.Errorf("%s: got %v", code, err)
		}
	}
	_, err := b.boxes.Put(b.ctx, b.acc, "box", good)
	must(t, err)
	good.User = "bob"
	if _, err := b.boxes.Put(b.ctx, b.acc, "box", good); err == nil || !strings.Contains(err.Error(), "user_cannot_change") {
		t.Errorf("another user: %v", err)
	}
	if secret := b.one(`select encode(sealed_auth, 'escape') from mailboxes`); strings.Contains(secret, "password") {
		t.Error("the secret is not sealed")
	}
}

// TestBodiesInPieces: each message of a batch has its own text, whatever went in one statement.
func TestBodiesInPieces(t *testing.T) {
	t.Parallel()
	b := joesMailbox(t)
	want := map[string]int{}
	for i, size := range []int{10, 100_000, 0, 100_000, 100_000, 300_000, 20} {
		subject := fmt.Sprint("s", i)
		want[subject] = size
		b.append("ann-box", "INBOX", mail{id: subject + "@x", from: "joe@acme.example", to: "ann@firm.example", subject: subject, body: strings.Repeat(fmt.Sprint(i), size)})
	}
	b.sync("ann-box")
	for subject, size := range want {
		got := b.one(`select length(b.text) || ' ' || (b.text = repeat(substr(m.subject, 2), $2)) from (select message_id, rtrim(text, chr(10)) as text from message_bodies) b join messages m on m.id = b.message_id
			where m.subject = $1`, subject, size)
		if got != fmt.Sprintf("%q", fmt.Sprint(size, " true")) {
			t.Errorf("%s: %s, want %d", subject, got, size)
		}
	}
}
