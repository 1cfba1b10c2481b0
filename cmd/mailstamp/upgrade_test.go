package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/testenv"
)

// releasedTrail is what the first release printed as the head of the trail.
const releasedTrail = "acc_RSAVUYE47U743FEILSUP5HLPVV:37:37f1a0ca9c6298aaf2decde14d51f53ae7b0ec8a961d4232cbd85f537abb7289"

// TestUpgradeFromRelease1 takes an account that the first release left with jobs queued: the migrations change nothing of
// what it wrote, this program does the jobs that are left, the slow evaluator and the trail agree, and viewers are
// answered what they were.
func TestUpgradeFromRelease1(t *testing.T) {
	t.Parallel()
	p := testenv.NewRelease1(t)
	conn, err := pgx.Connect(t.Context(), p.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	fails(t, p, "run `mailstamp migrate`", "worker") // rather than work on a schema that it does not know
	was := contents(t, conn, nil)
	p.Migrate(t)
	is := contents(t, conn, was)
	for _, table := range slices.Sorted(maps.Keys(was)) {
		if is[table].digest != was[table].digest {
			t.Errorf("the migrations changed what is in %s", table)
		}
	}
	if len(was) < 30 {
		t.Fatalf("only %d tables were compared", len(was))
	}

	if left := jobsLeft(t, conn); left != 5 {
		t.Fatalf("%d jobs are left to do, want the 5 of the first release", left)
	}
	w := p.StartWorker(t, "--roles=jobs,http") // its mailboxes' servers are gone
	testenv.Eventually(t, time.Minute, func() error {
		if left := jobsLeft(t, conn); left > 0 {
			return fmt.Errorf("%d re-stamping jobs are not done", left)
		}
		return nil
	})
	if out := string(p.Run(t, "verify", "--only=stamps")); !strings.HasSuffix(out, ": 0 differences\n") {
		t.Errorf("verify:\n%s", out)
	}
	p.Run(t, "audit", "verify", "--head="+releasedTrail)
	crm := testenv.NewCRM(t, w.URL, testenv.Release1Account(t, p.DatabaseURL))
	for _, recorded := range testenv.Release1Answers(t) {
		var want, got any
		if err := json.Unmarshal(recorded.Answer, &want); err != nil {
			t.Fatal(err)
		}
		crm.As(t, recorded.Viewer).GetJSON(t, recorded.Path, &got)
		for _, difference := range missing("", want, got) {
			t.Errorf("%s as %s: %s", recorded.Path, recorded.Viewer, difference)
		}
	}
	w.Stop(t)
}

// table is what is in a table: the columns compared, and a digest of all rows.
type table struct{ columns, digest string }

// contents reads the public tables, all columns or those of before. River keeps books on itself; goose counts the migrations.
func contents(t *testing.T, conn *pgx.Conn, before map[string]table) map[string]table {
	t.Helper()
	if _, err := conn.Exec(t.Context(), `select set_config('mailstamp.account', id::text, false) from accounts`); err != nil {
		t.Fatal(err)
	}
	if before == nil {
		rows, err := conn.Query(t.Context(), `select table_name::text, string_agg(format('%I', column_name), ', ' order by ordinal_position)
			from information_schema.columns join information_schema.tables using (table_schema, table_name)
			where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like 'river%' and table_name not like 'goose%'
			group by 1`)
		if err != nil {
			t.Fatal(err)
		}
		before = map[string]table{}
		var name, columns string
		if _, err := pgx.ForEachRow(rows, []any{&name, &columns}, func() error {
			before[name] = table{columns: columns}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]table{}
	for name, of := range before {
		query := fmt.Sprintf(`select md5(coalesce(string_agg(md5(r::text), '' order by r::text), '')) from (select %s from %s) r`, of.columns, name)
		if err := conn.QueryRow(t.Context(), query).Scan(&of.digest); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found[name] = of
	}
	return found
}

func jobsLeft(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "select count(*) from river_job where kind = 'restamp' and state <> 'completed'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// missing lists what of want is not in got: got may say more, not less and nothing else.
func missing(at string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return []string{at + " is no object any more"}
		}
		var out []string
		for _, key := range slices.Sorted(maps.Keys(want)) {
			out = append(out, missing(at+"."+key, want[key], got[key])...)
		}
		return out
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return []string{fmt.Sprintf("%s has %d entries and had %d", at, len(got), len(want))}
		}
		var out []string
		for i := range want {
			out = append(out, missing(fmt.Sprintf("%s[%d]", at, i), want[i], got[i])...)
		}
		return out
	}
	if want != got {
		return []string{fmt.Sprintf("%s is %v and was %v", at, got, want)}
	}
	return nil
}
