package visibility_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// The world of a history: small, so that everything meets everything.
var (
	historyUsers = []string{"anna", "ben", "carl", "dora"}
	historyCards = []visibility.CardRef{
		{Kind: rules.Lead, ID: "l1"}, {Kind: rules.Lead, ID: "l2"},
		{Kind: rules.Contact, ID: "k1"}, {Kind: rules.Contact, ID: "k2"}, {Kind: rules.Contact, ID: "k3"},
		{Kind: rules.Deal, ID: "d1"}, {Kind: rules.Deal, ID: "d2"}, {Kind: rules.Deal, ID: "d3"},
	}
	historyContacts = []string{"k1", "k2", "k3"}
	// What a card mostly has, so that acts on one card mostly concern each other.
	usualAddresses = map[string][]string{
		"l1": {"p@x.test", "s@y.test"}, "l2": {"r@sub.x.test", "t@y.test"},
		"k1": {"p@x.test", "q@x.test"}, "k2": {"q@x.test", "r@sub.x.test"}, "k3": {"p@x.test", "s@y.test"},
		"d1": {"p@x.test", "q@x.test", "r@sub.x.test"}, "d2": {"p@x.test", "q@x.test"}, "d3": {"p@x.test", "q@x.test", "r@sub.x.test", "s@y.test"},
	}
	usualContacts    = map[string][]string{"d1": {"k1", "k2"}, "d2": {"k1"}, "d3": {"k2", "k3"}}
	historyAddresses = []string{"p@x.test", "q@x.test", "r@sub.x.test", "s@y.test", "t@y.test", "anna@us.test"}
	historyDomains   = []string{"x.test", "sub.x.test", "y.test"}
	historySettings  = []rules.Setting{rules.Nobody, rules.Owner, rules.Owner, rules.OwnerOrCollaborator, rules.OwnerOrCollaborator, rules.Everyone}
)

// drawHistory draws acts; the same seed draws the same.
func drawHistory(seed uint64, steps int) []act {
	r := rand.New(rand.NewPCG(seed, 1))
	prompt := seed%2 == 0 // in every second world the jobs run at once
	acts := []act{{text: fmt.Sprint("jobs run at once: ", prompt), do: func(h *history) error { h.prompt = prompt; return nil }}}
	for _, u := range historyUsers {
		acts = append(acts, events(told{"user " + u, "user", func(version int64) visibility.Event {
			return &visibility.UserUpserted{ID: u, Version: version, Addresses: []string{u + "@us.test"}}
		}}))
	}
	for _, ref := range historyCards {
		acts = append(acts, events(drawCardOf(r, ref)))
	}
	for len(acts) < steps {
		acts = append(acts, drawAct(r))
	}
	for i := range acts {
		acts[i].salt = r.Uint64()
	}
	return acts
}

func drawAct(r *rand.Rand) act {
	switch n := r.IntN(100); {
	case n < 18:
		return drawMail(r)
	case n < 30:
		return drawJobs(r)
	case n < 35:
		e := drawEvent(r)
		return act{text: "late: " + e.text(), do: func(h *history) error { return h.tellBatch(e.at(h.late(e.entity))) }}
	case n < 41:
		return events(drawEvent(r), drawEvent(r))
	case n < 43:
		return events(drawEvent(r), drawEvent(r), drawEvent(r))
	}
	return events(drawEvent(r))
}

// told is an event before it has its version.
type told struct {
	entity string // whose versions order it
	title  string
	at     func(version int64) visibility.Event
}

func (e told) text() string {
	raw, err := json.Marshal(e.at(0))
	if err != nil {
		panic(err) // it is what the CRM sends
	}
	return e.title + " " + string(raw)
}

func events(list ...told) act {
	var texts []string
	for _, e := range list {
		texts = append(texts, e.text())
	}
	return act{text: strings.Join(texts, " + "), do: func(h *history) error {
		var batch []visibility.Event
		for _, e := range list {
			batch = append(batch, e.at(h.next(e.entity)))
		}
		return h.tellBatch(batch...)
	}}
}

