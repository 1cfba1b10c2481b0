package imapconn

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"
)

const (
	// idleStop bounds the end of an IDLE whose caller no longer wants to wait.
	idleStop = 5 * time.Second
	// idleTag is none of the library's.
	idleTag = "I"
)

// SupportsIdle says whether Idle hears of changes while it waits, or only asks
// at the end of its interval.
func (c *Conn) SupportsIdle() bool { return c.Has("IDLE") || c.Has("IMAP4rev2") }

// Idle returns changed as soon as the server hints at a change in the examined
// folder (also at one since the last look), woken once it received from wake,
// and neither after interval. IDLE is renewed every Limits.Idle, which also
// finds a connection that died silently (F25). When ctx ends it returns an error
// of KindCanceled, and the connection stays usable. An error beside woken is of
// the connection: it did not let go in time, say.
func (c *Conn) Idle(ctx context.Context, interval time.Duration, wake <-chan struct{}) (changed, woken bool, err error) {
	if err := c.fetched(ctx, "idle"); err != nil {
		return false, false, err
	}
	c.rest()
	end := time.Now().Add(interval)
	for {
		left := time.Until(end)
		if left <= 0 {
			return false, false, nil
		}
		wait := c.idleOnce
		if !c.SupportsIdle() {
			wait = c.noopAfter
		}
		if changed, woken, err = wait(ctx, min(left, c.limits.Idle), wake); changed || woken || err != nil {
			return changed, woken, err
		}
	}
}

// idleOnce speaks by itself: the library has a goroutine for each IDLE.
func (c *Conn) idleOnce(ctx context.Context, d time.Duration, wake <-chan struct{}) (changed, woken bool, err error) {
	if c.hinted() {
		return true, false, nil
	}
	if err := c.talk(ctx, "idle", func() error {
		if _, err := c.g.Write([]byte(idleTag + " IDLE\r\n")); err != nil {
			return err
		}
		answer, err := c.idleAnswer()
		if err == nil && answer.status == "OK" {
			err = &Error{Op: "idle", Kind: KindProtocol, Detail: "IDLE ended before it began"}
		}
		return err
	}); err != nil {
		return false, false, err
	}
	changed, woken, err = c.wait(ctx, d, wake)
	if Broken(err) {
		return false, false, err
	}
	// The connection is to stay usable, unless the caller is leaving and the
	// server takes its time.
	stopCtx, cancel := context.WithoutCancel(ctx), func() {}
	if woken || ctx.Err() != nil {
		stopCtx, cancel = context.WithTimeout(stopCtx, idleStop)
	}
	defer cancel()
	stopErr := c.talk(stopCtx, "end idle", func() error {
		if c.g.idles() { // else the server has ended it
			if _, err := c.g.Write([]byte("DONE\r\n")); err != nil {
				return err
			}
		}
		_, err := c.idleAnswer()
		return err
	})
	if err == nil && !changed {
		err = stopErr
	}
	return changed, woken, err
}

// idleAnswer waits for the next that the server says to IDLE.
func (c *Conn) idleAnswer() (serverWords, error) {
	select {
	case w := <-c.g.idle:
		if w.status == "NO" || w.status == "BAD" {
			return w, &imap.Error{Type: imap.StatusResponseType(w.status), Code: imap.ResponseCode(w.code), Text: w.text}
		}
		return w, nil
	case <-c.g.dead:
		return serverWords{}, c.g.failure()
	}
}

// noopAfter stands in for IDLE where the server has none.
func (c *Conn) noopAfter(ctx context.Context, d time.Duration, wake <-chan struct{}) (changed, woken bool, err error) {
	if changed, woken, err = c.wait(ctx, d, wake); changed || woken || err != nil {
		return changed, woken, err
	}
	if err := c.do(ctx, "ask for news", func() error { return c.client.Noop().Wait() }); err != nil {
		return false, false, err
	}
	return c.hinted(), false, nil
}

// wait waits for a hint, a wake, the connection's end, ctx's end, or d.
func (c *Conn) wait(ctx context.Context, d time.Duration, wake <-chan struct{}) (changed, woken bool, err error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c.g.hints:
		return true, false, nil
	case <-wake:
		return false, true, nil
	case <-timer.C:
		return false, false, nil
	case <-c.g.dead:
		return false, false, failed("idle", c.g.failure())
	case <-ctx.Done():
		return false, false, &Error{Op: "idle", Kind: KindCanceled, err: context.Cause(ctx)}
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

// idles says that the server waits for DONE.
func (g *guard) idles() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.idling
}
