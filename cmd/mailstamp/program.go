package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/config"
	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/seal"
)

// program is what every subcommand is given.
type program struct {
	config.Config
	out io.Writer // results, and nothing else
	log *slog.Logger
}

// openDB opens the database with its keys, and refuses one whose schema is not this program's.
func (p *program) openDB(ctx context.Context) (*db.DB, error) {
	url, err := p.Database()
	if err != nil {
		return nil, err
	}
	sealer, err := p.loadKeys()
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, url, sealer)
	if err != nil {
		return nil, fmt.Errorf("%w\n  Is PostgreSQL running, and does MAILSTAMP_DATABASE_URL name it and a role that may log in?", err)
	}
	if err := checkSchema(ctx, url); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

var errPending = errors.New("the database's schema is older than this program: run `mailstamp migrate`")

func checkSchema(ctx context.Context, url string) error {
	pending, err := db.PendingMigrations(ctx, url)
	if err != nil {
		return fmt.Errorf("look for pending migrations: %w", err)
	}
	if pending {
		return errPending
	}
	return nil
}

// loadKeys loads the key set, which is made at first use.
func (p *program) loadKeys() (*seal.Sealer, error) {
	keyset, err := p.KeysetOrDefault()
	if err != nil {
		return nil, err
	}
	path, exists := keyset.Path()
	sealer, err := seal.Load(string(keyset))
	if err != nil {
		return nil, fmt.Errorf("MAILSTAMP_KEYSET: %w", err)
	}
	if !exists {
		p.log.Warn("a new key set was made; no stored credential can be read without it: keep a copy", "path", path)
	}
	return sealer, nil
}
