package ingest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// F30: what this process may have open is bounded by login, by account and by host, however the host is written.
func TestF30ConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	box := func(account int64, host, login string) seat {
		return seatOf(queries.Mailbox{AccountID: account, Host: host, Port: 993, Username: login})
	}
	s := newSlots()
	for range maxPerLogin {
		if !s.take(box(1, "imap.example", "ann")) {
			t.Fatal("refused below the bound")
		}
	}
	if s.take(box(2, "IMAP.example.", "ann")) {
		t.Error("one login has more connections than it may")
	}
	if !s.take(box(2, "imap.example", "bob")) || !s.take(box(1, "other.example", "ann")) {
		t.Error("another login waits for it")
	}
	waited := make(chan error, 1)
	go func() { waited <- s.wait(t.Context(), box(1, "imap.example", "ann")) }()
	s.give(box(1, "imap.example", "ann"))
	if err := <-waited; err != nil {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.wait(gone, box(1, "imap.example", "ann")); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that went away: %v", err)
	}
	for i := range maxPerHost {
		s.take(box(3, "big.example", string(rune(i+1000))))
	}
	if s.take(box(4, "big.example", "x")) || s.take(box(3, "small.example", "x")) || !s.take(box(4, "small.example", "x")) {
		t.Error("host and account are not bounded each by itself")
	}
}

// F30: a login whose connections are used up waits for its turn, says so, and an attachment is given as soon as one ends.
func TestF30LoginWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	b := office(t)
	l := b.loopOf("ann-box")
	must(t, l.load(b.ctx))
	var open []conn
	for range maxPerLogin {
		c, err := l.s.o.connect(b.ctx, b.acc, l.row)
		must(t, err)
		open = append(open, c)
	}
	err := l.session(b.ctx)
	if !errors.Is(err, errConnections) {
		t.Fatalf("one more: %v", err)
	}
	if pause, err := l.fail(b.ctx, err); err != nil || pause > time.Minute {
		t.Errorf("pause %v, %v", pause, err)
	}
	b.checkHealth("ann-box", "connecting", "connections_used_up")
	waited := make(chan error, 1)
	go func() {
		c, err := l.s.o.connectWaiting(b.ctx, b.acc, l.row)
		if err == nil {
			err = c.Close()
		}
		waited <- err
	}()
	must(t, open[0].Close())
	must(t, open[0].Close()) // twice gives back once
	must(t, <-waited)
	for _, c := range open[1:] {
		must(t, c.Logout(b.ctx))
	}
	b.sync("ann-box")
	b.checkLedger("ann-box")
}

// F29, F30: a server's hint to slow down is obeyed to the second, the batch is not blamed, and the sync goes on where it was.
func TestF29F30BackOffIsObeyed(t *testing.T) {
	t.Parallel()
	for _, throttle := range []*imapconn.Error{
		{Op: "fetch", Kind: imapconn.KindThrottled, Backoff: 51423 * time.Millisecond},
		{Op: "connect", Kind: imapconn.KindTooMany, Backoff: time.Minute},
		{Op: "fetch", Kind: imapconn.KindThrottled, Backoff: 24 * time.Hour},
	} {
		b := many(t, 30)
		var throttled atomic.Bool
		b.faulty(faulty{header: func(item *imapconn.HeaderItem) (bool, error) {
			if item.UID == 20 && throttled.CompareAndSwap(false, true) {
				return false, throttle
			}
			return false, nil
		}})
		l := b.loopOf("ann-box")
		err := b.trySync(l)
		pause, failErr := l.fail(b.ctx, err)
		must(t, failErr)
		if pause != throttle.Backoff {
			t.Errorf("rests for %v, the server asked for %v: %v", pause, throttle.Backoff, err)
		}
		if f := l.folders["INBOX"]; f.size != batchSize || len(f.tries) != 0 {
			t.Errorf("the batch is blamed: size %d, tries %v", f.size, f.tries)
		}
		if got := b.one(`select state, problem is not null from mailboxes`); got != "error,t" {
			t.Errorf("state %s", got)
		}
		l.nudge() // a wake does not break the rest; a new configuration does
		rested := make(chan bool, 1)
		go func() { rested <- l.wait(b.ctx, pause) }()
		for len(l.woken) > 0 {
			time.Sleep(time.Millisecond) // until it has heard the wake
		}
		select {
		case <-rested:
			t.Error("a wake broke the rest")
		default:
		}
		b.put("ann-box", "ann")
		l.nudge()
		if !<-rested {
			t.Error("the loop ended")
		}
		must(t, b.trySync(l))
		b.checkLedger("ann-box")
	}
}
