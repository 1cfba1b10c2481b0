package ingest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestBackfillWaitsForLiveMail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := newPrecedence(time.Hour)
		way := first.courtesy()
		way.giveWay(t.Context()) // there is none
		one, other := first.enter(), first.enter()
		gave := make(chan struct{})
		go func() {
			way.giveWay(t.Context())
			close(gave)
		}()
		synctest.Wait()
		one()
		synctest.Wait()
		select {
		case <-gave:
			t.Fatal("it goes on beside live mail")
		default:
		}
		other()
		<-gave
		if way.left != giveWayFor {
			t.Errorf("%v left, though no time went by", way.left)
		}
	})
}

func TestBackfillGoesOnHoweverMuchLiveMailComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := newPrecedence(time.Hour)
		began, way := time.Now(), first.courtesy()
		for range 3 {
			time.AfterFunc(giveWayFor*2/3, first.enter())
			way.giveWay(t.Context())
		}
		first.enter()
		way.giveWay(t.Context())
		if took := time.Since(began); took != giveWayFor || way.left != 0 {
			t.Errorf("it gave way for %v, %v are left", took, way.left)
		}
	})
}

func TestLiveMailThatTakesLongGoesFirstForATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := newPrecedence(giveWayFor / 2)
		leave, began := first.enter(), time.Now()
		first.courtesy().giveWay(t.Context())
		if took := time.Since(began); took != giveWayFor/2 || first.taken() != nil {
			t.Errorf("it gave way for %v", took)
		}
		leave()
		if leave = first.enter(); first.taken() == nil {
			t.Error("one that left twice counts for another")
		}
		leave()
	})
}

func TestBackfillThatEndsWaitsForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := newPrecedence(time.Hour)
		defer first.enter()()
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		go cancel()
		first.courtesy().giveWay(ctx)
		if took := time.Since(began); took != 0 {
			t.Errorf("it waited for %v", took)
		}
	})
}

// Reading and storing give way, and end all the same while live mail is at work all the time. Live mail does not.
func TestBackfillGivesWayInReadingAndStoring(t *testing.T) {
	t.Parallel()
	b := many(t, 10)
	l := b.loopOf("ann-box")
	must(t, l.load(b.ctx))
	must(t, l.dial(b.ctx))
	defer l.disconnect()
	must(t, l.visitAll(b.ctx))
	l.s.live = newPrecedence(time.Hour)
	defer l.s.live.enter()()
	f := l.folders["INBOX"]
	if _, err := l.examine(b.ctx, f); err != nil {
		t.Fatal(err)
	}
	p := pipeline{loop: l, folder: f, until: time.Now().Add(time.Hour), size: firstBatch, left: f.work.Backfill, rest: f.work.Backfill}
	p.ask()
	read := p.heads[0].way
	must(t, p.step(b.ctx))
	stored := p.parts[0].way
	must(t, p.finish(b.ctx, 0))
	must(t, l.settle())
	if read.left > 0 || stored.left > 0 {
		t.Errorf("left are %v of reading and %v of storing", read.left, stored.left)
	}
	p.until = time.Time{}
	if p.courtesy() != nil {
		t.Error("live mail gives way")
	}
	b.sync("ann-box")
	b.checkLedger("ann-box")
}

// Mail that the server hinted at goes first until it is stored, or failed to be; mail that a timed pass finds does not.
func TestMailThatIsHintedAtGoesFirst(t *testing.T) {
	t.Parallel()
	b := office(t)
	var first []bool
	broken := errors.New("broken")
	var fails error
	var l *loop
	b.opts.commit = func(name string) error {
		if name != "batch" {
			return nil
		}
		first = append(first, l.s.live.taken() != nil)
		return fails
	}
	l = b.loopOf("ann-box")
	l.s.live = newPrecedence(time.Hour)
	must(t, l.load(b.ctx))
	must(t, l.dial(b.ctx))
	defer l.disconnect()
	news := func(hinted bool) {
		t.Helper()
		first = nil
		b.append("ann-box", "INBOX", mail{from: "joe@acme.example", to: "ann@firm.example", subject: "News", body: "Hi."})
		for hinted && !l.hinted {
			must(t, l.idle(b.ctx))
		}
		if err := passes(b.ctx, l); !errors.Is(err, fails) {
			t.Fatal(err)
		}
		if want := []bool{hinted}; !slices.Equal(first, want) || l.s.live.taken() != nil {
			t.Errorf("went first: %v, want %v; at the end: %v", first, want, l.s.live.taken() != nil)
		}
	}
	must(t, passes(b.ctx, l))
	if slices.Contains(first, true) {
		t.Error("a back-fill goes first")
	}
	_, err := l.work(b.ctx)
	must(t, err)
	news(true)
	news(false)
	_, err = l.work(b.ctx)
	must(t, err)
	fails = broken
	news(true)
}
