package console

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// WhyPage says why a user sees a message on a card, or why not. It is reached from a message that the viewer sees, and
// may be about anybody.
type WhyPage struct {
	feed.Item
	CardName string
	Of       *feed.User // whom it is about
	Unknown  bool       // to that user there is no such message on the card
	Visible  bool
	Rule     string
	Reason   string
	Facts    []FactView
}

// FactView is a fact in words.
type FactView struct {
	What, Value string
	Since       *time.Time
	By          string
}

func (c *console) why(r *request) error {
	m, err := c.load(r)
	if err != nil {
		return err
	}
	r.ref = m.Card
	p := WhyPage{Item: m.Item, CardName: r.nameOfCard(m.Card), Of: r.viewer}
	if id := r.URL.Query().Get("of"); id != "" {
		if p.Of = r.user(id); p.Of == nil {
			return visibility.ErrNotFound
		}
	}
	e, err := c.Feed.Explain(r.Context(), r.account, "", p.Of.ID, m.Message, m.Card)
	if p.Unknown = errors.Is(err, visibility.ErrNotFound); err != nil && !p.Unknown {
		return err
	}
	p.Visible, p.Rule = e.Visible, e.Rule
	p.Reason = whyWord(e, p.Of.ID == m.Author)
	for _, fact := range e.Facts {
		p.Facts = append(p.Facts, r.factView(fact))
	}
	r.render(http.StatusOK, "why.html", "Why: "+m.Subject, p)
	return nil
}

// whyWord says an explanation's reason in words.
func whyWord(e visibility.Explanation, author bool) string {
	switch e.Reason {
	case "author":
		return "The author sees all of the own mail"
	case "not_in_audience":
		return "This user cannot open the card"
	case "author_deleted":
		return "The author is no user any more, whose mail is shown to nobody"
	case "being_removed":
		return "A mailbox of the author is being removed; until that is done the author's mail is shown to nobody"
	case "re_stamping":
		return "A change was made just now; what it shows appears within a moment"
	}
	return reason(rules.Reason(e.Reason), author)
}

func (r *request) factView(fact visibility.Fact) FactView {
	words := map[string]string{
		"author": "Author", "address": "Customer's address", "on_card": "Address on the card", "blocked": "Blocked", "share": "Author's choice here",
		"share_on_contact": "Shared on the contact", "setting": "Author's setting", "handover": "Account's policy for handovers",
		"owned_before": "Author owned the card before", "owner": "Owner of the card", "owner_active": "Owner is an active user",
		"owners_setting": "Owner's setting", "collaborator": "Author collaborates", "can_open_card": "Can open the card",
		"verdict_to_come": "Will be visible",
	}
	v := FactView{What: words[fact.What], Value: r.factValue(fact.What, fact.Value), Since: fact.Since}
	if v.What == "" {
		v.What = strings.ReplaceAll(fact.What, "_", " ")
	}
	if fact.By != nil {
		v.By = r.nameOf(*fact.By)
	}
	return v
}

// factValue names users and cards by their names.
func (r *request) factValue(what string, value any) string {
	switch value := value.(type) {
	case nil:
		return "none"
	case bool:
		if value {
			return "yes"
		}
		return "no"
	case *string:
		if value == nil {
			return "nobody"
		}
		return r.factValue(what, *value)
	case visibility.CardRef:
		return r.nameOfCard(value)
	case string:
		switch what {
		case "author", "owner":
			return r.nameOf(value)
		case "setting", "owners_setting":
			return settingWord(rules.Setting(value))
		}
		return strings.ReplaceAll(value, "_", " ")
	}
	return fmt.Sprint(value)
}
