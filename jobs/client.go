package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/mailstamp/mailstamp/db"
)

// Client works on the queues. Any number may run on one database; one of them leads and starts the periodic jobs.
type Client struct {
	river    *river.Client[pgx.Tx]
	db       *db.DB
	observer *observer

	endClocks context.CancelFunc
	clocks    sync.WaitGroup
}

// New makes a client whose metrics are registered with reg.
func New(d *db.DB, log *slog.Logger, reg prometheus.Registerer) (*Client, error) {
	m, err := newMetrics(reg)
	if err != nil {
		return nil, fmt.Errorf("register the metrics of jobs: %w", err)
	}
	observer := newObserver(log, m)
	workers := river.NewWorkers()
	river.AddWorker(workers, &restamper{db: d})
	river.AddWorker(workers, &sweeper{db: d, metrics: m})
	river.AddWorker(workers, &pruner{db: d})
	river.AddWorker(workers, &eraser{db: d})
	river.AddWorker(workers, &remover{db: d})
	river.AddWorker(workers, &purger{db: d, now: time.Now})
	client, err := river.NewClient(riverpgxv5.New(d.Pool), &river.Config{
		Queues: map[string]river.QueueConfig{
			queueStamps:   {MaxWorkers: queueStampsWorkers},
			queueUpkeep:   {MaxWorkers: queueUpkeepWorkers, FetchPollInterval: upkeepPoll},
			queueRemovals: {MaxWorkers: queueRemovalsWorkers, FetchPollInterval: upkeepPoll},
		},
		Workers: workers,
		PeriodicJobs: []*river.PeriodicJob{periodic(sweepEvery, sweepArgs{}), periodic(pruneEvery, pruneArgs{}),
			periodic(purgeEvery, purgeArgs{})},
		Middleware:                  []rivertype.Middleware{&tracer{}, observer},
		FetchCooldown:               fetchCooldown,
		FetchPollInterval:           fetchPoll,
		JobTimeout:                  upkeepTimeout,
		RescueStuckJobsAfter:        rescueAfter,
		MaxAttempts:                 maxAttempts,
		RetryPolicy:                 backOff{},
		SoftStopTimeout:             stopTimeout,
		CompletedJobRetentionPeriod: completedKept,
		CancelledJobRetentionPeriod: cancelledKept,
		DiscardedJobRetentionPeriod: discardedKept,
		// Rebuilding an index needs its owner, which the program gives up being (db.Open).
		ReindexerSchedule: river.NeverSchedule(),
		Logger:            slog.New(newCalm(log.Handler())), // of failed jobs, which it tells at info, the observer tells
	})
	if err != nil {
		return nil, fmt.Errorf("make River's client: %w", err)
	}
	return &Client{river: client, db: d, observer: observer, endClocks: func() {}}, nil
}

// Start starts working and returns once the database answers.
func (c *Client) Start(ctx context.Context) error {
	if err := c.river.Start(ctx); err != nil {
		return fmt.Errorf("start working on jobs: %w", err)
	}
	ctx, c.endClocks = context.WithCancel(ctx)
	c.clocks.Go(func() { c.keepClocks(ctx) })
	return nil
}

// Stop takes no more jobs and waits for those that run; they are cancelled after stopTimeout, and all at once when ctx
// ends.
func (c *Client) Stop(ctx context.Context) error {
	c.endClocks()
	defer c.clocks.Wait()
	if err := c.river.Stop(ctx); err != nil {
		// ctx has ended. Cancelled jobs are queued again, here or by whoever rescues them.
		cancelled, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer stop()
		return errors.Join(fmt.Errorf("wait for running jobs: %w", err), c.river.StopAndCancel(cancelled))
	}
	return nil
}

// Stuck says when jobs hang, each of which keeps a place from others: only a new process helps.
func (c *Client) Stuck() error {
	if n := c.observer.hanging(hangsAfter); n > 0 {
		return fmt.Errorf("%d jobs hang and do not heed their timeout", n)
	}
	return nil
}

func periodic(every time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every),
		func() (river.JobArgs, *river.InsertOpts) { return args, nil },
		&river.PeriodicJobOpts{RunOnStart: true})
}

// upkeepOpts: one of each kind waits or runs at a time. It works on everything there is, so nothing is lost when one more
// is dropped; and it comes again, so a failed one is not repeated.
var upkeepOpts = river.InsertOpts{
	Queue:       queueUpkeep,
	MaxAttempts: 1,
	UniqueOpts: river.UniqueOpts{ByState: []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending,
		rivertype.JobStateRunning, rivertype.JobStateScheduled}},
}

// backOff doubles the pause after each failure and spreads it, so that jobs that failed together do not return together.
type backOff struct{}

func (backOff) NextRetry(job *rivertype.JobRow) time.Time {
	pause := maxRetry
	if failures := len(job.Errors); failures < 16 { // 2^16 × firstRetry is beyond maxRetry
		pause = min(firstRetry<<failures, maxRetry)
	}
	return time.Now().Add(pause + rand.N(pause/2))
}

// eachAccount runs fn for every account. A failing one does not keep the others from their turn.
func eachAccount(ctx context.Context, d *db.DB, fn func(account int64) error) error {
	accounts, err := d.System().AccountIDs(ctx)
	if err != nil {
		return fmt.Errorf("list the accounts: %w", err)
	}
	for _, account := range accounts {
		if ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if accountErr := fn(account); accountErr != nil {
			err = errors.Join(err, fmt.Errorf("account %d: %w", account, accountErr))
		}
	}
	return err
}

func jsonArgs(job *rivertype.JobRow, args any) error {
	if err := json.Unmarshal(job.EncodedArgs, args); err != nil {
		return fmt.Errorf("read the arguments of job %d: %w", job.ID, err)
	}
	return nil
}
