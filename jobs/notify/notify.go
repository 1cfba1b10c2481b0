package notify

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
)

// Options of a Notifier.
type Options struct {
	DB       *db.DB
	Dialer   Dialer
	Log      *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // nil: the machine's clock
}

// Notifier sends the outbox to the CRMs. Any number may run on one database.
type Notifier struct {
	Options
	poster  *poster
	metrics *metrics

	cancel context.CancelFunc
	done   sync.WaitGroup
	slots  chan struct{} // one for each turn under way
	again  chan struct{} // a turn ended: look whether there is more
}

// New makes a notifier whose metrics are registered.
func New(o Options) (*Notifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	m, err := newMetrics(o.Registry)
	if err != nil {
		return nil, fmt.Errorf("register the metrics of events: %w", err)
	}
	return &Notifier{Options: o, poster: newPoster(o.Dialer), metrics: m,
		slots: make(chan struct{}, maxTurns), again: make(chan struct{}, 1)}, nil
}

// Start begins to send.
func (n *Notifier) Start(ctx context.Context) error {
	ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	n.done.Go(func() { n.run(ctx) })
	return nil
}

// Stop cuts attempts off, which are made again later, and notes those that are over. It waits until ctx ends at the latest.
func (n *Notifier) Stop(ctx context.Context) error {
	if n.cancel == nil {
		return nil
	}
	n.cancel()
	stopped := make(chan struct{})
	go func() {
		n.done.Wait()
		n.poster.close()
		close(stopped)
	}()
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for events under way: %w", ctx.Err())
	}
}

func (n *Notifier) run(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var counted time.Time
	for {
		if err := n.look(ctx); err != nil && ctx.Err() == nil {
			n.Log.ErrorContext(ctx, "events: cannot look for due ones", "error", err)
		}
		if time.Since(counted) >= countEvery {
			counted = time.Now()
			if err := n.count(ctx); err != nil && ctx.Err() == nil {
				n.Log.ErrorContext(ctx, "events: cannot count those that wait", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-n.again:
		}
	}
}

// look starts turns at the CRMs that have events due.
func (n *Notifier) look(ctx context.Context) error {
	free := cap(n.slots) - len(n.slots)
	if free == 0 {
		return nil
	}
	now := n.Now()
	accounts, err := n.DB.System().AccountsToTell(ctx, queries.AccountsToTellParams{Moment: now, AtMost: int64(free),
		LastEvent: now.Add(longestWait), LastPause: now.Add(longestPause), LastTurn: now.Add(longestTurn)})
	if err != nil {
		return fmt.Errorf("find accounts with events due: %w", err)
	}
	for _, account := range accounts {
		n.slots <- struct{}{} // never waits: only this goroutine fills them
		n.done.Go(func() {
			defer func() { <-n.slots }()
			more, err := n.turn(ctx, account)
			if err != nil && ctx.Err() == nil {
				n.Log.ErrorContext(ctx, "events: a turn failed", "account", account, "error", err)
			}
			if more {
				select {
				case n.again <- struct{}{}:
				default:
				}
			}
		})
	}
	return nil
}

func (n *Notifier) count(ctx context.Context) error {
	row, err := n.DB.System().EventsPending(ctx)
	if err != nil {
		return err
	}
	age := time.Duration(0)
	if row.Pending > 0 {
		age = n.Now().Sub(row.Oldest)
	}
	n.metrics.pending.Set(float64(row.Pending))
	n.metrics.oldest.Set(max(age, 0).Seconds())
	return nil
}