func drawEvent(r *rand.Rand) told {
	switch n := r.IntN(100); {
	case n < 33:
		return drawShare(r)
	case n < 60:
		return drawCard(r)
	case n < 78:
		return drawSetting(r)
	case n < 86:
		return drawBlocklist(r)
	case n < 94:
		return drawUser(r)
	case n < 96:
		return drawMerge(r)
	case n < 98:
		ref := pick(r, historyCards)
		return told{"card " + ref.ID, "delete card", func(version int64) visibility.Event {
			return &visibility.CardDeleted{Kind: ref.Kind, ID: ref.ID, Version: version}
		}}
	}
	handover := pick(r, []string{"new_owner", "author"})
	return told{"policy", "policy", func(version int64) visibility.Event {
		return &visibility.PolicyChanged{Version: version, Handover: &handover}
	}}
}

func drawMerge(r *rand.Rand) told {
	if r.IntN(2) == 0 {
		e := visibility.LeadConverted{Lead: pick(r, []string{"l1", "l2"}), Contact: pick(r, historyContacts)}
		if r.IntN(2) == 0 {
			deal := pick(r, []string{"d1", "d2", "d3"})
			e.Deal = &deal
		}
		return told{"card " + e.Lead, "convert", func(version int64) visibility.Event {
			e := e
			e.Version = version
			return &e
		}}
	}
	winner := pick(r, historyContacts)
	losers := slices.DeleteFunc(some(r, historyContacts, 2), func(id string) bool { return id == winner })
	if len(losers) == 0 {
		return drawMerge(r)
	}
	return told{"card " + winner, "merge", func(version int64) visibility.Event {
		return &visibility.ContactMerged{Winner: winner, Losers: losers, Version: version}
	}}
}

func drawUser(r *rand.Rand) told {
	user := pick(r, historyUsers)
	if r.IntN(8) == 0 {
		return told{"user " + user, "delete user", func(version int64) visibility.Event {
			return &visibility.UserDeleted{ID: user, Version: version}
		}}
	}
	active := r.IntN(4) > 0
	addresses := []string{user + "@us.test"}
	switch r.IntN(6) {
	case 0:
		addresses = append(addresses, pick(r, historyAddresses))
	case 1:
		addresses = nil
	}
	return told{"user " + user, "user", func(version int64) visibility.Event {
		return &visibility.UserUpserted{ID: user, Version: version, Addresses: addresses, Active: &active}
	}}
}

func drawCard(r *rand.Rand) told { return drawCardOf(r, pick(r, historyCards)) }

func drawCardOf(r *rand.Rand, ref visibility.CardRef) told {
	e := visibility.CardUpserted{Kind: ref.Kind, ID: ref.ID, Collaborators: some(r, historyUsers, 3)}
	if r.IntN(5) > 0 {
		owner := pick(r, historyUsers)
		e.Owner = &owner
	}
	if e.Audience.Everyone = r.IntN(2) == 0; !e.Audience.Everyone {
		e.Audience.Users = some(r, historyUsers, 2)
	}
	if ref.Kind == rules.Deal {
		for _, id := range mostly(r, historyContacts, usualContacts[ref.ID]) {
			e.Contacts = append(e.Contacts, visibility.DealContact{ID: id})
		}
	} else {
		for _, a := range mostly(r, historyAddresses, usualAddresses[ref.ID]) {
			e.Addresses = append(e.Addresses, visibility.CardAddress{Address: a})
		}
	}
	return told{"card " + ref.ID, "card", func(version int64) visibility.Event {
		e := e
		e.Version = version
		return &e
	}}
}

// some of a list: each with a chance of one in n.
func some[T any](r *rand.Rand, list []T, n int) []T {
	return slices.DeleteFunc(slices.Clone(list), func(T) bool { return r.IntN(n) > 0 })
}

// mostly the usual ones, and some others.
func mostly(r *rand.Rand, list, usual []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		if slices.Contains(usual, s) {
			return r.IntN(5) == 0
		}
		return r.IntN(6) > 0
	})
}

