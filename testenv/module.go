package testenv

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Root is the directory of go.mod.
func Root(tb testing.TB) string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	return root
}

// moduleRoot is the directory of go.mod at or above the working directory,
// which go test makes the package's own.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("there is no go.mod at or above the working directory")
		}
		dir = parent
	}
}
