//go:build unix

// Command bench measures the program. It prints one line per figure,
//
//	bench <name> <value> <unit>
//
// and nothing else on standard output: programs read it. Arguments name the
// benchmarks or figures to run; none means all but those that take many
// minutes. Each benchmark is a file of this package that registers itself.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

// benchmark is a measurement that reports one or more figures.
type benchmark struct {
	name    string
	figures []string // names of the lines it prints
	run     func(b *bench)
	slow    bool // runs only when it is named
}

var registry []benchmark

// shared owns what several benchmarks use, like a large database: it lasts until
// all of them have run.
var shared *bench

// register adds a benchmark; each file calls it from init.
func register(name string, run func(b *bench), figures ...string) {
	registry = append(registry, benchmark{name: name, figures: figures, run: run})
}

// registerOnRequest adds a benchmark that takes many minutes: it runs when it is named, not among all.
func registerOnRequest(name string, run func(b *bench), figures ...string) {
	registry = append(registry, benchmark{name: name, figures: figures, run: run, slow: true})
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string) (err error) {
	slices.SortFunc(registry, func(a, b benchmark) int { return strings.Compare(a.name, b.name) })
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	session, err := testenv.OpenSession()
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := session.Close(); err == nil {
			err = closeErr
		}
	}()
	shared = newBench(ctx, benchmark{name: "shared"})
	defer func() {
		shared.cancel()
		shared.cleanup()
	}()
	failed := 0
	for _, one := range chosen {
		began := time.Now()
		b := newBench(ctx, one)
		b.measure()
		if b.Failed() {
			failed++
		}
		fmt.Fprintf(os.Stderr, "# %s took %.1f s\n", one.name, time.Since(began).Seconds())
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d benchmarks failed", failed, len(chosen))
	}
	return nil
}

// choose returns the benchmarks that have one of the names, or a figure of it.
func choose(names []string) ([]benchmark, error) {
	if len(names) == 0 {
		return slices.DeleteFunc(slices.Clone(registry), func(b benchmark) bool { return b.slow }), nil
	}
	var chosen []benchmark
	for _, name := range names {
		i := slices.IndexFunc(registry, func(b benchmark) bool { return b.name == name || slices.Contains(b.figures, name) })
		if i < 0 {
			return nil, fmt.Errorf("there is no benchmark %q; there are:\n%s", name, list())
		}
		if !slices.ContainsFunc(chosen, func(b benchmark) bool { return b.name == registry[i].name }) {
			chosen = append(chosen, registry[i])
		}
	}
	return chosen, nil
}

func list() string {
	var out strings.Builder
	for _, b := range registry {
		fmt.Fprintf(&out, "  %s: %s\n", b.name, strings.Join(b.figures, " "))
	}
	return out.String()
}

// report prints a figure.
func (b *bench) report(figure string, value float64, unit string) {
	b.Helper()
	if !slices.Contains(b.figures, figure) {
		b.Fatalf("%s reports %s without having named it", b.name, figure)
	}
	fmt.Printf("bench %s %s %s\n", figure, strconv.FormatFloat(value, 'f', -1, 64), unit)
}
