package naive

import (
	"slices"
	"strings"
)

// Conversation names what is shared or hidden, by the account's own row numbers.
type Conversation struct{ Author, Card, Address int64 }

// Verdict is what SPEC 3.1 says of a conversation.
type Verdict struct {
	Visible bool
	Reason  string
}

// Message is one author's copy of a mail: who has it, and everybody it was exchanged with.
type Message struct {
	Author    int64
	Addresses []int64
}

// World is what one account's facts were at one instant.
type World struct {
	handover      string // the account's policy
	users         map[int64]user
	addresses     map[int64]string
	userAddresses map[int64]bool // addresses that belong to some user
	settings      map[setting]string
	cards         map[int64]*card
	blocks        []block
	shares        map[Conversation]string // only "shared" and "private"
	carriedFrom   map[Conversation]int64  // the card on which an unconfirmed share was said, before a conversion or merge
	exchanged     map[correspondence]bool
	messages      map[int64]Message

	onCard    map[int64]map[int64]bool // by card: its addresses, from the above
	cardsWith map[int64][]int64        // by address: the cards that have it

	stamps  map[Conversation]Stamp // the judged: what is stored,
	granted map[Conversation]bool  // and what readers believe of it
}

type user struct{ crmID, state string }

type setting struct {
	user int64
	kind string
}

type correspondence struct{ author, address int64 }

type card struct {
	kind, crmID, state string
	owner              int64 // 0: none
	mergedInto         int64 // 0: not converted or merged away
	everyone           bool
	audience           map[int64]bool
	collaborators      map[int64]bool
	everOwned          map[int64]bool
	addresses          map[int64]bool // written on the card itself
	contacts           []int64        // of a deal
}

// block is one entry of a list; one of address, domain and card is set.
type block struct {
	user            int64 // 0: the account's list
	address, domain string
	card            int64
}

// cardAddresses are the addresses a card has: a lead and a contact have their own, a deal those of its contacts.
func (w *World) cardAddresses(id int64) map[int64]bool {
	c := w.cards[id]
	if c == nil || c.state != "open" {
		return nil
	}
	if c.kind != "deal" {
		return c.addresses
	}
	all := map[int64]bool{}
	for _, contact := range c.contacts {
		for a := range w.cardAddresses(contact) {
			all[a] = true
		}
	}
	return all
}

// remember asks for the addresses of every card once; nothing changes after that.
func (w *World) remember() {
	w.onCard, w.cardsWith = map[int64]map[int64]bool{}, map[int64][]int64{}
	for id := range w.cards {
		w.onCard[id] = w.cardAddresses(id)
		for a := range w.onCard[id] {
			w.cardsWith[a] = append(w.cardsWith[a], id)
		}
	}
}

// OnCard reports whether the address is one of the card's.
func (w *World) OnCard(card, address int64) bool { return w.onCard[card][address] }

// holds reports whether a block of the card covers the address: open or closed, it does what it did.
func (w *World) holds(id, address int64) bool {
	c := w.cards[id]
	return c != nil && (c.addresses[address] || slices.ContainsFunc(c.contacts, func(contact int64) bool { return w.holds(contact, address) }))
}

// Blocked is the condition of R1.
func (w *World) Blocked(author, address int64) bool {
	if w.userAddresses[address] {
		return true
	}
	text := w.addresses[address]
	domain := text[strings.LastIndex(text, "@")+1:]
	for _, b := range w.blocks {
		if b.user != 0 && b.user != author {
			continue
		}
		switch {
		case b.card != 0:
			if w.holds(b.card, address) {
				return true
			}
		case b.domain != "":
			if domain == b.domain || strings.HasSuffix(domain, "."+b.domain) {
				return true
			}
		case b.address == text:
			return true
		}
	}
	return false
}

