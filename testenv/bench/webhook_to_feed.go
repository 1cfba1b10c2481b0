//go:build unix

package main

import (
	"time"
)

func init() { register("webhook_to_feed", webhookToFeed, "webhook_to_feed_ms_p95") }

const (
	widenings = 200
	// widenPatience bounds one of them; the product promises a second.
	widenPatience = 10 * time.Second
)

// webhookToFeed shares a conversation by webhook and asks for the card's feed as a colleague until it is there: from before
// the event is sent to the end of the first answer that shows the mail. The program is the built one, used as from outside.
func webhookToFeed(b *bench) {
	s := newSmallAccount(b)
	s.tell(b, "user.upserted", map[string]any{"id": "hot", "name": "Hot", "addresses": []string{"hot@us.example"}, "active": true})
	s.tell(b, "user.upserted", map[string]any{"id": "viewer", "name": "Viewer", "addresses": []string{"viewer@us.example"}, "active": true})
	s.tell(b, "card.upserted", map[string]any{"kind": "contact", "id": "kim", "name": "Kim", "owner": "hot", "audience": "everyone",
		"addresses": []map[string]string{{"address": "kim@customer.example"}, {"address": "kim@home.example"}}})
	if err := s.storeMail(b.Context(), s.userID(b, "hot"), 40, "kim@customer.example", "kim@home.example"); err != nil {
		b.Fatal(err)
	}
	viewer := s.crm.As(b, "viewer")
	shown := func() bool {
		var page struct{ Items []struct{} }
		viewer.GetJSON(b, "/cards/contact/kim/feed?limit=50", &page)
		return len(page.Items) > 0
	}
	share := func(state string) {
		s.tell(b, "share.changed", map[string]any{"user": "hot", "card": map[string]string{"kind": "contact", "id": "kim"},
			"address": "kim@customer.example", "state": state})
	}
	took := make([]time.Duration, widenings)
	for n := range took {
		if shown() {
			b.Fatal("the mail is shown, and nobody has shared it")
		}
		began := time.Now()
		for share("shared"); !shown(); {
			if time.Since(began) > widenPatience {
				b.Fatalf("not shown within %v", widenPatience)
			}
		}
		took[n] = time.Since(began)
		share("private")
	}
	b.Logf("p50 %v, p95 %v", percentile(took, 50), percentile(took, 95))
	b.report("webhook_to_feed_ms_p95", milliseconds(percentile(took, 95)), "ms")
}
