package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// keepClocks puts the times of jobs right, until ctx ends. It is no job itself: that would wait too.
func (c *Client) keepClocks(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := c.rightClocks(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			c.observer.log.WarnContext(ctx, "jobs: cannot look for times of another clock", "error", err)
		case n > 0:
			c.observer.log.WarnContext(ctx, "jobs: put right what a clock of another day had set; compare the clocks of the machines", "rows", n)
		}
		select {
		case <-ctx.Done():
		case <-time.After(sweepEvery):
		}
	}
}

// rightClocks puts right what is further ahead than anybody sets it, and would hold work up until then: the database's clock or
// a worker's was ahead, or was put back since (F37). A job starts by the database's clock and is given up for lost by a worker's.
func (c *Client) rightClocks(ctx context.Context) (rows int64, err error) {
	exec := func(what, statement string, args ...any) {
		tag, execErr := c.db.Pool.Exec(ctx, statement, args...)
		if execErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", what, execErr))
		}
		rows += tag.RowsAffected()
	}
	exec("start jobs", `update river_job set scheduled_at = now()
		where state in ('available', 'retryable', 'scheduled') and scheduled_at > now() + make_interval(secs => $1)`, longestPause.Seconds())
	now := time.Now()
	exec("count how long jobs run", `update river_job set attempted_at = $1 where state = 'running' and attempted_at > $2`, now, now.Add(clocksApart))
	exec("let another lead", `delete from river_leader where expires_at > now() + make_interval(secs => $1)`, longestLead.Seconds())
	return rows, err
}
