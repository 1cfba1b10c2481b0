package console

import (
	"context"
	"net/http"
	"slices"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/jobs/notify"
)

// eventItems on a page: an event is a few lines high.
const eventItems = 100

// Events is how telling the CRM goes (package jobs/notify).
type Events interface {
	Health(ctx context.Context, acc *db.Account) (notify.Health, error)
	List(ctx context.Context, acc *db.Account, f notify.Filter) ([]notify.Listed, error)
	Replay(ctx context.Context, acc *db.Account, f notify.Filter) (int64, error)
}

// eventStates are those to choose from; "" is all.
var eventStates = []string{"", "pending", "failed", "delivered", "void"}

// EventsPage is the outbox, the newest events first.
type EventsPage struct {
	notify.Health
	States   []string
	State    string
	Events   []notify.Listed
	More     bool // there are older ones
	Replayed bool
}

func (c *console) events(r *request) error {
	p := EventsPage{States: eventStates, State: r.URL.Query().Get("state"), Replayed: r.URL.Query().Has("replayed")}
	if !slices.Contains(eventStates, p.State) {
		return errBadRequest
	}
	var err error
	if p.Health, err = c.Events.Health(r.Context(), r.account); err != nil {
		return err
	}
	p.Events, err = c.Events.List(r.Context(), r.account, notify.Filter{State: p.State, Most: eventItems + 1})
	if err != nil {
		return err
	}
	if p.More = len(p.Events) > eventItems; p.More {
		p.Events = p.Events[:eventItems]
	}
	r.render(http.StatusOK, "events.html", "Events", p)
	return nil
}

// replay sends one event again, or all that were given up.
func (c *console) replay(r *request) error {
	if err := r.readForm(); err != nil {
		return err
	}
	f := notify.Filter{State: "failed"}
	if id := r.PostForm.Get("id"); id != "" {
		f = notify.Filter{IDs: []string{id}}
	}
	if _, err := c.Events.Replay(r.Context(), r.account, f); err != nil {
		return err
	}
	return r.seeOther(r.Link("events", "?", "replayed", "1"))
}

// eventStateWord says a state of an event in words.
func eventStateWord(state string) string {
	words := map[string]string{"": "All", "pending": "Waiting", "failed": "Given up", "delivered": "Delivered", "void": "Void"}
	if word, ok := words[state]; ok {
		return word
	}
	return state
}
