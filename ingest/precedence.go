package ingest

import (
	"context"
	"sync"
	"time"
)

// precedence is that of live mail: while a loop fetches mail that its server told of, the back-fills of the process begin no
// further step that takes much of the processor or the database.
type precedence struct {
	most time.Duration // that a loop goes first
	mu   sync.Mutex
	live int           // loops that do
	over chan struct{} // closed when the last of them is done
}

func newPrecedence(most time.Duration) *precedence { return &precedence{most: most} }

// enter lets a loop go first until it leaves, and at most for a time.
func (p *precedence) enter() (leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live++; p.live == 1 {
		p.over = make(chan struct{})
	}
	end := sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.live--; p.live == 0 {
			close(p.over)
		}
	})
	late := time.AfterFunc(p.most, end)
	return func() {
		late.Stop()
		end()
	}
}

// taken returns what is closed when no loop goes first any more; nil when none does.
func (p *precedence) taken() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live == 0 {
		return nil
	}
	return p.over
}

// courtesy is how long a batch of back-fill still gives way. A nil one is live mail's, which gives none.
type courtesy struct {
	to   *precedence
	left time.Duration
}

func (p *precedence) courtesy() *courtesy { return &courtesy{to: p, left: giveWayFor} }

// giveWay is asked before each step, with no transaction open, as live mail may wait for its locks. When ctx ends it returns, and
// the step finds out.
func (c *courtesy) giveWay(ctx context.Context) {
	if c == nil || c.left <= 0 {
		return
	}
	over := c.to.taken()
	if over == nil {
		return
	}
	began := time.Now()
	timer := time.NewTimer(c.left)
	defer timer.Stop()
	select {
	case <-over:
		c.left -= time.Since(began)
	case <-timer.C:
		c.left = 0
	case <-ctx.Done():
	}
}
