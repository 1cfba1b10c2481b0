package feed

import (
	"context"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
)

// Conversations are the viewer's own on the card, and those of others that are visible.
func (s *Service) Conversations(ctx context.Context, acc *db.Account, viewer string, card visibility.CardRef) (Conversations, error) {
	out := Conversations{Items: []Conversation{}}
	err := s.look(ctx, acc, viewer, card, func(v *sight) error {
		rows, err := v.FeedConversations(ctx, queries.FeedConversationsParams{AccountID: acc.ID, CardID: v.cardID, ViewerID: v.viewer})
		if err != nil {
			return fmt.Errorf("read the card's conversations: %w", err)
		}
		out.Items = make([]Conversation, 0, len(rows))
		var own, visible int64
		for _, row := range rows {
			if row.AuthorID == v.viewer {
				own++
				if row.Granted {
					visible++
				}
			}
			out.Items = append(out.Items, Conversation{
				Stamp: newStamp(row.Author, row.Address, row.Granted, row.Visible, row.Reason),
				Share: row.Share, Since: row.Since.UTC(),
			})
		}
		out.Summary = rollUp(visible, own)
		return nil
	})
	return out, err
}
