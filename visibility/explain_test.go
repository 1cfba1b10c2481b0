package visibility_test

import (
	"fmt"
	"testing"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// TestExplainNamesFactsSinceAndBy (G6): for each rule, explain names it with the facts that it rests on, of what somebody said
// since when and by whom, and the rules make the same verdict of these facts alone.
func TestExplainNamesFactsSinceAndBy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	anna, ben, everyone := "anna", "ben", visibility.Audience{Everyone: true}
	roof := visibility.CardRef{Kind: rules.Deal, ID: "roof"}
	contact := func(version int64, owner string, collaborators ...string) visibility.Event {
		return &visibility.CardUpserted{Kind: rules.Contact, ID: "kim", Version: version, Owner: &owner, Collaborators: collaborators, Audience: everyone,
			Addresses: []visibility.CardAddress{{Address: "kim@customer.test"}}}
	}
	setting := func(user string, version int64, value rules.Setting) visibility.Event {
		return &visibility.SettingChanged{User: user, Version: version, Contact: &value}
	}
	share := func(version int64, state string) visibility.Event {
		yes := true
		return &visibility.ShareChanged{User: "anna", Version: version, Card: kimCard, Address: "kim@customer.test", State: state, AlsoDeals: &yes}
	}
	w.takes(&visibility.UserUpserted{ID: "anna", Version: 1, Addresses: []string{"anna@us.test"}},
		&visibility.UserUpserted{ID: "ben", Version: 1, Addresses: []string{"ben@us.test"}},
		&visibility.UserUpserted{ID: "carl", Version: 1, Addresses: []string{"carl@us.test"}},
		contact(1, anna),
		&visibility.CardUpserted{Kind: rules.Deal, ID: "roof", Version: 1, Owner: &anna, Audience: everyone, Contacts: []visibility.DealContact{{ID: "kim"}}})
	m := w.store(mail{name: "m", author: "anna", to: []string{"kim@customer.test"}})
	start := w.now
	for _, c := range []struct {
		acts   []visibility.Event
		card   visibility.CardRef
		reason rules.Reason
		said   map[string]string // facts that are somebody's act, and whose
		since  []string
	}{
		{[]visibility.Event{setting(anna, 1, rules.Everyone)}, kimCard, rules.SettingEveryone, map[string]string{"setting": anna}, nil},
		{[]visibility.Event{share(1, "private")}, kimCard, rules.IsPrivate, map[string]string{"share": anna}, nil},
		{[]visibility.Event{share(2, "shared")}, kimCard, rules.IsShared, map[string]string{"share": anna}, nil},
		{nil, roof, rules.SharedOnContact, map[string]string{"share_on_contact": anna}, nil},
		{[]visibility.Event{share(3, "none"), setting(anna, 2, rules.Owner)}, kimCard, rules.IsTheOwner, map[string]string{"setting": anna}, []string{"owner"}},
		{[]visibility.Event{setting(ben, 1, rules.Everyone), contact(2, ben)}, kimCard, rules.HandoverVisible, map[string]string{"setting": anna, "owners_setting": ben}, []string{"owned_before", "owner"}},
		{[]visibility.Event{setting(ben, 2, rules.Nobody)}, kimCard, rules.HandoverHidden, map[string]string{"setting": anna, "owners_setting": ben}, []string{"owned_before", "owner"}},
		{[]visibility.Event{&visibility.PolicyChanged{Version: 1, Handover: new(string(rules.HandoverToAuthor))}}, kimCard, rules.NotOwner, map[string]string{"setting": anna}, []string{"owner"}},
		{[]visibility.Event{setting(anna, 3, rules.OwnerOrCollaborator), contact(3, ben, anna)}, kimCard, rules.Collaborates, map[string]string{"setting": anna}, []string{"owner", "collaborator"}},
		{[]visibility.Event{setting(anna, 4, rules.Nobody)}, kimCard, rules.SettingNobody, map[string]string{"setting": anna}, nil},
		{[]visibility.Event{&visibility.BlocklistChanged{User: &anna, Version: 1, Entries: []visibility.BlockEntry{{Address: "kim@customer.test"}}}}, kimCard, rules.Blocked, nil, []string{"blocked"}},
	} {
		w.takes(c.acts...)
		var why visibility.Explanation
		w.read(func(tx *db.Tx) (err error) {
			why, err = visibility.Explain(t.Context(), tx, visibility.Question{Viewer: w.userID("carl"), Message: m, Card: w.cardID(c.card)})
			return err
		})
		if why.Reason != string(c.reason) || why.Rule != c.reason.Rule() {
			t.Errorf("%s: it says %s, %s", c.reason, why.Rule, why.Reason)
		}
		facts := map[string]visibility.Fact{}
		for _, f := range why.Facts {
			facts[f.What] = f
		}
		for what, by := range c.said {
			if f := facts[what]; f.Since == nil || !f.Since.After(start) || f.By == nil || *f.By != by {
				t.Errorf("%s: since when and by whose act %s says is missing: %+v", c.reason, what, f)
			}
		}
		for _, what := range c.since {
			if f := facts[what]; f.Since == nil || f.Since.IsZero() {
				t.Errorf("%s: since when %s holds is missing: %+v", c.reason, what, f)
			}
		}
		if again := rules.Decide(namedFacts(facts)); string(again.Reason) != why.Reason || again.Visible != why.Visible {
			t.Errorf("%s: the facts lead to %+v, explain says %+v", c.reason, again, why)
		}
	}
}

// namedFacts are the facts that an explanation names, as the rules take them.
func namedFacts(facts map[string]visibility.Fact) rules.Facts {
	text := func(what string) string {
		if f, named := facts[what]; named {
			return fmt.Sprint(f.Value)
		}
		return ""
	}
	_, sharedOnContact := facts["share_on_contact"]
	return rules.Facts{OnCard: text("on_card") != "false", Blocked: text("blocked") == "true", Share: rules.Share(text("share")),
		SharedOnContact: sharedOnContact, Setting: rules.Setting(text("setting")), Handover: rules.Handover(text("handover")),
		WasOwner: text("owned_before") == "true", IsOwner: text("owner") == text("author"), IsCollab: text("collaborator") == "true",
		NewOwner: text("owner_active") == "true", NewOwners: rules.Setting(text("owners_setting"))}
}
