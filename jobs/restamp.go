package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
)

const kindRestamp = "restamp"

// restampArgs: bring the stamps that depend on an input up to date.
type restampArgs struct {
	AccountID int64 `json:"account_id"`
	visibility.Work
}

func (restampArgs) Kind() string { return kindRestamp }

func (restampArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueStamps} }

type restamper struct {
	river.WorkerDefaults[restampArgs]
	db *db.DB
}

func (*restamper) Timeout(*river.Job[restampArgs]) time.Duration { return restampTimeout }

func (w *restamper) Work(ctx context.Context, job *river.Job[restampArgs]) error {
	err := visibility.Restamp(ctx, w.db, job.Args.AccountID, job.Args.Work)
	switch {
	case errors.Is(err, db.ErrNoAccount):
		return river.JobCancel(err)
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return river.JobSnooze(0) // what was stamped stays; the rest is another run's
	}
	return err
}
