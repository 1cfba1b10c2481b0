package feed

import (
	"context"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Blocklists are the lists that keep a user's mail from being tracked.
type Blocklists struct {
	Own, Account Blocklist
	More         bool // only the first maxBlockEntries are here
}

// Blocklist is whose mail is never tracked. Version 0: the CRM never told one.
type Blocklist struct {
	Version int64
	Entries []visibility.BlockEntry
}

// Blocklists are the viewer's own and the account's.
func (s *Service) Blocklists(ctx context.Context, acc *db.Account, viewer string) (Blocklists, error) {
	var lists Blocklists
	err := s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		user, err := activeViewer(ctx, tx, acc, viewer)
		if err != nil {
			return err
		}
		rows, err := tx.BlockEntries(ctx, queries.BlockEntriesParams{AccountID: acc.ID, UserID: &user, RowLimit: maxBlockEntries + 1})
		if err != nil {
			return fmt.Errorf("read the block lists: %w", err)
		}
		lists = Blocklists{More: len(rows) > maxBlockEntries}
		for _, row := range rows[:min(len(rows), maxBlockEntries)] {
			list := &lists.Own
			if row.OfAccount {
				list = &lists.Account
			}
			list.Version = row.Version
			entry := visibility.BlockEntry{Address: row.Address, Domain: row.Domain}
			if row.Card != "" {
				entry.Card = &visibility.CardRef{Kind: rules.Kind(row.Kind), ID: row.Card}
			} else if row.Address == "" && row.Domain == "" {
				continue
			}
			list.Entries = append(list.Entries, entry)
		}
		return nil
	})
	return lists, err
}
