package visibility_test

import (
	"errors"
	"testing"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/naive"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// TestCompareFindsWhatIsWrong spoils a stored conversation in every way there is; the evaluator must notice, or its silence
// proves nothing.
func TestCompareFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	everyone := rules.Everyone
	_, err := w.tellAll(
		&visibility.UserUpserted{ID: "anna", Version: 1, Addresses: []string{"anna@us.test"}},
		&visibility.UserUpserted{ID: "ben", Version: 1, Addresses: []string{"ben@us.test"}},
		&visibility.CardUpserted{Kind: rules.Contact, ID: "kim", Version: 1, Audience: visibility.Audience{Everyone: true},
			Addresses: []visibility.CardAddress{{Address: "kim@customer.test"}}},
		&visibility.SettingChanged{User: "anna", Version: 1, Contact: &everyone})
	if err != nil {
		t.Fatal(err)
	}
	w.store(mail{name: "shown", author: "anna", to: []string{"kim@customer.test"}})
	w.store(mail{name: "hidden", author: "ben", to: []string{"kim@customer.test"}})
	w.settle()
	if err := w.compare(); err != nil {
		t.Fatal(err)
	}
	undo := errors.New("undo")
	for _, spoil := range []struct {
		sql   string
		wrong int
		shown bool // to readers, who must not be shown it
	}{
		{`delete from conversations where visible`, 1, false},
		{`update conversations set visible = false where visible`, 1, false},
		{`update conversations set visible = true, shown = true where not visible`, 1, true},
		{`update conversations set reason = 'owner' where visible`, 1, false},
		{`update conversations set blocked = true where not visible`, 1, false},
		{`update conversations set on_card = false where not visible`, 1, false},
		{`delete from conversations`, 2, false},
		{`update settings set value = 'nobody' where value = 'everyone'`, 1, true}, // without a fence
		{`update users set state = 'deleted' where crm_id = 'anna'`, 0, false},     // the stamp stays, and nobody believes it
	} {
		err := w.d.Tx(t.Context(), w.acc.ID, func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), spoil.sql); err != nil {
				return err
			}
			n, err := naive.Load(t.Context(), tx)
			if err != nil {
				return err
			}
			if got := n.Compare(); len(got) != spoil.wrong {
				t.Errorf("%s: the evaluator finds %v", spoil.sql, got)
			}
			if got := n.Leaks(); (len(got) > 0) != spoil.shown {
				t.Errorf("%s: shown, and must not be: %v", spoil.sql, got)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
	}
}
