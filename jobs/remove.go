package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
)

// removeArgs: remove what a deleted mailbox brought.
type removeArgs struct {
	AccountID int64 `json:"account_id"`
	MailboxID int64 `json:"mailbox_id"`
}

func (removeArgs) Kind() string { return "remove_mailbox" }

func (removeArgs) InsertOpts() river.InsertOpts { return removalOpts }

// removalOpts: a removal waits or runs once. What it has to do is in its row, which its last transaction looks at again, so
// nothing is lost when one more is dropped.
var removalOpts = river.InsertOpts{
	Queue: queueRemovals,
	UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending,
		rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled}},
}

type remover struct {
	river.WorkerDefaults[removeArgs]
	db *db.DB
}

func (*remover) Timeout(*river.Job[removeArgs]) time.Duration { return removalTimeout }

func (w *remover) Work(ctx context.Context, job *river.Job[removeArgs]) error {
	return goOnLater(ctx, ingest.RemoveMail(ctx, w.db, job.Args.AccountID, job.Args.MailboxID))
}

// goOnLater turns a run's timeout into another run: what it did stays done.
func goOnLater(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return river.JobSnooze(0)
	}
	return err
}

// EnqueueRemoval queues the removal of a mailbox of tx's account: it starts when tx commits and never if it does not.
func EnqueueRemoval(ctx context.Context, tx *db.Tx, mailboxID int64) error {
	return enqueue(ctx, tx, removeArgs{tx.AccountID, mailboxID})
}

func enqueue(ctx context.Context, tx *db.Tx, args river.JobArgs) error {
	client, err := inserter()
	if err != nil {
		return fmt.Errorf("make the inserting client: %w", err)
	}
	if _, err := client.InsertTx(ctx, tx.Tx, args, nil); err != nil {
		return fmt.Errorf("queue %s: %w", args.Kind(), err)
	}
	return nil
}

// queueLostRemovals queues the removals of an account that are not done: one that is queued or runs is not queued twice.
func queueLostRemovals(ctx context.Context, d *db.DB, account int64) error {
	return d.Tx(ctx, account, func(tx *db.Tx) error {
		mailboxes, err := tx.MailboxesBeingRemoved(ctx, account)
		if err != nil {
			return fmt.Errorf("find mailboxes being removed: %w", err)
		}
		for _, id := range mailboxes {
			if err := EnqueueRemoval(ctx, tx, id); err != nil {
				return err
			}
		}
		erasures, err := tx.ErasuresUnderWay(ctx, account)
		if err != nil {
			return fmt.Errorf("find erasures under way: %w", err)
		}
		for _, id := range erasures {
			if err := enqueue(ctx, tx, eraseArgs{account, id}); err != nil {
				return err
			}
		}
		return nil
	})
}
