package ingest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/testenv"
)

// TestF39LostCommitsHappenOnce: connections to the database end at COMMIT, before it or before its answer, so that nobody
// knows whether it happened.
func TestF39LostCommitsHappenOnce(t *testing.T) {
	t.Parallel()
	undisturbed := office(t)
	undisturbed.sync("ann-box")
	want := undisturbed.content()

	proxy := testenv.NewDatabaseProxy(t, testenv.PostgresURL(t))
	b := bundleOn(t, openDB(t, proxy.URL, newKeys(t))).furnish()
	var mu sync.Mutex
	seed := rand.Uint64()
	random, left, met := rand.New(rand.NewPCG(seed, 39)), 12, 0
	proxy.AtCommit(func() testenv.CommitFault {
		mu.Lock()
		defer mu.Unlock()
		if left == 0 || random.IntN(3) > 0 {
			return testenv.CommitPasses
		}
		left--
		met++
		return []testenv.CommitFault{testenv.CommitLost, testenv.AnswerLost}[met%2]
	})
	l := newLoop(NewSupervisor(b.opts), b.acc, 0, 0)
	var err error
	for range 60 { // the lease too may need more than one try
		if err = b.tryLease(l); err == nil {
			if err = b.trySync(l); err == nil {
				break
			}
		}
	}
	if err != nil {
		t.Fatalf("no end after 60 connections (seed %d): %v", seed, err)
	}
	mu.Lock()
	left = 0
	mu.Unlock()
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if met == 0 {
		t.Error("no commit was lost")
	}
	if got := b.content(); !sameContent(got, want) {
		t.Errorf("the end differs (seed %d):\n%s", seed, diff(unhash(want), unhash(got)))
	}
}

// A batch that could not be stored ends the pass, whatever the loop was reading meanwhile, and is stored by the next.
func TestBatchNotStoredEndsThePass(t *testing.T) {
	t.Parallel()
	d := testenv.DB(t)
	for nth := int64(1); ; nth++ {
		b := bundleOn(t, d).furnish()
		var batches atomic.Int64
		b.opts.commit = func(name string) error {
			if name == "batch" && batches.Add(1) == nth {
				return errors.New("disk full")
			}
			return nil
		}
		err := b.trySync(b.loopOf("ann-box"))
		if batches.Load() < nth {
			if nth < 3 {
				t.Errorf("only %d batches", nth-1)
			}
			return
		}
		if err == nil {
			t.Errorf("batch %d was not stored, and nothing was said", nth)
		}
		b.sync("ann-box")
		b.checkLedger("ann-box")
	}
}

// tryLease gives the mailbox's lease to the loop's supervisor, as loopOf does, over a database that may fail.
func (b *bundle) tryLease(l *loop) error {
	if err := l.s.renew(b.ctx); err != nil {
		return err
	}
	return b.db.Tx(b.ctx, b.acc.ID, func(tx *db.Tx) error {
		return tx.QueryRow(b.ctx, `update mailbox_leases set holder = $1, token = token + 1 returning mailbox_id, token`, l.s.holder).Scan(&l.mailboxID, &l.token)
	})
}

// TestF40DatabaseErrorsLeaveNoPartOfAMessage: the database fails in the middle of a batch, several times for each reason.
func TestF40DatabaseErrorsLeaveNoPartOfAMessage(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	b.exec(`create sequence faults`)
	for i, c := range []struct{ code, what string }{
		{"53100", "disk full"}, {"57014", "statement timeout"}, {"40P01", "dead-lock"}, {"40001", "serialization"},
	} {
		before := b.one(countMessages)
		uid := b.append("ann-box", "INBOX", mail{id: fmt.Sprintf("fault%d@x", i), from: "joe@acme.example", to: "ann@firm.example", subject: c.what, body: c.what})
		b.exec(`select setval('faults', 1, false)`)
		b.exec(`create or replace function fault() returns trigger language plpgsql as $$ begin
			if nextval('faults') <= 3 then raise exception 'made to fail' using errcode = '` + c.code + `'; end if;
			return new; end $$`)
		if i == 0 { // among the last that a batch writes: messages and bodies are there by then
			b.exec(`create trigger fault before insert on participants for each row execute function fault()`)
		}
		l := b.loopOf("ann-box")
		var seen atomic.Int32
		var err error
		for range 6 {
			if err = b.trySync(l); err == nil {
				break
			}
			var pg *pgconn.PgError
			if !errors.As(err, &pg) || pg.Code != c.code {
				t.Fatalf("%s: %v", c.what, err)
			}
			seen.Add(1)
			if got := b.one(countMessages); got != before {
				t.Errorf("%s: %s messages after a failed batch, want %s", c.what, got, before)
			}
		}
		if err != nil {
			t.Fatalf("%s never ends: %v", c.what, err)
		}
		if retried := strings.HasPrefix(c.code, "40"); retried != (seen.Load() == 0) {
			t.Errorf("%s: the loop saw %d errors; the database's own are tried again at once, others by the next session", c.what, seen.Load())
		}
		if !slices.Contains(b.ledger("ann-box"), fmt.Sprintf("INBOX/%d stored", uid)) {
			t.Errorf("%s: the mail was not stored: %q", c.what, b.ledger("ann-box"))
		}
		b.checkLedger("ann-box")
	}
}
