package visibility

import (
	"context"
	"fmt"

	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/db/queries"
)

// blocklistChanged replaces a list; every address that the old or the new one covers is judged anew.
func (c *change) blocklistChanged(ctx context.Context, told Told, e *BlocklistChanged) (Status, error) {
	var user *int64
	if e.User != nil {
		u, err := c.user(ctx, *e.User)
		if err != nil {
			return "", err
		}
		user = &u.ID
	}
	if err := c.EnsureBlocklist(ctx, queries.EnsureBlocklistParams{AccountID: c.AccountID, UserID: user}); err != nil {
		return "", fmt.Errorf("make the block list: %w", err)
	}
	list, err := c.Blocklist(ctx, queries.BlocklistParams{AccountID: c.AccountID, UserID: user})
	if err != nil {
		return "", fmt.Errorf("read the block list: %w", err)
	}
	if e.Version <= list.Version {
		return Stale, nil
	}
	touch := func() error {
		ids, err := c.BlockedBy(ctx, queries.BlockedByParams{AccountID: c.AccountID, BlocklistID: list.ID})
		if err != nil {
			return fmt.Errorf("find what the block list covers: %w", err)
		}
		for _, id := range ids {
			c.addresses[id] = true
		}
		return nil
	}
	if err := touch(); err != nil {
		return "", err
	}
	erased, err := c.erasedOf(ctx, e.Entries)
	if err != nil {
		return "", err
	}
	p := queries.AddBlocklistEntriesParams{AccountID: c.AccountID, BlocklistID: list.ID}
	for _, entry := range e.Entries {
		a, _ := address.Canonical(entry.Address)
		if erased[a] {
			continue // it is never tracked anyway
		}
		d, _ := address.CanonicalDomain(entry.Domain)
		var card int64
		if entry.Card != nil {
			k, err := c.card(ctx, *entry.Card)
			if err != nil {
				return "", err
			}
			card = k.ID
		}
		p.Addresses, p.Domains, p.CardIds = append(p.Addresses, a), append(p.Domains, d), append(p.CardIds, card)
	}
	if err := c.ClearBlocklist(ctx, queries.ClearBlocklistParams{AccountID: c.AccountID, BlocklistID: list.ID}); err != nil {
		return "", fmt.Errorf("clear the block list: %w", err)
	}
	if err := c.AddBlocklistEntries(ctx, p); err != nil {
		return "", fmt.Errorf("write the block list: %w", err)
	}
	if err := c.SetBlocklistVersion(ctx, queries.SetBlocklistVersionParams{AccountID: c.AccountID, ID: list.ID, Version: e.Version}); err != nil {
		return "", fmt.Errorf("write the block list's version: %w", err)
	}
	if err := touch(); err != nil {
		return "", err
	}
	c.note(told, "blocklist.changed", map[string]any{"user": e.User, "version": e.Version, "entries": len(e.Entries)})
	return Applied, nil
}

// erasedOf tells which of the entries' addresses are erased persons'.
func (c *change) erasedOf(ctx context.Context, entries []BlockEntry) (map[string]bool, error) {
	var addresses []string
	for _, entry := range entries {
		if a, ok := address.Canonical(entry.Address); ok {
			addresses = append(addresses, a)
		}
	}
	return c.Erased(ctx, c.acc, addresses)
}

// linksChange comes before links of a card change, or it opens or closes: what block lists cover because of it, or of its
// deals, is judged anew.
func (c *change) linksChange(ctx context.Context, cards ...int64) error {
	ids, err := c.AddressesBlockedByCards(ctx, queries.AddressesBlockedByCardsParams{AccountID: c.AccountID, CardIds: cards})
	if err != nil {
		return fmt.Errorf("find addresses of cards on block lists: %w", err)
	}
	for _, id := range ids {
		c.addresses[id] = true // R1
	}
	return nil
}

// touchAddressesOf marks the addresses of cards that block lists name.
func (c *change) touchAddressesOf(ctx context.Context, cards []int64) error {
	ids, err := c.AddressesEverOn(ctx, queries.AddressesEverOnParams{AccountID: c.AccountID, CardIds: cards})
	if err != nil {
		return fmt.Errorf("find addresses of blocked cards: %w", err)
	}
	for _, id := range ids {
		c.addresses[id] = true
	}
	return nil
}
