//go:build unix

package main_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/testenv"
)

// postgresTool is a client program of PostgreSQL.
func postgresTool(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		t.Fatalf("there is no %s on this machine", name)
	}
	return slices.Max(found)
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
}

// TestRestoreOldBackup restores a backup that is older than the last things that happened, as README says it: stamps and trail
// are sound, the mailbox goes on from the cursor of the backup, finds what came since and misses what was deleted since, and
// the CRM's facts can be told again.
func TestRestoreOldBackup(t *testing.T) {
	t.Parallel()
	server := testenv.PostgresContainer(t)
	keyset, err := seal.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"MAILSTAMP_KEYSET=" + string(keyset), "MAILSTAMP_ALLOW_PRIVATE_IMAP=127.0.0.1"}
	p := testenv.NewProgramOn(t, server.URL, env...)
	acme := p.AddAccount(t, "Acme")
	mail, err := imaplocal.New(imaplocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mail.Close() })
	if err := mail.AddUser("ada", "secret"); err != nil {
		t.Fatal(err)
	}
	arrive := func(n int) {
		letter := fmt.Sprintf("From: kim@customer.example\r\nTo: ada@corp.example\r\nSubject: mail %d\r\nMessage-ID: <%d@x>\r\n\r\nHello\r\n", n, n)
		if _, err := mail.Append("ada", "INBOX", nil, time.Now(), []byte(letter)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 20 {
		arrive(n)
	}

	w := p.StartWorker(t)
	crm := testenv.NewCRM(t, w.URL, acme)
	crm.Tell(t,
		testenv.Event{Type: "user.upserted", Data: map[string]any{"id": "ada", "version": 1, "addresses": []string{"ada@corp.example"}, "active": true}},
		testenv.Event{Type: "user.upserted", Data: map[string]any{"id": "ben", "version": 1, "addresses": []string{"ben@corp.example"}, "active": true}},
		testenv.Event{Type: "card.upserted", Data: map[string]any{"kind": "contact", "id": "kim", "version": 1, "owner": "ada", "audience": "everyone",
			"addresses": []map[string]string{{"address": "kim@customer.example"}}}})
	put := crm.Service(t).Do(t, http.MethodPut, "/mailboxes/box", map[string]any{"user": "ada", "host": mail.Host(), "port": mail.Port(), "tls": "none",
		"username": "ada", "auth": map[string]string{"password": "secret"}})
	if put.Status/100 != 2 {
		t.Fatalf("PUT mailbox: %d %s", put.Status, put.Body)
	}
	// shows waits until the viewer's feed has these subjects and no others of mail 0, 20.
	shows := func(crm *testenv.CRM, viewer string, count int, has, hasNot string) {
		t.Helper()
		testenv.Eventually(t, syncPatience, func() error {
			var feed struct{ Items []struct{ Subject string } }
			crm.As(t, viewer).GetJSON(t, "/cards/contact/kim/feed?limit=100", &feed)
			var subjects []string
			for _, item := range feed.Items {
				subjects = append(subjects, item.Subject)
			}
			if len(subjects) != count || has != "" && !slices.Contains(subjects, has) || slices.Contains(subjects, hasNot) {
				return fmt.Errorf("%d entries for %s: %q", len(subjects), viewer, subjects)
			}
			return nil
		})
	}
	shows(crm, "ada", 20, "mail 0", "mail 20")
	head := strings.TrimSpace(string(p.Run(t, "audit", "verify")))

	// The backup, while the worker works. Row-level security binds the owner of the tables, so a superuser makes it.
	superuser, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	superuser.User = url.UserPassword("postgres", "mailstamp")
	backup := filepath.Join(t.TempDir(), "mailstamp.dump")
	command(t, postgresTool(t, "pg_dump"), "--format=custom", "--file="+backup, superuser.String())

	// What the backup does not know of.
	arrive(20)
	if err := mail.Expunge("ada", "INBOX", 1); err != nil {
		t.Fatal(err)
	}
	crm.Tell(t, testenv.Event{Type: "sync.requested", Data: map[string]string{"mailbox": "box"}})
	shows(crm, "ada", 20, "mail 20", "mail 0")
	everyone := testenv.Event{Type: "setting.changed", Data: map[string]any{"user": "ada", "version": 1, "contact": "everyone"}}
	crm.Tell(t, everyone)
	shows(crm, "ben", 20, "mail 20", "mail 0")
	w.Stop(t)

	restored := *superuser
	restored.Path = "/restored"
	execute(t, superuser.String(), "create database restored owner mailstamp")
	command(t, postgresTool(t, "pg_restore"), "--exit-on-error", "--dbname="+restored.String(), backup)
	restored.User = url.UserPassword("mailstamp", "mailstamp")
	q := testenv.NewProgramOn(t, restored.String(), env...)
	if out := string(q.Run(t, "verify", "--only=stamps")); !strings.Contains(out, ": 0 differences") {
		t.Errorf("verify of the backup:\n%s", out)
	}
	q.Run(t, "audit", "verify", "--head="+head)
	if out := string(q.Run(t, "doctor")); strings.Contains(out, "PROBLEM") {
		t.Errorf("doctor:\n%s", out)
	}
	w = q.StartWorker(t)
	crm = testenv.NewCRM(t, w.URL, acme)
	shows(crm, "ada", 20, "mail 20", "mail 0")
	shows(crm, "ben", 0, "", "mail 20") // the change of the setting came after the backup …
	if status := crm.Tell(t, everyone); status[0] != "applied" {
		t.Errorf("a fact told again is %s", status)
	}
	shows(crm, "ben", 20, "mail 20", "mail 0") // … and holds once it is told again
	w.Stop(t)
	q.Run(t, "audit", "verify", "--head="+head)
	if out := string(q.Run(t, "verify")); !strings.Contains(out, ": 0 differences") {
		t.Errorf("verify in the end:\n%s", out)
	}
}
