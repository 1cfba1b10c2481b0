package visibility

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// leadConverted closes the lead and carries its shares to the contact; a private one to the deal too, whose setting could
// else show what the author hid. Late events carry shares as well: what was said of a card that is gone is not lost
// because of the order in which it is told.
func (c *change) leadConverted(ctx context.Context, told Told, e *LeadConverted) (Status, error) {
	lead, err := c.card(ctx, CardRef{rules.Lead, e.Lead})
	if err != nil {
		return "", err
	}
	contact, err := c.card(ctx, CardRef{rules.Contact, e.Contact})
	if err != nil {
		return "", err
	}
	status := Stale
	if e.Version > lead.Version {
		status = Applied
		if err := c.linksChange(ctx, lead.ID); err != nil {
			return "", err
		}
		err := c.MergeCardsInto(ctx, queries.MergeCardsIntoParams{AccountID: c.AccountID, IntoID: &contact.ID, Ids: []int64{lead.ID}})
		if err != nil {
			return "", fmt.Errorf("close the lead: %w", err)
		}
		if err := c.SetCardVersion(ctx, queries.SetCardVersionParams{AccountID: c.AccountID, ID: lead.ID, Version: e.Version}); err != nil {
			return "", fmt.Errorf("write the lead's version: %w", err)
		}
	}
	if err := c.carryShares(ctx, told, []int64{lead.ID}, contact, false); err != nil {
		return "", err
	}
	if e.Deal != nil {
		deal, err := c.card(ctx, CardRef{rules.Deal, *e.Deal})
		if err != nil {
			return "", err
		}
		if err := c.carryShares(ctx, told, []int64{lead.ID}, deal, true); err != nil {
			return "", err
		}
		c.cards[deal.ID] = true
	}
	c.cards[lead.ID], c.cards[contact.ID] = true, true
	c.note(told, "lead.converted", e)
	return status, nil
}

// contactMerged closes the losers and gives their addresses, deals and shares to the winner. The winner's next event says
// again what its addresses are, and a deal's what its contacts are.
func (c *change) contactMerged(ctx context.Context, told Told, e *ContactMerged) (Status, error) {
	winner, err := c.card(ctx, CardRef{rules.Contact, e.Winner})
	if err != nil {
		return "", err
	}
	var losers []int64
	for _, id := range e.Losers {
		loser, err := c.card(ctx, CardRef{rules.Contact, id})
		if err != nil {
			return "", err
		}
		losers = append(losers, loser.ID)
		c.cards[loser.ID] = true
	}
	if err := c.linksChange(ctx, append(losers, winner.ID)...); err != nil {
		return "", err
	}
	if err := c.MergeCardsInto(ctx, queries.MergeCardsIntoParams{AccountID: c.AccountID, IntoID: &winner.ID, Ids: losers}); err != nil {
		return "", fmt.Errorf("close the contacts merged away: %w", err)
	}
	if err := c.MoveDeals(ctx, queries.MoveDealsParams{AccountID: c.AccountID, WinnerID: winner.ID, LoserIds: losers}); err != nil {
		return "", fmt.Errorf("move their deals: %w", err)
	}
	if err := c.carryShares(ctx, told, losers, winner, false); err != nil {
		return "", err
	}
	c.cards[winner.ID] = true
	status := Stale
	if e.Version > winner.Version {
		status = Applied
		err := c.CopyCardAddresses(ctx, queries.CopyCardAddressesParams{AccountID: c.AccountID, ToCard: winner.ID, FromCards: losers, Since: told.At})
		if err != nil {
			return "", fmt.Errorf("copy their addresses: %w", err)
		}
		if err := c.SetCardVersion(ctx, queries.SetCardVersionParams{AccountID: c.AccountID, ID: winner.ID, Version: e.Version}); err != nil {
			return "", fmt.Errorf("write the winner's version: %w", err)
		}
	}
	c.note(told, "contact.merged", e)
	return status, nil
}

