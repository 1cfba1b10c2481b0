package naive

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mailstamp/mailstamp/db"
)

// Stamp is what is stored of a conversation, as far as it can be right or wrong.
type Stamp struct {
	OnCard, Blocked bool
	Verdict
}

// Difference is a conversation whose stored stamp is not what it should be. Stored is nil where there is none.
type Difference struct {
	Author, Card, Address string // as the CRM names them; the address by its number, for it is somebody's
	Stored                *Stamp
	Should                Stamp
	Shown                 bool // readers show what must be hidden
}

func (d Difference) String() string {
	stored := "missing"
	if d.Stored != nil {
		stored = d.Stored.String()
	}
	text := fmt.Sprintf("author %s, card %s, address %s: stored %s, should be %s", d.Author, d.Card, d.Address, stored, d.Should)
	if d.Shown {
		text += "; SHOWN to those who open the card"
	}
	return text
}

func (s Stamp) String() string {
	seen := "hidden"
	if s.Visible {
		seen = "visible"
	}
	return fmt.Sprintf("%s %s (on card %t, blocked %t)", seen, s.Reason, s.OnCard, s.Blocked)
}

// Compare reads the account of the transaction and lists every stored stamp that differs from what SPEC says, and every
// conversation that is missing.
func Compare(ctx context.Context, tx *db.Tx) ([]Difference, error) {
	w, err := Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	return w.Compare(), nil
}

// Compare is Compare of what was loaded.
func (w *World) Compare() []Difference {
	var out []Difference
	add := func(c Conversation, stored *Stamp, should Stamp) {
		out = append(out, w.difference(c, stored, should))
	}
	for c, stored := range w.stamps {
		if should := w.Stamp(c); stored != should {
			add(c, &stored, should)
		}
	}
	for _, c := range w.Conversations() {
		if _, is := w.stamps[c]; !is {
			add(c, nil, w.Stamp(c))
		}
	}
	return sorted(out)
}

// Leaks lists what readers show now and must not. It is empty at every instant, also while re-stamping is pending (G1).
func (w *World) Leaks() []Difference {
	var out []Difference
	for c := range w.granted {
		if w.leaks(c) {
			stored := w.stamps[c]
			out = append(out, w.difference(c, &stored, w.Stamp(c)))
		}
	}
	return sorted(out)
}

// leaks reports whether readers believe a conversation visible that is to be hidden.
func (w *World) leaks(c Conversation) bool {
	return w.granted[c] && !(w.isAuthor(c.Author) && w.Verdict(c.Author, c.Card, c.Address).Visible)
}

func (w *World) difference(c Conversation, stored *Stamp, should Stamp) Difference {
	return Difference{
		Author: w.users[c.Author].crmID, Card: w.cards[c.Card].kind + ":" + w.cards[c.Card].crmID,
		Address: fmt.Sprintf("#%d", c.Address), Stored: stored, Should: should, Shown: w.leaks(c),
	}
}

func sorted(list []Difference) []Difference {
	slices.SortFunc(list, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Author, b.Author), cmp.Compare(a.Card, b.Card), cmp.Compare(a.Address, b.Address))
	})
	return list
}

// Stamp is what should be stored of a conversation.
func (w *World) Stamp(c Conversation) Stamp {
	return Stamp{OnCard: w.OnCard(c.Card, c.Address), Blocked: w.Blocked(c.Author, c.Address), Verdict: w.Verdict(c.Author, c.Card, c.Address)}
}
