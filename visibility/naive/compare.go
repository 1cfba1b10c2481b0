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
}

func (d Difference) String() string {
	stored := "missing"
	if d.Stored != nil {
		stored = d.Stored.String()
	}
	return fmt.Sprintf("author %s, card %s, address %s: stored %s, should be %s", d.Author, d.Card, d.Address, stored, d.Should)
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
		out = append(out, Difference{
			Author: w.users[c.Author].crmID, Card: w.cards[c.Card].kind + ":" + w.cards[c.Card].crmID,
			Address: fmt.Sprintf("#%d", c.Address), Stored: stored, Should: should,
		})
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
	slices.SortFunc(out, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Author, b.Author), cmp.Compare(a.Card, b.Card), cmp.Compare(a.Address, b.Address))
	})
	return out
}

// Stamp is what should be stored of a conversation.
func (w *World) Stamp(c Conversation) Stamp {
	return Stamp{OnCard: w.OnCard(c.Card, c.Address), Blocked: w.Blocked(c.Author, c.Address), Verdict: w.Verdict(c.Author, c.Card, c.Address)}
}
