package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
)

// SetURL names the URL that an account's CRM takes events at; with an empty one it is told nothing any more.
func SetURL(ctx context.Context, d *db.DB, acc *db.Account, target string) error {
	if target != "" {
		if err := CheckURL(target); err != nil {
			return err
		}
	}
	return d.Tx(ctx, acc.ID, func(tx *db.Tx) (err error) {
		if target == "" {
			err = tx.RemoveEndpoint(ctx, acc.ID)
		} else {
			err = tx.SetEndpoint(ctx, queries.SetEndpointParams{AccountID: acc.ID, Url: target})
		}
		if err != nil {
			return fmt.Errorf("store the URL for events: %w", err)
		}
		return tx.AppendAudit(ctx, db.AuditEntry{Actor: "operator", Act: "events_url.set", Subject: map[string]string{"url": origin(target)}, Effect: map[string]any{}})
	})
}

// origin is a URL without what may be secret in it: the trail keeps it for ever.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || text == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Health is how telling an account's CRM goes.
type Health struct {
	URL          string // "": it is told nothing
	Pending      int64
	Failed       int64     // given up and not replayed
	Oldest       time.Time // of the pending ones
	FailingSince *time.Time
}

// HealthOf looks at one account.
func HealthOf(ctx context.Context, d *db.DB, acc *db.Account) (Health, error) {
	var h Health
	err := d.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		e, err := tx.Endpoint(ctx, acc.ID)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		n, err := tx.PendingEvents(ctx, acc.ID)
		h = Health{URL: e.Url, FailingSince: e.FailingSince, Pending: n.Pending, Failed: n.Failed, Oldest: n.Oldest}
		return err
	})
	if err != nil {
		return Health{}, fmt.Errorf("look at the outbox: %w", err)
	}
	return h, nil
}

// ErrNoEvent: an id names no event of the account.
var ErrNoEvent = errors.New("no event of this account")

// Filter selects events. Zero values select all, but for Until: none is later than now.
type Filter struct {
	IDs          []string // as webhook-id names them
	Since, Until time.Time
	State        string // pending, delivered, failed, void
	Most         int    // List's; 0: maxListed
}

// Listed is one event of the outbox with what became of its attempts.
type Listed struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	At       time.Time `json:"at"`
	State    string    `json:"state"`
	Next     time.Time `json:"next,omitzero"` // when a pending one is tried again at the earliest
	Attempts []Attempt `json:"attempts"`
}

// Attempt is one of them: the CRM's status, or the class of error.
type Attempt struct {
	At     time.Time `json:"at"`
	Status *int      `json:"status,omitempty"`
	Error  *string   `json:"error,omitempty"`
	MS     int       `json:"ms"`
}

// List returns the newest events that the filter selects, at most f.Most of them.
func List(ctx context.Context, d *db.DB, acc *db.Account, f Filter) ([]Listed, error) {
	ids, err := f.numbers(acc)
	if err != nil {
		return nil, err
	}
	var out []Listed
	err = d.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		rows, err := tx.ListEvents(ctx, queries.ListEventsParams{AccountID: acc.ID, Ids: ids, Since: f.Since, Until: f.until(), State: f.State, AtMost: f.most()})
		if err != nil {
			return err
		}
		for _, r := range rows {
			e := Listed{ID: publicID(acc, r.ID), Type: r.Type, At: r.At.UTC(), State: r.State}
			if r.State == "pending" {
				e.Next = r.DueAt.UTC()
			}
			if err := json.Unmarshal(r.Results, &e.Attempts); err != nil {
				return fmt.Errorf("read attempts: %w", err)
			}
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return out, nil
}

// Replay makes the selected events due again, also delivered ones, for another three days and under the ids they have. It
// returns how many.
func Replay(ctx context.Context, d *db.DB, acc *db.Account, f Filter) (n int64, err error) {
	ids, err := f.numbers(acc)
	if err != nil {
		return 0, err
	}
	err = d.Tx(ctx, acc.ID, func(tx *db.Tx) (err error) {
		n, err = tx.ReplayEvents(ctx, queries.ReplayEventsParams{AccountID: acc.ID, Ids: ids, Since: f.Since, Until: f.until(), State: f.State})
		if err != nil || n == 0 {
			return err
		}
		return tx.AppendAudit(ctx, db.AuditEntry{Actor: "operator", Act: "events.replayed", Subject: f.named(), Effect: map[string]int64{"events": n}})
	})
	if err != nil {
		return 0, fmt.Errorf("replay events: %w", err)
	}
	return n, nil
}

// named is what was asked for, for the trail; of many events their number stands in the effect.
func (f Filter) named() map[string]any {
	subject := map[string]any{}
	if len(f.IDs) > 0 {
		subject["ids"] = f.IDs[:min(len(f.IDs), maxNamed)]
	}
	if f.State != "" {
		subject["state"] = f.State
	}
	if !f.Since.IsZero() {
		subject["since"] = f.Since.UTC()
	}
	if !f.Until.IsZero() {
		subject["until"] = f.Until.UTC()
	}
	return subject
}

func (f Filter) until() time.Time {
	if f.Until.IsZero() {
		return time.Now().Add(time.Hour) // clocks differ
	}
	return f.Until
}

func (f Filter) most() int64 {
	if f.Most <= 0 {
		return maxListed
	}
	return int64(min(f.Most, maxListed))
}

func (f Filter) numbers(acc *db.Account) ([]int64, error) {
	ids := make([]int64, len(f.IDs))
	for i, text := range f.IDs {
		var err error
		if ids[i], err = acc.Keys.ParseID("event", strings.TrimPrefix(text, "evt_")); err != nil {
			return nil, fmt.Errorf("%q: %w", text, ErrNoEvent)
		}
	}
	return ids, nil
}

// Outbox is what a page for operators asks.
type Outbox struct{ DB *db.DB }

// Health is HealthOf.
func (o Outbox) Health(ctx context.Context, acc *db.Account) (Health, error) {
	return HealthOf(ctx, o.DB, acc)
}

// List is the function of that name.
func (o Outbox) List(ctx context.Context, acc *db.Account, f Filter) ([]Listed, error) {
	return List(ctx, o.DB, acc, f)
}

// Replay is the function of that name.
func (o Outbox) Replay(ctx context.Context, acc *db.Account, f Filter) (int64, error) {
	return Replay(ctx, o.DB, acc, f)
}
