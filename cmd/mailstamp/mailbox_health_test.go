//go:build unix

package main_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/testenv"
)

// metric is one line's value of /metrics, "" when it is not there.
func (o *localOffice) metric(line string) string {
	o.Helper()
	res, err := http.Get(o.worker.AdminURL + "/metrics")
	if err != nil {
		o.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		o.Fatal(err)
	}
	for l := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(l, line+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// doctor runs the doctor and expects it to find a problem, or none, and to say what is wanted.
func (o *localOffice) doctor(well bool, want ...string) {
	o.Helper()
	out, err := o.program.Try(o, "doctor")
	if (err == nil) != well {
		o.Errorf("doctor: %v\n%s", err, out)
	}
	for _, w := range want {
		if !strings.Contains(string(out), w) {
			o.Errorf("doctor does not say %q:\n%s", w, out)
		}
	}
}

// maxHeldPasses are the one that was asked for, and some that the machine was slow to end.
const maxHeldPasses = 5

// TestMailboxHealth: a mailbox in trouble says what is wrong, since when and what to do, the same by API, doctor and metrics; and
// mass deletion waits for a word (SPEC 5).
func TestMailboxHealth(t *testing.T) {
	t.Parallel()
	o := newLocalOffice(t, "MAILSTAMP_LOG=debug")
	o.letters("INBOX", 12)
	o.letters("Sent", 3)
	o.put(1) // where nobody listens
	o.await(syncPatience, "error", 0)
	h := o.health()
	if h.ProblemCode != "unreachable" || h.ProblemToDo == "" || h.ProblemSince == nil || !strings.HasSuffix(h.Problem, h.ProblemToDo) {
		t.Errorf("health of a mailbox whose server is away: %+v", h)
	}
	o.doctor(false, "PROBLEM  mailbox box: error", h.Problem, "(since ", "→ check that this machine reaches 127.0.0.1")
	if n := o.metric(`mailstamp_mailboxes{state="error"}`) + o.metric(`mailstamp_mailbox_warnings{code="unreachable"}`); n != "11" {
		t.Errorf("metrics of a mailbox whose server is away: %q", n)
	}
	if o.metric(`mailstamp_sync_failures_total{kind="unreachable"}`) == "" {
		t.Error("failures are not counted")
	}

	o.connect()
	o.await(syncPatience, "live", 15)
	o.doctor(true, "ok       mailbox box: live, 15 of 15 messages")
	if live, stored := o.metric(`mailstamp_mailboxes{state="live"}`), o.metric(`mailstamp_messages_total{disposition="stored"}`); live != "1" || stored != "15" {
		t.Errorf("metrics: %s live, %s stored", live, stored)
	}

	// The brake: all of it vanishes at once.
	uids := make([]uint32, 12)
	for i := range uids {
		uids[i] = uint32(i + 1)
	}
	if err := o.server.Expunge("ada", "INBOX", uids...); err != nil {
		t.Fatal(err)
	}
	if err := o.server.Expunge("ada", "Sent", 1, 2, 3); err != nil {
		t.Fatal(err)
	}
	o.ask()
	o.awaitHeld()
	before := strings.Count(o.worker.Log(), `msg="ingest: pass"`)
	o.ask() // held is held, however often it is looked
	if feed := o.feed(); feed != 15 {
		t.Errorf("while deletions are held the feed shows %d mails, want 15", feed)
	}
	if h := o.health(); h.ProblemCode != "deletions_held" || h.ProblemSince == nil {
		t.Errorf("health of a held mailbox: %+v", h)
	}
	o.doctor(false, "PROBLEM  mailbox box: held", "PUT the mailbox again to confirm it")
	if passes := strings.Count(o.worker.Log(), `msg="ingest: pass"`) - before; passes > maxHeldPasses {
		t.Errorf("%d passes while deletions are held: it looks without a rest", passes)
	}
	o.connect() // the word
	o.await(syncPatience, "live", 0)
	if feed := o.feed(); feed != 0 {
		t.Errorf("confirmed, the feed still shows %d mails", feed)
	}
	o.doctor(true)
}

// ask requests a sync.
func (o *localOffice) ask() {
	o.Helper()
	o.crm.Tell(o, testenv.Event{Type: "sync.requested", Data: map[string]any{"mailbox": "box"}})
}

func (o *localOffice) awaitHeld() {
	o.Helper()
	testenv.Eventually(o, syncPatience, func() error {
		if h := o.health(); h.State != "held" {
			return fmt.Errorf("the mailbox is %s", h.State)
		}
		return nil
	})
}

// feed counts what the user sees on the card.
func (o *localOffice) feed() int {
	o.Helper()
	var feed struct{ Items []struct{} }
	o.crm.As(o, "ada").GetJSON(o, "/cards/contact/kim/feed?limit=200", &feed)
	return len(feed.Items)
}
