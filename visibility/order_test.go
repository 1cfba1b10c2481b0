package visibility_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// TestV03V04Order: up to five events in every order, each one to three times, end in the state that the same events
// leave in the order in which they were said; and their stamps are the evaluator's.
func TestV03V04Order(t *testing.T) {
	t.Parallel()
	d := testenv.DB(t)
	for name, o := range orderings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inOrder := make([]int, len(o.events))
			for i := range o.events {
				inOrder[i] = i
			}
			want := o.stateAfter(t, d, inOrder)
			r := rand.New(rand.NewPCG(1, 2))
			for order := range permutations(len(o.events)) {
				// Again, at any time after: late repetitions, also of what is newest.
				for _, i := range order {
					for range r.IntN(3) {
						at := slices.Index(order, i) + 1
						order = slices.Insert(order, at+r.IntN(len(order)-at+1), i)
					}
				}
				if got := o.stateAfter(t, d, order); got != want {
					t.Fatalf("in the order %v:\n%s\nin the order in which it was said:\n%s", order, got, want)
				}
			}
		})
	}
}

// ordering is what is known in every order, and events in the order in which they were said.
type ordering struct{ before, events []visibility.Event }

func orderings() map[string]ordering {
	everybody := visibility.Audience{Everyone: true}
	const p, q = "p@x.test", "q@x.test"
	contact := func(version int64, owner string, addresses ...string) *visibility.CardUpserted {
		e := &visibility.CardUpserted{Kind: rules.Contact, ID: "kim", Version: version, Owner: &owner, Audience: everybody}
		for _, a := range addresses {
			e.Addresses = append(e.Addresses, visibility.CardAddress{Address: a})
		}
		return e
	}
	lead := func(version int64, addresses ...string) *visibility.CardUpserted {
		e := contact(version, "anna", addresses...)
		e.Kind, e.ID = rules.Lead, "lea"
		return e
	}
	deal := func(version int64, owner string, contacts ...string) *visibility.CardUpserted {
		e := &visibility.CardUpserted{Kind: rules.Deal, ID: "roof", Version: version, Owner: &owner, Audience: everybody}
		for _, id := range contacts {
			e.Contacts = append(e.Contacts, visibility.DealContact{ID: id})
		}
		return e
	}
	setting := func(user string, version int64, value rules.Setting) *visibility.SettingChanged {
		return &visibility.SettingChanged{User: user, Version: version, Contact: &value, Deal: &value}
	}
	yes, no, inactive := true, false, false
	share := func(kind rules.Kind, id string, version int64, state string, also *bool) *visibility.ShareChanged {
		return &visibility.ShareChanged{User: "anna", Version: version, Card: visibility.CardRef{Kind: kind, ID: id}, Address: p, State: state,
			AlsoDeals: also, AlsoContact: also}
	}
	block := func(version int64, entries ...visibility.BlockEntry) *visibility.BlocklistChanged {
		return &visibility.BlocklistChanged{Version: version, Entries: entries}
	}
	author := "author"
	kim := visibility.CardRef{Kind: rules.Contact, ID: "kim"}
	return map[string]ordering{
		"card and settings": {events: []visibility.Event{contact(1, "anna", p), setting("anna", 1, rules.Everyone), contact(2, "ben", p, q), setting("anna", 2, rules.Owner), contact(3, "carl", q, p)}},
		"handover":          {events: []visibility.Event{contact(1, "anna", p), contact(2, "ben", p), setting("anna", 1, rules.Owner), setting("ben", 1, rules.Everyone), contact(3, "carl", p)}},
		"users": {events: []visibility.Event{contact(1, "carl", p), setting("anna", 1, rules.Everyone), &visibility.UserUpserted{ID: "carl", Version: 2, Addresses: []string{"carl@us.test", p}},
			&visibility.UserUpserted{ID: "carl", Version: 3, Active: &inactive, Addresses: []string{"carl@us.test"}}, &visibility.UserDeleted{ID: "carl", Version: 4}}},
		"named before known": {events: []visibility.Event{contact(1, "anna", p), deal(1, "ben", "kim"), share(rules.Contact, "kim", 1, "shared", nil), setting("anna", 1, rules.Owner),
			&visibility.UserUpserted{ID: "ben", Version: 2, Addresses: []string{"ben@us.test", q}}}},
		"words on one card": {events: []visibility.Event{contact(1, "anna", p), share(rules.Contact, "kim", 1, "shared", nil), share(rules.Contact, "kim", 2, "private", nil),
			share(rules.Contact, "kim", 3, "none", nil), setting("anna", 1, rules.Everyone)}},
		"words on contact and deal": {events: []visibility.Event{contact(1, "anna", p), deal(1, "anna", "kim"), share(rules.Deal, "roof", 1, "private", &no), share(rules.Contact, "kim", 1, "shared", &yes),
			setting("anna", 1, rules.Owner)}},
		"lists and policy": {events: []visibility.Event{contact(1, "anna", p), setting("anna", 1, rules.Everyone), block(1, visibility.BlockEntry{Card: &kim}), block(2, visibility.BlockEntry{Domain: "y.test"}),
			&visibility.PolicyChanged{Version: 1, Handover: &author}}},
		"links come and go": {events: []visibility.Event{contact(1, "anna", p), deal(1, "anna", "kim"), setting("anna", 1, rules.Everyone), deal(2, "carl"), &visibility.CardDeleted{Kind: rules.Contact, ID: "kim", Version: 2}}},
		"conversion": {events: []visibility.Event{lead(1, p), share(rules.Lead, "lea", 1, "private", nil), contact(1, "anna", p), setting("anna", 1, rules.Everyone),
			&visibility.LeadConverted{Lead: "lea", Contact: "kim", Version: 2}}},
		"conversion after private": {[]visibility.Event{contact(1, "anna", p)}, []visibility.Event{lead(1, p), share(rules.Lead, "lea", 1, "shared", nil),
			share(rules.Lead, "lea", 2, "private", nil), &visibility.LeadConverted{Lead: "lea", Contact: "kim", Version: 2}}},
		"conversion after reset": {[]visibility.Event{contact(1, "anna", p)}, []visibility.Event{lead(1, p), share(rules.Lead, "lea", 1, "shared", nil),
			share(rules.Lead, "lea", 2, "none", nil), &visibility.LeadConverted{Lead: "lea", Contact: "kim", Version: 2}}},
		"merge of merged": {[]visibility.Event{contact(1, "anna", p), lead(1, p)}, []visibility.Event{share(rules.Lead, "lea", 1, "shared", nil),
			&visibility.LeadConverted{Lead: "lea", Contact: "tom", Version: 2}, &visibility.ContactMerged{Winner: "kim", Losers: []string{"tom"}, Version: 2}, setting("anna", 1, rules.Owner)}},
		"conversion of what was shared": {[]visibility.Event{contact(1, "anna", p), deal(1, "anna", "kim")}, []visibility.Event{lead(1, p),
			share(rules.Lead, "lea", 1, "shared", nil), share(rules.Deal, "roof", 1, "private", &no), setting("anna", 1, rules.Owner),
			&visibility.LeadConverted{Lead: "lea", Contact: "kim", Version: 2}}},
	}
}

