package feed

import (
	"context"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
)

// Explain says why the viewer sees the message on the card, or why not. An empty asker is the CRM or the operator, who may
// ask about everybody; any other must be able to open the card, and learns what visibility.Explain lets them.
func (s *Service) Explain(ctx context.Context, acc *db.Account, asker, viewer, message string, card visibility.CardRef) (visibility.Explanation, error) {
	var out visibility.Explanation
	err := s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		var q visibility.Question
		var err error
		if q.Message, err = acc.Keys.ParseID("message", message); err != nil {
			return visibility.ErrNotFound
		}
		if !nameableSight(viewer, card) {
			return visibility.ErrNotFound
		}
		if asker != "" {
			v, err := openCard(ctx, tx.Queries, acc, asker, card)
			if err != nil {
				return err
			}
			q.Asker = v.viewer
		}
		if q.Card, err = tx.FeedCardID(ctx, queries.FeedCardIDParams{AccountID: acc.ID, Kind: string(card.Kind), CrmID: card.ID}); err != nil {
			return notFoundOr(err, "find the card")
		}
		if q.Viewer, err = tx.FeedUser(ctx, queries.FeedUserParams{AccountID: acc.ID, CrmID: viewer}); err != nil {
			return notFoundOr(err, "find the viewer")
		}
		out, err = visibility.Explain(ctx, tx, q)
		return err
	})
	return out, err
}
