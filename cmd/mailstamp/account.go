package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/jobs/notify"
)

type accountCommand struct {
	Add                 addAccountCommand   `cmd:"" help:"Make an account and print its secrets, once, as JSON: hand them to the CRM."`
	Set                 setAccountCommand   `cmd:"" help:"Change where an account's CRM takes events."`
	RotateWebhookSecret rotateSecretCommand `cmd:"" help:"Make a new webhook secret and print it, once; the one before goes on counting for a while, in both directions."`
}

type addAccountCommand struct {
	Name      string `arg:"" help:"What people call the account."`
	EventsURL string `name:"events-url" placeholder:"URL" help:"Where the CRM takes events: https, or http to a host of MAILSTAMP_ALLOW_PRIVATE_CRM. Default: none, and the CRM is told nothing."`
}

func (c *addAccountCommand) Run(ctx context.Context, p *program) error {
	if strings.TrimSpace(c.Name) == "" {
		return errors.New("an account needs a name")
	}
	if c.EventsURL != "" {
		if err := notify.CheckURL(c.EventsURL); err != nil {
			return err
		}
	}
	d, err := p.openDB(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	acc, err := d.NewAccount(ctx, c.Name)
	if err != nil {
		return err
	}
	// The secrets are printed first: whatever fails later can be done again.
	secrets := struct {
		Account       string `json:"account"`
		WebhookSecret string `json:"webhook_secret"`
		TokenKey      string `json:"token_key"` // its bytes are the HS256 key
		EventsURL     string `json:"events_url,omitempty"`
	}{acc.PublicID, acc.WebhookSecret, string(acc.TokenKey), c.EventsURL}
	if err := p.printJSON(secrets); err != nil {
		return err
	}
	if c.EventsURL == "" {
		return nil
	}
	return notify.SetURL(ctx, d, acc, c.EventsURL)
}

type setAccountCommand struct {
	Account   string `arg:"" help:"The account, as account add printed it."`
	EventsURL string `name:"events-url" required:"" placeholder:"URL" help:"Where the CRM takes events: https, or http to a host of MAILSTAMP_ALLOW_PRIVATE_CRM. Empty: the CRM is told nothing any more."`
}

func (c *setAccountCommand) Run(ctx context.Context, p *program) error {
	return p.withAccount(ctx, c.Account, func(d *db.DB, acc *db.Account) error {
		if err := notify.SetURL(ctx, d, acc, c.EventsURL); err != nil {
			return err
		}
		return p.printJSON(map[string]string{"account": acc.PublicID, "events_url": c.EventsURL})
	})
}

type rotateSecretCommand struct {
	Account string        `arg:"" help:"The account, as account add printed it."`
	Overlap time.Duration `default:"24h" placeholder:"DURATION" help:"How long the secret before still counts; 0 after a leak. Default: ${default}."`
}

func (c *rotateSecretCommand) Run(ctx context.Context, p *program) error {
	if c.Overlap < 0 {
		return errors.New("the overlap cannot be negative")
	}
	return p.withAccount(ctx, c.Account, func(d *db.DB, acc *db.Account) error {
		secret, until, err := d.RotateWebhookSecret(ctx, acc, c.Overlap)
		if err != nil {
			return err
		}
		return p.printJSON(struct {
			Account       string    `json:"account"`
			WebhookSecret string    `json:"webhook_secret"`
			OldUntil      time.Time `json:"old_until"`
		}{acc.PublicID, secret, until.UTC().Truncate(time.Second)})
	})
}

// withAccount opens the database and finds an account in it.
func (p *program) withAccount(ctx context.Context, publicID string, fn func(*db.DB, *db.Account) error) error {
	d, err := p.openDB(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	acc, err := d.AccountByPublicID(ctx, publicID)
	if err != nil {
		return err
	}
	return fn(d, acc)
}

func (p *program) printJSON(v any) error {
	if err := json.NewEncoder(p.out).Encode(v); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}
