package ingest

import (
	"context"

	"github.com/mailstamp/mailstamp/db"
)

// Stamper gives an author's new correspondences their conversations. It takes the locks it needs (package db) and is
// called last in the transaction that stores their messages.
type Stamper interface {
	Correspond(ctx context.Context, tx *db.Tx, author int64, addressIDs []int64) error
}

// StamperFunc makes a function a Stamper.
type StamperFunc func(ctx context.Context, tx *db.Tx, author int64, addressIDs []int64) error

// Correspond calls the function.
func (f StamperFunc) Correspond(ctx context.Context, tx *db.Tx, author int64, addressIDs []int64) error {
	return f(ctx, tx, author, addressIDs)
}
