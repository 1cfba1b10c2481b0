package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// datedOn counts what a server was asked of the dates of messages, and of whose headers.
type datedOn struct {
	conn
	dates, headers *[]string
}

func (c datedOn) UIDsSince(ctx context.Context, uids imapconn.UIDRanges, since time.Time) (imapconn.UIDRanges, error) {
	*c.dates = append(*c.dates, uids.String())
	return c.conn.UIDsSince(ctx, uids, since)
}

func (c datedOn) AskHeaders(uids imapconn.UIDRanges, fn func(imapconn.HeaderItem) error) imapconn.Answer {
	*c.headers = append(*c.headers, uids.String())
	return c.conn.AskHeaders(uids, fn)
}

// datedOn makes the bundle's connections count.
func (b *bundle) datedOn() (dates, headers *[]string) {
	dates, headers = new([]string), new([]string)
	b.opts.dial = func(ctx context.Context, cfg imapconn.Config) (conn, error) {
		c, err := dialIMAP(ctx, cfg)
		return datedOn{c, dates, headers}, err
	}
	return dates, headers
}

// joesMailbox is an empty mailbox of ann's, who has a card of Joe.
func joesMailbox(t *testing.T) *bundle {
	b := newBundle(t)
	b.user("ann", "ann@firm.example")
	b.card("acme", "joe@acme.example")
	b.mailbox("ann-box", "ann")
	return b
}

// aged appends a message that arrived some years ago.
func (b *bundle) aged(folder string, years int) uint32 {
	b.t.Helper()
	at := time.Now().AddDate(-years, 0, -7)
	n := b.one(`select nextval('accounts_id_seq')`)
	m := mail{id: n + "@x", from: "joe@acme.example", to: "ann@firm.example", subject: "s" + n, body: "x", at: at}
	uid, err := b.server.Append("ann-box", folder, nil, at, m.raw())
	must(b.t, err)
	return uid
}

// TestWindow: of each folder the mail within the window has its place in the ledger, and what is older has none, in whatever order
// it came to the folder. What is left out stays left out, and is not read again.
func TestWindow(t *testing.T) {
	t.Parallel()
	b := joesMailbox(t)
	var want []string
	for folder, old := range map[string]func(i int) bool{
		"INBOX":   func(i int) bool { return i%3 == 1 },        // the first is within
		"Sent":    func(int) bool { return false },             // all are
		"Archive": func(i int) bool { return i < 30 },          // the first are not
		"Old":     func(int) bool { return true },              // none is
		"Moved":   func(i int) bool { return i > 0 && i < 60 }, // one came before many that had been elsewhere
	} {
		if folder == "Old" || folder == "Moved" {
			must(t, b.server.CreateFolder("ann-box", folder))
		}
		for i := range 70 {
			if old(i) {
				b.aged(folder, 3)
			} else {
				want = append(want, fmt.Sprintf("%s/%d stored", folder, b.aged(folder, 1)))
			}
		}
	}
	cfg := b.config("ann-box", "ann")
	cfg.Folders = []string{"INBOX", "Sent", "Archive", "Old", "Moved"}
	_, err := b.boxes.Put(b.ctx, b.acc, "ann-box", cfg)
	must(t, err)
	_, headers := b.datedOn()
	b.sync("ann-box")
	check := func() {
		t.Helper()
		slices.Sort(want)
		if got := b.ledger("ann-box"); !slices.Equal(got, want) {
			t.Errorf("the ledger (+) is not what is within the window (-):\n%s", diff(strings.Join(want, "\n"), strings.Join(got, "\n")))
		}
	}
	check()
	*headers = nil
	b.sync("ann-box")
	uid := b.aged("INBOX", 0)
	b.sync("ann-box")
	want = append(want, fmt.Sprintf("INBOX/%d stored", uid))
	check()
	if got := strings.Join(*headers, " "); got != fmt.Sprint(uid) {
		t.Errorf("the headers of %s were read after the first sync, want only that of %d, which came then", got, uid)
	}
}

// TestBackfillIsNotDatedAgain: mail that comes during a back-fill has its own date asked for, not that of all that is to be filled in,
// and where the first message is within the window nothing else's is.
func TestBackfillIsNotDatedAgain(t *testing.T) {
	t.Parallel()
	b := joesMailbox(t)
	for range 20 {
		b.aged("INBOX", 1)
	}
	dates, _ := b.datedOn()
	l := b.dialed("ann-box")
	defer l.disconnect()
	must(t, l.visitAll(b.ctx))
	if len(*dates) > 0 {
		t.Errorf("the dates of %s were asked for", *dates)
	}
	uid := b.aged("INBOX", 0)
	must(t, l.visitAll(b.ctx))
	if got, want := strings.Join(*dates, " "), uidset.Of(uid).String(); got != want {
		t.Errorf("the dates of %s were asked for, want those of %s", got, want)
	}
	must(t, passes(b.ctx, l))
	b.checkLedger("ann-box")
}