// carryShares takes what authors said on cards that go to the card that stays, and on to where that has gone since. Private
// wins where they disagree; a shared is held while more people can open the card than could open the one it was said on.
func (c *change) carryShares(ctx context.Context, told Told, from []int64, to queries.Card, onlyPrivate bool) error {
	words, err := c.SharesToCarry(ctx, queries.SharesToCarryParams{AccountID: c.AccountID, CardIds: from})
	if err != nil {
		return fmt.Errorf("read the shares to carry over: %w", err)
	}
	heirs, err := c.heirs(ctx, to)
	if err != nil {
		return err
	}
	for _, heir := range append([]queries.Card{to}, heirs...) {
		c.cards[heir.ID] = true
		for _, w := range words {
			if onlyPrivate && w.Share != string(rules.Private) {
				continue
			}
			if err := c.carryShare(ctx, told, w, heir); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *change) carryShare(ctx context.Context, told Told, w queries.SharesToCarryRow, to queries.Card) error {
	p := queries.CarryShareParams{AccountID: c.AccountID, AuthorID: w.AuthorID, CardID: to.ID, AddressID: w.AddressID,
		Kind: to.Kind, Share: &w.Share, ShareAt: &told.At, ShareBy: w.ShareBy}
	if w.Share == string(rules.Shared) {
		p.ShareFrom = &w.CardID
		if w.ShareFrom != nil { // unconfirmed there already
			p.ShareFrom = w.ShareFrom
		}
	}
	held, err := c.CarryShare(ctx, p)
	if errors.Is(err, pgx.ErrNoRows) { // something else was said there
		return nil
	}
	if err != nil {
		return fmt.Errorf("carry a share over: %w", err)
	}
	if !held {
		return nil
	}
	return c.announceHeld(ctx, told, w.Author, conversationKey{w.AuthorID, to.ID, w.AddressID}, CardRef{rules.Kind(to.Kind), to.CrmID})
}

func (c *change) announceHeld(ctx context.Context, told Told, author string, k conversationKey, card CardRef) error {
	p := queries.AnnounceHeldShareParams{AccountID: c.AccountID, AuthorID: k.author, CardID: k.card, AddressID: k.address}
	if err := c.AnnounceHeldShare(ctx, p); err != nil {
		return fmt.Errorf("announce a held share: %w", err)
	}
	c.note(told, "share.held", map[string]any{"author": author, "address": k.address, "card": card})
	return nil
}

// heldAnew announces the carried shares that a card's new audience holds: the contact of a conversion may be told after it.
// before are those of the card as they were.
func (c *change) heldAnew(ctx context.Context, told Told, card int64, before []queries.CarriedSharesRow) error {
	if len(before) == 0 {
		return nil
	}
	held := map[conversationKey]bool{}
	for _, s := range before {
		held[conversationKey{s.AuthorID, s.CardID, s.AddressID}] = s.Held
	}
	after, err := c.carriedShares(ctx, card)
	if err != nil {
		return err
	}
	for _, s := range after {
		k := conversationKey{s.AuthorID, s.CardID, s.AddressID}
		if s.Held && !held[k] {
			if err := c.announceHeld(ctx, told, s.Author, k, CardRef{rules.Kind(s.Kind), s.CrmID}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *change) carriedShares(ctx context.Context, card int64) ([]queries.CarriedSharesRow, error) {
	shares, err := c.CarriedShares(ctx, queries.CarriedSharesParams{AccountID: c.AccountID, CardID: card})
	if err != nil {
		return nil, fmt.Errorf("read the shares carried over: %w", err)
	}
	return shares, nil
}

// heirs are the cards that a card was converted or merged into, one after the other.
func (c *change) heirs(ctx context.Context, card queries.Card) ([]queries.Card, error) {
	var heirs []queries.Card
	seen := map[int64]bool{card.ID: true}
	for card.MergedInto != nil && !seen[*card.MergedInto] {
		next, err := c.CardByID(ctx, queries.CardByIDParams{AccountID: c.AccountID, ID: *card.MergedInto})
		if err != nil {
			return nil, fmt.Errorf("find the card that one went into: %w", err)
		}
		seen[next.ID] = true
		heirs = append(heirs, next)
		card = next
	}
	return heirs, nil
}
