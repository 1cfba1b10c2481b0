//go:build unix

package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/naive"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

func init() {
	register("toggle", toggle, "toggle_wrong_visible_reads", "toggle_wrong_stamps_idle", "revoke_ms_p95")
}

const (
	toggles       = 10_000 // half of them revoke
	toggleWriters = 6
	toggleReaders = 2
	// toggleReads of each reader begin after a revoke's answer and end before the next share is sent, at least.
	toggleReads = 1
	// toggleBatch messages are one transaction of a writer; the last address of each is new to the author as long as
	// toggleFresh addresses last.
	toggleBatch = 20
	toggleFresh = 5_000
	// togglePause of a writer between transactions, which a back-fill needs to fetch and read a batch: together the writers
	// store up to 2,400 messages a second.
	togglePause = 50 * time.Millisecond
	// toggleReadPause of a reader between two reads.
	toggleReadPause = 4 * time.Millisecond
	// toggleReport is how often progress is told.
	toggleReport = 2_500
)

// toggle shares and unshares one conversation of a hot author by webhook, while six writers store the author's mail in it
// and in new ones, and two readers ask for the card as a colleague. The writers do what ingest does in a transaction; the
// program under test is the built one.
func toggle(b *bench) {
	s := newSmallAccount(b, "MAILSTAMP_LOG=text,warn")
	const card, address = "hot", "hot@toggle.example"
	var fresh []map[string]string
	for n := range toggleFresh {
		fresh = append(fresh, map[string]string{"address": fmt.Sprintf("f%d@toggle.example", n)})
	}
	s.tell(b, "user.upserted", map[string]any{"id": "hot", "name": "Hot", "addresses": []string{"hot@us.example"}, "active": true})
	s.tell(b, "user.upserted", map[string]any{"id": "viewer", "name": "Viewer", "addresses": []string{"viewer@us.example"}, "active": true})
	s.tell(b, "card.upserted", map[string]any{"kind": "lead", "id": card, "name": "Hot", "owner": "hot", "audience": "everyone",
		"addresses": []map[string]string{{"address": address}}})
	s.tell(b, "card.upserted", map[string]any{"kind": "lead", "id": "fresh", "name": "Fresh", "owner": "hot", "audience": "everyone", "addresses": fresh})

	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var running sync.WaitGroup
	failures := make(chan error, toggleWriters+toggleReaders)
	start := func(pause time.Duration, work func(context.Context) error) {
		running.Go(func() {
			for ctx.Err() == nil {
				if err := work(ctx); err != nil && ctx.Err() == nil {
					failures <- err
					cancel()
				}
				time.Sleep(pause)
			}
		})
	}
	var stored, next atomic.Int64
	author := s.userID(b, "hot")
	for range toggleWriters {
		start(togglePause, func(ctx context.Context) error {
			met := fmt.Sprintf("f%d@toggle.example", next.Add(1)%toggleFresh)
			stored.Add(toggleBatch)
			return s.storeMail(ctx, author, toggleBatch, address, met)
		})
	}
	watch := newHiddenWatch()
	reader := &feed.Service{DB: s.d}
	for range toggleReaders {
		start(toggleReadPause, func(ctx context.Context) error {
			asked := watch.now()
			page, err := reader.Feed(ctx, s.acc, "viewer", visibility.CardRef{Kind: rules.Lead, ID: card}, feed.Cut{Limit: feedLimit})
			if err == nil {
				watch.read(asked, len(page.Items) > 0)
			}
			return err
		})
	}
	var took []time.Duration
	for n := 0; n < toggles && ctx.Err() == nil; n += 2 {
		s.tell(b, "share.changed", map[string]any{"user": "hot", "card": map[string]string{"kind": "lead", "id": card}, "address": address, "state": "shared"})
		watch.awaitShown(ctx)
		began := time.Now()
		s.tell(b, "share.changed", map[string]any{"user": "hot", "card": map[string]string{"kind": "lead", "id": card}, "address": address, "state": "private"})
		took = append(took, time.Since(began))
		watch.hide()
		watch.awaitReads(ctx, toggleReaders*toggleReads)
		watch.show()
		if n%toggleReport == 0 {
			b.Logf("%d toggles, %d messages stored, %d reads judged", n, stored.Load(), watch.judged.Load())
		}
	}
	cancel()
	running.Wait()
	close(failures)
	for err := range failures {
		b.Errorf("beside the toggles: %v", err)
	}
	if b.Failed() {
		b.FailNow()
	}
	wrong := s.wrongStamps(b)
	b.Logf("%d toggles, %d messages stored, %d reads judged, %d saw the mail while it was shared; revoke p50 %v", toggles, stored.Load(),
		watch.judged.Load(), watch.shown.Load(), percentile(took, 50))
	b.report("toggle_wrong_visible_reads", float64(watch.wrong.Load()), "reads")
	b.report("toggle_wrong_stamps_idle", float64(wrong), "stamps")
	b.report("revoke_ms_p95", milliseconds(percentile(took, 95)), "ms")
}

// hiddenWatch judges reads. A read that began after the answer to a revoke, and ended before the next share was sent, must
// not show the mail.
type hiddenWatch struct {
	era                  atomic.Int64 // even: shown perhaps; odd: hidden
	judged, wrong, shown atomic.Int64
	tick                 chan struct{}
}

func newHiddenWatch() *hiddenWatch { return &hiddenWatch{tick: make(chan struct{}, 1)} }

func (w *hiddenWatch) now() int64 { return w.era.Load() }
func (w *hiddenWatch) hide()      { w.era.Add(1) } // after the answer
func (w *hiddenWatch) show()      { w.era.Add(1) } // before the next event is sent

// read notes what a read saw that began in an era.
func (w *hiddenWatch) read(began int64, seen bool) {
	switch ended := w.era.Load(); {
	case began == ended && began%2 == 1:
		w.judged.Add(1)
		if seen {
			w.wrong.Add(1)
		}
	case began == ended && seen:
		w.shown.Add(1)
	}
	select {
	case w.tick <- struct{}{}:
	default:
	}
}

// awaitReads waits for n reads that are judged.
func (w *hiddenWatch) awaitReads(ctx context.Context, n int64) {
	w.await(ctx, &w.judged, n)
}

// awaitShown waits until a read has seen the mail again, so that the revoke has something to take away.
func (w *hiddenWatch) awaitShown(ctx context.Context) { w.await(ctx, &w.shown, 1) }

func (w *hiddenWatch) await(ctx context.Context, counter *atomic.Int64, n int64) {
	for want := counter.Load() + n; counter.Load() < want; {
		select {
		case <-w.tick:
		case <-ctx.Done():
			return
		}
	}
}

// wrongStamps are those that the independent evaluator would have otherwise.
func (s *smallAccount) wrongStamps(b *bench) int {
	b.Helper()
	var differences []naive.Difference
	err := s.d.ReadTx(b.Context(), s.acc.ID, func(tx *db.Tx) (err error) {
		differences, err = naive.Compare(b.Context(), tx)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, d := range differences[:min(len(differences), 5)] {
		b.Log(d)
	}
	return len(differences)
}
