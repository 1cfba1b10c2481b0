package notify

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
)

// turn sends the account's due events until there are none, its time is over, or the CRM takes none. It reports whether
// more are due.
func (n *Notifier) turn(ctx context.Context, accountID int64) (more bool, err error) {
	acc, err := n.DB.AccountByID(ctx, accountID)
	if err != nil {
		return false, err
	}
	began := n.Now().Truncate(time.Microsecond) // as PostgreSQL keeps it
	until := began.Add(turnLease)
	endpoint, err := n.DB.System().TakeEndpoint(ctx, queries.TakeEndpointParams{AccountID: accountID, Now: began, Until: until,
		LastPause: began.Add(longestPause), LastTurn: began.Add(longestTurn)})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil // another's turn
	}
	if err != nil {
		return false, fmt.Errorf("take a turn: %w", err)
	}
	give := queries.GiveEndpointParams{AccountID: accountID, Until: until, DueAt: began,
		Failures: endpoint.Failures, FailingSince: endpoint.FailingSince}
	defer func() { // also when ctx has ended
		if give.Now = n.Now(); err != nil {
			give.DueAt = give.Now.Add(firstRetry)
		}
		err = errors.Join(err, n.DB.System().GiveEndpoint(context.WithoutCancel(ctx), give))
	}()
	secrets, err := n.DB.WebhookSecrets(ctx, acc)
	if err != nil {
		return false, err
	}
	to := destination{url: endpoint.Url, secrets: secrets}
	for ctx.Err() == nil {
		atMost := int64(roundEvents)
		if give.Failures > 0 {
			atMost = 1
		}
		results, due, err := n.round(ctx, acc, to, atMost, began.Add(turnTime))
		if err != nil || due == 0 {
			return false, err
		}
		taken, tried, pause := false, false, time.Duration(0)
		for _, r := range results {
			taken, tried, pause = taken || r.delivered(), true, max(pause, r.retryAfter)
		}
		switch {
		case taken:
			give.Failures, give.FailingSince = 0, nil
		case tried:
			now := n.Now()
			give.Failures++
			if give.FailingSince == nil {
				give.FailingSince = &now
			}
			give.DueAt = now.Add(max(pauseAfter(give.Failures), min(pause, maxPause)))
			n.warn(ctx, acc, give, results[len(results)-1])
			return false, nil
		}
		if n.Now().Sub(began) >= turnTime {
			return true, nil
		}
	}
	return true, nil
}

// warn says that a CRM has taken nothing for a while.
func (n *Notifier) warn(ctx context.Context, acc *db.Account, e queries.GiveEndpointParams, last result) {
	if n.Now().Sub(*e.FailingSince) < warnAfter {
		return
	}
	n.Log.WarnContext(ctx, "events: the CRM takes none", "account", acc.PublicID, "since", e.FailingSince.UTC(), "failures", e.Failures,
		"last", last.name(), "what_to_do", "mend the CRM or `mailstamp account set --events-url`; what is given up can be replayed (mailstamp events replay)")
}

// pauseAfter some failures in a row.
func pauseAfter(failures int32) time.Duration {
	d := firstPause
	for range failures - 1 {
		if d *= 2; d >= maxPause {
			return maxPause
		}
	}
	return d
}

// round sends some due events and notes the results. It reports how many were due.
func (n *Notifier) round(ctx context.Context, acc *db.Account, to destination, atMost int64, deadline time.Time) (results []result, due int, err error) {
	var rows []queries.EventsDueRow
	err = n.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) (err error) {
		now := n.Now()
		rows, err = tx.EventsDue(ctx, queries.EventsDueParams{AccountID: acc.ID, Now: now, LastEvent: now.Add(longestWait), AtMost: atMost})
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read due events: %w", err)
	}
	var queue [lanes][]event
	var void []int64
	for _, row := range rows {
		e, ok, err := newEvent(acc, row)
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			void = append(void, row.ID)
			continue
		}
		lane := laneOf(row)
		queue[lane] = append(queue[lane], e)
	}
	var sending sync.WaitGroup
	var stopped atomic.Bool
	done := make([][]result, lanes)
	for i := range queue {
		sending.Go(func() {
			for _, e := range queue[i] {
				if stopped.Load() || ctx.Err() != nil || !n.Now().Before(deadline) {
					return
				}
				r := n.poster.post(ctx, to, e, n.Now)
				if ctx.Err() != nil {
					return // we cut it off ourselves: nobody knows
				}
				done[i] = append(done[i], r)
				if r.away() {
					stopped.Store(true)
				}
			}
		})
	}
	sending.Wait()
	for _, lane := range done {
		results = append(results, lane...)
	}
	return results, len(rows), n.note(context.WithoutCancel(ctx), acc, results, void)
}

// laneOf keeps the events of one thing in order.
func laneOf(row queries.EventsDueRow) int {
	h := fnv.New32a()
	for _, id := range []*int64{row.AuthorID, row.CardID, row.AddressID, row.MessageID, row.MailboxID} {
		if id != nil {
			fmt.Fprint(h, *id, " ")
		}
	}
	return int(h.Sum32() % lanes)
}

// note keeps what became of a round.
func (n *Notifier) note(ctx context.Context, acc *db.Account, results []result, void []int64) error {
	p := queries.RecordAttemptsParams{AccountID: acc.ID}
	now := n.Now()
	for _, r := range results {
		state, due := "delivered", now
		if !r.delivered() {
			tried := now.Sub(r.event.triedFrom)
			state, due = "pending", now.Add(min(max(tried, firstRetry), maxRetry))
			if tried >= RetryFor {
				state = "failed"
			}
		}
		n.metrics.attempts.WithLabelValues(r.name()).Inc()
		p.Ids, p.Ats, p.States, p.Dues = append(p.Ids, r.event.id), append(p.Ats, r.at), append(p.States, state), append(p.Dues, due)
		p.Statuses, p.Errors = append(p.Statuses, int32(r.status)), append(p.Errors, r.class)
		p.Took = append(p.Took, int32(r.took.Milliseconds()))
	}
	if len(p.Ids)+len(void) == 0 {
		return nil
	}
	err := n.DB.Tx(ctx, acc.ID, func(tx *db.Tx) error {
		if len(void) > 0 {
			if err := tx.VoidEvents(ctx, queries.VoidEventsParams{AccountID: acc.ID, Ids: void}); err != nil {
				return err
			}
		}
		return tx.RecordAttempts(ctx, p)
	})
	if err != nil {
		return fmt.Errorf("note what became of events: %w", err)
	}
	return nil
}
