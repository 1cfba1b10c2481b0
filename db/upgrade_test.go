package db_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/testenv"
)

// shape is what a program sees of a statement: the types of its parameters, the names and types of its columns.
func shape(d *pgx.Conn, statement string) (string, error) {
	described, err := d.Prepare(context.Background(), "", statement)
	if err != nil {
		return "", err
	}
	out := fmt.Sprint(described.ParamOIDs)
	for _, f := range described.Fields {
		out += fmt.Sprintf(" %s:%d", f.Name, f.DataTypeOID)
	}
	return out, nil
}

// TestReleasedProgramRunsOnNewSchema holds the rule of migrations: every statement of the released program means on this
// schema what it meant on its own, and its inserts need name no new column.
func TestReleasedProgramRunsOnNewSchema(t *testing.T) {
	t.Parallel()
	connect := func(url string) *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(context.Background()) })
		return conn
	}
	released, current := connect(testenv.Release1URL(t)), connect(testenv.PostgresURL(t))
	statements := testenv.Release1Statements(t)
	if len(statements) < 200 {
		t.Fatalf("only %d statements were found", len(statements))
	}
	for _, name := range slices.Sorted(maps.Keys(statements)) {
		want, err := shape(released, statements[name])
		if err != nil {
			t.Fatalf("%s on its own schema: %v", name, err)
		}
		if got, err := shape(current, statements[name]); err != nil || got != want {
			t.Errorf("%s: %v, parameters and columns are %s and were %s", name, err, got, want)
		}
	}

	const columns = `select table_name || '.' || column_name, data_type, is_nullable = 'NO' and column_default is null
			and is_identity = 'NO' and is_generated = 'NEVER' as needed
		from information_schema.columns where table_schema = 'public' and table_name not like 'goose%' order by 1`
	type column struct {
		Name, Type string
		Needed     bool
	}
	read := func(conn *pgx.Conn) map[string]column {
		rows, err := conn.Query(t.Context(), columns)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
		if err != nil {
			t.Fatal(err)
		}
		byName := map[string]column{}
		for _, c := range list {
			byName[c.Name] = c
		}
		return byName
	}
	was, is := read(released), read(current)
	known := map[string]bool{}
	for name, c := range was {
		if is[name].Type != c.Type {
			t.Errorf("%s is %q and was %q", name, is[name].Type, c.Type)
		}
		table, _, _ := strings.Cut(name, ".")
		known[table] = true
	}
	for name, c := range is {
		if table, _, _ := strings.Cut(name, "."); known[table] && c.Needed && !was[name].Needed {
			t.Errorf("the released program's inserts do not name %s, which has no default", name)
		}
	}
}
