package visibility

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// ownCall as the version of an event marks a call of the author's own: it comes after whatever was said before, and takes
// none of the versions that the CRM counts.
const ownCall = 0

// ownersBehindShare are the owners on whose settings the author's stamps on the card, and on the cards that a share there
// reaches, may rest.
func (c *change) ownersBehindShare(ctx context.Context, author int64, card CardRef) ([]int64, error) {
	k, err := c.CardByCRMID(ctx, queries.CardByCRMIDParams{AccountID: c.AccountID, Kind: string(card.Kind), CrmID: card.ID})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the card: %w", err)
	}
	c.spokenOf[card] = k
	heirs, err := c.heirs(ctx, k)
	if err != nil {
		return nil, err
	}
	var near []int64
	for _, card := range append(heirs, k) {
		if card.Kind == string(rules.Lead) { // no deal's contact
			near = append(near, card.ID)
			continue
		}
		more, err := c.CardsNear(ctx, queries.CardsNearParams{AccountID: c.AccountID, CardID: card.ID})
		if err != nil {
			return nil, fmt.Errorf("find linked cards: %w", err)
		}
		near = append(append(near, more...), card.ID)
	}
	return c.OwnersThatDecide(ctx, queries.OwnersThatDecideParams{AccountID: c.AccountID, CardIds: near, AuthorIds: []int64{author}})
}

// shareChanged applies an author's word on one conversation and what it says of linked cards (SPEC 3.2), and stamps them.
func (c *change) shareChanged(ctx context.Context, told Told, e *ShareChanged) (Status, error) {
	if err := c.flush(ctx); err != nil { // earlier events of the batch may have linked the card
		return "", err
	}
	u, err := c.user(ctx, e.User)
	if err != nil {
		return "", err
	}
	card, err := c.card(ctx, e.Card)
	if err != nil {
		return "", err
	}
	s := sharing{change: c, told: told, second: told.At, event: e, author: u.ID, card: card, address: c.addressID(e.Address)}
	if s.address == 0 { // an erased person's: there is nothing to share or hide
		if e.Version == ownCall {
			return "", ErrCannotShare
		}
		return Applied, nil
	}
	held, err := c.Conversation(ctx, queries.ConversationParams{AccountID: c.AccountID, AuthorID: s.author, CardID: card.ID, AddressID: s.address})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read the conversation: %w", err)
	}
	version, called := e.Version, e.Version == ownCall
	if called {
		version = held.ShareVersion
		if held.ShareAt != nil && !told.At.After(*held.ShareAt) { // it comes after whatever was said before
			told.At = held.ShareAt.Add(time.Microsecond)
			s.told = told
		}
	} else if version <= held.ShareVersion {
		return Stale, nil
	} else {
		s.hear(held.ShareAt)
	}
	share := rules.Share(e.State)
	if e.State == "none" {
		share = rules.NoShare
	}
	at, implied := s.told.At, false
	if later := held.ShareAt != nil && held.ShareAt.After(at); later && (held.ShareImplied || held.ShareCalled && share != rules.Private) {
		// A later word on a linked card settled this one, or the author's own call did; but what hides is never too late.
		share, at, implied, called = rules.Share(deref(held.Share)), *held.ShareAt, held.ShareImplied, held.ShareCalled
	} else {
		if share, err = s.linked(ctx, share); err != nil {
			return "", err
		}
		at = s.told.At
	}
	if err := s.put(ctx, share, version, at, implied, called); err != nil {
		return "", err
	}
	if e.Version == ownCall {
		if err := s.mustBeOnCard(ctx); err != nil {
			return "", err
		}
	}
	if err := s.carryOn(ctx, share); err != nil {
		return "", err
	}
	if err := c.stampKeys(ctx, s.touched); err != nil {
		return "", err
	}
	c.note(told, "share.changed", map[string]any{"user": e.User, "card": e.Card, "address": s.address,
		"state": e.State, "version": version, "conversations": len(s.touched)})
	return Applied, nil
}

// sharing is one share event being applied.
type sharing struct {
	*change
	told    Told
	second  time.Time // the event's own time
	event   *ShareChanged
	author  int64
	card    queries.Card
	address int64
	touched []conversationKey
}

// hear takes in when the author last spoke of the conversation on this card or a linked one.
func (s *sharing) hear(said *time.Time) {
	if said != nil {
		s.told.At = behind(*said, s.second, s.told.At)
	}
}

// behind is at, or the instant after said where that was said within the second that an event's time names: a CRM that tells no
// fractions orders what it says within a second by when it tells it.
func behind(said, second, at time.Time) time.Time {
	if said.After(at) && said.Truncate(time.Second).Equal(second) {
		return said.Add(time.Microsecond)
	}
	return at
}

func (s *sharing) put(ctx context.Context, share rules.Share, version int64, at time.Time, implied, called bool) error {
	s.touched = append(s.touched, conversationKey{s.author, s.card.ID, s.address})
	err := s.PutShare(ctx, queries.PutShareParams{
		AccountID: s.AccountID, AuthorID: s.author, CardID: s.card.ID, AddressID: s.address, Kind: s.card.Kind,
		Share: nullable(share), ShareVersion: version, ShareAt: &at, ShareBy: &s.event.User,
		ShareImplied: implied, ShareCalled: called,
	})
	if err != nil {
		return fmt.Errorf("write the share: %w", err)
	}
	return nil
}

// linked applies the word to the cards linked with this one, or asks. It returns what the word means on this card.
func (s *sharing) linked(ctx context.Context, share rules.Share) (rules.Share, error) {
	switch rules.Kind(s.card.Kind) {
	case rules.Contact:
		return share, s.onContact(ctx, share)
	case rules.Deal:
		return s.onDeal(ctx, share)
	}
	return share, nil
}

