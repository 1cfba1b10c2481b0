package db_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/testenv"
)

// TestReadAtOnce: reads in one round trip see their own account, and one snapshot however long the later ones wait; a read
// that fails, here or at the server, is the answer and leaves nothing behind on the connection.
func TestReadAtOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	keyset, err := seal.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.Load(string(keyset))
	if err != nil {
		t.Fatal(err)
	}
	url := testenv.PostgresURL(t)
	d, err := db.Open(ctx, url+"&pool_max_conns=1", sealer) // every read is on the connection of the one before
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	writer, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { writer.Close(ctx) })
	write := func(sql string) {
		t.Helper()
		if _, err := writer.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	accounts := make([]int64, 2)
	for i := range accounts {
		acc, err := d.NewAccount(ctx, "x")
		if err != nil {
			t.Fatal(err)
		}
		accounts[i] = acc.ID
		write(fmt.Sprintf(`set mailstamp.account = '%d'; insert into users (account_id, crm_id, state) values (%[1]d, 'u%[1]d', 'active')`, acc.ID))
	}
	var users []queries.FeedUsersRow
	readUsers := func(account int64) func(*queries.Queries) error {
		return func(q *queries.Queries) (err error) {
			users, err = q.FeedUsers(ctx, queries.FeedUsersParams{AccountID: account, RowLimit: 10})
			return err
		}
	}
	findCard := func(crmID string) func(*queries.Queries) error {
		return func(q *queries.Queries) error {
			_, err := q.FeedCardID(ctx, queries.FeedCardIDParams{AccountID: accounts[1], Kind: "lead", CrmID: crmID})
			return err
		}
	}
	for _, account := range accounts {
		for _, other := range accounts {
			if err := d.ReadAtOnce(ctx, account, readUsers(other)); err != nil {
				t.Fatal(err)
			}
			if own := account == other; own != (len(users) == 1 && users[0].CrmID == fmt.Sprintf("u%d", account)) || !own && len(users) > 0 {
				t.Errorf("account %d, asked for the users of %d, gives %v", account, other, users)
			}
		}
	}

	never := func(*queries.Queries) error { t.Error("a read after one that failed"); return nil }
	asked := false
	afterFailure := func(q *queries.Queries) error {
		if asked {
			return never(q)
		}
		asked = true
		return readUsers(accounts[1])(q)
	}
	var pg *pgconn.PgError
	if err := d.ReadAtOnce(ctx, accounts[1], findCard("\x00"), afterFailure); !errors.As(err, &pg) {
		t.Errorf("what the server refuses: %v", err)
	}
	asked = false
	if err := d.ReadAtOnce(ctx, accounts[1], findCard("1"), afterFailure); !errors.Is(err, pgx.ErrNoRows) {
		t.Errorf("a card that is not there: %v", err)
	}
	if rows, err := queries.New(d.Pool).FeedUsers(ctx, queries.FeedUsersParams{AccountID: accounts[1], RowLimit: 10}); err != nil || len(rows) > 0 {
		t.Errorf("the connection is left in the account: %v, %v", rows, err)
	}

	// The second read waits for a card that is being written, and does not see it.
	write("begin; lock table cards in access exclusive mode")
	done := make(chan error, 1)
	go func() { done <- d.ReadAtOnce(ctx, accounts[1], readUsers(accounts[1]), findCard("1")) }()
	for waits := false; !waits; {
		if err := writer.QueryRow(ctx, "select exists (select from pg_locks where relation = 'cards'::regclass and not granted)").Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	write(fmt.Sprintf("insert into cards (account_id, kind, crm_id, state) values (%d, 'lead', '1', 'open'); commit", accounts[1]))
	if err := <-done; !errors.Is(err, pgx.ErrNoRows) {
		t.Errorf("a card that came after the first read: %v", err)
	}
	if err := d.ReadAtOnce(ctx, accounts[1], readUsers(accounts[1]), findCard("1")); err != nil {
		t.Errorf("a card that is there: %v", err)
	}
}
