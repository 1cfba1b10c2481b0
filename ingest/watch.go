package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// pulse is when something last told of its progress. What hangs would otherwise stall its mailbox in silence.
type pulse struct{ at atomic.Int64 }

func (p *pulse) beat() { p.at.Store(time.Now().UnixNano()) }

func (p *pulse) silentFor() time.Duration { return time.Since(time.Unix(0, p.at.Load())) }

// endSilent ends the loops that tell of no progress, so that their mailboxes begin anew.
func (s *Supervisor) endSilent(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.loops {
		if r.endedAt.IsZero() && r.loop.pulse.silentFor() > s.o.Timing.Silence {
			r.endedAt = time.Now()
			r.cancel()
			r.loop.log().Error("ingest: loop hangs and is ended")
		}
	}
	return nil
}

// Stuck says what hangs so that only a new process helps: loops that were ended and do not end, periodic steps that
// outlive their timeout.
func (s *Supervisor) Stuck() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	hanging := 0
	for _, r := range s.loops {
		if !r.endedAt.IsZero() && time.Since(r.endedAt) > s.o.Timing.Silence/endingShare {
			hanging++
		}
	}
	var err error
	if hanging > 0 {
		err = fmt.Errorf("%d mailboxes hang and do not end", hanging)
	}
	for what, p := range s.steps {
		if p.silentFor() > stepSilence {
			err = errors.Join(err, fmt.Errorf("the step %q hangs", what))
		}
	}
	return err
}
