package visibility

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Forecast tells who would gain and who would lose sight of mail by a change that is not made yet (SPEC G6).
type Forecast struct {
	Gain Reach `json:"gain"`
	Lose Reach `json:"lose"`
}

// Reach counts the people and the messages concerned, each once, and names the cards.
type Reach struct {
	Viewers  int       `json:"viewers"`
	Messages int       `json:"messages"`
	Cards    []CardRef `json:"cards"`
}

// errPreviewed ends the transaction of a preview: nothing of it stays.
var errPreviewed = errors.New("previewed")

// Preview makes the change with all its stamps in a transaction that it undoes, and compares what everybody sees. It holds
// the change's locks meanwhile, so a preview of a large change delays others for as long as its stamps take.
func Preview(ctx context.Context, d *db.DB, acc *db.Account, told Told) (Forecast, error) {
	var forecast Forecast
	err := d.Tx(ctx, acc.ID, func(tx *db.Tx) error {
		cards, viewer, err := scopeBefore(ctx, tx, told.Event)
		if err != nil {
			return err
		}
		out, err := Apply(ctx, tx, acc, []Told{told})
		if err != nil {
			return err
		}
		for _, work := range out.Work {
			if err := restampIn(ctx, tx, work); err != nil {
				return err
			}
		}
		written, err := tx.ConversationsWritten(ctx, tx.AccountID)
		if err != nil {
			return fmt.Errorf("find what was stamped: %w", err)
		}
		cards = append(cards, written...)
		if viewer != 0 { // a user who comes or goes sees, or ceases to see, whole cards
			opened, err := tx.CardsOfViewer(ctx, queries.CardsOfViewerParams{AccountID: tx.AccountID, UserID: viewer})
			if err != nil {
				return fmt.Errorf("find the viewer's cards: %w", err)
			}
			cards = append(cards, opened...)
		}
		slices.Sort(cards)
		cards = slices.Compact(cards)
		after, err := sightsOf(ctx, tx, cards)
		if err != nil {
			return err
		}
		var before sights
		err = d.ReadTx(ctx, acc.ID, func(past *db.Tx) (err error) {
			before, err = sightsOf(ctx, past, cards)
			return err
		})
		if err != nil {
			return err
		}
		if forecast, err = compare(ctx, tx, before, after); err != nil {
			return err
		}
		return errPreviewed
	})
	if !errors.Is(err, errPreviewed) {
		return Forecast{}, err
	}
	return forecast, nil
}

// scopeBefore finds what the event may take from sight without writing a conversation: its card's audience, or all that a
// user opens now.
func scopeBefore(ctx context.Context, tx *db.Tx, event Event) (cards []int64, viewer int64, err error) {
	card := func(kind rules.Kind, id string) error {
		rows, err := tx.CardsByCRMID(ctx, queries.CardsByCRMIDParams{AccountID: tx.AccountID, Kind: string(kind), CrmIds: []string{id}})
		for _, r := range rows {
			cards = append(cards, r.ID)
		}
		return err
	}
	user := func(id string) error {
		rows, err := tx.UsersByCRMID(ctx, queries.UsersByCRMIDParams{AccountID: tx.AccountID, CrmIds: []string{id}})
		if err != nil || len(rows) == 0 {
			return err
		}
		viewer = rows[0].ID
		cards, err = tx.CardsOfViewer(ctx, queries.CardsOfViewerParams{AccountID: tx.AccountID, UserID: viewer})
		return err
	}
	switch e := event.(type) {
	case *CardUpserted:
		err = card(e.Kind, e.ID)
	case *CardDeleted:
		err = card(e.Kind, e.ID)
	case *LeadConverted:
		err = card(rules.Lead, e.Lead)
	case *ContactMerged:
		for _, id := range e.Losers {
			err = errors.Join(err, card(rules.Contact, id))
		}
	case *UserUpserted:
		err = user(e.ID)
	case *UserDeleted:
		err = user(e.ID)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("find what the event concerns: %w", err)
	}
	return cards, viewer, nil
}

// sights are who can open cards and what conversations show there.
type sights struct {
	viewers map[int64]map[int64]bool       // card → users
	shown   map[cardAuthor]map[int64]sight // → address
}

type cardAuthor struct{ card, author int64 }

type sight struct{ tracked, granted bool }

