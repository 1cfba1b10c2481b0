package visibility_test

import (
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// TestOwnCallsTakeNoVersions: the author's own calls stand beside the CRM's events, whose versions they do not use up; an
// event older than such a call does not widen what it said.
func TestOwnCallsTakeNoVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	anna := "anna"
	kim := visibility.CardRef{Kind: rules.Contact, ID: "kim"}
	for _, e := range []visibility.Event{
		&visibility.UserUpserted{ID: "anna", Version: 1, Addresses: []string{"anna@us.test"}},
		&visibility.UserUpserted{ID: "ben", Version: 1},
		&visibility.CardUpserted{Kind: rules.Contact, ID: "kim", Version: 1, Owner: &anna, Audience: visibility.Audience{Everyone: true},
			Addresses: []visibility.CardAddress{{Address: "kim@customer.test"}}},
	} {
		if _, err := w.tell(e); err != nil {
			t.Fatal(err)
		}
	}
	w.store(mail{name: "m", author: "anna", to: []string{"kim@customer.test"}})
	at := w.now
	say := func(e visibility.Event, when time.Duration, want visibility.Status, shown bool) {
		t.Helper()
		var out visibility.Outcome
		err := w.d.Tx(t.Context(), w.acc.ID, func(tx *db.Tx) (err error) {
			out, err = visibility.Apply(t.Context(), tx, w.acc, []visibility.Told{{Event: e, At: at.Add(when), By: "crm"}})
			return err
		})
		if err != nil || out.Statuses[0] != want {
			t.Fatalf("%v, %v; want %s", out.Statuses, err, want)
		}
		w.queue = out.Work
		w.settle()
		if seen := len(w.everybodySees([]string{"ben"}, []visibility.CardRef{kim})) > 0; seen != shown {
			t.Fatalf("ben sees it: %v, want %v", seen, shown)
		}
	}
	share := func(version int64, state string) *visibility.ShareChanged {
		return &visibility.ShareChanged{User: "anna", Version: version, Card: kim, Address: "kim@customer.test", State: state}
	}
	const own = 0
	say(share(1, "shared"), 1*time.Second, visibility.Applied, true)
	say(share(own, "shared"), 2*time.Second, visibility.Applied, true)
	say(share(2, "private"), 3*time.Second, visibility.Applied, false) // the call took no version
	say(share(own, "shared"), 4*time.Second, visibility.Applied, true)
	say(share(own, "private"), 4*time.Second, visibility.Applied, false) // the same instant: still the later word
	say(share(3, "shared"), 3*time.Second, visibility.Applied, false)    // told late: does not undo the call
	say(share(4, "shared"), 9*time.Second, visibility.Applied, true)
	say(share(own, "shared"), 10*time.Second, visibility.Applied, true)
	say(share(5, "private"), 1*time.Second, visibility.Applied, false) // what hides is never too late
	say(share(5, "shared"), 20*time.Second, visibility.Stale, false)

	set := func(version int64, value rules.Setting) *visibility.SettingChanged {
		return &visibility.SettingChanged{User: "anna", Version: version, Contact: &value}
	}
	say(share(6, "none"), 30*time.Second, visibility.Applied, false)
	say(set(1, rules.Everyone), 31*time.Second, visibility.Applied, true)
	say(set(own, rules.Owner), 32*time.Second, visibility.Applied, true)
	say(set(2, rules.Nobody), 33*time.Second, visibility.Applied, false)
	say(set(own, rules.Nobody), 34*time.Second, visibility.Applied, false)
	say(set(own, rules.Owner), 34*time.Second, visibility.Applied, true)
	say(set(own, rules.Nobody), 35*time.Second, visibility.Applied, false)
	say(set(4, rules.Everyone), 33*time.Second, visibility.Applied, false)
	say(set(3, rules.Everyone), 40*time.Second, visibility.Stale, false)
	say(set(5, rules.Everyone), 41*time.Second, visibility.Applied, true)

	// An event's time may name no more than a second. One that is told after a call within that second comes after it.
	say(set(own, rules.Nobody), 50*time.Second+400*time.Millisecond, visibility.Applied, false)
	say(set(6, rules.Everyone), 50*time.Second, visibility.Applied, true)
	say(share(own, "private"), 60*time.Second+400*time.Millisecond, visibility.Applied, false)
	say(share(7, "shared"), 60*time.Second+200*time.Millisecond, visibility.Applied, false) // it tells fractions: earlier
	say(share(8, "shared"), 60*time.Second, visibility.Applied, true)

	// The same between a contact and its deal.
	roof := visibility.CardRef{Kind: rules.Deal, ID: "roof"}
	say(&visibility.CardUpserted{Kind: rules.Deal, ID: "roof", Version: 1, Audience: visibility.Audience{Everyone: true},
		Contacts: []visibility.DealContact{{ID: "kim"}}}, 61*time.Second, visibility.Applied, true)
	onDeal := func(version int64, state string, contactToo bool) *visibility.ShareChanged {
		return &visibility.ShareChanged{User: "anna", Version: version, Card: roof, Address: "kim@customer.test", State: state, AlsoContact: &contactToo}
	}
	dealShown := func(want bool) {
		t.Helper()
		if seen := len(w.everybodySees([]string{"ben"}, []visibility.CardRef{roof})) > 0; seen != want {
			t.Fatalf("ben sees it on the deal: %v, want %v", seen, want)
		}
	}
	say(share(own, "shared"), 70*time.Second+400*time.Millisecond, visibility.Applied, true)
	dealShown(true)
	say(onDeal(1, "private", false), 70*time.Second, visibility.Applied, true)
	dealShown(false)
	say(share(9, "shared"), 70*time.Second, visibility.Applied, true)
	dealShown(true)
	say(onDeal(own, "private", false), 70*time.Second+600*time.Millisecond, visibility.Applied, true)
	dealShown(false)
	say(share(10, "shared"), 70*time.Second, visibility.Applied, true)
	dealShown(true)
}
