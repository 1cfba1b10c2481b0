package feed

import (
	"context"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
)

// Forwarding is what a draft to send a message on is made of.
type Forwarding struct {
	MessageID int64 // by which ingest finds the original
	Subject   string
	Sender    Person
}

// Forward records that the viewer forwards a message that they see.
func (s *Service) Forward(ctx context.Context, acc *db.Account, viewer, message string) (Forwarding, error) {
	var out Forwarding
	err := s.DB.Tx(ctx, acc.ID, func(tx *db.Tx) error {
		id, item, err := seenMessage(ctx, tx, acc, viewer, message, nil)
		if err != nil {
			return err
		}
		sender, err := tx.FeedSender(ctx, queries.FeedSenderParams{AccountID: acc.ID, Viewer: viewer})
		if err != nil {
			return fmt.Errorf("find the sender: %w", err)
		}
		out = Forwarding{MessageID: id, Subject: item.Subject, Sender: Person{Name: sender.Name, Address: sender.Address}}
		return tx.AppendAudit(ctx, db.AuditEntry{Actor: viewer, Act: "message.forwarded",
			Subject: map[string]any{"message": item.Message, "author": item.Author, "card": item.Card}, Effect: map[string]any{}})
	})
	return out, err
}
