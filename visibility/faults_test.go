package visibility_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/naive"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

var (
	kimCard = visibility.CardRef{Kind: rules.Contact, ID: "kim"}
	faulted = []visibility.CardRef{kimCard, {Kind: rules.Deal, ID: "roof"}, {Kind: rules.Deal, ID: "shed"}}
)

// newCascade is a contact whose share reaches two deals, with a mail of Anna's.
func newCascade(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	anna, everyone := "anna", visibility.Audience{Everyone: true}
	contacts := []visibility.DealContact{{ID: "kim"}}
	w.takes(
		&visibility.UserUpserted{ID: "anna", Version: 1, Addresses: []string{"anna@us.test"}},
		&visibility.UserUpserted{ID: "ben", Version: 1, Addresses: []string{"ben@us.test"}},
		&visibility.CardUpserted{Kind: rules.Contact, ID: "kim", Version: 1, Owner: &anna, Audience: everyone,
			Addresses: []visibility.CardAddress{{Address: "kim@customer.test"}}},
		&visibility.CardUpserted{Kind: rules.Deal, ID: "roof", Version: 1, Owner: &anna, Audience: everyone, Contacts: contacts},
		&visibility.CardUpserted{Kind: rules.Deal, ID: "shed", Version: 1, Owner: &anna, Audience: everyone, Contacts: contacts})
	w.store(mail{name: "m", author: "anna", to: []string{"kim@customer.test"}})
	return w
}

// takes tells events one by one, each with its jobs.
func (w *world) takes(events ...visibility.Event) {
	w.Helper()
	for _, e := range events {
		if _, err := w.tell(e); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *world) sightings() int {
	w.Helper()
	return len(w.everybodySees([]string{"ben"}, faulted))
}

// asEvaluator expects every stamp to be what the naive evaluator makes of the facts.
func (w *world) asEvaluator() {
	w.Helper()
	w.read(func(tx *db.Tx) error {
		differences, err := naive.Compare(w.Context(), tx)
		for _, d := range differences {
			w.Errorf("%v", d)
		}
		return err
	})
}

// TestV05LostEvent: the next event of the whole entity heals what a lost one left.
func TestV05LostEvent(t *testing.T) {
	t.Parallel()
	w := newCascade(t)
	ben, everyone := "ben", rules.Everyone
	w.takes(&visibility.SettingChanged{User: "anna", Version: 1, Contact: &everyone})
	// Version 2, which took the address off, is lost; version 3 brings another owner and address.
	w.takes(&visibility.CardUpserted{Kind: rules.Contact, ID: "kim", Version: 3, Owner: &ben, Audience: visibility.Audience{Everyone: true},
		Addresses: []visibility.CardAddress{{Address: "kim@home.test"}}})
	w.asEvaluator()
	if n := w.sightings(); n != 0 {
		t.Errorf("the address that went is still shown in %d places", n)
	}
}

// errCut stands for the connection or the process gone.
var errCut = errors.New("cut")

// cutTx ends a transaction before its n-th statement.
type cutTx struct {
	pgx.Tx
	left int
}

func (c *cutTx) ends() bool {
	c.left--
	return c.left < 0
}

func (c *cutTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if c.ends() {
		return pgconn.CommandTag{}, errCut
	}
	return c.Tx.Exec(ctx, sql, args...)
}

func (c *cutTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if c.ends() {
		return nil, errCut
	}
	return c.Tx.Query(ctx, sql, args...)
}

func (c *cutTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if c.ends() {
		return cutRow{}
	}
	return c.Tx.QueryRow(ctx, sql, args...)
}

type cutRow struct{}

func (cutRow) Scan(...any) error { return errCut }

// TestV06CutCascade: a share that reaches deals is cut before each of its statements in turn; nothing of it stays until all of
// it does.
func TestV06CutCascade(t *testing.T) {
	t.Parallel()
	w := newCascade(t)
	yes := true
	for _, step := range []struct {
		event         visibility.Event
		before, after int
	}{
		{&visibility.ShareChanged{User: "anna", Version: 1, Card: kimCard, Address: "kim@customer.test", State: "shared"}, 0, 3},
		{&visibility.ShareChanged{User: "anna", Version: 2, Card: kimCard, Address: "kim@customer.test", State: "private", AlsoDeals: &yes}, 3, 0},
	} {
		for n := 0; ; n++ {
			err := w.d.Tx(t.Context(), w.acc.ID, func(tx *db.Tx) error {
				cut := &cutTx{Tx: tx.Tx, left: n}
				_, err := visibility.Apply(t.Context(), &db.Tx{Tx: cut, Queries: queries.New(cut), AccountID: tx.AccountID}, w.acc,
					[]visibility.Told{{Event: step.event, At: w.now, By: "crm"}})
				return err
			})
			if err == nil {
				if n < 5 {
					t.Fatalf("only %d statements: nothing was cut", n)
				}
				break
			}
			if !errors.Is(err, errCut) {
				t.Fatal(err)
			}
			if got := w.sightings(); got != step.before {
				t.Fatalf("cut before statement %d: shown in %d places, want %d", n+1, got, step.before)
			}
			w.asEvaluator()
		}
		if got := w.sightings(); got != step.after {
			t.Errorf("shown in %d places, want %d", got, step.after)
		}
		w.asEvaluator()
	}
}

// TestV11UnbelievableStamps: a stamp that is missing, older than its fence or without its inputs counts as hidden, and one of
// an unknown value cannot be stored.
func TestV11UnbelievableStamps(t *testing.T) {
	t.Parallel()
	for what, sql := range map[string]string{
		"missing":                  `delete from conversations where card_id = (select id from cards where crm_id = 'kim')`,
		"unstamped":                `update conversations set visible = false, reason = 'unstamped'`,
		"older than the author's":  `update settings set epoch = epoch + 1, fence = epoch + 1`,
		"older than the card's":    `update cards set epoch = epoch + 1, fence = epoch + 1`,
		"without the setting":      `delete from settings where user_id = (select id from users where crm_id = 'anna')`,
		"of a deleted author":      `update users set state = 'deleted' where crm_id = 'anna'`,
		"of a card that is closed": `update cards set state = 'deleted' where crm_id = 'kim'`,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newCascade(t)
			w.takes(&visibility.ShareChanged{User: "anna", Version: 1, Card: kimCard, Address: "kim@customer.test", State: "shared"})
			shown := func() bool {
				return len(w.everybodySees([]string{"ben"}, []visibility.CardRef{kimCard})) > 0
			}
			if !shown() {
				t.Fatal("it is not shown to begin with")
			}
			exec := func(sql string) error {
				return w.d.Tx(t.Context(), w.acc.ID, func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), sql)
					return err
				})
			}
			if err := exec(sql); err != nil {
				t.Fatal(err)
			}
			if shown() {
				t.Error("believed")
			}
			if err := exec(`update conversations set reason = 'because'`); what == "unstamped" && (err == nil || !strings.Contains(err.Error(), "conversations_reason_check")) {
				t.Errorf("a reason nobody knows is stored: %v", err)
			}
		})
	}
}

