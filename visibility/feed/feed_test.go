package feed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

const (
	ann  = "u-ann"
	bob  = "u-bob"
	out  = "u-out"
	cust = "ada@customer.example"
	alt  = "ada@home.example"
)

func TestHiddenByDefaultSharedThenSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(bob)
	w.conversation(ann, lead("l1"), cust, false)
	id := w.store(mail{author: ann, content: "1", at: at(1), from: cust, to: []string{"ann@us.example"}, subject: "Hello"})

	expect(t, "the author's feed", messages(w.feed(ann, lead("l1"), 50)), []string{id})
	expect(t, "a colleague's feed while hidden", messages(w.feed(bob, lead("l1"), 50)), []string{})
	w.conversation(ann, lead("l1"), cust, true)
	expect(t, "a colleague's feed once visible", messages(w.feed(bob, lead("l1"), 50)), []string{id})
	expect(t, "padlock", w.feed(ann, lead("l1"), 50)[0].Padlock, "open")

	// A narrowing that no stamp has caught up with (G1).
	w.exec(`update settings set epoch = 2, fence = 2 where account_id = $1 and user_id = $2 and kind = 'lead'`, w.users[ann])
	expect(t, "a colleague's feed below the fence", messages(w.feed(bob, lead("l1"), 50)), []string{})
	expect(t, "padlock below the fence", w.feed(ann, lead("l1"), 50)[0].Padlock, "closed")
	conversations, err := w.svc.Conversations(t.Context(), w.acc, ann, lead("l1"))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the stamp below the fence", conversations.Items[0].Stamp, feed.Stamp{Author: ann, Address: cust, Reason: "unstamped"})
	expect(t, "summary", conversations.Summary, "none")
}

func TestWhoCannotOpenTheCardFindsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.card(lead("l1"), ann, bob)
	w.user(out)
	w.conversation(ann, lead("l1"), cust, true)
	id := w.store(mail{author: ann, content: "1", at: at(1), from: cust, thread: "t"})
	thread := w.acc.Keys.ID("thread", w.threads[ann+"/t"])
	w.state(bob, "inactive")

	for _, viewer := range []string{out, bob, "u-nobody", "", "bad\x00id", strings.Repeat("x", 200)} {
		ctx := context.Background()
		_, err1 := w.svc.Feed(ctx, w.acc, viewer, lead("l1"), feed.Cut{})
		_, err2 := w.svc.Threads(ctx, w.acc, viewer, lead("l1"), feed.Cut{})
		_, err3 := w.svc.Conversations(ctx, w.acc, viewer, lead("l1"))
		_, err4 := w.svc.Message(ctx, w.acc, viewer, id, nil)
		_, err5 := w.svc.Thread(ctx, w.acc, viewer, thread, nil, feed.Cut{})
		_, _, err6 := w.svc.Attachment(ctx, w.acc, viewer, id, 1)
		_, err7 := w.svc.Feed(ctx, w.acc, viewer, lead("l1"), feed.Cut{Cursor: "AAAA"})
		_, err8 := w.svc.Feed(ctx, w.acc, viewer, lead("l1"), feed.Cut{Limit: -1})
		for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8} {
			if !errors.Is(err, visibility.ErrNotFound) {
				t.Errorf("%q, call %d: %v, want ErrNotFound", viewer, i+1, err)
			}
		}
	}
	if _, err := w.svc.Message(t.Context(), w.acc, ann, id, nil); err != nil {
		t.Errorf("the author: %v", err)
	}
}

func TestAuthorsDeletedOrCardClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(bob)
	w.conversation(ann, lead("l1"), cust, true)
	id := w.store(mail{author: ann, content: "1", at: at(1), from: cust})
	w.state(ann, "inactive")
	expect(t, "mail of somebody who left", messages(w.feed(bob, lead("l1"), 50)), []string{id})
	w.state(ann, "deleted")
	expect(t, "mail of somebody deleted", messages(w.feed(bob, lead("l1"), 50)), []string{})
	w.exec(`update cards set state = 'deleted' where account_id = $1`)
	if _, err := w.svc.Feed(t.Context(), w.acc, bob, lead("l1"), feed.Cut{}); !errors.Is(err, visibility.ErrNotFound) {
		t.Errorf("a deleted card: %v", err)
	}
}

func TestPartlyVisibleThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(bob)
	w.conversation(ann, lead("l1"), cust, true)
	w.conversation(ann, lead("l1"), alt, false)
	shown := w.store(mail{author: ann, content: "1", at: at(1), from: cust, thread: "t", subject: "public subject"})
	hidden := w.store(mail{author: ann, content: "2", at: at(2), from: alt, thread: "t", subject: "secret subject"})
	hiddenSent := w.store(mail{author: ann, content: "3", at: at(3), from: "ann@us.example", to: []string{alt}, thread: "t",
		subject: "Re: secret subject", outbound: true, delivery: map[string]string{alt: "bounced"}})
	id := w.acc.Keys.ID("thread", w.threads[ann+"/t"])

	threads := func(viewer string) []feed.ThreadSummary {
		page, err := w.svc.Threads(t.Context(), w.acc, viewer, lead("l1"), feed.Cut{})
		if err != nil {
			t.Fatal(err)
		}
		return page.Items
	}
	bounced := "bounced"
	open := feed.Stamp{Author: ann, Address: cust, Visible: true, Reason: "setting_everyone"}
	closed := feed.Stamp{Author: ann, Address: alt, Reason: "setting_nobody"}
	expect(t, "the author's threads", threads(ann), []feed.ThreadSummary{{Thread: id, Author: ann, Subject: "Re: secret subject",
		Date: at(3), Visibility: "some", Messages: 3, VisibleMessages: 1, Delivery: &bounced, DeliveryCounts: map[string]int{"bounced": 1}, Stamps: []feed.Stamp{open, closed}}})
	expect(t, "the colleague's threads", threads(bob), []feed.ThreadSummary{{Thread: id, Author: ann, Subject: "public subject",
		Date: at(1), Visibility: "some", Messages: 1, VisibleMessages: 1, Stamps: []feed.Stamp{open}}})

	for viewer, want := range map[string][]string{ann: {hiddenSent, hidden, shown}, bob: {shown}} {
		thread, err := w.svc.Thread(t.Context(), w.acc, viewer, id, nil, feed.Cut{})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, viewer+"'s thread", messages(thread.Messages), want)
		expect(t, viewer+"'s feed", messages(w.feed(viewer, lead("l1"), 2)), want)
	}
	// An old id leads to the thread that it was joined with.
	old := w.insert(`insert into threads (account_id, author_id, merged_into) values ($1, $2, $3) returning id`, w.users[ann], w.threads[ann+"/t"])
	thread, err := w.svc.Thread(t.Context(), w.acc, bob, w.acc.Keys.ID("thread", old), nil, feed.Cut{})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the joined thread", thread.Thread, id)
	expect(t, "its subject", thread.Subject, "public subject")
}

func TestWhatIsTheAuthorsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(bob)
	w.conversation(ann, lead("l1"), cust, true)
	w.conversation(ann, lead("l1"), "blind@customer.example", true)
	w.store(mail{author: ann, content: "1", at: at(1), outbound: true, from: "ann@us.example", to: []string{"Ada@Customer.example"},
		cc: []string{"cc@other.example"}, bcc: []string{"blind@customer.example"}, subject: "Offer", seen: true, thread: "t",
		delivery: map[string]string{cust: "delivered", "blind@customer.example": "bounced", "cc@other.example": "relayed"}})
	// The address is met as written, its conversation as compared.
	w.exec(`insert into participants select $1, author_id, $2, date, sort_key, id from messages where account_id = $1`, w.address(cust))
	w.exec(`update messages set address_ids = array_append(address_ids, $2) where account_id = $1`, w.address(cust))
	w.exec(`insert into correspondences select $1, author_id, $2, date from messages where account_id = $1`, w.address(cust))

	mine, theirs := w.feed(ann, lead("l1"), 50)[0], w.feed(bob, lead("l1"), 50)[0]
	expect(t, "the author's delivery", mine.Delivery.Status, "bounced")
	expect(t, "the colleague's delivery", theirs.Delivery.Status, "relayed")
	expect(t, "the author's actions", mine.Actions, []string{"reply", "forward"})
	expect(t, "the colleague's actions", theirs.Actions, []string{"forward"})
	expect(t, "bcc", mine.Bcc[0].Address, "blind@customer.example")

	keys := func(v any) []string {
		raw, _ := json.Marshal(v)
		var object map[string]json.RawMessage
		if err := json.Unmarshal(raw, &object); err != nil {
			t.Fatal(err)
		}
		var out []string
		for k := range object {
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	everybody := []string{"actions", "attachments", "author", "card", "cc", "date", "delivery", "direction", "from", "message",
		"padlock", "preview", "shared_by", "subject", "thread", "to"}
	expect(t, "the colleague's keys", keys(theirs), everybody)
	withOwn := append([]string{"bcc", "seen"}, everybody...)
	slices.Sort(withOwn)
	expect(t, "the author's keys", keys(mine), withOwn)

	threads, err := w.svc.Threads(t.Context(), w.acc, bob, lead("l1"), feed.Cut{})
	if err != nil {
		t.Fatal(err)
	}
	full, err := w.svc.Message(t.Context(), w.acc, bob, theirs.Message, nil)
	if err != nil {
		t.Fatal(err)
	}
	talks, err := w.svc.Conversations(t.Context(), w.acc, bob, lead("l1"))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the colleague's conversations", len(talks.Items), 1)
	raw, _ := json.Marshal([]any{theirs, threads, full, talks})
	if strings.Contains(string(raw), "blind@") {
		t.Errorf("a blind copy's address in %s", raw)
	}
}

func TestOneMailInSeveralMailboxes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, u := range []string{ann, bob, out, "u-zoe"} {
		w.conversation(u, lead("l1"), cust, false)
	}
	copies := map[string]string{}
	for _, u := range []string{ann, bob, out} {
		copies[u] = w.store(mail{author: u, content: "same", at: at(5), from: cust, to: []string{"team@us.example"}})
	}
	one := func(viewer string) (message, padlock string, sharedBy []string) {
		t.Helper()
		items := w.feed(viewer, lead("l1"), 50)
		if len(items) != 1 {
			t.Fatalf("%s sees %d entries, want 1", viewer, len(items))
		}
		return items[0].Message, items[0].Padlock, items[0].SharedBy
	}
	w.conversation(bob, lead("l1"), cust, true)
	w.conversation(out, lead("l1"), cust, true)
	for viewer, want := range map[string]struct{ message, padlock string }{
		ann: {copies[ann], "closed"}, bob: {copies[bob], "open"}, out: {copies[out], "open"}, "u-zoe": {copies[bob], "open"},
	} {
		message, padlock, sharedBy := one(viewer)
		expect(t, viewer+"'s copy", message, want.message)
		expect(t, viewer+"'s padlock", padlock, want.padlock)
		expect(t, "shared by", sharedBy, []string{bob, out})
		full, err := w.svc.Message(t.Context(), w.acc, viewer, message, nil)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "shared by, of the message", full.SharedBy, []string{bob, out})
	}
	if _, err := w.svc.Message(t.Context(), w.acc, "u-zoe", copies[ann], nil); !errors.Is(err, visibility.ErrNotFound) {
		t.Errorf("the hidden copy by its id: %v", err)
	}
	// Two mails of one author never meet, be they of one Message-ID, instant and sort key.
	key := int64(7)
	for i := range 3 {
		w.store(mail{author: ann, content: fmt.Sprint("twin", i), at: at(9), from: cust, sortKey: &key})
	}
	for _, limit := range []int{1, 2, 3, 50} {
		if n := len(w.feed(ann, lead("l1"), limit)); n != 4 {
			t.Errorf("in pages of %d: %d entries, want 4", limit, n)
		}
	}
}

func TestCursorsAndLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.card(lead("l2"))
	w.user(bob)
	w.conversation(ann, lead("l1"), cust, true)
	w.storeAll([]mail{{author: ann, content: "1", at: at(1), from: cust}, {author: ann, content: "2", at: at(2), from: cust}})
	page, err := w.svc.Feed(t.Context(), w.acc, ann, lead("l1"), feed.Cut{Limit: 1})
	if err != nil || page.Next == nil {
		t.Fatal(page, err)
	}
	threads, err := w.svc.Threads(t.Context(), w.acc, ann, lead("l1"), feed.Cut{Limit: 1, Cursor: ""})
	if err != nil {
		t.Fatal(threads, err)
	}
	for what, call := range map[string]func() error{
		"another viewer": func() error {
			_, err := w.svc.Feed(t.Context(), w.acc, bob, lead("l1"), feed.Cut{Cursor: *page.Next})
			return err
		},
		"another card": func() error {
			_, err := w.svc.Feed(t.Context(), w.acc, ann, lead("l2"), feed.Cut{Cursor: *page.Next})
			return err
		},
		"another list": func() error {
			_, err := w.svc.Threads(t.Context(), w.acc, ann, lead("l1"), feed.Cut{Cursor: *page.Next})
			return err
		},
		"a made-up one": func() error {
			_, err := w.svc.Feed(t.Context(), w.acc, ann, lead("l1"), feed.Cut{Cursor: "AAAA"})
			return err
		},
		"a cut one": func() error {
			_, err := w.svc.Feed(t.Context(), w.acc, ann, lead("l1"), feed.Cut{Cursor: (*page.Next)[1:]})
			return err
		},
	} {
		if err := call(); !errors.Is(err, feed.ErrInvalidCursor) {
			t.Errorf("%s: %v, want ErrInvalidCursor", what, err)
		}
	}
	for _, limit := range []int{-1, 201} {
		if _, err := w.svc.Feed(t.Context(), w.acc, ann, lead("l1"), feed.Cut{Limit: limit}); !errors.Is(err, feed.ErrInvalidLimit) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestWalkOverThousandsOfEntries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(bob)
	var mails []mail
	for c := range 30 {
		addr := fmt.Sprintf("c%d@customer.example", c)
		w.conversation(ann, lead("l1"), addr, c%3 != 0)
		for i := range 100 {
			to := []string{fmt.Sprintf("c%d@customer.example", (c+1)%30)} // every mail stands in two conversations
			mails = append(mails, mail{author: ann, content: fmt.Sprint(c, "/", i), at: at((c*37 + i*11) % 700), from: addr, to: to})
		}
	}
	w.storeAll(mails)
	naive := readNaive(t, w)
	for _, viewer := range []string{ann, bob} {
		want := naive.feed(viewer, lead("l1"))
		if len(want) < 1000 {
			t.Fatalf("only %d entries", len(want))
		}
		for _, limit := range []int{13, 200} {
			if got := messages(w.feed(viewer, lead("l1"), limit)); !slices.Equal(got, want) {
				t.Errorf("%s in pages of %d: %d entries that differ from the naive %d", viewer, limit, len(got), len(want))
			}
		}
	}
}
