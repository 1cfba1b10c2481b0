package testenv

import (
	"context"

	"github.com/mailstamp/mailstamp/db"
)

// migrate brings a database to the program's schema.
func migrate(ctx context.Context, url string) error { return db.Migrate(ctx, url) }

// schemaVersion changes with the schema.
func schemaVersion() string { return db.SchemaDigest() }
