package visibility_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// plan of a query as it is prepared, for these values of its parameters in their order.
func (w *world) plan(run func(*queries.Queries) error, values ...any) string {
	w.Helper()
	sql := testenv.StatementOf(w, run)
	literals := make([]string, len(values))
	for i, v := range values {
		literals[i] = fmt.Sprintf("'%v'", v)
	}
	var lines []string
	w.read(func(tx *db.Tx) error {
		if _, err := tx.Exec(w.Context(), "prepare pinned as "+sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		rows, err := tx.Query(w.Context(), "explain (costs off) execute pinned("+strings.Join(literals, ", ")+")", pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		if lines, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
		_, err = tx.Exec(w.Context(), "deallocate pinned", pgx.QueryExecModeSimpleProtocol) // it outlives the transaction
		return err
	})
	return strings.Join(lines, "\n")
}

// TestPlansOfRestampAndSweep holds a chunk of a re-stamp to a range of the conversations' key, so that its cost is its own
// size and not the account's, and the sweep to the partial indexes of what is behind.
func TestPlansOfRestampAndSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := "anna"
	told := []visibility.Event{&visibility.UserUpserted{ID: "anna", Version: 1, Addresses: []string{"anna@us.test"}}}
	for i := range 300 {
		e := &visibility.CardUpserted{Kind: rules.Contact, ID: fmt.Sprint("c", i), Version: 1, Owner: &owner}
		for j := range 5 {
			e.Addresses = append(e.Addresses, visibility.CardAddress{Address: fmt.Sprintf("p%d-%d@customer.test", i, j)})
		}
		told = append(told, e)
	}
	for i := range 300 {
		told = append(told, &visibility.UserUpserted{ID: fmt.Sprint("u", i), Version: 1})
	}
	if err := w.d.Tx(t.Context(), w.acc.ID, func(tx *db.Tx) error {
		batch := make([]visibility.Told, len(told))
		for i, e := range told {
			batch[i] = visibility.Told{Event: e, At: w.now, By: "crm"}
		}
		_, err := visibility.Apply(t.Context(), tx, w.acc, batch)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	anna := w.userID("anna")
	if err := w.d.Tx(t.Context(), w.acc.ID, func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), `insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked)
			select ca.account_id, u.id, ca.card_id, ca.address_id, 'contact', true, false from card_addresses ca, users u
			where ca.account_id = $1 and u.account_id = $1 and (u.id = $2 or u.id % 100 = 0)`, w.acc.ID, anna); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `update settings set restamped = epoch where account_id = $1`, w.acc.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"users", "cards", "settings", "conversations", "card_owners", "card_addresses", "deal_contacts"} {
		if _, err := w.d.Pool.Exec(t.Context(), "vacuum analyze "+table); err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	for _, c := range []struct {
		what, plan string
		want       []string
	}{
		{"the keys of a chunk", w.plan(func(q *queries.Queries) error {
			_, err := q.BehindAuthor(ctx, queries.BehindAuthorParams{})
			return err
		}, w.acc.ID, anna, "contact", 2, 0, 0, 50), []string{"using conversations_pkey on conversations", "ROW(card_id, address_id) >"}},
		{"the facts of a chunk", w.plan(func(q *queries.Queries) error {
			_, err := q.FactsBehindAuthor(ctx, queries.FactsBehindAuthorParams{})
			return err
		}, w.acc.ID, anna, "contact", 2, 1, 1, 5, 1), []string{"conversations_pkey", "ROW(card_id, address_id) >=", "ROW(card_id, address_id) <="}},
		{"a chunk where the setting decides", w.plan(func(q *queries.Queries) error {
			_, err := q.StampBySetting(ctx, queries.StampBySettingParams{})
			return err
		}, "{}", "{}", "{}", "{}", "{}", "{}", w.acc.ID, anna, "contact", 2, 0, 0, 50),
			[]string{"using conversations_pkey on conversations", "ROW(card_id, address_id) >"}},
		{"the sweep of settings", w.plan(func(q *queries.Queries) error {
			_, err := q.SettingsBehind(ctx, 0)
			return err
		}, w.acc.ID), []string{"settings_behind"}},
		{"the sweep of cards", w.plan(func(q *queries.Queries) error {
			_, err := q.CardsBehind(ctx, 0)
			return err
		}, w.acc.ID), []string{"cards_behind"}},
	} {
		for _, want := range c.want {
			if !strings.Contains(c.plan, want) {
				t.Errorf("%s: no %q in\n%s", c.what, want, c.plan)
			}
		}
		if strings.Contains(c.plan, "Seq Scan on conversations") {
			t.Errorf("%s reads all conversations:\n%s", c.what, c.plan)
		}
		if strings.Contains(c.plan, "using conversations_card ") {
			t.Errorf("%s reads what others wrote on the author's cards:\n%s", c.what, c.plan)
		}
	}
}
