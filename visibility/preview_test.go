package visibility_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// TestPreviewIsTheLaterDiff: what a preview says is what the change then does to everybody's feeds, and the preview itself
// changes nothing.
func TestPreviewIsTheLaterDiff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must := func(events ...visibility.Event) {
		t.Helper()
		for _, e := range events {
			if _, err := w.tell(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	users := []string{"anna", "ben", "carl"}
	for _, u := range users {
		must(&visibility.UserUpserted{ID: u, Version: 1, Addresses: []string{u + "@us.test"}})
	}
	anna, ben := "anna", "ben"
	contact := func(version int64, owner *string, audience ...string) *visibility.CardUpserted {
		return &visibility.CardUpserted{Kind: rules.Contact, ID: "kim", Version: version, Owner: owner,
			Audience:  visibility.Audience{Users: audience},
			Addresses: []visibility.CardAddress{{Address: "kim@customer.test"}, {Address: "kim@home.test"}}}
	}
	must(contact(1, &anna, "anna", "ben"),
		&visibility.CardUpserted{Kind: rules.Deal, ID: "roof", Version: 1, Owner: &ben, Audience: visibility.Audience{Everyone: true},
			Contacts: []visibility.DealContact{{ID: "kim"}}})
	for i := range 5 {
		address := []string{"kim@customer.test", "kim@home.test"}[i%2]
		w.store(mail{name: fmt.Sprint("m", i), author: []string{"anna", "ben"}[i/4], to: []string{address}})
	}
	cards := []visibility.CardRef{{Kind: rules.Contact, ID: "kim"}, {Kind: rules.Deal, ID: "roof"}}
	everyone, nobody, owner := rules.Everyone, rules.Nobody, rules.Owner
	inactive := false
	kim := visibility.CardRef{Kind: rules.Contact, ID: "kim"}
	for i, e := range []visibility.Event{
		&visibility.SettingChanged{User: "anna", Version: 1, Contact: &everyone},
		&visibility.SettingChanged{User: "anna", Version: 2, Contact: &nobody},
		&visibility.ShareChanged{User: "anna", Version: 1, Card: kim, Address: "kim@customer.test", State: "shared"},
		&visibility.SettingChanged{User: "ben", Version: 1, Deal: &owner},
		contact(2, &anna, "carl"),
		contact(3, &ben, "anna", "ben", "carl"),
		&visibility.UserUpserted{ID: "ben", Version: 2, Addresses: []string{"ben@us.test"}, Active: &inactive},
		&visibility.UserUpserted{ID: "ben", Version: 3, Addresses: []string{"ben@us.test"}},
		&visibility.BlocklistChanged{Version: 1, Entries: []visibility.BlockEntry{{Address: "kim@customer.test"}}},
		&visibility.BlocklistChanged{Version: 2},
		&visibility.CardDeleted{Kind: rules.Contact, ID: "kim", Version: 4},
	} {
		before := w.everybodySees(users, cards)
		got, err := visibility.Preview(t.Context(), w.d, w.acc, visibility.Told{Event: e, At: w.now, By: "crm"})
		if err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		if !reflect.DeepEqual(before, w.everybodySees(users, cards)) {
			t.Fatalf("event %d: the preview changed what is seen", i)
		}
		must(e)
		after := w.everybodySees(users, cards)
		if want := (visibility.Forecast{Gain: diff(after, before), Lose: diff(before, after)}); !reflect.DeepEqual(got, want) {
			t.Errorf("event %d (%T): forecast %+v, what happened %+v", i, e, got, want)
		}
	}
}

// sighting is one viewer seeing one copy of a mail on a card.
type sighting struct {
	viewer, mail string
	card         visibility.CardRef
}

func (w *world) everybodySees(users []string, cards []visibility.CardRef) map[sighting]bool {
	w.Helper()
	out := map[sighting]bool{}
	svc := feed.Service{DB: w.d}
	for _, user := range users {
		for _, card := range cards {
			page, err := svc.Feed(w.Context(), w.acc, user, card, feed.Cut{Limit: 100})
			if err != nil && err != visibility.ErrNotFound {
				w.Fatal(err)
			}
			for _, item := range page.Items {
				out[sighting{user, item.Subject, card}] = true
			}
		}
	}
	return out
}

func diff(these, without map[sighting]bool) visibility.Reach {
	viewers, mails, cards := map[string]bool{}, map[string]bool{}, map[visibility.CardRef]bool{}
	for s := range these {
		if !without[s] {
			viewers[s.viewer], mails[s.mail], cards[s.card] = true, true, true
		}
	}
	r := visibility.Reach{Viewers: len(viewers), Messages: len(mails), Cards: []visibility.CardRef{}}
	for _, ref := range []visibility.CardRef{{Kind: rules.Contact, ID: "kim"}, {Kind: rules.Deal, ID: "roof"}} {
		if cards[ref] {
			r.Cards = append(r.Cards, ref)
		}
	}
	return r
}
