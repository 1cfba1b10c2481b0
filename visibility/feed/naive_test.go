package feed_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// naive says what a viewer sees from whole tables, by the last paragraph of SPEC 3.1 and the fences of G1, slowly.
type naive struct {
	acc           *db.Account
	users         []queries.User
	cards         []queries.Card
	audience      []queries.CardAudience
	collaborators []queries.CardCollaborator
	settings      []queries.Setting
	conversations []queries.Conversation
	messages      []queries.Message
	addresses     []queries.Address
}

func readNaive(t tb, w *world) *naive {
	t.Helper()
	n := &naive{acc: w.acc}
	err := w.d.ReadTx(context.Background(), w.acc.ID, func(tx *db.Tx) error {
		return cmp.Or(all(tx, "users", &n.users), all(tx, "cards", &n.cards), all(tx, "card_audience", &n.audience),
			all(tx, "card_collaborators", &n.collaborators), all(tx, "settings", &n.settings),
			all(tx, "conversations", &n.conversations), all(tx, "messages", &n.messages), all(tx, "addresses", &n.addresses))
	})
	if err != nil {
		t.Fatalf("read whole tables: %v", err)
	}
	return n
}

func all[T any](tx *db.Tx, table string, into *[]T) error {
	rows, err := tx.Query(context.Background(), "select * from "+table)
	if err != nil {
		return err
	}
	*into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	return err
}

func find[T any](list []T, fits func(T) bool) *T {
	for i := range list {
		if fits(list[i]) {
			return &list[i]
		}
	}
	return nil
}

func (n *naive) card(ref visibility.CardRef) *queries.Card {
	return find(n.cards, func(c queries.Card) bool { return c.Kind == string(ref.Kind) && c.CrmID == ref.ID })
}

func (n *naive) user(id string) *queries.User {
	return find(n.users, func(u queries.User) bool { return u.CrmID == id })
}

func (n *naive) opens(u *queries.User, c *queries.Card) bool {
	if u == nil || c == nil || u.State != "active" || c.State != "open" {
		return false
	}
	return c.Everyone || c.OwnerID != nil && *c.OwnerID == u.ID ||
		find(n.audience, func(a queries.CardAudience) bool { return a.CardID == c.ID && a.UserID == u.ID }) != nil ||
		find(n.collaborators, func(a queries.CardCollaborator) bool { return a.CardID == c.ID && a.UserID == u.ID }) != nil
}

func (n *naive) setting(user int64, kind string) *queries.Setting {
	return find(n.settings, func(s queries.Setting) bool { return s.UserID == user && s.Kind == kind })
}

// believed: is the conversation there for its author, and do others see it?
func (n *naive) believed(c queries.Conversation) (tracked, granted bool) {
	author := find(n.users, func(u queries.User) bool { return u.ID == c.AuthorID })
	card := find(n.cards, func(k queries.Card) bool { return k.ID == c.CardID })
	if !c.OnCard || c.Blocked || card.State != "open" || author.State == "deleted" || author.State == "unknown" {
		return false, false
	}
	s := n.setting(c.AuthorID, c.Kind)
	if !c.Visible || s == nil || c.AuthorEpoch < s.Fence || c.CardEpoch < card.Fence {
		return true, false
	}
	if c.Reason == "handover_visible" {
		if card.OwnerID == nil {
			return true, false
		}
		if s := n.setting(*card.OwnerID, c.Kind); s == nil || c.OwnerEpoch < s.OwnerFence {
			return true, false
		}
	}
	return true, true
}

// sees: does the viewer see the message on the card, and do others?
func (n *naive) sees(viewer *queries.User, m queries.Message, card *queries.Card) (seen, granted bool) {
	if !n.opens(viewer, card) {
		return false, false
	}
	for _, c := range n.conversations {
		if c.CardID == card.ID && c.AuthorID == m.AuthorID && slices.Contains(m.AddressIds, c.AddressID) {
			t, g := n.believed(c)
			seen = seen || g || t && m.AuthorID == viewer.ID
			granted = granted || g
		}
	}
	return seen, granted
}

func newerFirst(a, b queries.Message) int {
	return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(b.SortKey, a.SortKey), bytes.Compare(b.Identity, a.Identity), cmp.Compare(a.ID, b.ID))
}

func (n *naive) feed(viewer string, ref visibility.CardRef) []string {
	v, card := n.user(viewer), n.card(ref)
	var seen []queries.Message
	for _, m := range n.messages {
		if ok, _ := n.sees(v, m, card); ok {
			seen = append(seen, m)
		}
	}
	slices.SortFunc(seen, newerFirst)
	ids := []string{}
	for len(seen) > 0 {
		same := func(m queries.Message) bool {
			return bytes.Equal(m.Identity, seen[0].Identity) && m.Date.Equal(seen[0].Date)
		}
		shown := seen[0]
		if own := find(seen, func(m queries.Message) bool { return same(m) && m.AuthorID == v.ID }); own != nil {
			shown = *own
		}
		ids = append(ids, n.acc.Keys.ID("message", shown.ID))
		first := seen[0]
		seen = slices.DeleteFunc(slices.Clone(seen), func(m queries.Message) bool {
			return bytes.Equal(m.Identity, first.Identity) && m.Date.Equal(first.Date)
		})
	}
	return ids
}

