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
	stage            *stage

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
	if err := s.stage.check(context.Background()); err == nil {
		s.write("ready too early")
	}
	if s.ranErr != nil {
		s.failed <- s.ranErr
	}
	return s.startErr
}

func (s *step) Stop(ctx context.Context) error {
	if ctx.Err() != nil {
		s.write("no time left")
	}
	if err := s.stage.check(context.Background()); err == nil {
		s.write("ready too long")
	}
	s.write("stop " + s.name)
	close(s.failed)
	return s.stopErr
}

func (s *step) Failed() <-chan error { return s.failed }

// TestSupervise: whatever ends the worker, all that was started is stopped, the front last, and every cause is told. It is
// ready from when all has started until the first is stopped.
func TestSupervise(t *testing.T) {
	t.Parallel()
	oops, stuck := errors.New("oops"), errors.New("stuck")
	for name, c := range map[string]struct {
		change  func(front, a, b *step)
		journal []string // what the front does aside
		says    []string
	}{
		"ends by signal":        {func(_, a, b *step) {}, []string{"start a", "start b", "started", "stop a", "stop b"}, nil},
		"a part fails":          {func(_, a, b *step) { a.ranErr = oops }, []string{"start a", "start b", "started", "stop a", "stop b"}, []string{"the a failed: oops"}},
		"a part won't start":    {func(_, a, b *step) { b.startErr = oops }, []string{"start a", "start b", "stop a"}, []string{"start the b: oops"}},
		"a part won't stop":     {func(_, a, b *step) { a.ranErr, b.stopErr = oops, stuck }, []string{"start a", "start b", "started", "stop a", "stop b"}, []string{"the a failed: oops", "stop the b: stuck"}},
		"the front won't start": {func(front, a, b *step) { front.startErr = oops }, nil, []string{"start the front: oops"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, s := &journal{}, &stage{}
			part := func(name string) *step { return &step{name: name, journal: j, stage: s, failed: make(chan error, 1)} }
			front, a, b := part("front"), part("a"), part("b")
			c.change(front, a, b)
			w := &worker{front: namedPart{"front", front}, parts: []namedPart{{"a", a}, {"b", b}}, stage: s}
			ctx, signal := context.WithCancel(t.Context())
			err := w.supervise(ctx, slog.New(slog.DiscardHandler), func() {
				j.write("started")
				if err := s.check(ctx); err != nil {
					t.Errorf("started, and not ready: %v", err)
				}
				if a.ranErr == nil {
					signal()
				}
			})
			lines := j.lines
			if lines[0] != "start front" {
				t.Errorf("%q: the front does not start first", lines)
			}
			if lines = lines[1:]; front.startErr == nil {
				if lines[len(lines)-1] != "stop front" {
					t.Errorf("%q: the front does not stop last", lines)
				}
				lines = lines[:len(lines)-1]
			}
			slices.Sort(lines)
			slices.Sort(c.journal)
			if !slices.Equal(lines, c.journal) {
				t.Errorf("%q, want %q", lines, c.journal)
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
