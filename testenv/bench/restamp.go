//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

func init() { register("restamp", restamp, "restamp_ingest_slowdown", "restamp_feed_slowdown") }

const (
	// restampRows are written while feeds are read and mail is stored.
	restampRows = 1_000_000
	// restampIdle is half of the time for which both are measured alone: one half before, one after.
	restampIdle = 10 * time.Second
	// How often each is asked for. A faster pace would measure the machine's cores.
	restampFeedEvery   = 20 * time.Millisecond
	restampIngestEvery = 50 * time.Millisecond
)

// restamp compares the p95 of feeds and of ingest's transactions while the built program re-stamps a million rows, hot's
// 50,000 conversations again and again, with the same when it does nothing. The mail stored is hot's.
func restamp(b *bench) {
	s := theScale(b)
	f := &flipper{bench: b, conn: s.connect(b), crm: s.program(b)}
	p := &probe{s: s, random: rand.New(rand.NewPCG(5, 6))}
	p.during(b, func() { time.Sleep(restampIdle / 5) }) // warm up

	feedIdle, ingestIdle := p.during(b, func() { time.Sleep(restampIdle) })
	feedBusy, ingestBusy := p.during(b, func() {
		for rows := 0; rows < restampRows; rows += scaleConversations {
			f.flip()
		}
	})
	feedAfter, ingestAfter := p.during(b, func() { time.Sleep(restampIdle) })
	feedIdle, ingestIdle = append(feedIdle, feedAfter...), append(ingestIdle, ingestAfter...)

	for _, one := range []struct {
		figure     string
		idle, busy []time.Duration
	}{{"restamp_ingest_slowdown", ingestIdle, ingestBusy}, {"restamp_feed_slowdown", feedIdle, feedBusy}} {
		idle, busy := percentile(one.idle, 95), percentile(one.busy, 95)
		b.Logf("%s: p95 idle %v of %d, while re-stamping %v of %d", one.figure, idle, len(one.idle), busy, len(one.busy))
		b.report(one.figure, rounded(float64(busy)/float64(idle)), "ratio")
	}
}

// probe reads feeds and stores mail at a steady pace.
type probe struct {
	s      *scale
	random *rand.Rand
	met    int
}

// during measures while work runs.
func (p *probe) during(b *bench, work func()) (feeds, stores []time.Duration) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	errs := make(chan error, 2)
	start := func(every time.Duration, took *[]time.Duration, once func() error) {
		running.Go(func() {
			tick := time.NewTicker(every)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				began := time.Now()
				if err := once(); err != nil {
					errs <- err
					return
				}
				*took = append(*took, time.Since(began))
			}
		})
	}
	start(restampFeedEvery, &feeds, func() error {
		_, err := p.s.feed.Feed(b.Context(), p.s.acc, "viewer", visibility.CardRef{Kind: rules.Lead, ID: cardAll}, feed.Cut{Limit: feedLimit})
		return err
	})
	start(restampIngestEvery, &stores, func() error {
		// Of a contact of hot's, and one that hot meets for the first time.
		p.met++
		n := p.random.IntN(scaleContacts)
		return storeMail(b.Context(), p.s.d, p.s.acc, 1, 10, fmt.Sprintf("p%d@company%d.example", n+1, n%3000),
			fmt.Sprintf("o%d@firm%d.example", p.met, (p.met-1)%7000))
	})
	stop := sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	defer stop() // also when work fails
	work()
	stop()
	close(errs)
	for err := range errs {
		b.Fatalf("beside the re-stamping: %v", err)
	}
	return feeds, stores
}
