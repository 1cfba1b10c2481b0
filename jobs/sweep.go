package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
)

// sweepArgs: queue removals that lost their job; find stamps that are behind their inputs, count them, and queue what no job alive does.
type sweepArgs struct{}

func (sweepArgs) Kind() string { return "sweep" }

func (sweepArgs) InsertOpts() river.InsertOpts { return upkeepOpts }

type sweeper struct {
	river.WorkerDefaults[sweepArgs]
	db      *db.DB
	metrics *metrics
}

func (*sweeper) Timeout(*river.Job[sweepArgs]) time.Duration { return upkeepTimeout }

func (w *sweeper) Work(ctx context.Context, _ *river.Job[sweepArgs]) error {
	var behind int64
	var missed []restampArgs
	count := w.metrics.countDue() // reads every conversation, so not each time
	look := func(ctx context.Context, tx *db.Tx) ([]visibility.Work, int64, error) {
		if count {
			return visibility.Behind(ctx, tx)
		}
		work, err := visibility.Pending(ctx, tx)
		return work, 0, err
	}
	err := eachAccount(ctx, w.db, func(account int64) error {
		return w.db.ReadTx(ctx, account, func(tx *db.Tx) error {
			work, stamps, err := look(ctx, tx)
			if err != nil {
				return fmt.Errorf("look for stamps behind their inputs: %w", err)
			}
			behind += stamps
			for _, item := range work {
				missed = append(missed, restampArgs{account, item})
			}
			return nil
		})
	})
	if err == nil && count { // else the count is not the whole
		w.metrics.swept(behind)
	}
	if len(missed) > 0 {
		err = errors.Join(err, w.enqueueMissing(ctx, missed))
	}
	return errors.Join(err, eachAccount(ctx, w.db, func(account int64) error { return queueLostRemovals(ctx, w.db, account) }))
}

// enqueueMissing queues what no job alive does. The jobs are looked up after the facts: one that ended in between is
// queued again and finds nothing to do.
func (w *sweeper) enqueueMissing(ctx context.Context, missed []restampArgs) error {
	alive, err := w.alive(ctx)
	if err != nil {
		return err
	}
	missing := map[int64][]visibility.Work{}
	for _, args := range missed {
		if !alive[args] {
			missing[args.AccountID] = append(missing[args.AccountID], args.Work)
		}
	}
	for account, work := range missing {
		enqueue := func(tx *db.Tx) error { return Enqueue(ctx, tx, work) }
		err = errors.Join(err, w.db.Tx(ctx, account, enqueue))
	}
	return err
}

// alive is the re-stamping that is queued or running. A run that outlived its timeout was killed with its process.
func (w *sweeper) alive(ctx context.Context) (map[restampArgs]bool, error) {
	client := river.ClientFromContext[pgx.Tx](ctx)
	list, err := client.JobList(ctx, river.NewJobListParams().Kinds(kindRestamp).First(maxAlive).
		States(rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateRunning, rivertype.JobStateScheduled))
	if err != nil {
		return nil, fmt.Errorf("list the jobs alive: %w", err)
	}
	if len(list.Jobs) == maxAlive {
		return nil, fmt.Errorf("%d re-stamping jobs are waiting: the sweep adds none", maxAlive)
	}
	alive := make(map[restampArgs]bool, len(list.Jobs))
	for _, job := range list.Jobs {
		if job.State == rivertype.JobStateRunning && job.AttemptedAt != nil && time.Since(*job.AttemptedAt) > lostAfter {
			continue
		}
		var args restampArgs
		if err := jsonArgs(job, &args); err != nil {
			return nil, err
		}
		alive[args] = true
	}
	return alive, nil
}