// threads are "thread all/visible total date" lines, in order.
func (n *naive) threads(viewer string, ref visibility.CardRef) []string {
	v, card := n.user(viewer), n.card(ref)
	type sum struct {
		newest         queries.Message
		total, granted int64
	}
	sums := map[int64]*sum{}
	msgs := slices.Clone(n.messages)
	slices.SortFunc(msgs, newerFirst)
	for _, m := range msgs {
		if ok, _ := n.sees(v, m, card); ok && sums[m.ThreadID] == nil {
			sums[m.ThreadID] = &sum{newest: m}
		}
	}
	for _, m := range msgs {
		s := sums[m.ThreadID]
		if s == nil {
			continue
		}
		tracked := false
		for _, c := range n.conversations {
			if t, _ := n.believed(c); t && c.CardID == card.ID && c.AuthorID == m.AuthorID && slices.Contains(m.AddressIds, c.AddressID) {
				tracked = true
			}
		}
		if tracked {
			s.total++
		}
		if _, granted := n.sees(v, m, card); granted {
			s.granted++
		}
	}
	var list []*sum
	for _, s := range sums {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *sum) int {
		return cmp.Or(b.newest.Date.Compare(a.newest.Date), cmp.Compare(b.newest.SortKey, a.newest.SortKey), cmp.Compare(b.newest.ThreadID, a.newest.ThreadID))
	})
	out := []string{}
	for _, s := range list {
		shown := s.granted
		if s.newest.AuthorID == v.ID {
			shown = s.total
		}
		visibility := "some"
		if s.granted == 0 {
			visibility = "none"
		} else if s.granted == s.total {
			visibility = "all"
		}
		out = append(out, fmt.Sprint(n.acc.Keys.ID("thread", s.newest.ThreadID), " ", visibility, " ", s.granted, "/", shown, " ", s.newest.Date.UTC().Format(time.RFC3339)))
	}
	return out
}

func threadLines(list []feed.ThreadSummary) []string {
	out := []string{}
	for _, s := range list {
		out = append(out, fmt.Sprint(s.Thread, " ", s.Visibility, " ", s.VisibleMessages, "/", s.Messages, " ", s.Date.Format(time.RFC3339)))
	}
	return out
}

// TestReadingEqualsTheNaiveEvaluator draws whole accounts and asks everything of everybody: what does V see on C (feed,
// threads), may V see M (message, thread).
func TestReadingEqualsTheNaiveEvaluator(t *testing.T) {
	t.Parallel()
	d := testenv.DB(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := newAccount(rt, d)
		drawAccount(rt, w)
		n := readNaive(rt, w)
		for _, u := range n.users {
			for _, c := range n.cards {
				compareCard(rt, w, n, u.CrmID, visibility.CardRef{Kind: rules.Kind(c.Kind), ID: c.CrmID})
			}
			compareMessages(rt, w, n, u)
		}
	})
}

