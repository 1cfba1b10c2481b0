package visibility

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// card returns a card, made as a placeholder where it is not known.
func (c *change) card(ctx context.Context, ref CardRef) (queries.Card, error) {
	if k, known := c.spokenOf[ref]; known {
		return k, nil
	}
	find := func() (queries.Card, error) {
		return c.CardByCRMID(ctx, queries.CardByCRMIDParams{AccountID: c.AccountID, Kind: string(ref.Kind), CrmID: ref.ID})
	}
	k, err := find()
	if errors.Is(err, pgx.ErrNoRows) {
		err = c.EnsureCards(ctx, queries.EnsureCardsParams{AccountID: c.AccountID, Kinds: []string{string(ref.Kind)}, CrmIds: []string{ref.ID}})
		if err != nil {
			return queries.Card{}, fmt.Errorf("make a placeholder: %w", err)
		}
		k, err = find()
	}
	if err != nil {
		return queries.Card{}, fmt.Errorf("find the card: %w", err)
	}
	return k, nil
}

func (c *change) cardUpserted(ctx context.Context, told Told, e *CardUpserted) (Status, error) {
	k, err := c.card(ctx, CardRef{e.Kind, e.ID})
	if err != nil {
		return "", err
	}
	var owner *int64
	if e.Owner != nil {
		u, err := c.user(ctx, *e.Owner)
		if err != nil {
			return "", err
		}
		owner = &u.ID
		// From late events too: who owned the card once is a fact whatever the order it is told in (G4).
		added, err := c.RememberOwner(ctx, queries.RememberOwnerParams{AccountID: c.AccountID, CardID: k.ID, UserID: u.ID, Since: told.At})
		if err != nil {
			return "", fmt.Errorf("remember the owner: %w", err)
		}
		if added > 0 {
			c.cards[k.ID] = true
		}
	}
	status := Applied
	if e.Version <= k.Version {
		status = Stale
		if k.State != "deleted" || e.Version <= k.Told {
			return Stale, nil
		}
		// The card is gone already; what it was still counts, e.g. who could open it where its shares went (G4).
	}
	if err := c.linksChange(ctx, k.ID); err != nil {
		return "", err
	}
	carried, err := c.carriedShares(ctx, k.ID)
	if err != nil {
		return "", err
	}
	err = c.UpdateCard(ctx, queries.UpdateCardParams{AccountID: c.AccountID, ID: k.ID, Version: e.Version, Name: e.Name,
		Everyone: e.Audience.Everyone, OwnerID: owner, At: told.At})
	if err != nil {
		return "", fmt.Errorf("write the card: %w", err)
	}
	if err := c.setPeople(ctx, told, k.ID, e); err != nil {
		return "", err
	}
	if err := c.heldAnew(ctx, told, k.ID, carried); err != nil {
		return "", err
	}
	if e.Kind == rules.Deal {
		err = c.setContacts(ctx, told, k.ID, e.Contacts)
	} else {
		err = c.setCardAddresses(ctx, told, k.ID, e.Addresses)
	}
	if err != nil {
		return "", err
	}
	c.cards[k.ID] = true
	c.note(told, "card.upserted", map[string]any{"kind": e.Kind, "card": e.ID, "version": e.Version, "owner": e.Owner,
		"collaborators": e.Collaborators, "audience": e.Audience, "addresses": len(e.Addresses), "contacts": e.Contacts})
	return status, nil
}

func (c *change) cardDeleted(ctx context.Context, told Told, e *CardDeleted) (Status, error) {
	k, err := c.card(ctx, CardRef{e.Kind, e.ID})
	if err != nil {
		return "", err
	}
	if e.Version <= k.Version {
		return Stale, nil
	}
	if err := c.linksChange(ctx, k.ID); err != nil {
		return "", err
	}
	if err := c.DeleteCard(ctx, queries.DeleteCardParams{AccountID: c.AccountID, ID: k.ID, Version: e.Version}); err != nil {
		return "", fmt.Errorf("delete the card: %w", err)
	}
	c.cards[k.ID] = true
	c.note(told, "card.deleted", map[string]any{"kind": e.Kind, "card": e.ID, "version": e.Version})
	return Applied, nil
}

