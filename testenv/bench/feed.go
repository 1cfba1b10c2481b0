//go:build unix

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

func init() {
	register("feed", feeds, "feed_hot_all_ms_p95", "feed_hot_tenth_ms_p95", "feed_hot_none_ms_p95", "feed_hot_one_old_ms_p95",
		"feed_empty_ms_p95", "feed_ordinary_ms_p95", "feed_ordinary_cold_ms_p95", "feed_hidden_time_ratio")
}

const (
	// feedRounds of samples; each round asks for every kind of card once, so that noise meets all alike.
	feedRounds = 600
	// feedWarmUp rounds are not counted: plans settle.
	feedWarmUp = 30
	feedLimit  = 50
)

// kindOfCard is what a card's feed is measured for.
type kindOfCard struct {
	figure string
	cards  []visibility.CardRef // in turn, one each round
	items  int                  // expected; -1 where it differs
	took   []time.Duration
}

// feeds asks for the first page of cards in the large account, as a colleague who has no mail of their own. A card whose
// conversations are all hidden is asked for beside a card that has none: the time must not tell the two apart, so the ratio of
// their medians is 1. Of ordinary cards each round has another; all rounds are made twice, and cold is the first time that an
// ordinary card is asked for, when its 40 messages lie among two million that nobody read.
func feeds(b *bench) {
	s := theScale(b)
	random := rand.New(rand.NewPCG(1, 2))
	lead := func(id string) []visibility.CardRef { return []visibility.CardRef{{Kind: rules.Lead, ID: id}} }
	kinds := []*kindOfCard{
		{figure: "feed_hot_all_ms_p95", cards: lead(cardAll), items: feedLimit},
		{figure: "feed_hot_tenth_ms_p95", cards: lead(cardTenth), items: feedLimit},
		{figure: "feed_hot_none_ms_p95", cards: lead(cardNone)},
		{figure: "feed_hot_one_old_ms_p95", cards: lead(cardOneOld), items: 40},
		{figure: "feed_empty_ms_p95", cards: lead(cardEmpty)},
		{figure: "feed_ordinary_ms_p95", items: -1},
	}
	none, empty, ordinary := kinds[2], kinds[4], kinds[5]
	for range feedWarmUp + feedRounds {
		ordinary.cards = append(ordinary.cards, s.ordinary(random))
	}
	s.firstPages(b, random, kinds)
	cold := percentile(ordinary.took, 95)
	s.firstPages(b, random, kinds)
	for _, k := range kinds {
		b.Logf("%-24s p50 %v p95 %v", k.figure, percentile(k.took, 50), percentile(k.took, 95))
		b.report(k.figure, milliseconds(percentile(k.took, 95)), "ms")
	}
	b.report("feed_ordinary_cold_ms_p95", milliseconds(cold), "ms")
	b.report("feed_hidden_time_ratio", rounded(float64(percentile(none.took, 50))/float64(percentile(empty.took, 50))), "ratio")
}

// firstPages makes all rounds and notes how long each kind of card took in them.
func (s *scale) firstPages(b *bench, random *rand.Rand, kinds []*kindOfCard) {
	b.Helper()
	for _, k := range kinds {
		k.took = nil
	}
	for round := range feedWarmUp + feedRounds {
		for _, i := range random.Perm(len(kinds)) { // none comes after the same one always, and finds what it left in the caches
			k := kinds[i]
			began := time.Now()
			n := s.firstPage(b, k.cards[round%len(k.cards)])
			if took := time.Since(began); round >= feedWarmUp {
				k.took = append(k.took, took)
			}
			if k.items >= 0 && n != k.items {
				b.Fatalf("%s: %d items, want %d", k.figure, n, k.items)
			}
		}
	}
}

// firstPage reads a card's newest entries as viewer and returns their number.
func (s *scale) firstPage(b *bench, card visibility.CardRef) int {
	b.Helper()
	page, err := s.feed.Feed(b.Context(), s.acc, "viewer", card, feed.Cut{Limit: feedLimit})
	if err != nil {
		b.Fatal(err)
	}
	return len(page.Items)
}

// ordinary is one of the ordinary contacts.
func (s *scale) ordinary(random *rand.Rand) visibility.CardRef {
	return visibility.CardRef{Kind: rules.Contact, ID: fmt.Sprint("o", 1+random.IntN(scaleOrdinary/2))}
}

// percentile sorts the durations.
func percentile(took []time.Duration, percent int) time.Duration {
	slices.Sort(took)
	return took[min(len(took)-1, len(took)*percent/100)]
}

// milliseconds, to three digits.
func milliseconds(d time.Duration) float64 { return rounded(float64(d) / float64(time.Millisecond)) }

func rounded(v float64) float64 { return math.Round(v*1000) / 1000 }
