package visibility

import (
	"context"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// addNews adds a verdict that is another than the stamp's. A conversation that is not tracked from its first stamp on (R1) is
// no news to anybody.
func addNews(news *queries.AnnounceStampsParams, f queries.ConversationFact, v rules.Verdict) {
	if f.Reason == "unstamped" && (!f.OnCard || f.Blocked) {
		return
	}
	news.AuthorIds = append(news.AuthorIds, f.AuthorID)
	news.CardIds = append(news.CardIds, f.CardID)
	news.AddressIds = append(news.AddressIds, f.AddressID)
	news.Visibles = append(news.Visibles, v.Visible)
	news.Reasons = append(news.Reasons, string(v.Reason))
}

// announce puts the verdicts into the outbox (thread.stamped), where the account's CRM wants to be told. It comes after they
// were written, whose row locks order the events of a conversation as their commits.
func announce(ctx context.Context, tx *db.Tx, news queries.AnnounceStampsParams) error {
	if len(news.AuthorIds) == 0 {
		return nil
	}
	tell, err := tx.HasEndpoint(ctx, tx.AccountID)
	if err != nil {
		return fmt.Errorf("ask whether the CRM is told: %w", err)
	}
	if !tell {
		return nil
	}
	if err := tx.AnnounceStamps(ctx, news); err != nil {
		return fmt.Errorf("announce stamps: %w", err)
	}
	return nil
}
