//go:build unix

package testenv

import (
	"embed"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/seal"
)

// release1 is what the first release left: a database with its keys, the
// statements it sends, and what it answered to viewers on that database.
//
//go:embed release1
var release1 embed.FS

// Release1URL is the URL of a fresh database as the first release left it, to
// be migrated.
func Release1URL(tb testing.TB) string {
	tb.Helper()
	url := EmptyPostgresURL(tb)
	dump := string(releaseFile(tb, "dump.sql"))
	const role = `do $$ begin
		if not exists (select from pg_roles where rolname = 'mailstamp_app') then create role mailstamp_app nologin; end if;
	exception when duplicate_object or unique_violation then null;
	end $$`
	if err := execute(tb.Context(), url, role, dump); err != nil {
		tb.Fatalf("testenv: fill the database of release 1: %v", err)
	}
	return url
}

// NewRelease1 is an installation that is about to be upgraded: this program,
// with the database and the keys of the first release.
func NewRelease1(tb testing.TB, env ...string) *Program {
	tb.Helper()
	keys := filepath.Join(tb.TempDir(), "keyset.json")
	if err := os.WriteFile(keys, releaseFile(tb, "keyset.json"), 0o600); err != nil {
		tb.Fatalf("testenv: write the key set: %v", err)
	}
	return NewProgramOn(tb, Release1URL(tb), append([]string{"MAILSTAMP_KEYSET=" + keys}, env...)...)
}

// Release1Account opens what the CRM of release 1's account holds.
func Release1Account(tb testing.TB, databaseURL string) Credentials {
	tb.Helper()
	sealer, err := seal.Load(string(releaseFile(tb, "keyset.json")))
	if err != nil {
		tb.Fatalf("testenv: load the keys of release 1: %v", err)
	}
	d, err := db.Open(tb.Context(), databaseURL, sealer)
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	defer d.Close()
	acc, err := d.AccountByID(tb.Context(), 1)
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	return Credentials{Account: acc.PublicID, WebhookSecret: acc.WebhookSecret, TokenKey: string(acc.TokenKey)}
}

// Release1Statements are the statements of the first release's generated code,
// by name.
func Release1Statements(tb testing.TB) map[string]string {
	tb.Helper()
	statements := map[string]string{}
	name := regexp.MustCompile(`^-- name: (\w+)`)
	for text := range strings.SplitSeq(string(releaseFile(tb, "statements.sql")), "\n\n-- name: ") {
		text = "-- name: " + strings.TrimSuffix(strings.TrimSpace(text), ";")
		if found := name.FindStringSubmatch(text); found != nil {
			statements[found[1]] = text
		}
	}
	return statements
}

// RecordedAnswer is what the first release answered, its jobs done. Cursors
// and the times of stamps are left out.
type RecordedAnswer struct {
	Viewer, Path string // the path below /v1
	Answer       json.RawMessage
}

// Release1Answers are the recorded answers.
func Release1Answers(tb testing.TB) []RecordedAnswer {
	tb.Helper()
	var answers []RecordedAnswer
	for line := range strings.Lines(string(releaseFile(tb, "answers.jsonl"))) {
		var one RecordedAnswer
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			tb.Fatalf("testenv: read the answers of release 1: %v", err)
		}
		answers = append(answers, one)
	}
	return answers
}

func releaseFile(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := release1.ReadFile("release1/" + name)
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	return b
}
