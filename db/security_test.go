package db_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mailstamp/mailstamp/testenv"
)

// unprotected tables have account_id and hold what no person wrote; the program reads them across accounts.
var unprotected = []string{"crm_endpoints", "mailbox_leases"}

// someValue of each type, to fill any table.
var someValue = map[string]string{
	"bigint": "1", "integer": "1", "smallint": "1", "real": "1", "boolean": "true", "text": "'x'", "bytea": "'x'", "jsonb": "'{}'",
	"timestamp with time zone": "now()", "bigint[]": "'{1}'", "text[]": "'{x}'", "bytea[]": "'{x}'", "interval": "'1 day'", "uuid": "gen_random_uuid()",
}

// TestS11RowLevelSecurity puts a row of each of two accounts into every table of accounts' rows, found in the catalogue. Without
// an account there is none in any table or view, also on a connection that had one before; with one there are its own, and no
// other's can be written.
func TestS11RowLevelSecurity(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cfg, err := pgxpool.ParseConfig(testenv.PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg.MaxConns = 1 // every look is on the connection of the one before
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	list := func(sql string, args ...any) []string {
		t.Helper()
		rows, err := pool.Query(ctx, sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		out, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const relations = `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id'
		where c.relnamespace = current_schema()::regnamespace and c.relkind = any ($1::"char"[]) and not c.relname = any ($2) order by 1`
	tables, views := list(relations, []string{"r", "p"}, unprotected), list(relations, []string{"v", "m"}, []string{})
	if len(tables) < 30 || len(views) < 5 {
		t.Fatalf("only %d tables and %d views were found", len(tables), len(views))
	}
	for _, v := range list(`select relname::text from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('v', 'm')
		and not coalesce('security_invoker=true' = any (reloptions), false)`) {
		t.Errorf("view %s reads with its owner's rights", v)
	}

	// Rows need not make sense here: what ties them together goes, in this database alone.
	for _, drop := range list(`select format('alter table %s drop constraint %I cascade', conrelid::regclass, conname) from pg_constraint
		where connamespace = current_schema()::regnamespace and contype in ('f', 'c') and conrelid <> 0 and conparentid = 0`) {
		if _, err := pool.Exec(ctx, drop); err != nil {
			t.Fatal(err)
		}
	}
	as := func(account int, fn func(pgx.Tx) error) error {
		return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{BeginQuery: fmt.Sprintf("begin; set local mailstamp.account = '%d'", account)}, fn)
	}
	insert := map[string]string{}
	for _, table := range tables {
		columns, values := []string{"account_id"}, []string{"%d"}
		for _, c := range list(`select attname || ' ' || format_type(atttypid, null) from pg_attribute where attrelid = $1::regclass and attnum > 0
			and not attisdropped and attnotnull and not atthasdef and attidentity = '' and attname <> 'account_id'`, table) {
			name, kind, _ := strings.Cut(c, " ")
			if someValue[kind] == "" {
				t.Fatalf("%s.%s: no value of type %s is known", table, name, kind)
			}
			columns, values = append(columns, name), append(values, someValue[kind])
		}
		insert[table] = fmt.Sprintf("insert into %s (%s) values (%s)", table, strings.Join(columns, ", "), strings.Join(values, ", "))
	}
	for account := 1; account <= 2; account++ {
		err := as(account, func(tx pgx.Tx) error {
			for _, table := range tables {
				if _, err := tx.Exec(ctx, fmt.Sprintf(insert[table], account)); err != nil {
					return fmt.Errorf("fill %s: %w", table, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}

	for account := 1; account <= 2; account++ {
		err := as(account, func(tx pgx.Tx) error {
			for _, relation := range slices.Concat(tables, views) {
				var own, others int
				err := tx.QueryRow(ctx, fmt.Sprintf("select count(*) filter (where account_id = $1), count(*) filter (where account_id <> $1) from %s", relation), account).
					Scan(&own, &others)
				if err != nil {
					return err
				}
				if others > 0 || own == 0 && slices.Contains(tables, relation) {
					t.Errorf("account %d sees %d own rows and %d others' in %s", account, own, others, relation)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, relation := range slices.Concat(tables, views) {
			var n int
			if err := pool.QueryRow(ctx, "select count(*) from "+relation).Scan(&n); err != nil || n > 0 {
				t.Errorf("after account %d was named on the connection, without an account there are %d rows in %s (%v)", account, n, relation, err)
			}
		}
	}
	for _, table := range slices.Sorted(maps.Keys(insert)) {
		err := as(1, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, fmt.Sprintf(insert[table], 3))
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "row-level security") {
			t.Errorf("account 1 writes a row of account 3 into %s: %v", table, err)
		}
	}
}
