package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMutantsApply keeps the list current: whoever changes a line that a mutant spoils says how it is spoilt now.
func TestMutantsApply(t *testing.T) {
	names := map[string]bool{}
	for _, m := range mutants {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(m.file)))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), m.old); n != 1 {
			t.Errorf("mutant %q: %s has its text %d times, not once: bring list.go up to date", m.name, m.file, n)
		}
		if m.old == m.new || names[m.name] {
			t.Errorf("mutant %q changes nothing or is listed twice", m.name)
		}
		names[m.name] = true
	}
}