func drawAccount(rt *rapid.T, w *world) {
	users := []string{"u1", "u2", "u3"}
	for i, u := range users {
		w.user(u)
		if i > 0 {
			w.state(u, rapid.SampledFrom([]string{"active", "active", "active", "inactive", "deleted", "unknown"}).Draw(rt, "state"))
		}
		w.exec(`update settings set epoch = 2, fence = $3, owner_fence = $4 where account_id = $1 and user_id = $2`,
			w.users[u], rapid.IntRange(0, 2).Draw(rt, "fence"), rapid.IntRange(0, 2).Draw(rt, "owner fence"))
	}
	kinds := []rules.Kind{rules.Lead, rules.Contact, rules.Deal}
	var cards []visibility.CardRef
	for i := range 3 {
		ref := visibility.CardRef{Kind: kinds[i], ID: "c"}
		cards = append(cards, ref)
		id := w.card(ref, rapid.SampledFrom([][]string{nil, {"u1"}, {"u1", "u2"}, {"u3"}}).Draw(rt, "audience")...)
		w.exec(`update cards set epoch = 2, fence = $3, state = $4, owner_id = $5 where account_id = $1 and id = $2`, id,
			rapid.IntRange(0, 2).Draw(rt, "card fence"), rapid.SampledFrom([]string{"open", "open", "open", "deleted"}).Draw(rt, "card state"),
			rapid.SampledFrom([]any{nil, w.users["u1"], w.users["u2"], w.users["u3"]}).Draw(rt, "owner"))
		if rapid.Bool().Draw(rt, "collaborator") {
			w.exec(`insert into card_collaborators (account_id, card_id, user_id, since) values ($1, $2, $3, now())`, id, w.users["u2"])
		}
	}
	addresses := []string{"a@x.example", "b@x.example", "c@x.example", "d@x.example"}
	for _, u := range users {
		for _, card := range cards {
			for _, a := range addresses {
				if rapid.IntRange(0, 2).Draw(rt, "conversation") == 0 {
					continue
				}
				visible := rapid.Bool().Draw(rt, "visible")
				w.conversation(u, card, a, visible)
				if visible && rapid.IntRange(0, 3).Draw(rt, "handover") == 0 {
					w.exec(`update conversations set reason = 'handover_visible' where account_id = $1 and author_id = $2 and card_id = $3 and address_id = $4`,
						w.users[u], w.cards[card], w.addresses[a])
				}
				w.exec(`update conversations set on_card = on_card and $5, blocked = not $5 and not visible, visible = visible and $5, author_epoch = $6, card_epoch = $7, owner_epoch = $8
					where account_id = $1 and author_id = $2 and card_id = $3 and address_id = $4`, w.users[u], w.cards[card], w.addresses[a],
					rapid.IntRange(0, 5).Draw(rt, "on card") > 0, rapid.IntRange(1, 2).Draw(rt, "author epoch"),
					rapid.IntRange(1, 2).Draw(rt, "card epoch"), rapid.IntRange(1, 2).Draw(rt, "owner epoch"))
			}
		}
	}
	var mails []mail
	taken := map[string]bool{}
	for range rapid.IntRange(0, 25).Draw(rt, "mails") {
		m := mail{
			author: rapid.SampledFrom(users).Draw(rt, "author"), content: fmt.Sprint(rapid.IntRange(0, 11).Draw(rt, "content")),
			from: "me@us.example", thread: fmt.Sprint(rapid.IntRange(0, 3).Draw(rt, "thread")),
			to:       rapid.SliceOfNDistinct(rapid.SampledFrom(addresses), 1, 3, rapid.ID).Draw(rt, "to"),
			outbound: rapid.Bool().Draw(rt, "outbound"),
		}
		// Copies stand at one time; contents collide in time and sort key.
		m.at = at(int(m.content[0]-'0') / 3)
		key := int64(len(m.content))
		m.sortKey = &key
		if taken[m.author+m.content] {
			continue
		}
		taken[m.author+m.content] = true
		mails = append(mails, m)
	}
	w.storeAll(mails)
}

func compareCard(rt *rapid.T, w *world, n *naive, viewer string, ref visibility.CardRef) {
	ctx := context.Background()
	limit := rapid.SampledFrom([]int{1, 2, 3, 50}).Draw(rt, "limit")
	if _, err := w.svc.Feed(ctx, w.acc, viewer, ref, feed.Cut{}); (err == nil) != n.opens(n.user(viewer), n.card(ref)) {
		rt.Fatalf("%s opens %v: %v", viewer, ref, err)
	} else if err != nil {
		return
	}
	expect(rt, viewer+"'s feed", messages(w.feed(viewer, ref, limit)), n.feed(viewer, ref))
	threads := walk(rt, limit, func(cut feed.Cut) (feed.Page[feed.ThreadSummary], error) {
		return w.svc.Threads(ctx, w.acc, viewer, ref, cut)
	})
	expect(rt, viewer+"'s threads", threadLines(threads), n.threads(viewer, ref))
}

func compareMessages(rt *rapid.T, w *world, n *naive, u queries.User) {
	inThreads := map[int64][]string{}
	for _, m := range n.messages {
		id := w.acc.Keys.ID("message", m.ID)
		var cards []string
		padlock := map[string]string{}
		for _, c := range n.cards {
			if seen, granted := n.sees(&u, m, &c); seen {
				cards = append(cards, c.Kind)
				padlock[c.Kind] = "closed"
				if granted {
					padlock[c.Kind] = "open"
				}
			}
		}
		item, err := w.svc.Message(context.Background(), w.acc, u.CrmID, id, nil)
		if len(cards) == 0 {
			if err == nil {
				rt.Fatalf("%s sees message %d", u.CrmID, m.ID)
			}
			continue
		}
		if err != nil {
			rt.Fatalf("%s does not see message %d: %v", u.CrmID, m.ID, err)
		}
		expect(rt, "the card that shows it", string(item.Card.Kind), slices.Min(cards))
		expect(rt, "its padlock", item.Padlock, padlock[slices.Min(cards)])
		inThreads[m.ThreadID] = append(inThreads[m.ThreadID], id)
	}
	for _, id := range w.threads {
		got := []string{}
		public := w.acc.Keys.ID("thread", id)
		if page, err := w.svc.Thread(context.Background(), w.acc, u.CrmID, public, nil, feed.Cut{}); err == nil {
			got = messages(page.Messages)
		}
		want := append([]string{}, inThreads[id]...)
		slices.Sort(got)
		slices.Sort(want)
		expect(rt, "a thread", got, want)
	}
}
