package main

import (
	"context"
	"errors"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/jobs/notify"
)

type eventsCommand struct {
	List   listEventsCommand   `cmd:"" help:"Print the newest events as JSON, one a line, each with what became of every attempt."`
	Replay replayEventsCommand `cmd:"" help:"Send events again, under the ids they have, for another three days."`
}

// eventFilter selects events of an account.
type eventFilter struct {
	Account string    `arg:"" help:"The account, as account add printed it."`
	IDs     []string  `arg:"" optional:"" name:"id" help:"Events by their webhook-id."`
	Since   time.Time `placeholder:"TIME" help:"Of changes from then on, e.g. 2026-11-30T08:00:00Z."`
	Until   time.Time `placeholder:"TIME" help:"Of changes before then."`
	State   string    `enum:",pending,delivered,failed,void" default:"" placeholder:"STATE" help:"Only those that are pending, delivered, failed (given up) or void (what they told of is gone)."`
}

func (f eventFilter) filter() notify.Filter {
	return notify.Filter{IDs: f.IDs, Since: f.Since, Until: f.Until, State: f.State}
}

type listEventsCommand struct{ eventFilter }

func (c *listEventsCommand) Run(ctx context.Context, p *program) error {
	return p.withAccount(ctx, c.Account, func(d *db.DB, acc *db.Account) error {
		events, err := notify.List(ctx, d, acc, c.filter())
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := p.printJSON(e); err != nil {
				return err
			}
		}
		return nil
	})
}

type replayEventsCommand struct{ eventFilter }

func (c *replayEventsCommand) Run(ctx context.Context, p *program) error {
	if len(c.IDs) == 0 && c.State == "" && c.Since.IsZero() && c.Until.IsZero() {
		return errors.New("say which: by ID, --state, --since or --until")
	}
	return p.withAccount(ctx, c.Account, func(d *db.DB, acc *db.Account) error {
		n, err := notify.Replay(ctx, d, acc, c.filter())
		if err != nil {
			return err
		}
		return p.printJSON(map[string]int64{"replayed": n})
	})
}
