package console

import (
	"net/http"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

// home shows the users to look as and, once one is chosen, the cards that this user can open.
func (c *console) home(r *request) error {
	title := "Mailstamp"
	if r.viewer != nil {
		title = r.viewer.Name
	}
	r.render(http.StatusOK, "home.html", title, nil)
	return nil
}

// CardPage is a card with its mail or its threads.
type CardPage struct {
	Card          visibility.CardRef
	Name          string
	Tab           string // mail, threads
	Mail          feed.Page[feed.Item]
	Threads       feed.Page[feed.ThreadSummary]
	Conversations feed.Conversations
	Next          string // address of the next page
	First         string // address of the first page, when this is another
}

// Own are the viewer's own conversations on the card, Others those of colleagues that are visible.
func (p CardPage) Own(viewer *feed.User) []feed.Conversation {
	return conversationsOf(p.Conversations, viewer, true)
}
func (p CardPage) Others(viewer *feed.User) []feed.Conversation {
	return conversationsOf(p.Conversations, viewer, false)
}

func conversationsOf(all feed.Conversations, viewer *feed.User, own bool) []feed.Conversation {
	var list []feed.Conversation
	for _, item := range all.Items {
		if (item.Author == viewer.ID) == own {
			list = append(list, item)
		}
	}
	return list
}

func (c *console) card(r *request) error    { return c.cardPage(r, "mail") }
func (c *console) threads(r *request) error { return c.cardPage(r, "threads") }

func (c *console) cardPage(r *request, tab string) error {
	ctx, viewer := r.Context(), r.viewer.ID
	p := CardPage{Card: r.ref, Name: r.nameOfCard(r.ref), Tab: tab}
	cut := r.cut()
	path := []string{"as", viewer, "card", string(r.ref.Kind), r.ref.ID}
	var next *string
	var err error
	if tab == "threads" {
		path = append(path, tab)
		p.Threads, err = c.Feed.Threads(ctx, r.account, viewer, r.ref, cut)
		next = p.Threads.Next
	} else {
		p.Mail, err = c.Feed.Feed(ctx, r.account, viewer, r.ref, cut)
		next = p.Mail.Next
	}
	if err != nil {
		return err
	}
	if p.Conversations, err = c.Feed.Conversations(ctx, r.account, viewer, r.ref); err != nil {
		return err
	}
	p.Next, p.First = r.pager(cut, next, path...)
	r.render(http.StatusOK, "card.html", p.Name, p)
	return nil
}

// nameOfCard is a card's name, as far as the viewer can open it.
func (r *request) nameOfCard(ref visibility.CardRef) string {
	for _, card := range r.cards {
		if card.CardRef == ref {
			return cardName(card)
		}
	}
	return ref.ID
}

// ThreadPage is a thread with what the viewer sees of it.
type ThreadPage struct {
	feed.Thread
	Card string // address of the card, when one was named
	Name string
}

func (c *console) thread(r *request) error {
	t, err := c.Feed.Thread(r.Context(), r.account, r.viewer.ID, r.PathValue("thread"), r.cardRef(), feed.Cut{Limit: feed.MaxLimit})
	if err != nil {
		return err
	}
	p := ThreadPage{Thread: t}
	if ref := r.cardRef(); ref != nil {
		p.Card, p.Name = r.Card("", *ref, "threads"), r.nameOfCard(*ref)
	}
	r.render(http.StatusOK, "thread.html", t.Subject, p)
	return nil
}
