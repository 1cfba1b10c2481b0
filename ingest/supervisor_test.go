package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// await polls the database until a query gives what is wanted.
func (b *bundle) await(want, sql string, args ...any) {
	b.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		got := strings.Trim(b.one(sql, args...), `"`)
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s gives %s, want %s", sql, got, want)
		}
		time.Sleep(5 * time.Millisecond) // between looks, not instead of a signal
	}
}

func (b *bundle) start() *Supervisor {
	b.t.Helper()
	s := NewSupervisor(b.opts)
	must(b.t, s.Start(b.ctx))
	b.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), 10*time.Second)
		defer cancel()
		must(b.t, s.Stop(ctx))
	})
	return s
}

const countMessages = `select count(*) from messages`

func TestSupervisorSyncsAndHearsOfNewMail(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.opts.Timing.Pass = time.Minute // so that only IDLE and wakes can be quick
	b.opts.Timing.Acquire = time.Minute
	b.start()
	b.await("live", `select state from mailboxes`)
	b.await("3", countMessages)
	b.append("ann-box", "INBOX", mail{id: "idle@x", from: "joe@acme.example", to: "ann@firm.example", subject: "quick", body: "x"})
	b.await("4", countMessages)
	// A wake finds what IDLE on INBOX does not hear of.
	b.append("ann-box", "Sent", mail{id: "sent@x", from: "ann@firm.example", to: "joe@acme.example", subject: "Re: quick", refs: "idle@x", body: "x"})
	b.exec(`select pg_notify('mailstamp_wake', (select account_id || '/' || id from mailboxes))`)
	b.await("5", countMessages)
	// So does a PUT, and one that makes a new mailbox.
	b.append("ann-box", "Sent", mail{id: "sent2@x", from: "ann@firm.example", to: "joe@acme.example", subject: "x", body: "x"})
	b.put("ann-box", "ann")
	b.await("6", countMessages)
	must(t, b.server.AddUser("bob-box", password))
	b.append("bob-box", "INBOX", mail{id: "b@x", from: "joe@acme.example", to: "bob@firm.example", subject: "x", body: "x"})
	b.put("bob-box", "bob")
	b.await("7", countMessages)
}

