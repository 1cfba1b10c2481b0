package feed

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Thread is a thread with those of its messages that the viewer sees: on the card, or when card is nil on any card, each
// as the first card shows it.
func (s *Service) Thread(ctx context.Context, acc *db.Account, viewer, thread string, card *visibility.CardRef, cut Cut) (Thread, error) {
	var out Thread
	err := s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		id, err := acc.Keys.ParseID("thread", thread)
		if err != nil {
			return visibility.ErrNotFound
		}
		user, err := activeViewer(ctx, tx, acc, viewer)
		if err != nil {
			return err
		}
		id, author, err := resolveThread(ctx, tx, acc, id)
		if err != nil {
			return err
		}
		addresses, err := tx.FeedThreadAddresses(ctx, queries.FeedThreadAddressesParams{AccountID: acc.ID, ThreadID: id})
		if err != nil {
			return fmt.Errorf("read a thread's addresses: %w", err)
		}
		rows, err := tx.FeedShowingCards(ctx, queries.FeedShowingCardsParams{
			AccountID: acc.ID, ViewerID: user, AuthorID: author, AddressIds: addresses})
		if err != nil {
			return fmt.Errorf("find the cards that show a thread: %w", err)
		}
		cards, err := newShowing(tx, acc, user, rows, card)
		if err != nil {
			return err
		}
		out, err = cards.thread(ctx, id, cut)
		return err
	})
	return out, err
}

// resolveThread follows a thread to the one it was joined with.
func resolveThread(ctx context.Context, tx *db.Tx, acc *db.Account, id int64) (int64, int64, error) {
	for range maxMergeSteps {
		row, err := tx.FeedThread(ctx, queries.FeedThreadParams{AccountID: acc.ID, ID: id})
		if err != nil {
			return 0, 0, notFoundOr(err, "find a thread")
		}
		if row.MergedInto == nil {
			return id, row.AuthorID, nil
		}
		id = *row.MergedInto
	}
	return 0, 0, fmt.Errorf("thread %d was joined more than %d times", id, maxMergeSteps)
}

// showing are the cards on which a viewer may read an author's mail with some addresses, in a fixed order, and which of
// the addresses each shows.
type showing struct {
	tx     *db.Tx
	acc    *db.Account
	viewer int64
	cards  []showingCard
}

type showingCard struct {
	id      int64
	ref     visibility.CardRef
	granted map[int64]bool // by address: visible to everybody who can open the card, or to the author alone
}

// newShowing makes them of rows, or visibility.ErrNotFound when there is none. With only, that card alone counts.
func newShowing[Row queries.FeedShowingCardsRow | queries.FeedMessageCardsRow](
	tx *db.Tx, acc *db.Account, viewer int64, rows []Row, only *visibility.CardRef,
) (*showing, error) {
	s := &showing{tx: tx, acc: acc, viewer: viewer}
	granted := map[int64]map[int64]bool{}
	for _, row := range rows {
		row := queries.FeedShowingCardsRow(row)
		ref := visibility.CardRef{Kind: rules.Kind(row.Kind), ID: row.Card}
		if only != nil && ref != *only {
			continue
		}
		if granted[row.CardID] == nil {
			granted[row.CardID] = map[int64]bool{}
			s.cards = append(s.cards, showingCard{row.CardID, ref, granted[row.CardID]})
		}
		granted[row.CardID][row.AddressID] = row.Granted
	}
	slices.SortFunc(s.cards, func(a, b showingCard) int {
		return cmp.Or(cmp.Compare(a.ref.Kind, b.ref.Kind), cmp.Compare(a.ref.ID, b.ref.ID))
	})
	if len(s.cards) == 0 {
		return nil, visibility.ErrNotFound
	}
	return s, nil
}

