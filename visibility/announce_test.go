package visibility_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// takesEvents gives the account a URL for events.
func (w *world) takesEvents() {
	w.Helper()
	err := w.d.Tx(w.Context(), w.acc.ID, func(tx *db.Tx) error {
		return tx.SetEndpoint(w.Context(), queries.SetEndpointParams{AccountID: w.acc.ID, Url: "https://crm.example/"})
	})
	if err != nil {
		w.Fatal(err)
	}
}

// toldAsStamped compares the outbox with the stamps: whoever takes the events in the order of their versions knows every stamp of a
// tracked conversation, and was told of none twice (I6).
func (w *world) toldAsStamped() (err error) {
	w.Helper()
	w.read(func(tx *db.Tx) error {
		rows, queryErr := tx.Query(w.Context(), `
			with told as (
				select author_id, card_id, address_id, visible, reason,
				       lead((visible, reason)) over same = (visible, reason) as again, lead(id) over same is null as last
				from outbox where type = 'thread.stamped'
				window same as (partition by author_id, card_id, address_id order by id)
			)
			select format('author %s, card %s, address %s: told twice that it is %s by %s', author_id, card_id, address_id, visible, reason)
			from told where again
			union all
			select format('author %s, card %s, address %s: stamped %s by %s, told %s by %s', c.author_id, c.card_id, c.address_id,
			              c.visible, c.reason, coalesce(t.visible::text, 'nothing'), coalesce(t.reason, 'nobody'))
			from conversations c
			left join told t on t.last and t.author_id = c.author_id and t.card_id = c.card_id and t.address_id = c.address_id
			where (t.visible, t.reason) is distinct from (c.visible, c.reason)
			  and (t.reason is not null or c.reason not in ('unstamped', 'blocked', 'not_on_card'))`)
		if queryErr != nil {
			return queryErr
		}
		lines, queryErr := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, line := range lines {
			err = errors.Join(err, errors.New(line))
		}
		return queryErr
	})
	return err
}

// TestSettingIsTold: a setting that decides alone, and one that does not, tell what they change and nothing else.
func TestSettingIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesEvents()
	tell := func(e visibility.Event) {
		t.Helper()
		if _, err := w.tell(e); err != nil {
			t.Fatal(err)
		}
	}
	tell(&visibility.UserUpserted{ID: "ann", Version: 1})
	for n := range 3 {
		tell(&visibility.CardUpserted{Kind: rules.Lead, ID: fmt.Sprint("l", n), Version: 1, Audience: visibility.Audience{Everyone: true},
			Addresses: []visibility.CardAddress{{Address: fmt.Sprintf("p%d@customer.example", n)}}})
		w.store(mail{name: fmt.Sprint("m", n), author: "ann", to: []string{fmt.Sprintf("p%d@customer.example", n)}})
	}
	tell(&visibility.ShareChanged{User: "ann", Version: 1, Card: visibility.CardRef{Kind: rules.Lead, ID: "l0"}, Address: "p0@customer.example", State: "private"})
	count := func() (n int) {
		w.read(func(tx *db.Tx) error { return tx.QueryRow(t.Context(), `select count(*) from outbox`).Scan(&n) })
		return n
	}
	last := count()
	for i, step := range []struct {
		value rules.Setting
		more  int
	}{{rules.Everyone, 2}, {rules.Everyone, 0}, {rules.Owner, 2}, {rules.Nobody, 2}} {
		tell(&visibility.SettingChanged{User: "ann", Version: int64(i + 1), Lead: &step.value})
		if now := count(); now-last != step.more {
			t.Errorf("%s: %d events, want %d", step.value, now-last, step.more)
		}
		last = count()
	}
	if err := w.toldAsStamped(); err != nil {
		t.Error(err)
	}
}