// setPeople replaces collaborators and audience.
func (c *change) setPeople(ctx context.Context, told Told, card int64, e *CardUpserted) error {
	collaborators, err := c.userIDs(ctx, e.Collaborators)
	if err != nil {
		return err
	}
	audience, err := c.userIDs(ctx, e.Audience.Users)
	if err != nil {
		return err
	}
	err = c.RemoveOtherCollaborators(ctx, queries.RemoveOtherCollaboratorsParams{AccountID: c.AccountID, CardID: card, UserIds: collaborators})
	if err != nil {
		return fmt.Errorf("remove collaborators: %w", err)
	}
	err = c.AddCollaborators(ctx, queries.AddCollaboratorsParams{AccountID: c.AccountID, CardID: card, UserIds: collaborators, Since: told.At})
	if err != nil {
		return fmt.Errorf("add collaborators: %w", err)
	}
	err = c.RemoveOtherAudience(ctx, queries.RemoveOtherAudienceParams{AccountID: c.AccountID, CardID: card, UserIds: audience})
	if err != nil {
		return fmt.Errorf("narrow the audience: %w", err)
	}
	err = c.AddAudience(ctx, queries.AddAudienceParams{AccountID: c.AccountID, CardID: card, UserIds: audience})
	if err != nil {
		return fmt.Errorf("widen the audience: %w", err)
	}
	return nil
}

func (c *change) setCardAddresses(ctx context.Context, told Told, card int64, list []CardAddress) error {
	p := queries.PutCardAddressesParams{AccountID: c.AccountID, CardID: card, Since: told.At, AddressIds: []int64{}}
	seen := map[int64]bool{}
	for _, a := range list {
		id := c.addressID(a.Address)
		if id == 0 || seen[id] {
			continue // the first label stands
		}
		seen[id] = true
		p.AddressIds = append(p.AddressIds, id)
		p.Labels = append(p.Labels, a.Label)
	}
	err := c.RemoveOtherCardAddresses(ctx, queries.RemoveOtherCardAddressesParams{AccountID: c.AccountID, CardID: card, AddressIds: p.AddressIds})
	if err != nil {
		return fmt.Errorf("remove addresses: %w", err)
	}
	if err := c.PutCardAddresses(ctx, p); err != nil {
		return fmt.Errorf("put addresses: %w", err)
	}
	return nil
}

func (c *change) setContacts(ctx context.Context, told Told, deal int64, list []DealContact) error {
	ids, err := c.cardIDs(ctx, rules.Contact, list)
	if err != nil {
		return err
	}
	p := queries.PutDealContactsParams{AccountID: c.AccountID, DealID: deal, Since: told.At, ContactIds: []int64{}}
	seen := map[int64]bool{}
	for _, k := range list {
		id := ids[k.ID]
		if seen[id] {
			continue
		}
		seen[id] = true
		p.ContactIds = append(p.ContactIds, id)
		p.Primaries = append(p.Primaries, k.Primary)
	}
	err = c.RemoveOtherDealContacts(ctx, queries.RemoveOtherDealContactsParams{AccountID: c.AccountID, DealID: deal, ContactIds: p.ContactIds})
	if err != nil {
		return fmt.Errorf("unlink contacts: %w", err)
	}
	if err := c.PutDealContacts(ctx, p); err != nil {
		return fmt.Errorf("link contacts: %w", err)
	}
	return nil
}

func (c *change) cardIDs(ctx context.Context, kind rules.Kind, list []DealContact) (map[string]int64, error) {
	ensure := queries.EnsureCardsParams{AccountID: c.AccountID}
	for _, k := range list {
		ensure.Kinds = append(ensure.Kinds, string(kind))
		ensure.CrmIds = append(ensure.CrmIds, k.ID)
	}
	if err := c.EnsureCards(ctx, ensure); err != nil {
		return nil, fmt.Errorf("make placeholders: %w", err)
	}
	rows, err := c.CardsByCRMID(ctx, queries.CardsByCRMIDParams{AccountID: c.AccountID, Kind: string(kind), CrmIds: ensure.CrmIds})
	if err != nil {
		return nil, fmt.Errorf("find cards: %w", err)
	}
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[r.CrmID] = r.ID
	}
	return out, nil
}
