//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
)

// bench is what testenv's functions want of a test, outside go test: a failure
// ends the benchmark, cleanups run in reverse order. What it does not
// implement panics.
type bench struct {
	testing.TB
	benchmark

	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	cleanups []func()
	failed   bool
}

func newBench(ctx context.Context, one benchmark) *bench {
	ctx, cancel := context.WithCancel(ctx)
	return &bench{benchmark: one, ctx: ctx, cancel: cancel}
}

// measure runs the benchmark and its cleanups, on a goroutine of its own that
// FailNow can end.
func (b *bench) measure() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer b.cleanup()
		defer b.cancel()
		b.run(b)
	}()
	<-done
}

func (b *bench) cleanup() {
	for {
		b.mu.Lock()
		n := len(b.cleanups)
		if n == 0 {
			b.mu.Unlock()
			return
		}
		f := b.cleanups[n-1]
		b.cleanups = b.cleanups[:n-1]
		b.mu.Unlock()
		f()
	}
}

func (b *bench) Cleanup(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cleanups = append(b.cleanups, f)
}

func (b *bench) Context() context.Context { return b.ctx }
func (b *bench) Helper()                  {}
func (b *bench) Name() string             { return b.name }

func (b *bench) Log(args ...any) { fmt.Fprintln(os.Stderr, append([]any{"#", b.name}, args...)...) }
func (b *bench) Logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "# "+b.name+" "+format+"\n", args...)
}

func (b *bench) Fail() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = true
}

func (b *bench) Failed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

func (b *bench) FailNow()                          { b.Fail(); runtime.Goexit() }
func (b *bench) Error(args ...any)                 { b.Log(args...); b.Fail() }
func (b *bench) Errorf(format string, args ...any) { b.Logf(format, args...); b.Fail() }
func (b *bench) Fatal(args ...any)                 { b.Log(args...); b.FailNow() }
func (b *bench) Fatalf(format string, args ...any) { b.Logf(format, args...); b.FailNow() }

// A figure that is missing is a failure, whatever the reason.
func (b *bench) Skip(args ...any)                 { b.Fatal(args...) }
func (b *bench) Skipf(format string, args ...any) { b.Fatalf(format, args...) }

func (b *bench) TempDir() string {
	dir, err := os.MkdirTemp("", "mailstamp-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			b.Error(err)
		}
	})
	return dir
}
