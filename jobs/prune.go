package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/jobs/notify"
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
		err := w.db.Tx(ctx, account, func(tx *db.Tx) error {
			_, err := tx.FailOldEvents(ctx, queries.FailOldEventsParams{AccountID: account, OlderThanSeconds: notify.RetryFor.Seconds()})
			return err
		})
		if err != nil {
			return fmt.Errorf("give up old events: %w", err)
		}
		err = w.inBatches(ctx, account, func(tx *db.Tx) (int64, error) {
			return tx.PruneWebhookReceipts(ctx, queries.PruneWebhookReceiptsParams{
				AccountID: account, OlderThanSeconds: receiptsKept.Seconds(), AtMost: pruneBatch})
		})
		if err != nil {
			return fmt.Errorf("prune webhook receipts: %w", err)
		}
		err = w.inBatches(ctx, account, func(tx *db.Tx) (int64, error) {
			return tx.PruneEvents(ctx, queries.PruneEventsParams{AccountID: account, OlderThanSeconds: notify.Kept.Seconds(), AtMost: pruneBatch})
		})
		if err != nil {
			return fmt.Errorf("prune events: %w", err)
		}
		return nil
	})
}

// inBatches removes until less than a batch is removed, each batch in a transaction of its own.
func (w *pruner) inBatches(ctx context.Context, account int64, remove func(*db.Tx) (int64, error)) error {
	for removed := int64(pruneBatch); removed == pruneBatch; {
		err := w.db.Tx(ctx, account, func(tx *db.Tx) (err error) {
			removed, err = remove(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
