package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// aged appends the i-th message of a folder, which arrived some years ago.
func (b *bundle) aged(folder string, i, years int) uint32 {
	b.t.Helper()
	id := fmt.Sprint(folder, i)
	return b.append("ann-box", folder, mail{id: id + "@x", from: "joe@acme.example", to: "ann@firm.example", subject: id, body: "x", at: time.Now().AddDate(-years, 0, -7)})
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
				b.aged(folder, i, 3)
			} else {
				want = append(want, fmt.Sprintf("%s/%d stored", folder, b.aged(folder, i, 1)))
			}
		}
	}
	cfg := b.config("ann-box", "ann")
	cfg.Folders = []string{"INBOX", "Sent", "Archive", "Old", "Moved"}
	_, err := b.boxes.Put(b.ctx, b.acc, "ann-box", cfg)
	must(t, err)
	var headers []string
	b.wrapped(wrapped{headers: func(uids imapconn.UIDRanges) { headers = append(headers, uids.String()) }})
	b.sync("ann-box")
	check := func() {
		t.Helper()
		slices.Sort(want)
		if got := b.ledger("ann-box"); !slices.Equal(got, want) {
			t.Errorf("the ledger (+) is not what is within the window (-):\n%s", diff(strings.Join(want, "\n"), strings.Join(got, "\n")))
		}
	}
	check()
	headers = nil
	b.sync("ann-box")
	uid := b.aged("INBOX", 70, 0)
	b.sync("ann-box")
	want = append(want, fmt.Sprintf("INBOX/%d stored", uid))
	check()
	if got := strings.Join(headers, " "); got != fmt.Sprint(uid) {
		t.Errorf("the headers of %s were read after the first sync, want only that of %d, which came then", got, uid)
	}
}

// TestBackfillIsNotDatedAgain: mail that comes during a back-fill has its own date asked for, not that of all that is to be filled in,
// and where the first message is within the window nothing else's is.
func TestBackfillIsNotDatedAgain(t *testing.T) {
	t.Parallel()
	b := joesMailbox(t)
	for i := range 20 {
		b.aged("INBOX", i, 1)
	}
	var dates []string
	b.wrapped(wrapped{dates: func(uids imapconn.UIDRanges) { dates = append(dates, uids.String()) }})
	l := b.dialed("ann-box")
	defer l.disconnect()
	must(t, l.visitAll(b.ctx))
	if len(dates) > 0 {
		t.Errorf("the dates of %s were asked for", dates)
	}
	uid := b.aged("INBOX", 20, 0)
	must(t, l.visitAll(b.ctx))
	if got, want := strings.Join(dates, " "), uidset.Of(uid).String(); got != want {
		t.Errorf("the dates of %s were asked for, want those of %s", got, want)
	}
	must(t, passes(b.ctx, l))
	b.checkLedger("ann-box")
}
