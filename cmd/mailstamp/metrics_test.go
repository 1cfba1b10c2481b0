//go:build unix

package main_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

// checkMetrics holds what a working process with one live mailbox shows against what README says of it.
func checkMetrics(t *testing.T, w *testenv.Worker) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown string
	testenv.Eventually(t, 30*time.Second, func() error {
		res, err := http.Get(w.AdminURL + "/metrics")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		shown = string(text)
		for _, want := range []string{`mailstamp_mailboxes{state="live"} 1`, "mailstamp_mailbox_lag_seconds ", "mailstamp_deletions_wait_seconds 0", `mailstamp_db_connections{state="max"} 20`,
			"mailstamp_stamps_behind 0", `mailstamp_job_duration_seconds_count{kind="restamp",result="done"}`,
			`route="/webhooks/{account}",status="2xx"`, "mailstamp_events_pending "} {
			if !strings.Contains(shown, want) {
				err = errors.Join(err, errors.New("/metrics does not show "+want))
			}
		}
		return err
	})
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (mailstamp_\w+)`).FindAllStringSubmatch(shown, -1) {
		if !strings.Contains(string(readme), "`"+found[1]) {
			t.Errorf("README does not tell of %s", found[1])
		}
	}
}
