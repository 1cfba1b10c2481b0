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
		"feed_empty_ms_p95", "feed_ordinary_ms_p95", "feed_hidden_time_ratio")
}

const (
	// feedRounds of samples; each round asks for every kind of card once, so that noise meets all alike.
	feedRounds = 600
	// feedWarmUp rounds are not counted: plans and caches settle.
	feedWarmUp = 30
	feedLimit  = 50
)

// feeds asks for the first page of cards in the large account, as a colleague who has no mail of their own. A card whose
// conversations are all hidden is asked for beside a card that has none: the time must not tell the two apart, so the ratio of
// their medians is 1.
func feeds(b *bench) {
	s := theScale(b)
	random := rand.New(rand.NewPCG(1, 2))
	kinds := []struct {
		figure, card string
		items        int // expected
		took         []time.Duration
	}{
		{figure: "feed_hot_all_ms_p95", card: cardAll, items: feedLimit},
		{figure: "feed_hot_tenth_ms_p95", card: cardTenth, items: feedLimit},
		{figure: "feed_hot_none_ms_p95", card: cardNone},
		{figure: "feed_hot_one_old_ms_p95", card: cardOneOld, items: 40},
		{figure: "feed_empty_ms_p95", card: cardEmpty},
		{figure: "feed_ordinary_ms_p95", items: -1},
	}
	for round := range feedWarmUp + feedRounds {
		for _, i := range random.Perm(len(kinds)) { // none comes after the same one always, and finds what it left in the caches
			k := &kinds[i]
			ref := visibility.CardRef{Kind: rules.Lead, ID: k.card}
			if k.card == "" {
				ref = s.ordinary(random)
			}
			began := time.Now()
			n := s.firstPage(b, ref)
			if took := time.Since(began); round >= feedWarmUp {
				k.took = append(k.took, took)
			}
			if k.items >= 0 && n != k.items {
				b.Fatalf("%s: %d items, want %d", k.figure, n, k.items)
			}
		}
	}
	middle := map[string]time.Duration{}
	for _, k := range kinds {
		middle[k.card] = percentile(k.took, 50)
		b.Logf("%-24s p50 %v p95 %v", k.figure, percentile(k.took, 50), percentile(k.took, 95))
		b.report(k.figure, milliseconds(percentile(k.took, 95)), "ms")
	}
	b.report("feed_hidden_time_ratio", rounded(float64(middle[cardNone])/float64(middle[cardEmpty])), "ratio")
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
