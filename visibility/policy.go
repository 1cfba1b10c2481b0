package visibility

import (
	"context"
	"fmt"

	"github.com/mailstamp/mailstamp/db/queries"
)

func (c *change) policyChanged(ctx context.Context, told Told, e *PolicyChanged) (Status, error) {
	held, err := c.Account(ctx, c.AccountID)
	if err != nil {
		return "", fmt.Errorf("read the policy: %w", err)
	}
	if e.Version <= held.PolicyVersion {
		return Stale, nil
	}
	p := queries.ChangePolicyParams{ID: c.AccountID, Version: e.Version, Handover: held.Handover, Deletion: held.Deletion}
	if e.Handover != nil {
		p.Handover = *e.Handover
	}
	if e.Deletion != nil {
		p.Deletion = *e.Deletion
	}
	if err := c.ChangePolicy(ctx, p); err != nil {
		return "", fmt.Errorf("write the policy: %w", err)
	}
	if p.Handover != held.Handover {
		// It may touch every card that was ever handed over: fences now, stamps by jobs.
		cards, err := c.HandedOverCards(ctx, c.AccountID)
		if err != nil {
			return "", fmt.Errorf("find cards handed over: %w", err)
		}
		if err := c.RaiseCards(ctx, queries.RaiseCardsParams{AccountID: c.AccountID, Ids: cards, Restamped: false}); err != nil {
			return "", fmt.Errorf("raise the cards' fences: %w", err)
		}
		for _, id := range cards {
			c.work[Work{CardID: id}] = true
		}
	}
	c.note(told, "policy.changed", map[string]any{"version": e.Version, "handover": p.Handover, "deletion": p.Deletion})
	return Applied, nil
}