// share is the author's choice in force. One that came over from another card is held while this card's audience has
// anybody whom that card's has not (SPEC 8).
func (w *World) share(author, cardID, address int64) string {
	c := Conversation{author, cardID, address}
	if from := w.carriedFrom[c]; from != 0 {
		here, there := w.cards[cardID], w.cards[from]
		if here.everyone && !there.everyone {
			return ""
		}
		for id := range w.users {
			if here.told(id) && !there.told(id) {
				return ""
			}
		}
	}
	return w.shares[c]
}

// told: does the user belong to the audience as the CRM told it?
func (c *card) told(user int64) bool {
	return c.everyone || c.owner == user || c.collaborators[user] || c.audience[user]
}

// setting of a user for a kind; nobody is the default.
func (w *World) setting(user int64, kind string) string {
	if value := w.settings[setting{user, kind}]; value != "" {
		return value
	}
	return "nobody"
}

// Verdict walks through SPEC 3.1 from the top. What is not on the card at all is reported as such.
func (w *World) Verdict(author, cardID, address int64) Verdict {
	if !w.OnCard(cardID, address) {
		return Verdict{false, "not_on_card"}
	}
	c := w.cards[cardID]

	// R1
	if w.Blocked(author, address) {
		return Verdict{false, "blocked"}
	}

	// R2
	switch w.share(author, cardID, address) {
	case "shared":
		return Verdict{true, "shared"}
	case "private":
		return Verdict{false, "private"}
	}

	// R3
	if w.SharedOnContact(Conversation{author, cardID, address}) {
		return Verdict{true, "shared_on_contact"}
	}

	// R4
	mine := w.setting(author, c.kind)
	switch mine {
	case "everyone":
		return Verdict{true, "setting_everyone"}
	case "nobody":
		return Verdict{false, "setting_nobody"}
	}

	// R5
	ownedBefore := c.everOwned[author] && c.owner != author
	if ownedBefore && w.handover == "new_owner" {
		if w.users[c.owner].state == "active" && w.setting(c.owner, c.kind) != "nobody" {
			return Verdict{true, "handover_visible"}
		}
		return Verdict{false, "handover_hidden"}
	}

	// R6
	if c.owner == author {
		return Verdict{true, "owner"}
	}
	if mine == "owner_or_collaborator" && c.collaborators[author] {
		return Verdict{true, "collaborator"}
	}

	// R7
	return Verdict{false, "not_owner"}
}

// SharedOnContact is the condition of R3.
func (w *World) SharedOnContact(c Conversation) bool {
	deal := w.cards[c.Card]
	return deal.kind == "deal" && slices.ContainsFunc(deal.contacts, func(contact int64) bool {
		return w.OnCard(contact, c.Address) && w.share(c.Author, contact, c.Address) == "shared"
	})
}

// CanOpen reports whether the viewer belongs to the card's audience.
func (w *World) CanOpen(viewer, cardID int64) bool {
	c := w.cards[cardID]
	if c == nil || c.state != "open" || w.users[viewer].state != "active" {
		return false
	}
	return c.told(viewer)
}

// isAuthor: a user whom the CRM has told of and not deleted.
func (w *World) isAuthor(id int64) bool {
	state := w.users[id].state
	return state == "active" || state == "inactive"
}

// Sees answers for one message: may the viewer see it on the card?
func (w *World) Sees(viewer, message, cardID int64) bool {
	m, known := w.messages[message]
	if !known || !w.CanOpen(viewer, cardID) || !w.isAuthor(m.Author) {
		return false
	}
	return slices.ContainsFunc(m.Addresses, func(address int64) bool {
		if viewer == m.Author {
			return w.OnCard(cardID, address) && !w.Blocked(m.Author, address)
		}
		return w.Verdict(m.Author, cardID, address).Visible
	})
}

// Conversations are all that should exist: whatever an author exchanged with an address of a card and that is not blocked.
func (w *World) Conversations() []Conversation {
	var out []Conversation
	for pair := range w.exchanged {
		if w.Blocked(pair.author, pair.address) {
			continue
		}
		for _, id := range w.cardsWith[pair.address] {
			out = append(out, Conversation{pair.author, id, pair.address})
		}
	}
	return out
}