// TestV13AuthorOrMailboxGone: effective at the answer, before any job has run.
func TestV13AuthorOrMailboxGone(t *testing.T) {
	t.Parallel()
	w := newCascade(t)
	w.takes(&visibility.ShareChanged{User: "anna", Version: 1, Card: kimCard, Address: "kim@customer.test", State: "shared"})
	w.pending = true
	inactive := false
	w.takes(&visibility.UserUpserted{ID: "anna", Version: 2, Addresses: []string{"anna@us.test"}, Active: &inactive})
	if n := w.sightings(); n != 3 { // a deactivated author's shares stay in force
		t.Errorf("shown in %d places after the author was deactivated, want 3", n)
	}
	w.takes(&visibility.UserDeleted{ID: "anna", Version: 3})
	if n := w.sightings(); n != 0 {
		t.Errorf("shown in %d places after the author was deleted", n)
	}
	w.pending = false
	w.settle()
	if n := w.sightings(); n != 0 {
		t.Errorf("shown in %d places once the jobs had run", n)
	}
}

// TestV13MailboxBeingRemoved: from the answer on nothing of its user's is shown to anybody, the user included, and explain says
// why; so it does for an author who was deleted.
func TestV13MailboxBeingRemoved(t *testing.T) {
	t.Parallel()
	w := newCascade(t)
	m := w.store(mail{name: "n", author: "anna", to: []string{"kim@customer.test"}})
	w.takes(&visibility.ShareChanged{User: "anna", Version: 1, Card: kimCard, Address: "kim@customer.test", State: "shared"})
	explains := func(viewer string, visible bool, rule, reason string) {
		t.Helper()
		w.read(func(tx *db.Tx) error {
			why, err := visibility.Explain(t.Context(), tx, visibility.Question{Viewer: w.userID(viewer), Message: m, Card: w.cardID(kimCard)})
			if why.Visible != visible || why.Rule != rule || why.Reason != reason {
				t.Errorf("to %s it is explained by %+v, want %v, %s, %s", viewer, why, visible, rule, reason)
			}
			return err
		})
		if seen := len(w.everybodySees([]string{viewer}, []visibility.CardRef{kimCard})) > 0; seen != visible {
			t.Errorf("%s sees it: %v", viewer, seen)
		}
	}
	removals := func(n int) {
		t.Helper()
		if err := w.d.Tx(t.Context(), w.acc.ID, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `update users set removals = $1 where crm_id = 'anna'`, n)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	explains("anna", true, "author", "author")
	explains("ben", true, "R2", "shared")
	removals(1)
	explains("anna", false, "author", "being_removed")
	explains("ben", false, "author", "being_removed")
	removals(0)
	explains("ben", true, "R2", "shared")
	w.takes(&visibility.UserDeleted{ID: "anna", Version: 2})
	explains("ben", false, "author", "author_deleted")
}
