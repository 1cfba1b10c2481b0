package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
)

// Message is a message with its bodies, on the card, or on the first card that shows it when card is nil.
func (s *Service) Message(ctx context.Context, acc *db.Account, viewer, message string, card *visibility.CardRef) (FullItem, error) {
	var out FullItem
	err := s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		id, item, err := seenMessage(ctx, tx, acc, viewer, message, card)
		if err != nil {
			return err
		}
		body, err := tx.FeedBody(ctx, queries.FeedBodyParams{AccountID: acc.ID, MessageID: id})
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("read a body: %w", err)
		}
		out = FullItem{Item: item, HTML: body.Html, Text: body.Text}
		out.History, err = history(ctx, tx, id, item)
		return err
	})
	if err != nil {
		return FullItem{}, err
	}
	if out.HTML != "" {
		out.HTML = s.SanitizeHTML(out.HTML)
	}
	return out, nil
}

// Attachment describes the n-th attachment of a message that the viewer sees, and gives the message's own number, by which
// ingest finds it.
func (s *Service) Attachment(ctx context.Context, acc *db.Account, viewer, message string, n int) (messageID int64, a Attachment, err error) {
	err = s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		id, item, err := seenMessage(ctx, tx, acc, viewer, message, nil)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(item.Attachments, func(a Attachment) bool { return a.N == n })
		if i < 0 {
			return visibility.ErrNotFound
		}
		messageID, a = id, item.Attachments[i]
		return nil
	})
	return messageID, a, err
}

// seenMessage is a message that the viewer sees, by its public id.
func seenMessage(ctx context.Context, tx *db.Tx, acc *db.Account, viewer, message string, card *visibility.CardRef) (int64, Item, error) {
	id, err := acc.Keys.ParseID("message", message)
	if err != nil {
		return 0, Item{}, visibility.ErrNotFound
	}
	user, err := activeViewer(ctx, tx, acc, viewer)
	if err != nil {
		return 0, Item{}, err
	}
	rows, err := tx.FeedMessageCards(ctx, queries.FeedMessageCardsParams{AccountID: acc.ID, ViewerID: user, MessageID: id})
	if err != nil {
		return 0, Item{}, fmt.Errorf("find the cards that show a message: %w", err)
	}
	cards, err := newShowing(tx, acc, user, rows, card)
	if err != nil {
		return 0, Item{}, err
	}
	items, err := cards.items(ctx, []int64{id})
	if err != nil {
		return 0, Item{}, err
	}
	return id, items[0], nil
}
