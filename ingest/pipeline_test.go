package ingest

import (
	"errors"
	"fmt"
	"strings"
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

// However much one mailbox is sent by a server that may be slow, there is room for the mail of others.
func TestBodiesAheadLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	b := office(t)
	for i := range 6 {
		b.append("ann-box", "INBOX", mail{
			id: fmt.Sprintf("m%d@x", i), from: "joe@acme.example", to: "ann@firm.example", subject: "Big", body: strings.Repeat("text ", bodyChunkBytes/6),
		})
	}
	var l *loop
	bodies := 0
	b.faulty(faulty{body: func(item *imapconn.BodyItem) (bool, error) {
		bodies++
		if room := int64(bytesInFlight - bytesAhead - bodyChunkBytes); l.s.bytes.TryAcquire(room) {
			l.s.bytes.Release(room)
		} else {
			t.Errorf("no room is left beside UID %d", item.UID)
		}
		return false, nil
	}})
	l = b.loopOf("ann-box")
	must(t, b.trySync(l))
	if bodies < 6 {
		t.Errorf("%d bodies were asked for", bodies)
	}
	b.checkLedger("ann-box")
}

// Bodies are asked for with room for them held, until they are stored or given up.
func TestBodiesHoldRoomUntilStored(t *testing.T) {
	t.Parallel()
	b := many(t, 30)
	var l *loop
	cuts := 0
	b.faulty(faulty{body: func(item *imapconn.BodyItem) (bool, error) {
		if l.s.bytes.TryAcquire(bytesInFlight) {
			t.Errorf("no room is held for UID %d", item.UID)
			l.s.bytes.Release(bytesInFlight)
		}
		if item.UID%10 == 0 && cuts < 5 {
			cuts++
			return false, errCut
		}
		return false, nil
	}})
	l = b.loopOf("ann-box")
	for {
		err := b.trySync(l)
		if !l.s.bytes.TryAcquire(bytesInFlight) {
			t.Fatalf("room is held after %v", err)
		}
		l.s.bytes.Release(bytesInFlight)
		if err == nil {
			break
		}
		if imapconn.KindOf(err) != imapconn.KindClosed {
			t.Fatal(err)
		}
	}
	if cuts != 5 {
		t.Errorf("%d connections were cut", cuts)
	}
	b.checkLedger("ann-box")
}
