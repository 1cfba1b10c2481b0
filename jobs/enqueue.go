package jobs

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
)

// inserter only inserts, in transactions that it is given. One for the process: it remembers when it last notified.
var inserter = sync.OnceValues(func() (*river.Client[pgx.Tx], error) {
	return river.NewClient(riverpgxv5.New(nil), &river.Config{FetchCooldown: notifyAtMostEvery, MaxAttempts: maxAttempts,
		Middleware: []rivertype.Middleware{&tracer{}}})
})

// Enqueue queues work of tx's account: it starts when tx commits and never if it does not.
func Enqueue(ctx context.Context, tx *db.Tx, work []visibility.Work) error {
	if len(work) == 0 {
		return nil
	}
	client, err := inserter()
	if err != nil {
		return fmt.Errorf("make the inserting client: %w", err)
	}
	jobs := make([]river.InsertManyParams, len(work))
	for i, w := range work {
		jobs[i].Args = restampArgs{AccountID: tx.AccountID, Work: w}
	}
	if _, err := client.InsertManyFastTx(ctx, tx.Tx, jobs); err != nil {
		return fmt.Errorf("queue re-stamping: %w", err)
	}
	return nil
}