func drawSetting(r *rand.Rand) told {
	e := visibility.SettingChanged{User: pick(r, historyUsers)}
	for _, kind := range []**rules.Setting{&e.Lead, &e.Contact, &e.Deal} {
		if r.IntN(2) == 0 {
			value := pick(r, historySettings)
			*kind = &value
		}
	}
	if e.Lead == nil && e.Contact == nil {
		value := pick(r, historySettings)
		e.Deal = &value
	}
	return told{"setting " + e.User, "setting", func(version int64) visibility.Event {
		e := e
		e.Version = version
		return &e
	}}
}

func drawShare(r *rand.Rand) told {
	yesNo := func() *bool {
		if r.IntN(2) == 0 {
			return nil
		}
		yes := r.IntN(2) == 0
		return &yes
	}
	e := visibility.ShareChanged{User: pick(r, historyUsers), Card: pick(r, historyCards),
		State: pick(r, []string{"shared", "shared", "private", "private", "none"}), AlsoDeals: yesNo(), AlsoContact: yesNo()}
	if e.Address = pick(r, usualAddresses[e.Card.ID]); r.IntN(8) == 0 {
		e.Address = pick(r, historyAddresses)
	}
	own := r.IntN(3) == 0 // the author's own call, which knows no versions
	return told{fmt.Sprint("share ", e.User, e.Card, e.Address), "share", func(version int64) visibility.Event {
		e := e
		if e.Version = version; own {
			e.Version = 0
		}
		return &e
	}}
}

func drawBlocklist(r *rand.Rand) told {
	e := visibility.BlocklistChanged{}
	if r.IntN(3) > 0 {
		user := pick(r, historyUsers)
		e.User = &user
	}
	title := "account's block list"
	if e.User != nil {
		title = *e.User + "'s block list"
	}
	for range r.IntN(3) {
		entry := visibility.BlockEntry{}
		switch r.IntN(3) {
		case 0:
			entry.Address = pick(r, historyAddresses)
		case 1:
			entry.Domain = pick(r, historyDomains)
		default:
			card := pick(r, historyCards)
			entry.Card = &card
		}
		e.Entries = append(e.Entries, entry)
	}
	return told{title, title, func(version int64) visibility.Event {
		e := e
		e.Version = version
		return &e
	}}
}

func drawMail(r *rand.Rand) act {
	m := mail{author: pick(r, historyUsers), outbound: r.IntN(2) == 0}
	people := slices.Clone(historyAddresses)
	r.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
	m.to, people = people[:1+r.IntN(2)], people[2:]
	if r.IntN(3) == 0 {
		m.cc, people = people[:1], people[1:]
	}
	if m.outbound && r.IntN(4) == 0 {
		m.bcc = people[:1]
	}
	name := fmt.Sprint("m", r.IntN(40)) // some are copies of one mail
	return act{text: fmt.Sprintf("mail %s %+v", name, m), do: func(h *history) error {
		author := h.last.User(m.author)
		for id, known := range h.names {
			if known == name && h.last.Messages()[id].Author == author {
				return nil // this author has it already
			}
		}
		if author == 0 {
			return nil
		}
		m := m
		m.name = name
		h.names[h.store(m)] = name
		return nil
	}}
}

func drawJobs(r *rand.Rand) act {
	switch r.IntN(5) {
	case 0:
		return act{text: "jobs are lost", do: func(h *history) error { h.queue = nil; return nil }}
	case 1:
		return act{text: "the sweep", do: func(h *history) error { return h.sweep() }}
	case 2:
		return act{text: "all jobs, twice, and the sweep", do: func(h *history) error {
			h.queue = append(h.queue, h.queue...)
			h.chance.Shuffle(len(h.queue), func(i, j int) { h.queue[i], h.queue[j] = h.queue[j], h.queue[i] })
			if err := h.settleQueue(); err != nil {
				return err
			}
			return h.sweep()
		}}
	}
	return act{text: "some job", do: func(h *history) error {
		if len(h.queue) == 0 {
			return nil
		}
		i := h.chance.IntN(len(h.queue))
		work := h.queue[i]
		h.queue = slices.Delete(h.queue, i, i+1)
		return h.restamp(work)
	}}
}
