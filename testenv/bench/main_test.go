package main

import (
	"slices"
	"strings"
	"testing"
)

func TestBenchmarksAreChosenByNameOrFigure(t *testing.T) {
	for _, name := range []string{"test_database", "test_database_ms"} {
		if got, err := choose([]string{name, name}); err != nil || len(got) != 1 || got[0].name != "test_database" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := choose([]string{"nope"}); err == nil || !strings.Contains(err.Error(), "test_database_ms") {
		t.Errorf("an unknown name: %v, want an error that lists the names", err)
	}
	all, err := choose(nil)
	if err != nil || len(all) < 5 || slices.ContainsFunc(all, func(b benchmark) bool { return b.slow }) {
		t.Errorf("no name: %v, %v", all, err)
	}
	if slow, err := choose([]string{"backfill_1m"}); err != nil || len(slow) != 1 {
		t.Errorf("a slow one by its name: %v, %v", slow, err)
	}
}

// A failing benchmark must not pass for a measured one, and cleans up.
func TestFailureEndsABenchmark(t *testing.T) {
	var steps []string
	b := newBench(t.Context(), benchmark{name: "x", run: func(b *bench) {
		b.Cleanup(func() { steps = append(steps, "cleaned") })
		b.Fatalf("no good")
		steps = append(steps, "went on")
	}})
	b.measure()
	if !b.Failed() || strings.Join(steps, " ") != "cleaned" {
		t.Errorf("failed %v, steps %v", b.Failed(), steps)
	}
}
