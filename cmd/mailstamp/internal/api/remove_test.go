package api

import (
	"net/http"
	"testing"

	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

// TestDeletedMailboxIsHiddenAtTheAnswer: from the answer to ?mode=delete on nobody is shown anything of it, though no job has run;
// with ?mode=disconnect all stays. Named again, the mailbox brings its mail back.
func TestDeletedMailboxIsHiddenAtTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWhole(t)
	w.events(userUma, userBen, cardLee, `{"type":"setting.changed","data":{"user":"uma","version":1,"lead":"everyone"}}`)
	w.login("uma")
	w.login("ben")
	w.mail("uma", "INBOX", "Message-ID: <1@other>\nFrom: lee@other.example\nTo: uma@us.example\nSubject: One", "One")
	w.mail("ben", "INBOX", "Message-ID: <2@other>\nFrom: lee@other.example\nTo: ben@us.example\nSubject: Two", "Two")
	w.await(2, "select count(*) from messages")
	sees := func(sub string, want ...string) {
		t.Helper()
		var page feed.Page[feed.Item]
		w.want(200, "GET", "/v1/cards/lead/lee/feed", sub, "", &page)
		var threads feed.Page[feed.ThreadSummary]
		w.want(200, "GET", "/v1/cards/lead/lee/threads", sub, "", &threads)
		got := []string{}
		for _, item := range page.Items {
			got = append(got, item.Subject)
		}
		if len(got) != len(want) || len(threads.Items) != len(want) {
			t.Errorf("%s sees %q and %d threads, want %q", sub, got, len(threads.Items), want)
		}
	}
	remove := func(mode string) {
		t.Helper()
		if a := w.call("DELETE", "/v1/mailboxes/uma"+mode, token(w.acc, "service"), ""); a.Code != http.StatusNoContent {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
	sees("uma", "One")
	sees("ben", "Two", "One")
	remove("")
	var health ingest.Health
	w.want(200, "GET", "/v1/mailboxes/uma", "service", "", &health)
	if health.State != "disconnected" {
		t.Errorf("disconnected: %+v", health)
	}
	sees("uma", "One")
	sees("ben", "Two", "One")
	remove("?mode=delete")
	if n := w.number("select count(*) from messages"); n != 2 {
		t.Fatalf("%d messages are left before any job ran: it proves nothing", n)
	}
	sees("uma")
	sees("ben", "Two")
	w.work()
	w.await(1, "select count(*) from messages")
	w.await(1, "select count(*) from mailboxes")
	w.want(404, "GET", "/v1/mailboxes/uma", "service", "", nil)
	sees("uma")
	sees("ben", "Two")
	w.mailbox("uma")
	w.await(2, "select count(*) from messages")
	sees("uma", "One")
}
