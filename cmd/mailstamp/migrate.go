package main

import (
	"context"

	"github.com/mailstamp/mailstamp/db"
)

type migrateCommand struct{}

func (*migrateCommand) Run(ctx context.Context, p *program) error {
	url, err := p.Database()
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, url); err != nil {
		return err
	}
	p.log.Info("the schema is current")
	return nil
}
