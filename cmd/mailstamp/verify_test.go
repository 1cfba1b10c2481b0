package main

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mailstamp/mailstamp/testenv"
)

// TestVerify: all is well after events, and a stamp that somebody spoils is listed.
func TestVerify(t *testing.T) {
	t.Parallel()
	p := testenv.NewProgram(t)
	p.Migrate(t)
	acme := p.AddAccount(t, "Acme")
	w := p.StartWorker(t)
	crm := testenv.NewCRM(t, w.URL, acme)
	crm.Tell(t,
		testenv.Event{Type: "user.upserted", Data: map[string]any{"id": "ada", "version": 1, "addresses": []string{"ada@corp.example"}}},
		testenv.Event{Type: "card.upserted", Data: map[string]any{"kind": "contact", "id": "kim", "version": 1, "owner": "ada", "audience": "everyone",
			"addresses": []map[string]string{{"address": "kim@customer.example"}}}},
		testenv.Event{Type: "share.changed", Data: map[string]any{"user": "ada", "version": 1, "card": map[string]string{"kind": "contact", "id": "kim"},
			"address": "kim@customer.example", "state": "private"}})
	w.Stop(t)
	if out := string(p.Run(t, "verify")); !strings.Contains(out, ": 0 differences") || strings.Count(out, "\n") != 1 {
		t.Errorf("verify of a sound database:\n%s", out)
	}

	pool, err := pgxpool.New(t.Context(), p.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "select set_config('mailstamp.account', (select id from accounts)::text, true)")
		if err == nil {
			_, err = tx.Exec(t.Context(), "update conversations set visible = true, shown = true, reason = 'shared'")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Try(t, "verify")
	if err == nil || !strings.Contains(string(out), "author ada, card contact:kim") || !strings.Contains(string(out), "SHOWN") ||
		strings.Contains(string(out), "@customer") {
		t.Errorf("verify of a spoilt stamp: %v\n%s", err, out)
	}
}
