package console

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// SharePage is the share dialog: the viewer's own conversations on a card.
type SharePage struct {
	Card     visibility.CardRef
	Name     string
	Own      []feed.Conversation
	Others   []feed.Conversation
	Summary  string
	Done     string // what was just done, one of doneWords
	Question *Question
}

// Question is what unsharing must ask (SPEC 3.2).
type Question struct {
	Address string
	State   string
	Field   string // also_deals, also_contact
	Cards   []CardLink
}

// doneWords say what the last form did.
var doneWords = map[string]string{
	"shared":  "Shared. Everybody who can open this card sees the mail with this address.",
	"private": "Private. Nobody but you sees the mail with this address here.",
	"none":    "Reset. Your setting decides again.",
}

func (c *console) shareDialog(r *request) error {
	return c.renderShare(r, http.StatusOK, doneWords[r.URL.Query().Get("done")], nil)
}

func (c *console) renderShare(r *request, status int, done string, question *Question) error {
	all, err := c.Feed.Conversations(r.Context(), r.account, r.viewer.ID, r.ref)
	if err != nil {
		return err
	}
	p := SharePage{Card: r.ref, Name: r.nameOfCard(r.ref), Summary: all.Summary, Done: done, Question: question,
		Own: conversationsOf(all, r.viewer, true), Others: conversationsOf(all, r.viewer, false)}
	r.render(status, "share.html", "Sharing: "+p.Name, p)
	return nil
}

// share says the viewer's word on one conversation, and shows the question when there is one.
func (c *console) share(r *request) error {
	if err := r.readForm(); err != nil {
		return err
	}
	e := visibility.ShareChanged{Card: r.ref, Address: r.PostForm.Get("address"), State: r.PostForm.Get("state")}
	var err error
	if e.AlsoDeals, err = yesNo(r.PostForm.Get("also_deals")); err != nil {
		return err
	}
	if e.AlsoContact, err = yesNo(r.PostForm.Get("also_contact")); err != nil {
		return err
	}
	_, err = c.Feed.Share(r.Context(), r.account, r.viewer.ID, e)
	var choice *visibility.ChoiceRequired
	if errors.As(err, &choice) {
		return c.renderShare(r, http.StatusConflict, "", r.question(e, choice))
	}
	if err != nil {
		return err
	}
	return r.seeOther(r.Link("as", r.viewer.ID, "card", string(r.ref.Kind), r.ref.ID, "share", "?", "done", e.State))
}

func (r *request) question(e visibility.ShareChanged, choice *visibility.ChoiceRequired) *Question {
	q := &Question{Address: e.Address, State: e.State, Field: "also_deals"}
	if r.ref.Kind == rules.Deal {
		q.Field = "also_contact"
	}
	for _, card := range choice.Cards {
		q.Cards = append(q.Cards, CardLink{Name: r.nameOfCard(card), URL: r.Card("", card, "")})
	}
	return q
}

// yesNo reads an answer; no answer is nil.
func yesNo(value string) (*bool, error) {
	yes, no := true, false
	switch value {
	case "":
		return nil, nil
	case "yes":
		return &yes, nil
	case "no":
		return &no, nil
	}
	return nil, fmt.Errorf("%w: neither yes nor no", errBadRequest)
}

func (r *request) readForm() error {
	r.Body = http.MaxBytesReader(r.w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("%w: %w", errBadRequest, err)
	}
	return nil
}
