//go:build unix

package main_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

const (
	// takeoverTime is what is promised after a kill (SPEC 6); a lease that is given back moves at the others' next look.
	takeoverTime = 30 * time.Second
	handoverTime = 10 * time.Second
)

// twoWorkers is an office whose first worker holds the mailbox, with a second beside it, through which the CRM goes on.
func twoWorkers(t *testing.T) (o *localOffice, second *testenv.Worker) {
	t.Helper()
	o = newLocalOffice(t)
	o.letters("INBOX", 3)
	o.connect()
	o.await(syncPatience, "live", 3)
	second = o.program.StartWorker(t)
	o.crm = testenv.NewCRM(t, second.URL, o.crm.Credentials)
	return o, second
}

// shows waits until the feed has n mails.
func (o *localOffice) shows(n int, within time.Duration) {
	o.Helper()
	testenv.Eventually(o, within, func() error {
		if got := o.feed(); got != n {
			return fmt.Errorf("the feed shows %d mails, want %d", got, n)
		}
		return nil
	})
}

// TestTakeoverAfterKill: a worker that is killed leaves its mailboxes to the others, and no mail waits longer than promised.
func TestTakeoverAfterKill(t *testing.T) {
	t.Parallel()
	o, _ := twoWorkers(t)
	o.worker.Kill(t)
	killed := time.Now()
	o.letters("INBOX", 1)
	o.shows(4, takeoverTime)
	t.Logf("shown %s after the kill", time.Since(killed).Round(time.Millisecond))
	o.await(syncPatience, "live", 4)
}

// TestDrainHandsOver: a worker that is told to end gives its mailboxes back, so that nobody waits for its leases to expire.
func TestDrainHandsOver(t *testing.T) {
	t.Parallel()
	o, _ := twoWorkers(t)
	o.worker.Stop(t)
	ended := time.Now()
	o.letters("INBOX", 1)
	o.shows(4, handoverTime)
	t.Logf("shown %s after the end", time.Since(ended).Round(time.Millisecond))
	o.await(syncPatience, "live", 4)
}