// stateAfter tells the events in that order to a fresh world, where anna had mail before, and returns what has become of it.
// Each event keeps the time at which it was said.
func (o ordering) stateAfter(t *testing.T, d *db.DB, order []int) string {
	w := newWorldOn(t, d)
	w.pending = true
	before := slices.Clone(o.before)
	for _, id := range []string{"anna", "ben", "carl"} {
		before = append(before, &visibility.UserUpserted{ID: id, Version: 1, Addresses: []string{id + "@us.test"}})
	}
	if _, err := w.tellAll(before...); err != nil {
		t.Fatal(err)
	}
	w.store(mail{name: "m", author: "anna", to: []string{"p@x.test", "q@x.test"}})
	w.store(mail{name: "m", author: "ben", to: []string{"p@x.test"}})
	said := w.now
	for _, i := range order {
		w.now = said.Add(time.Duration(i) * time.Minute)
		var choice *visibility.ChoiceRequired
		if _, err := w.tell(o.events[i]); err != nil && !errors.As(err, &choice) {
			t.Fatal(err)
		}
	}
	w.settle()
	if err := w.compare(); err != nil {
		t.Fatalf("in the order %v: %v", order, err)
	}
	return w.state()
}

// state is every fact and every verdict, in words.
func (w *world) state() string {
	var lines []string
	w.read(func(tx *db.Tx) error {
		for _, sql := range []string{
			`select format('user %s: %s, version %s, addresses %s', crm_id, state, version, (select array_agg(a.address order by a.address) from user_addresses ua
				join addresses a on a.id = ua.address_id and a.account_id = ua.account_id where ua.account_id = u.account_id and ua.user_id = u.id))
				from users u where account_id = $1`,
			`select format('setting %s %s: %s, version %s', u.crm_id, s.kind, s.value, s.version) from settings s join users u on u.account_id = s.account_id and u.id = s.user_id where s.account_id = $1`,
			`select format('card %s/%s: %s, version %s, owner %s, owned by %s, with %s, for %s %s, addresses %s, contacts %s', c.kind, c.crm_id, c.state, c.version,
				(select crm_id from users u where u.account_id = c.account_id and u.id = c.owner_id),
				(select array_agg(u.crm_id order by u.crm_id) from card_owners o join users u on u.account_id = o.account_id and u.id = o.user_id where o.account_id = c.account_id and o.card_id = c.id),
				(select array_agg(u.crm_id order by u.crm_id) from card_collaborators o join users u on u.account_id = o.account_id and u.id = o.user_id where o.account_id = c.account_id and o.card_id = c.id),
				c.everyone, (select array_agg(u.crm_id order by u.crm_id) from card_audience o join users u on u.account_id = o.account_id and u.id = o.user_id where o.account_id = c.account_id and o.card_id = c.id),
				(select array_agg(a.address order by a.address) from card_addresses o join addresses a on a.account_id = o.account_id and a.id = o.address_id where o.account_id = c.account_id and o.card_id = c.id),
				(select array_agg(k.crm_id order by k.crm_id) from deal_contacts o join cards k on k.account_id = o.account_id and k.id = o.contact_id where o.account_id = c.account_id and o.deal_id = c.id))
				from cards c where c.account_id = $1`,
			`select format('block list of %s: version %s, %s', u.crm_id, l.version, (select array_agg(concat(e.address, '@' || e.domain, e.card_id is not null) order by 1) from blocklist_entries e where e.blocklist_id = l.id))
				from blocklists l left join users u on u.account_id = l.account_id and u.id = l.user_id where l.account_id = $1`,
			`select format('policy: %s, version %s', handover, policy_version) from accounts where id = $1`,
			// A conversation without a word that is off its card leaves no trace that anybody could see.
			`select format('stamp %s %s/%s %s: %s %s, share %s', u.crm_id, c.kind, k.crm_id, a.address, c.visible, c.reason, c.share)
				from conversations c join users u on u.account_id = c.account_id and u.id = c.author_id join cards k on k.account_id = c.account_id and k.id = c.card_id
				join addresses a on a.account_id = c.account_id and a.id = c.address_id
				where c.account_id = $1 and (c.on_card and not c.blocked or c.share is not null)`,
		} {
			rows, err := tx.Query(w.Context(), sql, w.acc.ID)
			if err != nil {
				return err
			}
			some, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return err
			}
			lines = append(lines, some...)
		}
		return nil
	})
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// permutations of the numbers below n.
func permutations(n int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		list := make([]int, 0, n)
		var rest func() bool
		rest = func() bool {
			if len(list) == n {
				return yield(slices.Clone(list))
			}
			for i := range n {
				if slices.Contains(list, i) {
					continue
				}
				list = append(list, i)
				if !rest() {
					return false
				}
				list = list[:len(list)-1]
			}
			return true
		}
		rest()
	}
}
