package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
)

// pruneArgs: remove what is no longer needed. Finished jobs are River's own to remove.
type pruneArgs struct{}

func (pruneArgs) Kind() string { return "prune" }

func (pruneArgs) InsertOpts() river.InsertOpts { return upkeepOpts }

type pruner struct {
	river.WorkerDefaults[pruneArgs]
	db *db.DB
}

func (*pruner) Timeout(*river.Job[pruneArgs]) time.Duration { return upkeepTimeout }

func (w *pruner) Work(ctx context.Context, _ *river.Job[pruneArgs]) error {
	return eachAccount(ctx, w.db, func(account int64) error {
		for {
			var removed int64
			err := w.db.Tx(ctx, account, func(tx *db.Tx) (err error) {
				removed, err = tx.PruneWebhookReceipts(ctx, queries.PruneWebhookReceiptsParams{
					AccountID: account, OlderThanSeconds: receiptsKept.Seconds(), AtMost: pruneBatch})
				return err
			})
			if err != nil {
				return fmt.Errorf("prune webhook receipts: %w", err)
			}
			if removed < pruneBatch {
				return nil
			}
		}
	})
}
