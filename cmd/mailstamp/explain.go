package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/config"
	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

type explainCommand struct {
	Account string      `required:"" help:"Id of the account, as account add printed it."`
	Viewer  string      `required:"" help:"The CRM's id of the user who looks."`
	Message string      `required:"" help:"Id of the message, as the read API gives it."`
	Card    config.Card `required:"" placeholder:"KIND:ID" help:"The card it is looked at on, e.g. deal:4711."`
}

// Run prints why the viewer sees the message on the card, or why not, as the operator may know it.
func (c *explainCommand) Run(ctx context.Context, p *program) error {
	d, err := p.openDB(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	acc, err := d.AccountByPublicID(ctx, c.Account)
	if errors.Is(err, db.ErrNoAccount) {
		return fmt.Errorf("no account %s", c.Account)
	}
	if err != nil {
		return err
	}
	views := &feed.Service{DB: d}
	explanation, err := views.Explain(ctx, acc, "", c.Viewer, c.Message, visibility.CardRef(c.Card))
	if errors.Is(err, visibility.ErrNotFound) {
		return errors.New("there is no such viewer, message or card, or the message has no address of the card")
	}
	if err != nil {
		return err
	}
	out := json.NewEncoder(p.out)
	out.SetIndent("", "  ")
	if err := out.Encode(explanation); err != nil {
		return fmt.Errorf("print the explanation: %w", err)
	}
	return nil
}
