package ingest

import (
	"context"
	"sync"
)

// gate lets a few back-fills work at once and hands its places out by turns of accounts, so that an account with many
// mailboxes waits for its own.
type gate struct {
	mu      sync.Mutex
	free    int
	turns   []int64 // accounts that wait, next first
	waiting map[int64][]chan struct{}
}

func newGate(places int) *gate { return &gate{free: places, waiting: map[int64][]chan struct{}{}} }

// enter waits for a place.
func (g *gate) enter(ctx context.Context, account int64) error {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	place := make(chan struct{})
	if len(g.waiting[account]) == 0 {
		g.turns = append(g.turns, account)
	}
	g.waiting[account] = append(g.waiting[account], place)
	g.mu.Unlock()
	select {
	case <-place:
		return nil
	case <-ctx.Done():
		g.mu.Lock()
		for i, p := range g.waiting[account] {
			if p == place {
				g.waiting[account] = append(g.waiting[account][:i], g.waiting[account][i+1:]...)
				g.mu.Unlock()
				return ctx.Err()
			}
		}
		g.mu.Unlock()
		g.leave() // the place was given meanwhile
		return ctx.Err()
	}
}

// leave gives the place to the next account in turn.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.turns) > 0 {
		account := g.turns[0]
		g.turns = g.turns[1:]
		queue := g.waiting[account]
		if len(queue) == 0 {
			delete(g.waiting, account)
			continue
		}
		if len(queue) == 1 {
			delete(g.waiting, account)
		} else {
			g.waiting[account] = queue[1:]
			g.turns = append(g.turns, account)
		}
		close(queue[0])
		return
	}
	g.free++
}