func TestUserNotKnownYetWaits(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.card("acme", "joe@acme.example")
	b.mailbox("ann-box", "ann")
	b.append("ann-box", "INBOX", mail{id: "1@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	b.start()
	b.await("unknown_user", `select problem_code from mailboxes`)
	b.checkHealth("ann-box", "connecting", "unknown_user")
	b.user("ann", "ann@firm.example")
	b.exec(`select pg_notify('mailstamp_wake', (select account_id || '/' || id from mailboxes))`)
	b.await("1", countMessages)
}

func TestTakeoverWhenAWorkerDies(t *testing.T) {
	t.Parallel()
	b := office(t)
	first := NewSupervisor(b.opts)
	must(t, first.Start(b.ctx))
	b.await("live", `select state from mailboxes`)
	// As kill -9: nothing is given back.
	first.cancel()
	first.done.Wait()
	b.exec(`update mailbox_leases set holder = $1`, first.holder)
	b.append("ann-box", "INBOX", mail{id: "after@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	b.start()
	b.await("4", countMessages)
	if got := b.one(`select holder = $1 from mailbox_leases`, first.holder); got != "f" {
		t.Error("the dead worker still has the lease")
	}
}

func TestTwoWorkersShareMailboxes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.card("acme", "joe@acme.example")
	for i := range 6 {
		user, box := fmt.Sprintf("u%d", i), fmt.Sprintf("box%d", i)
		b.user(user, user+"@firm.example")
		b.mailbox(box, user)
		for n := range 5 {
			b.append(box, "INBOX", mail{id: fmt.Sprintf("%d-%d@x", i, n), from: "joe@acme.example", to: user + "@firm.example", body: "x"})
		}
	}
	b.start()
	b.start()
	b.await("30", countMessages)
	b.await("6", `select count(*) from mailboxes where state = 'live'`)
	for i := range 6 {
		b.checkLedger(fmt.Sprintf("box%d", i))
	}
}

func TestF41PausedOwnerWritesNothing(t *testing.T) {
	t.Parallel()
	b := office(t)
	paused := b.dialed("ann-box")
	defer paused.disconnect()
	taken := b.loopOf("ann-box") // another worker takes the lease
	if _, err := paused.pass(b.ctx); !errors.Is(err, errFenced) {
		t.Fatalf("the paused owner's pass gave %v", err)
	}
	if got := b.one(countMessages); got != "0" {
		t.Fatalf("the paused owner wrote %s messages", got)
	}
	must(t, b.trySync(taken))
	b.checkLedger("ann-box")
}

func TestStopGivesLeasesBack(t *testing.T) {
	t.Parallel()
	b := office(t)
	s := NewSupervisor(b.opts)
	must(t, s.Start(b.ctx))
	b.await("live", `select state from mailboxes`)
	must(t, s.Stop(b.ctx))
	if got := b.one(`select holder is null from mailbox_leases`); got != "t" {
		t.Error("the lease was not given back")
	}
}

func TestF32RefusedLoginIsTriedThreeTimesAndHealsByPut(t *testing.T) {
	t.Parallel()
	b := office(t)
	var dials atomic.Int32
	b.opts.dial = func(ctx context.Context, cfg imapconn.Config) (conn, error) {
		dials.Add(1)
		return dialIMAP(ctx, cfg)
	}
	wrong := b.config("ann-box", "ann")
	wrong.Auth.Password = "wrong"
	_, err := b.boxes.Put(b.ctx, b.acc, "ann-box", wrong)
	must(t, err)
	for range 5 { // restarts of the worker
		l := b.loopOf("ann-box")
		must(t, l.load(b.ctx))
		_, failErr := l.fail(b.ctx, l.session(b.ctx))
		must(t, failErr)
	}
	if dials.Load() != maxAuthTries {
		t.Errorf("%d logins with one wrong secret, want %d", dials.Load(), maxAuthTries)
	}
	h, err := b.boxes.Get(b.ctx, b.acc, "ann-box")
	must(t, err)
	if h.State != "needs_auth" || h.Problem == nil {
		t.Errorf("health %+v", h)
	}
	if got := b.announced(); !slices.Equal(got, []string{"mailbox.needs_auth ann-box"}) {
		t.Errorf("the CRM is told %q, want once that the login is refused", got)
	}
	b.start()
	b.put("ann-box", "ann")
	b.await("live", `select state from mailboxes`)
	b.await("3", countMessages)
	if got := b.announced(); len(got) != 4 || got[3] != "mailbox.synced ann-box" {
		t.Errorf("the CRM is told %q, want three messages, then that the mailbox is synced", got)
	}
}

func TestErrorStateNamesTheProblemAndHeals(t *testing.T) {
	t.Parallel()
	b := office(t)
	var broken atomic.Bool
	broken.Store(true)
	b.opts.dial = func(ctx context.Context, cfg imapconn.Config) (conn, error) {
		if broken.Load() {
			return nil, &imapconn.Error{Op: "connect", Kind: imapconn.KindUnreachable}
		}
		return dialIMAP(ctx, cfg)
	}
	b.start()
	b.await("error", `select state from mailboxes`)
	if got := b.one(`select problem like '%could not be reached%' from mailboxes`); got != "t" {
		t.Error("the problem is not named")
	}
	broken.Store(false)
	b.await("live", `select state from mailboxes`)
	b.await("t", `select problem is null from mailboxes`)
}

// TestLongSessionsAreNoFailuresInARow: a first sync of hours meets several ends of its connection, and goes on after each at once.
func TestLongSessionsAreNoFailuresInARow(t *testing.T) {
	t.Parallel()
	b := office(t)
	l := b.sync("ann-box")
	fail := func() time.Duration {
		l.disconnect()
		pause, err := l.fail(b.ctx, &imapconn.Error{Op: "fetch", Kind: imapconn.KindClosed})
		must(t, err)
		return pause
	}
	for range 2 * errorAfter {
		must(t, l.dial(b.ctx))
		_, err := l.measuredPass(b.ctx)
		must(t, err)
		l.dialedAt = time.Now().Add(-2 * maxRetry)
		if pause := fail(); pause != b.opts.Timing.FirstRetry || l.state != stateLive {
			t.Errorf("after a long session the mailbox is %s and rests for %s", l.state, pause)
		}
	}
	for range errorAfter {
		fail() // no session at all
	}
	if l.state != stateError {
		t.Errorf("after %d failures in a row the mailbox is %s", errorAfter, l.state)
	}
}

// TestLongSessionsInVain: a server answers of a folder without end, but never in full, though mail comes from another one each time.
func TestLongSessionsInVain(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	b.wrapped(wrapped{examine: func(sel *imapconn.Selected) error {
		if sel.Name == "Archive" {
			return &imapconn.Error{Op: "examine", Kind: imapconn.KindTimeout}
		}
		return nil
	}})
	b.append("ann-box", "Archive", mail{id: "7@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	l := b.loopOf("ann-box")
	for i := range errorAfter {
		b.append("ann-box", "INBOX", mail{id: fmt.Sprintf("new%d@x", i), from: "joe@acme.example", to: "ann@firm.example", body: "x"})
		must(t, l.load(b.ctx))
		must(t, l.dial(b.ctx))
		_, errPass := l.measuredPass(b.ctx)
		l.disconnect()
		l.dialedAt = time.Now().Add(-2 * maxRetry)
		if _, err := l.fail(b.ctx, errPass); imapconn.KindOf(errPass) != imapconn.KindTimeout || err != nil {
			t.Fatal(errPass, err)
		}
	}
	b.checkHealth("ann-box", "error", "timeout")
}

func TestGateTakesTurnsOfAccounts(t *testing.T) {
	t.Parallel()
	g := newGate(1)
	must(t, g.enter(t.Context(), 1))
	order := make(chan int64, 4)
	for _, account := range []int64{1, 1, 1, 2} {
		before := g.waiters()
		go func() {
			if g.enter(t.Context(), account) == nil {
				order <- account
				g.leave()
			}
		}()
		for g.waiters() == before {
			time.Sleep(time.Millisecond)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.enter(gone, 3); err == nil {
		t.Error("a cancelled caller got a place")
	}
	g.leave()
	got := []int64{<-order, <-order, <-order, <-order}
	if got[1] != 2 {
		t.Errorf("turns %v: account 2 waited for more than one of account 1", got)
	}
	must(t, g.enter(t.Context(), 9))
}

// TestGateCountsTheLastBatch of a turn, which is stored while the folders are looked at.
func TestGateCountsTheLastBatch(t *testing.T) {
	t.Parallel()
	b := office(t)
	store := make(chan struct{})
	b.opts.commit = func(name string) error {
		if name == "batch" {
			<-store
		}
		return nil
	}
	l := b.dialed("ann-box")
	defer l.disconnect()
	must(t, l.visitAll(b.ctx))
	for _, f := range l.present()[1:] {
		f.work.Backfill = nil // one batch is all
	}
	if _, err := l.backfill(b.ctx); err != nil {
		t.Fatal(err)
	}
	if free := l.s.gate.places(); free != backfills-1 {
		t.Errorf("%d places are free while a batch is being stored", free)
	}
	close(store)
	must(t, l.settle())
	if free := l.s.gate.places(); free != backfills {
		t.Errorf("%d places are free when it is stored", free)
	}
}

func (g *gate) places() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.free
}

func (g *gate) waiters() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, q := range g.waiting {
		n += len(q)
	}
	return n
}