func sightsOf(ctx context.Context, tx *db.Tx, cards []int64) (sights, error) {
	s := sights{viewers: map[int64]map[int64]bool{}, shown: map[cardAuthor]map[int64]sight{}}
	viewers, err := tx.ViewersOfCards(ctx, queries.ViewersOfCardsParams{AccountID: tx.AccountID, CardIds: cards})
	if err != nil {
		return s, fmt.Errorf("find viewers: %w", err)
	}
	for _, v := range viewers {
		if s.viewers[v.CardID] == nil {
			s.viewers[v.CardID] = map[int64]bool{}
		}
		s.viewers[v.CardID][v.UserID] = true
	}
	rows, err := tx.SightsOfCards(ctx, queries.SightsOfCardsParams{AccountID: tx.AccountID, CardIds: cards})
	if err != nil {
		return s, fmt.Errorf("find conversations: %w", err)
	}
	for _, r := range rows {
		key := cardAuthor{r.CardID, r.AuthorID}
		if s.shown[key] == nil {
			s.shown[key] = map[int64]sight{}
		}
		s.shown[key][r.AddressID] = sight{r.Tracked, r.Granted}
	}
	return s, nil
}

// compare takes viewers of a card by what they can do before and after, since all of a class see the same: the author,
// and the others who could open it, can open it, or both.
func compare(ctx context.Context, tx *db.Tx, before, after sights) (Forecast, error) {
	gain, lose := newTally(), newTally()
	keys := map[cardAuthor]bool{}
	for key := range before.shown {
		keys[key] = true
	}
	for key := range after.shown {
		keys[key] = true
	}
	for key := range keys {
		was, is := before.viewers[key.card], after.viewers[key.card]
		if maps.Equal(before.shown[key], after.shown[key]) && maps.Equal(was, is) {
			continue
		}
		classes := map[class][]int64{}
		for _, viewers := range []map[int64]bool{was, is} {
			for v := range viewers {
				c := class{was[v], is[v], v == key.author}
				if !slices.Contains(classes[c], v) {
					classes[c] = append(classes[c], v)
				}
			}
		}
		for c, viewers := range classes {
			had, err := visibleMessages(ctx, tx, key.author, before.shown[key], c.could, c.author)
			if err != nil {
				return Forecast{}, err
			}
			has, err := visibleMessages(ctx, tx, key.author, after.shown[key], c.can, c.author)
			if err != nil {
				return Forecast{}, err
			}
			gain.add(key.card, viewers, has, had)
			lose.add(key.card, viewers, had, has)
		}
	}
	var f Forecast
	var err error
	if f.Gain, err = gain.reach(ctx, tx); err != nil {
		return Forecast{}, err
	}
	f.Lose, err = lose.reach(ctx, tx)
	return f, err
}

type class struct{ could, can, author bool }

func visibleMessages(ctx context.Context, tx *db.Tx, author int64, shown map[int64]sight, opens, isAuthor bool) (map[int64]bool, error) {
	var addresses []int64
	for address, s := range shown {
		if opens && s.tracked && (isAuthor || s.granted) {
			addresses = append(addresses, address)
		}
	}
	if len(addresses) == 0 {
		return nil, nil
	}
	ids, err := tx.MessagesOfCorrespondence(ctx, queries.MessagesOfCorrespondenceParams{AccountID: tx.AccountID, AuthorID: author, AddressIds: addresses})
	if err != nil {
		return nil, fmt.Errorf("count messages: %w", err)
	}
	out := make(map[int64]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}

// tally gathers one side of a forecast.
type tally struct{ viewers, messages, cards map[int64]bool }

func newTally() tally {
	return tally{map[int64]bool{}, map[int64]bool{}, map[int64]bool{}}
}

func (t tally) add(card int64, viewers []int64, messages, without map[int64]bool) {
	some := false
	for id := range messages {
		if !without[id] {
			t.messages[id], some = true, true
		}
	}
	if !some {
		return
	}
	t.cards[card] = true
	for _, v := range viewers {
		t.viewers[v] = true
	}
}

func (t tally) reach(ctx context.Context, tx *db.Tx) (Reach, error) {
	r := Reach{Viewers: len(t.viewers), Messages: len(t.messages), Cards: []CardRef{}}
	rows, err := tx.CardsByID(ctx, queries.CardsByIDParams{AccountID: tx.AccountID, Ids: slices.Collect(maps.Keys(t.cards))})
	if err != nil {
		return r, fmt.Errorf("name the cards: %w", err)
	}
	for _, k := range rows {
		r.Cards = append(r.Cards, CardRef{rules.Kind(k.Kind), k.CrmID})
	}
	return r, nil
}
