package main

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/httpserve"
	"github.com/mailstamp/mailstamp/db"
)

// stage is how far the worker is: starting (the zero value), running, draining.
type stage struct{ atomic.Int32 }

const (
	starting int32 = iota
	running
	draining
)

func (s *stage) check(context.Context) error {
	switch s.Load() {
	case starting:
		return errors.New("it is starting")
	case draining:
		return errors.New("it is draining: no more work is taken")
	}
	return nil
}

// readyChecks tell whether this process can work now. What they say of a failure names no host and no user.
func readyChecks(d *db.DB, s *stage) []httpserve.Check {
	return []httpserve.Check{
		{Name: "process", Run: s.check},
		{Name: "database", Run: func(ctx context.Context) error {
			if d.Pool.Ping(ctx) != nil {
				return errors.New("it does not answer")
			}
			return nil
		}},
		{Name: "schema", Run: func(ctx context.Context) error {
			switch behind, err := d.SchemaBehind(ctx); {
			case err != nil:
				return errors.New("it cannot be read")
			case behind:
				return errors.New("it is older than this program: run `mailstamp migrate`")
			}
			return nil
		}},
	}
}

// watched is a part that can tell whether something of it hangs, so that only a new process helps.
type watched interface{ Stuck() error }

// aliveChecks ask the parts that can tell.
func aliveChecks(parts []namedPart) []httpserve.Check {
	var checks []httpserve.Check
	for _, p := range parts {
		if w, ok := p.part.(watched); ok {
			checks = append(checks, httpserve.Check{Name: p.name, Run: func(context.Context) error { return w.Stuck() }})
		}
	}
	return checks
}
