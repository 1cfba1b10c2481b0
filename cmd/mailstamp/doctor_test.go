package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/testenv"
)

// TestDoctor makes faults, one by one, and expects each to be named with its remedy, and an exit code that tells problems
// from what only deserves a look. TestWrongKeys and TestFirstSteps do the same for keys, database and schema.
func TestDoctor(t *testing.T) {
	t.Parallel()
	p := testenv.NewProgram(t)
	p.Migrate(t)
	acme := p.AddAccount(t, "Acme")
	p.StartWorker(t, "--roles=sync,http").Stop(t)
	keys := filepath.Join(t.TempDir(), "keyset.json")
	if err := os.WriteFile(keys, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	mine := func(statement string) string {
		return "do $$ begin perform set_config('mailstamp.account', (select id from accounts)::text, true); " + statement + "; end $$"
	}
	const job = "insert into river_job (kind, queue, args, max_attempts, state, scheduled_at, attempted_at, finalized_at, attempt) values "
	for _, c := range []struct {
		fault, sql, mend string
		args             []string
		says             string // verdict and finding
		todo             string
		problem          bool
	}{
		{fault: "private listener open to every name", args: []string{"--admin-listen=0.0.0.0:8081"}, says: "warning  private listener: 0.0.0.0:8081", todo: "set MAILSTAMP_ADMIN_HOSTS"},
		{fault: "no worker", says: "warning  worker: no worker", todo: "start `mailstamp worker`"},
		{fault: "key set away", args: []string{"--keyset=" + keys + ".away"}, says: "PROBLEM  keys of the accounts: 1 accounts", todo: "set MAILSTAMP_KEYSET", problem: true},
		{fault: "key set unreadable", args: []string{"--keyset=" + filepath.Dir(keys)}, says: "PROBLEM  key set: read the key set", todo: "restore the copy", problem: true},
		{fault: "key set broken", args: []string{"--keyset=" + keys}, says: "PROBLEM  key set: read the key set: it is not a Tink keyset", todo: "restore the copy", problem: true},
		{fault: "clocks apart", // the server's clock, as seen from here, by a function that hides it
			sql:  `create function clock_timestamp() returns timestamptz language sql as 'select pg_catalog.clock_timestamp() + interval ''1 hour'''; do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$`,
			mend: `do $$ begin execute format('alter database %I reset search_path', current_database()); end $$; drop function public.clock_timestamp()`,
			says: "PROBLEM  clock: this machine's and the database's differ by 1h0m", todo: "NTP", problem: true},
		{fault: "wall between accounts open", sql: "alter table messages no force row level security", mend: "alter table messages force row level security",
			says: "PROBLEM  separation of accounts: no row-level security on messages", todo: "force row level security", problem: true},
		{fault: "jobs that nobody does", sql: job + "('restamp', 'stamps', '{}', 10, 'available', now() - interval '1 hour', null, null, 0)", mend: "delete from river_job",
			says: "PROBLEM  jobs: 1 have waited", todo: "start `mailstamp worker` with the role jobs", problem: true},
		{fault: "job of a killed worker", sql: job + "('restamp', 'stamps', '{}', 10, 'running', now() - interval '1 hour', now() - interval '1 hour', null, 1)", mend: "delete from river_job",
			says: "warning  jobs: 1 run for longer than any may", todo: "takes them over"},
		{fault: "job given up", sql: job + "('restamp', 'stamps', '{}', 10, 'discarded', now(), now(), now(), 10)", mend: "delete from river_job",
			says: "warning  jobs given up: 1 failed too often", todo: "jobs page"},
		{fault: "stamps behind", sql: mine(`insert into users (account_id, crm_id, version, state) select id, 'u', 1, 'active' from accounts;
				insert into settings (account_id, user_id, kind, value, epoch, restamped) select account_id, id, 'lead', 'nobody', 2, 1 from users`),
			says: "warning  stamps of " + acme.Account, todo: "a worker with the role jobs"},
	} {
		if c.sql != "" {
			execute(t, p.DatabaseURL, c.sql)
		}
		out, err := p.Try(t, append(c.args, "doctor")...)
		if c.mend != "" {
			execute(t, p.DatabaseURL, c.mend)
		}
		_, after, found := strings.Cut(string(out), c.says)
		if !found {
			t.Errorf("%s: not said: %q\n%s", c.fault, c.says, out)
			continue
		}
		if lines := strings.SplitN(after, "\n", 3); !strings.Contains(lines[1], "→ ") || !strings.Contains(lines[1], c.todo) {
			t.Errorf("%s: no remedy %q\n%s", c.fault, c.todo, out)
		}
		if (err != nil) != c.problem {
			t.Errorf("%s: %v\n%s", c.fault, err, out)
		}
	}
}
