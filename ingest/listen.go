package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// wakeChannel carries "<account>/<mailbox>", or "<account>/0" for all mailboxes of an account. A notification only
// wakes; the timed pass guarantees.
const wakeChannel = "mailstamp_wake"

// listenRetry is the pause before a lost listening connection is made anew.
const listenRetry = time.Second

// listen wakes loops on notifications, over one connection, for as long as ctx lives.
func (s *Supervisor) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.listenOnce(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("ingest: listening connection lost", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(listenRetry):
			}
		}
	}
}

func (s *Supervisor) listenOnce(ctx context.Context) error {
	c, err := pgx.ConnectConfig(ctx, s.o.DB.Pool.Config().ConnConfig.Copy())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, "listen "+wakeChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.wakeAll() // for what was said while nobody listened
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("wait for a notification: %w", err)
		}
		var key mailboxKey
		if _, err := fmt.Sscanf(n.Payload, "%d/%d", &key.account, &key.mailbox); err != nil {
			continue // not ours; the timed pass finds whatever it meant
		}
		if key.mailbox != 0 {
			s.wake(key)
			continue
		}
		s.wakeAccount(key.account)
	}
}

func (s *Supervisor) wakeAccount(account int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, r := range s.loops {
		if key.account == account {
			r.loop.nudge()
		}
	}
	s.askForLeases()
}