func (s *sharing) onContact(ctx context.Context, share rules.Share) error {
	deals, err := s.LinkedDeals(ctx, queries.LinkedDealsParams{AccountID: s.AccountID, AuthorID: s.author, ContactID: s.card.ID, AddressID: s.address})
	if err != nil {
		return fmt.Errorf("find the contact's deals: %w", err)
	}
	var all, shown, hidden []int64
	var ask []CardRef
	for _, d := range deals {
		s.hear(d.ShareAt)
		s.touched = append(s.touched, conversationKey{s.author, d.ID, s.address}) // R3
		all = append(all, d.ID)
		switch {
		case d.Share == string(rules.Private):
			hidden = append(hidden, d.ID)
		case d.Reason == string(rules.IsShared) || d.Reason == string(rules.SharedOnContact):
			shown = append(shown, d.ID)
			ask = append(ask, CardRef{rules.Deal, d.CrmID})
		}
	}
	switch share {
	case rules.Shared: // the last thing the author said wins
		return s.imply(ctx, hidden, rules.NoShare)
	case rules.Private:
		switch also := s.event.AlsoDeals; {
		case len(ask) > 0 && also == nil:
			return &ChoiceRequired{Cards: ask}
		case also != nil && *also:
			return s.imply(ctx, all, rules.Private)
		default:
			return s.imply(ctx, shown, rules.Shared)
		}
	}
	return nil
}

func (s *sharing) onDeal(ctx context.Context, share rules.Share) (rules.Share, error) {
	if share != rules.Private {
		return share, nil
	}
	contacts, err := s.LinkedContacts(ctx, queries.LinkedContactsParams{AccountID: s.AccountID, AuthorID: s.author, DealID: s.card.ID, AddressID: s.address})
	if err != nil {
		return share, fmt.Errorf("find the deal's contacts: %w", err)
	}
	var shared []int64
	var ask []CardRef
	for _, k := range contacts {
		if k.Share != string(rules.Shared) {
			continue
		}
		s.hear(k.ShareAt)
		if !k.Carried && k.ShareAt != nil && k.ShareAt.After(s.told.At) {
			return rules.NoShare, nil // shared on the contact later than this was said: that lifts it
		}
		shared = append(shared, k.ID)
		ask = append(ask, CardRef{rules.Contact, k.CrmID})
	}
	also := s.event.AlsoContact
	if len(ask) > 0 && also == nil {
		return share, &ChoiceRequired{Cards: ask}
	}
	if also == nil || !*also {
		return share, nil
	}
	// The contacts' other deals fall back to their own rules.
	for _, contact := range shared {
		deals, err := s.LinkedDeals(ctx, queries.LinkedDealsParams{AccountID: s.AccountID, AuthorID: s.author, ContactID: contact, AddressID: s.address})
		if err != nil {
			return share, fmt.Errorf("find the contact's deals: %w", err)
		}
		for _, d := range deals {
			s.touched = append(s.touched, conversationKey{s.author, d.ID, s.address})
		}
		s.touched = append(s.touched, conversationKey{s.author, contact, s.address})
	}
	return share, s.imply(ctx, shared, rules.Private)
}

// carryOn carries a word on a card that was converted or merged away already.
func (s *sharing) carryOn(ctx context.Context, share rules.Share) error {
	heirs, err := s.heirs(ctx, s.card)
	if err != nil {
		return err
	}
	for _, heir := range heirs {
		// An earlier word that was carried over is taken back; the author's own word there stands.
		err := s.DropCarried(ctx, queries.DropCarriedParams{AccountID: s.AccountID, AuthorID: s.author, CardID: heir.ID, AddressID: s.address, FromCard: s.card.ID})
		if err != nil {
			return fmt.Errorf("take a carried share back: %w", err)
		}
		if share != rules.NoShare {
			w := queries.SharesToCarryRow{AuthorID: s.author, AddressID: s.address, Share: string(share), CardID: s.card.ID, ShareBy: &s.event.User}
			if err := s.carryShare(ctx, s.told, w, heir); err != nil {
				return err
			}
		}
		deals, err := s.LinkedDeals(ctx, queries.LinkedDealsParams{AccountID: s.AccountID, AuthorID: s.author, ContactID: heir.ID, AddressID: s.address})
		if err != nil {
			return fmt.Errorf("find the contact's deals: %w", err)
		}
		s.touched = append(s.touched, conversationKey{s.author, heir.ID, s.address})
		for _, d := range deals {
			s.touched = append(s.touched, conversationKey{s.author, d.ID, s.address})
		}
	}
	return nil
}

// imply writes a share on other cards, where the author said nothing later.
func (s *sharing) imply(ctx context.Context, cards []int64, share rules.Share) error {
	if len(cards) == 0 {
		return nil
	}
	err := s.ImplyShares(ctx, queries.ImplySharesParams{
		AccountID: s.AccountID, AuthorID: s.author, AddressID: s.address, CardIds: cards,
		Share: nullable(share), ShareAt: &s.told.At, ShareBy: &s.event.User,
	})
	if err != nil {
		return fmt.Errorf("write the share on linked cards: %w", err)
	}
	return nil
}

// mustBeOnCard refuses an author's own call that shares what cannot be shared.
func (s *sharing) mustBeOnCard(ctx context.Context) error {
	held, err := s.Conversation(ctx, queries.ConversationParams{AccountID: s.AccountID, AuthorID: s.author, CardID: s.card.ID, AddressID: s.address})
	if err != nil {
		return fmt.Errorf("read the conversation: %w", err)
	}
	if !held.OnCard || held.Blocked {
		return ErrCannotShare
	}
	return nil
}

func nullable(s rules.Share) *string {
	if s == rules.NoShare {
		return nil
	}
	text := string(s)
	return &text
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
