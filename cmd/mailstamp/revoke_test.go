//go:build unix

package main_test

import (
	"fmt"
	"testing"

	"github.com/mailstamp/mailstamp/testenv"
)

const (
	revokedMails = 1_600
	// revokeStep bytes of the back-fill come between two looks of the colleague.
	revokeStep = 64 << 10
)

// TestF43RevokeDuringBackfill: a share and a setting are taken back while the mail they showed still comes in. From the answer
// on, whoever else looks sees nothing, however much arrives; the author sees all of it.
func TestF43RevokeDuringBackfill(t *testing.T) {
	t.Parallel()
	gate, options := newGate()
	o := newLocalOfficeOn(t, options)
	o.crm.Tell(t,
		testenv.Event{Type: "user.upserted", Data: map[string]any{"id": "ben", "version": 1, "addresses": []string{"ben@corp.example"}}},
		testenv.Event{Type: "card.upserted", Data: map[string]any{"kind": "lead", "id": "lee", "version": 1, "owner": "ada", "audience": "everyone",
			"addresses": []map[string]string{{"address": "lee@customer.example"}}}})
	for n := range revokedMails {
		from := []string{"kim@customer.example", "lee@customer.example"}[n%2]
		l := o.writer.Letter(testenv.Party{Address: from}, testenv.Party{Address: "ada@corp.example"})
		if _, err := o.server.Append("ada", "INBOX", nil, l.Date, l.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	allow := func(version int, share, setting string) {
		t.Helper()
		o.crm.Tell(t,
			testenv.Event{Type: "share.changed", Data: map[string]any{"user": "ada", "version": version, "state": share,
				"card": map[string]string{"kind": "contact", "id": "kim"}, "address": "kim@customer.example"}},
			testenv.Event{Type: "setting.changed", Data: map[string]any{"user": "ada", "version": version, "lead": setting}})
	}
	cards := []string{"contact/kim", "lead/lee"}
	sees := func(viewer, card string) int {
		t.Helper()
		var feed struct{ Items []struct{} }
		o.crm.As(t, viewer).GetJSON(t, "/cards/"+card+"/feed?limit=200", &feed)
		return len(feed.Items)
	}
	allow(1, "shared", "everyone")
	o.connect()
	// So far that the colleague sees some of both, and no farther.
	testenv.Eventually(t, syncPatience, func() error {
		kim, lee := sees("ben", cards[0]), sees("ben", cards[1])
		if kim > 0 && lee > 0 {
			return nil
		}
		gate.let(revokeStep / 4)
		return fmt.Errorf("the colleague sees %d and %d mails", kim, lee)
	})

	allow(2, "private", "nobody")
	looks := 0
	testenv.Eventually(t, syncPatience, func() error {
		for _, card := range cards {
			if n := sees("ben", card); n > 0 {
				t.Fatalf("%d mails of %s are visible after the revoke was answered, at look %d", n, card, looks)
			}
		}
		h := o.health()
		if h.State == "live" {
			return nil
		}
		looks++
		gate.let(revokeStep)
		return fmt.Errorf("the mailbox is %s, %d of %d", h.State, h.Progress.Done, h.Progress.Total)
	})
	if looks < 3 {
		t.Errorf("%d looks during the back-fill: the revoke did not come in the middle", looks)
	}
	gate.open()
	o.await(syncPatience, "live", revokedMails)
	for _, card := range cards {
		if others, own := sees("ben", card), sees("ada", card); others != 0 || own != 200 {
			t.Errorf("%s: the colleague sees %d mails, the author a first page of %d", card, others, own)
		}
	}
	// Shared again, all of it shows: it was hidden, not lost.
	allow(3, "shared", "everyone")
	testenv.Eventually(t, syncPatience, func() error {
		if kim, lee := sees("ben", cards[0]), sees("ben", cards[1]); kim != 200 || lee != 200 {
			return fmt.Errorf("shared again, the colleague sees %d and %d mails", kim, lee)
		}
		return nil
	})
}
