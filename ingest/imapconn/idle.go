package imapconn

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
)

// idleStop bounds the end of an IDLE whose caller no longer wants to wait.
const idleStop = 5 * time.Second

// SupportsIdle says whether Idle hears of changes while it waits, or only asks
// at the end of its interval.
func (c *Conn) SupportsIdle() bool { return c.Has("IDLE") || c.Has("IMAP4rev2") }

// Idle returns true as soon as the server hints at a change in the examined
// folder (also at one since the last look), false after interval. IDLE is
// renewed every Limits.Idle, which also finds a connection that died silently
// (F25). When ctx ends it returns an error of KindCanceled, and the connection
// stays usable.
func (c *Conn) Idle(ctx context.Context, interval time.Duration) (changed bool, err error) {
	end := time.Now().Add(interval)
	for {
		left := time.Until(end)
		if left <= 0 {
			return false, nil
		}
		wait := c.idleOnce
		if !c.SupportsIdle() {
			wait = c.noopAfter
		}
		if changed, err = wait(ctx, min(left, c.limits.Idle)); changed || err != nil {
			return changed, err
		}
	}
}

func (c *Conn) idleOnce(ctx context.Context, d time.Duration) (changed bool, err error) {
	if c.hinted() {
		return true, nil
	}
	var cmd *imapclient.IdleCommand
	if err := c.do(ctx, "idle", func() (err error) {
		cmd, err = c.client.Idle()
		return err
	}); err != nil {
		return false, err
	}
	changed, err = c.wait(ctx, d)
	if Broken(err) {
		return false, err
	}
	// The connection is to stay usable, unless the caller is leaving and the
	// server takes its time.
	stopCtx, cancel := context.WithoutCancel(ctx), func() {}
	if ctx.Err() != nil {
		stopCtx, cancel = context.WithTimeout(stopCtx, idleStop)
	}
	defer cancel()
	stopErr := c.do(stopCtx, "end idle", func() error {
		if err := cmd.Close(); err != nil {
			return err
		}
		return cmd.Wait()
	})
	if err == nil && !changed {
		err = stopErr
	}
	return changed, err
}

// noopAfter stands in for IDLE where the server has none.
func (c *Conn) noopAfter(ctx context.Context, d time.Duration) (changed bool, err error) {
	if changed, err = c.wait(ctx, d); changed || err != nil {
		return changed, err
	}
	if err := c.do(ctx, "ask for news", func() error { return c.client.Noop().Wait() }); err != nil {
		return false, err
	}
	return c.hinted(), nil
}

// wait waits for a hint, the connection's end, ctx's end, or d.
func (c *Conn) wait(ctx context.Context, d time.Duration) (changed bool, err error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c.g.hints:
		return true, nil
	case <-timer.C:
		return false, nil
	case <-c.g.dead:
		return false, failed("idle", c.g.failure())
	case <-ctx.Done():
		return false, &Error{Op: "idle", Kind: KindCanceled, err: context.Cause(ctx)}
	}
}

func (c *Conn) hinted() bool {
	select {
	case <-c.g.hints:
		return true
	default:
		return false
	}
}
