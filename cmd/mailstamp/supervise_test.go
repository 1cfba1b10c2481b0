package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
)

// step is a part that tells what is done with it.
type step struct {
	name             string
	startErr, ranErr error
	stopErr          error
	failed           chan error

	*journal
}

type journal struct {
	sync.Mutex
	lines []string
}

func (j *journal) write(line string) {
	j.Lock()
	defer j.Unlock()
	j.lines = append(j.lines, line)
}

func (s *step) Start(context.Context) error {
	s.write("start " + s.name)
	if s.ranErr != nil {
		s.failed <- s.ranErr
	}
	return s.startErr
}

func (s *step) Stop(ctx context.Context) error {
	if ctx.Err() != nil {
		s.write("no time left")
	}
	s.write("stop " + s.name)
	close(s.failed)
	return s.stopErr
}

func (s *step) Failed() <-chan error { return s.failed }

// TestSupervise: whatever ends the worker, all that was started is stopped, and every cause is told.
func TestSupervise(t *testing.T) {
	t.Parallel()
	oops, stuck := errors.New("oops"), errors.New("stuck")
	for name, c := range map[string]struct {
		change  func(a, b *step)
		journal []string
		says    []string
	}{
		"ends by signal":     {func(a, b *step) {}, []string{"start a", "start b", "started", "stop a", "stop b"}, nil},
		"a part fails":       {func(a, b *step) { a.ranErr = oops }, []string{"start a", "start b", "started", "stop a", "stop b"}, []string{"the a failed: oops"}},
		"a part won't start": {func(a, b *step) { b.startErr = oops }, []string{"start a", "start b", "stop a"}, []string{"start the b: oops"}},
		"a part won't stop":  {func(a, b *step) { a.ranErr, b.stopErr = oops, stuck }, []string{"start a", "start b", "started", "stop a", "stop b"}, []string{"the a failed: oops", "stop the b: stuck"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := &journal{}
			a := &step{name: "a", journal: j, failed: make(chan error, 1)}
			b := &step{name: "b", journal: j, failed: make(chan error, 1)}
			c.change(a, b)
			ctx, signal := context.WithCancel(t.Context())
			err := supervise(ctx, slog.New(slog.DiscardHandler), []namedPart{{"a", a}, {"b", b}}, func() {
				j.write("started")
				if a.ranErr == nil {
					signal()
				}
			})
			slices.Sort(j.lines)
			slices.Sort(c.journal)
			if !slices.Equal(j.lines, c.journal) {
				t.Errorf("%q, want %q", j.lines, c.journal)
			}
			if (err != nil) != (len(c.says) > 0) {
				t.Errorf("error %v", err)
			}
			for _, want := range c.says {
				if !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
		})
	}
}