// addresses are those that any of the cards shows.
func (s *showing) addresses() []int64 {
	var ids []int64
	for _, c := range s.cards {
		for id := range c.granted {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// first is the first card that shows a message with the addresses, and whether others see it there too.
func (s *showing) first(addresses []int64) (card *showingCard, granted bool) {
	for i := range s.cards {
		for _, a := range addresses {
			g, shows := s.cards[i].granted[a]
			if shows {
				card, granted = &s.cards[i], granted || g
			}
		}
		if card != nil {
			return card, granted
		}
	}
	return nil, false
}

func (s *showing) thread(ctx context.Context, id int64, cut Cut) (Thread, error) {
	list := fmt.Sprintf("thread/%d/%d", s.viewer, id)
	limit, from, err := cut.start(s.acc, list)
	if err != nil {
		return Thread{}, err
	}
	params := queries.FeedThreadMessagesParams{
		AccountID: s.acc.ID, ThreadID: id, AddressIds: s.addresses(), RowLimit: int64(limit + 1),
		BeforeDate: farFuture.date, BeforeKey: farFuture.key,
	}
	if from != nil {
		if len(from.tie) != 8 {
			return Thread{}, ErrInvalidCursor
		}
		params.BeforeDate, params.BeforeKey = from.date, from.key
		params.BeforeID = int64(binary.BigEndian.Uint64([]byte(from.tie)))
	}
	rows, err := s.tx.FeedThreadMessages(ctx, params)
	if err != nil {
		return Thread{}, fmt.Errorf("read a thread: %w", err)
	}
	if len(rows) == 0 && from == nil {
		return Thread{}, visibility.ErrNotFound
	}
	out := Thread{Thread: s.acc.Keys.ID("thread", id), Messages: []Item{}}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		out.Next = position{point{last.Date, last.SortKey}, tieOf(last.ID)}.seal(s.acc, list)
	}
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	if out.Messages, err = s.items(ctx, ids); err != nil {
		return Thread{}, err
	}
	if len(out.Messages) > 0 {
		newest := out.Messages[0]
		out.Author, out.Subject, out.Date = newest.Author, newest.Subject, newest.Date
	}
	return out, nil
}

// items are the author's messages of the given numbers, in that order, each as the first card shows it.
func (s *showing) items(ctx context.Context, ids []int64) ([]Item, error) {
	sights := map[int64]*sight{}
	onCard := map[int64][][]byte{} // identities, by card
	read := &sight{Queries: s.tx.Queries, acc: s.acc, viewer: s.viewer}
	rows, err := read.messages(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		card, _ := s.first(rows[id].Message.AddressIds)
		if card == nil {
			return nil, visibility.ErrNotFound
		}
		sights[card.id] = &sight{Queries: s.tx.Queries, acc: s.acc, viewer: s.viewer, cardID: card.id, card: card.ref}
		onCard[card.id] = append(onCard[card.id], rows[id].Message.Identity)
	}
	sharedBy := map[int64]map[string][]string{}
	for cardID, identities := range onCard {
		if sharedBy[cardID], err = sights[cardID].sharedBy(ctx, identities); err != nil {
			return nil, err
		}
	}
	items := make([]Item, len(ids))
	for i, id := range ids {
		card, granted := s.first(rows[id].Message.AddressIds)
		by := append([]string{}, sharedBy[card.id][string(rows[id].Message.Identity)]...)
		if items[i], err = sights[card.id].newItem(rows[id], granted, by); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// sharedBy are the authors whose copies of mails are visible on the card, by identity, sorted.
func (v *sight) sharedBy(ctx context.Context, identities [][]byte) (map[string][]string, error) {
	authors, err := v.FeedSharers(ctx, queries.FeedSharersParams{AccountID: v.acc.ID, CardID: v.cardID})
	if err != nil {
		return nil, fmt.Errorf("find who shares on the card: %w", err)
	}
	copies, err := v.FeedCopies(ctx, queries.FeedCopiesParams{
		AccountID: v.acc.ID, CardID: v.cardID, Authors: authors, Identities: identities})
	if err != nil {
		return nil, fmt.Errorf("find copies of a mail: %w", err)
	}
	by := map[string][]string{}
	for _, c := range copies {
		by[string(c.Identity)] = append(by[string(c.Identity)], c.Author)
	}
	for _, authors := range by {
		slices.Sort(authors)
	}
	return by, nil
}
