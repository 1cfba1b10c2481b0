package ingest

import (
	"errors"
	"testing"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// TestFoldersAreReadWhileMailIsStored: the bodies of all are asked for before the first batch is stored. When that is not, neither
// are those that wait for it, and the next connection finds all.
func TestFoldersAreReadWhileMailIsStored(t *testing.T) {
	t.Parallel()
	b := office(t)
	asked, failing, batches := make(chan struct{}, 10), true, 0
	b.wrapped(wrapped{bodies: func(imapconn.UIDRanges) { asked <- struct{}{} }})
	errFull := errors.New("disk full")
	b.opts.commit = func(name string) error {
		if name != "batch" || !failing {
			return nil
		}
		batches++
		for range 3 { // INBOX, Sent, Archive
			select {
			case <-asked:
			case <-b.ctx.Done():
			}
		}
		return errFull
	}
	if err := b.trySync(b.loopOf("ann-box")); !errors.Is(err, errFull) || batches != 1 {
		t.Errorf("%d batches, %v", batches, err)
	}
	if got := b.ledger("ann-box"); len(got) > 0 {
		t.Errorf("ledger %q", got)
	}
	failing = false
	b.sync("ann-box")
	b.checkLedger("ann-box")
}
