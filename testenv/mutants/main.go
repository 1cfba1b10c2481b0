// Command mutants makes mistakes in a copy of the tree, one by one, that a developer could make in the rules, the stamps,
// the fences or the views (list.go), and runs the tests of visibility on each: a mistake that they let pass is one that
// they would let pass in earnest. `make mutants` runs it; arguments choose mutants by a part of their names.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stages of the suite, the quickest first; a mutant is caught by the first that fails.
var stages = []struct {
	name, dir string
	args      []string
}{
	{"scenarios", "visibility", []string{"-test.run=^TestScenarios$"}},
	{"faults", "visibility", []string{"-test.run=^TestV(05|06|09|10|11|12|13)|^TestShown|^TestExplain"}},
	{"histories", "visibility", []string{"-test.run=^TestV14"}},
	{"interleavings", "visibility", []string{"-test.run=^TestV01"}},
	{"orders", "visibility", []string{"-test.run=^TestV03"}},
	{"the feed's tests", "visibility/feed", nil},
}

// stageTime bounds a stage: a mutant may also wait for ever.
const stageTime = 10 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	escaped, err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if escaped > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string) (escaped int, err error) {
	tree, err := os.MkdirTemp("", "mailstamp-mutants-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tree)) }()
	if err := copyTree(ctx, tree); err != nil {
		return 0, fmt.Errorf("copy the tree: %w", err)
	}
	if stage, said, err := judge(ctx, tree); err != nil || stage != "" {
		return 0, errors.Join(err, fmt.Errorf("without a mutant, %s fail:\n%s", stage, said))
	}
	tried := 0
	for _, m := range mutants {
		if !m.named(names) {
			continue
		}
		tried++
		began := time.Now()
		stage, err := m.try(ctx, tree)
		if err != nil {
			return escaped, fmt.Errorf("%s: %w", m.name, err)
		}
		verdict := "caught by " + stage
		if stage == "" {
			escaped++
			verdict = "ESCAPED"
		}
		fmt.Printf("%-28s %s (%s)\n", verdict, m.name, time.Since(began).Round(time.Second))
	}
	fmt.Printf("%d mutants, %d escaped\n", tried, escaped)
	return escaped, nil
}

// mutant is one mistake: the text old, which stands once in file, becomes new.
type mutant struct{ name, file, old, new string }

func (m mutant) named(parts []string) bool {
	for _, part := range parts {
		if strings.Contains(m.name, part) {
			return true
		}
	}
	return len(parts) == 0
}

// try makes the mistake, runs the tests, and mends it.
func (m mutant) try(ctx context.Context, tree string) (stage string, err error) {
	path := filepath.Join(tree, m.file)
	right, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(right), m.old); n != 1 {
		return "", fmt.Errorf("%s has its text %d times: bring the list up to date", m.file, n)
	}
	wrong := strings.Replace(string(right), m.old, m.new, 1)
	if err := os.WriteFile(path, []byte(wrong), 0o644); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, right, 0o644)) }()
	stage, _, err = judge(ctx, tree)
	return stage, err
}

// judge names the first stage that fails, and what it said.
func judge(ctx context.Context, tree string) (stage, said string, err error) {
	built := map[string]string{}
	for _, s := range stages {
		test := built[s.dir]
		if test == "" {
			test = filepath.Join(tree, filepath.Base(s.dir)+".test")
			build := exec.CommandContext(ctx, "go", "test", "-c", "-o", test, "./"+s.dir)
			build.Dir = tree
			if out, err := build.CombinedOutput(); err != nil {
				return "", "", fmt.Errorf("it does not build: %w\n%s", err, out)
			}
			built[s.dir] = test
		}
		bounded, cancel := context.WithTimeout(ctx, stageTime)
		cmd := exec.CommandContext(bounded, test, append(s.args, "-test.failfast")...)
		cmd.Dir = filepath.Join(tree, s.dir)
		cmd.Env = append(os.Environ(), "MAILSTAMP_HISTORY_SHRINK=0")
		out, err := cmd.CombinedOutput()
		cancel()
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		if err != nil {
			return s.name, string(out), nil
		}
	}
	return "", "", nil
}

// copyTree copies what git knows, as it is in the work tree.
func copyTree(ctx context.Context, to string) error {
	out, err := exec.CommandContext(ctx, "git", "ls-files", "-z").Output()
	if err != nil {
		return err
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(to, filepath.Dir(name)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
