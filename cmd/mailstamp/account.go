package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

type accountCommand struct {
	Add addAccountCommand `cmd:"" help:"Make an account and print its secrets, once, as JSON: hand them to the CRM."`
}

type addAccountCommand struct {
	Name string `arg:"" help:"What people call the account."`
}

func (c *addAccountCommand) Run(ctx context.Context, p *program) error {
	if strings.TrimSpace(c.Name) == "" {
		return errors.New("an account needs a name")
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
	secrets := struct {
		Account       string `json:"account"`
		WebhookSecret string `json:"webhook_secret"`
		TokenKey      string `json:"token_key"` // its bytes are the HS256 key
	}{acc.PublicID, acc.WebhookSecret, string(acc.TokenKey)}
	if err := json.NewEncoder(p.out).Encode(secrets); err != nil {
		return fmt.Errorf("print the account: %w", err)
	}
	return nil
}
