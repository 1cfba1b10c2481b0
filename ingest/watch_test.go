package ingest

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/testenv"
)

const patience = 20 * time.Second // of a second's work, on a busy machine

// TestLoopThatHangsBeginsAnew: a loop that tells of no progress is ended, and its mailbox is read by the next.
func TestLoopThatHangsBeginsAnew(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.opts.Timing.Silence = time.Second
	var dials atomic.Int32
	b.opts.dial = func(ctx context.Context, cfg imapconn.Config) (conn, error) {
		if dials.Add(1) == 1 {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return dialIMAP(ctx, cfg)
	}
	s := b.start()
	b.await("live", `select state from mailboxes`)
	if dials.Load() < 2 {
		t.Error("the first connection did not hang")
	}
	if err := s.Stuck(); err != nil {
		t.Errorf("after it began anew: %v", err)
	}
}

// TestStuck: a loop that does not end when told to, and a periodic step that outlives its timeout, are for a new process.
func TestStuck(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.opts.Timing.Silence = time.Second
	release := make(chan struct{})
	b.opts.dial = func(ctx context.Context, cfg imapconn.Config) (conn, error) {
		<-release // heeds nothing
		return dialIMAP(ctx, cfg)
	}
	s := b.start()
	testenv.Eventually(t, patience, func() error {
		if s.Stuck() == nil {
			return errors.New("a loop that hangs goes unnoticed")
		}
		return nil
	})
	close(release)
	testenv.Eventually(t, patience, s.Stuck)

	idle := NewSupervisor(b.opts)
	idle.steps["renew leases"] = &pulse{}
	if err := idle.Stuck(); err == nil || !strings.Contains(err.Error(), "renew leases") {
		t.Errorf("a step that hangs: %v", err)
	}
}
