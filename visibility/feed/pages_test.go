package feed_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstamp/mailstamp/testenv"
)

// TestPagesEqualTheNaiveFeed draws cards with a few conversations of very different length, some of them hidden, with mails that
// meet at one point in time and copies of one mail in several mailboxes, and reads them in pages that end anywhere.
func TestPagesEqualTheNaiveFeed(t *testing.T) {
	t.Parallel()
	d := testenv.DB(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := newAccount(rt, d)
		drawMail(rt, w)
		n := readNaive(rt, w)
		limit := rapid.IntRange(1, 12).Draw(rt, "limit")
		for _, viewer := range []string{ann, bob, out} {
			got, want := messages(w.feed(viewer, lead("l1"), limit)), n.feed(viewer, lead("l1"))
			if !slices.Equal(got, want) {
				rt.Fatalf("%s in pages of %d: %d entries that differ from the naive %d:\n got %v\nwant %v", viewer, limit, len(got), len(want), got, want)
			}
		}
	})
}

// drawMail draws mail of ann and bob with up to eight addresses of the card; out has none.
func drawMail(rt *rapid.T, w *world) {
	w.card(lead("l1"))
	for _, user := range []string{ann, bob, out} {
		w.user(user)
	}
	addresses := rapid.IntRange(1, 8).Draw(rt, "addresses")
	minutes := rapid.SampledFrom([]int{3, 30, 300}).Draw(rt, "minutes")
	var mails []mail
	for i := range addresses {
		address := fmt.Sprintf("c%d@customer.example", i)
		old := rapid.IntRange(0, minutes).Draw(rt, "how old the newest is")
		for _, author := range []string{ann, bob} {
			if rapid.Bool().Draw(rt, "conversation") {
				w.conversation(author, lead("l1"), address, rapid.Bool().Draw(rt, "visible"))
			}
			for j := range rapid.SampledFrom([]int{0, 1, 2, 5, 25}).Draw(rt, "mails") {
				m := mail{author: author, content: fmt.Sprint(author, i, "/", j), from: "me@us.example", to: []string{address},
					at: at(rapid.IntRange(0, minutes).Draw(rt, "minute") - old)}
				if rapid.IntRange(0, 3).Draw(rt, "also to another") == 0 {
					m.to = append(m.to, fmt.Sprintf("c%d@customer.example", (i+1)%addresses))
				}
				if rapid.IntRange(0, 2).Draw(rt, "meets others") == 0 {
					key := rapid.Int64Range(0, 1).Draw(rt, "key")
					m.sortKey = &key
				}
				mails = append(mails, m)
				if rapid.IntRange(0, 3).Draw(rt, "copy") == 0 {
					twin := m
					twin.author = map[string]string{ann: bob, bob: ann}[author]
					mails = append(mails, twin)
				}
			}
		}
	}
	w.storeAll(mails)
}
