package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// calm is what River logs through: from warnings on, and each message at most once in sameLineEvery.
type calm struct {
	slog.Handler
	said *saidBefore // shared by all loggers made from one
}

type saidBefore struct {
	sync.Mutex
	at map[string]time.Time // by message, of which River has a few dozen
}

func newCalm(h slog.Handler) calm { return calm{h, &saidBefore{at: map[string]time.Time{}}} }

func (c calm) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && c.Handler.Enabled(ctx, level)
}

func (c calm) Handle(ctx context.Context, r slog.Record) error {
	c.said.Lock()
	again := r.Time.Sub(c.said.at[r.Message]) < sameLineEvery
	if !again {
		c.said.at[r.Message] = r.Time
	}
	c.said.Unlock()
	if again {
		return nil
	}
	return c.Handler.Handle(ctx, r)
}

func (c calm) WithAttrs(attrs []slog.Attr) slog.Handler {
	return calm{c.Handler.WithAttrs(attrs), c.said}
}

func (c calm) WithGroup(name string) slog.Handler { return calm{c.Handler.WithGroup(name), c.said} }
