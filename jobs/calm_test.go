package jobs

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestCalm: while the database is away, the log stays readable and goes on saying so.
func TestCalm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(newCalm(slog.NewTextHandler(&out, nil)))
		for range 120 { // a minute
			log.Info("idle")
			log.Error("cannot fetch", "queue", "a")
			log.With("queue", "b").Error("cannot fetch")
			time.Sleep(500 * time.Millisecond)
		}
		if n := strings.Count(out.String(), "cannot fetch"); n != 2 || strings.Contains(out.String(), "idle") {
			t.Errorf("%d lines in a minute, want 2 of the error alone:\n%s", n, out.String())
		}
	})
}
