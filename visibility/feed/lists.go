package feed

import (
	"context"
	"fmt"
	"math"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Cards are those that the viewer can open, by kind and name, at most maxCards: for a page to choose from.
func (s *Service) Cards(ctx context.Context, acc *db.Account, viewer string) ([]CardSummary, error) {
	cards := []CardSummary{}
	err := s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		user, err := activeViewer(ctx, tx, acc, viewer)
		if err != nil {
			return err
		}
		rows, err := tx.FeedCards(ctx, queries.FeedCardsParams{AccountID: acc.ID, UserID: user, RowLimit: maxCards})
		if err != nil {
			return fmt.Errorf("list cards: %w", err)
		}
		cards = make([]CardSummary, len(rows))
		for i, row := range rows {
			cards[i] = CardSummary{visibility.CardRef{Kind: rules.Kind(row.Kind), ID: row.Card}, row.Name}
		}
		return nil
	})
	return cards, err
}

// Users are the account's active users by name, at most maxUsers: for an operator to choose from.
func (s *Service) Users(ctx context.Context, acc *db.Account) ([]User, error) {
	users := []User{}
	err := s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		rows, err := tx.FeedUsers(ctx, queries.FeedUsersParams{AccountID: acc.ID, RowLimit: maxUsers})
		if err != nil {
			return fmt.Errorf("list users: %w", err)
		}
		users = make([]User, len(rows))
		for i, row := range rows {
			users[i] = User{row.CrmID, row.Name}
		}
		return nil
	})
	return users, err
}

// Audit is the account's trail, newest first. The caller has checked that it may be seen.
func (s *Service) Audit(ctx context.Context, acc *db.Account, cut Cut) (Page[AuditEntry], error) {
	const list = "audit"
	page := Page[AuditEntry]{Items: []AuditEntry{}}
	limit, from, err := cut.start(acc, list)
	if err != nil {
		return page, err
	}
	before := int64(math.MaxInt64)
	if from != nil {
		before = from.key
	}
	err = s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		rows, err := tx.FeedAudit(ctx, queries.FeedAuditParams{AccountID: acc.ID, BeforeID: before, RowLimit: int64(limit + 1)})
		if err != nil {
			return fmt.Errorf("read the trail: %w", err)
		}
		page.Next = nil
		if len(rows) > limit {
			rows = rows[:limit]
			page.Next = position{point{rows[limit-1].At, rows[limit-1].ID}, ""}.seal(acc, list)
		}
		page.Items = make([]AuditEntry, len(rows))
		for i, row := range rows {
			page.Items[i] = AuditEntry{acc.Keys.ID("audit", row.ID), row.At.UTC(), row.Actor, row.Act, row.Subject, row.Effect}
		}
		return nil
	})
	return page, err
}
