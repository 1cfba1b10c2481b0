package naive

import (
	"maps"
	"slices"
)

// Share tells SPEC 3.2 once more: what the author's shares are after the word state ("shared", "private", "none") on a
// conversation, said later than all before. also answers the question that unsharing on a contact or a deal raises; where
// it is needed and nil, nothing changes and ask holds the cards concerned.
func (w *World) Share(author, cardID, address int64, state string, also *bool) (after map[Conversation]string, ask []int64) {
	after = maps.Clone(w.shares)
	say := func(card int64, state string) {
		if state == "none" {
			delete(after, Conversation{author, card, address})
		} else {
			after[Conversation{author, card, address}] = state
		}
	}
	said := func(card int64) string { return w.share(author, card, address) }

	var yes, no []int64 // the linked cards that turn private on a yes, and those that keep it by their own share on a no
	c := w.cards[cardID]
	switch {
	case c.kind == "contact" && state == "shared":
		for _, deal := range w.dealsWith(cardID, address) {
			if said(deal) == "private" {
				say(deal, "none")
			}
		}
	case c.kind == "contact" && state == "private":
		yes = w.dealsWith(cardID, address)
		for _, deal := range yes {
			reason := w.Verdict(author, deal, address).Reason
			if w.exists(Conversation{author, deal, address}) && (reason == "shared" || reason == "shared_on_contact") {
				ask, no = append(ask, deal), append(no, deal)
			}
		}
	case c.kind == "deal" && state == "private" && c.state == "open":
		for _, contact := range c.contacts {
			if w.OnCard(contact, address) && said(contact) == "shared" {
				ask, yes = append(ask, contact), append(yes, contact)
			}
		}
	}
	if len(ask) > 0 && also == nil {
		return w.shares, ask
	}
	say(cardID, state)
	switch {
	case also != nil && *also:
		for _, card := range yes {
			say(card, "private")
		}
	default:
		for _, card := range no {
			say(card, "shared")
		}
	}
	return after, nil
}

// Carry tells SPEC 8's "shares follow the address, private wins" once more: the shares after cards went into another that
// stays, and a lead's into its deal (0: none), where only what is private goes.
func (w *World) Carry(from []int64, to, deal int64) (after map[Conversation]string) {
	after = maps.Clone(w.shares)
	for c, state := range w.shares {
		if !slices.Contains(from, c.Card) {
			continue
		}
		there := Conversation{c.Author, to, c.Address}
		if state == "private" || after[there] == "" {
			after[there] = state
		}
		if state == "private" && deal != 0 {
			after[Conversation{c.Author, deal, c.Address}] = state
		}
	}
	return after
}

// Gone reports whether a card was converted or merged away.
func (w *World) Gone(card int64) bool { return w.cards[card] != nil && w.cards[card].mergedInto != 0 }

// dealsWith are the deals that have the address from the contact.
func (w *World) dealsWith(contact, address int64) []int64 {
	var out []int64
	for id, c := range w.cards {
		if c.kind != "deal" || c.state != "open" || !w.OnCard(contact, address) {
			continue
		}
		for _, linked := range c.contacts {
			if linked == contact {
				out = append(out, id)
			}
		}
	}
	return out
}

// exists: there is mail, or an earlier word on it.
func (w *World) exists(c Conversation) bool {
	_, told := w.stamps[c]
	return told || w.exchanged[correspondence{c.Author, c.Address}]
}

// Shares are all choices in force.
func (w *World) Shares() map[Conversation]string { return maps.Clone(w.shares) }

// User is the number of the user with the CRM's id, 0 when there is none.
func (w *World) User(crmID string) int64 {
	for id, u := range w.users {
		if u.crmID == crmID {
			return id
		}
	}
	return 0
}

// Card is the number of the card with the CRM's id, 0 when there is none.
func (w *World) Card(kind, crmID string) int64 {
	for id, c := range w.cards {
		if c.kind == kind && c.crmID == crmID {
			return id
		}
	}
	return 0
}

// Address is the number of an address, 0 when it is not known.
func (w *World) Address(text string) int64 {
	for id, a := range w.addresses {
		if a == text {
			return id
		}
	}
	return 0
}

// Messages are all stored, by number.
func (w *World) Messages() map[int64]Message { return w.messages }
