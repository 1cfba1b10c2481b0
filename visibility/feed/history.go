package feed

import (
	"context"
	"fmt"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
)

// DeliveryEvent is one thing that was said of a sent message at one of its recipients. Reporter and passage are the report's own
// words, the author's alone.
type DeliveryEvent struct {
	Address  string    `json:"address"`
	Source   string    `json:"source"` // dsn, mdn, feedback, answer
	Status   string    `json:"status"`
	Class    *string   `json:"class"`
	Code     *string   `json:"code"`
	Hard     bool      `json:"hard"`
	At       time.Time `json:"at"`
	Reporter string    `json:"reporter,omitempty"`
	Passage  string    `json:"passage,omitempty"`
}

// history is what was said of a message's recipients, as far as the item names them, oldest first.
func history(ctx context.Context, tx *db.Tx, id int64, item Item) ([]DeliveryEvent, error) {
	if item.Delivery == nil {
		return nil, nil
	}
	own := item.Seen != nil // the author's alone, too
	rows, err := tx.FeedDeliveryEvents(ctx, queries.FeedDeliveryEventsParams{AccountID: tx.AccountID, MessageID: id})
	if err != nil {
		return nil, fmt.Errorf("read the history of a message: %w", err)
	}
	named := map[string]bool{}
	for _, r := range item.Delivery.Recipients {
		named[r.Address] = true
	}
	events := []DeliveryEvent{}
	for _, r := range rows {
		if !named[r.Address] {
			continue // a blind copy
		}
		e := DeliveryEvent{
			Address: r.Address, Source: r.Source, Status: r.Status, Class: r.Class, Code: r.Code, Hard: r.Hard, At: r.At.UTC(),
		}
		if own {
			e.Reporter, e.Passage = r.Reporter, r.Passage
		}
		events = append(events, e)
	}
	return events, nil
}
