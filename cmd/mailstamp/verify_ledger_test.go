//go:build unix

package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/testenv"
)

// localOffice is an installation with one user, a card and a mailbox on the in-process IMAP server.
type localOffice struct {
	*testing.T
	server  *imaplocal.Server
	program *testenv.Program
	worker  *testenv.Worker
	crm     *testenv.CRM
	writer  *testenv.Writer
}

const localPassword = "password of the local mailbox"

func newLocalOffice(t *testing.T, env ...string) *localOffice {
	t.Helper()
	return newLocalOfficeOn(t, imaplocal.Options{}, env...)
}

func newLocalOfficeOn(t *testing.T, options imaplocal.Options, env ...string) *localOffice {
	t.Helper()
	server, err := imaplocal.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	o := &localOffice{T: t, server: server, writer: testenv.NewWriter(1)}
	if err := server.AddUser("ada", localPassword); err != nil {
		t.Fatal(err)
	}
	o.program = testenv.NewProgramOn(t, testenv.PostgresURL(t), append([]string{"MAILSTAMP_ALLOW_PRIVATE_IMAP=127.0.0.1"}, env...)...)
	credentials := o.program.AddAccount(t, t.Name())
	o.worker = o.program.StartWorker(t)
	o.crm = testenv.NewCRM(t, o.worker.URL, credentials)
	o.crm.Tell(t,
		testenv.Event{Type: "user.upserted", Data: map[string]any{"id": "ada", "version": 1, "addresses": []string{"ada@corp.example"}}},
		testenv.Event{Type: "card.upserted", Data: map[string]any{"kind": "contact", "id": "kim", "version": 1, "owner": "ada", "audience": "everyone",
			"addresses": []map[string]string{{"address": "kim@customer.example"}}}})
	return o
}

// letters brings n mails of the customer into a folder.
func (o *localOffice) letters(folder string, n int) {
	o.Helper()
	for range n {
		l := o.writer.Letter(testenv.Party{Address: "kim@customer.example"}, testenv.Party{Address: "ada@corp.example"})
		if _, err := o.server.Append("ada", folder, nil, l.Date, l.Bytes()); err != nil {
			o.Fatal(err)
		}
	}
}

func (o *localOffice) connect() {
	o.Helper()
	o.put(o.server.Port())
}

func (o *localOffice) put(port int) {
	o.Helper()
	a := o.crm.Service(o).Do(o, http.MethodPut, "/mailboxes/box", map[string]any{
		"user": "ada", "host": o.server.Host(), "port": port, "tls": "none", "username": "ada", "window_months": 1200,
		"auth": map[string]string{"password": localPassword},
	})
	if a.Status/100 != 2 {
		o.Fatalf("PUT mailbox: %d %s", a.Status, a.Body)
	}
}

// boxHealth is GET /v1/mailboxes/{id}, as far as these tests look.
type boxHealth struct {
	State, Problem string
	ProblemCode    string     `json:"problem_code"`
	ProblemToDo    string     `json:"problem_to_do"`
	ProblemSince   *time.Time `json:"problem_since"`
	Progress       struct {
		Done, Total int64
		ETA         *float64 `json:"eta_seconds"`
	}
	Folders []struct {
		Name                string
		Stored, Quarantined int64
	}
}

func (o *localOffice) health() (h boxHealth) {
	o.Helper()
	o.crm.Service(o).GetJSON(o, "/mailboxes/box", &h)
	return h
}

func (o *localOffice) await(patience time.Duration, state string, stored int64) {
	o.Helper()
	testenv.Eventually(o, patience, func() error {
		h := o.health()
		total := int64(0)
		for _, f := range h.Folders {
			total += f.Stored
		}
		if h.State != state || total != stored {
			return fmt.Errorf("the mailbox is %s (%s) with %d mails stored, want %s with %d", h.State, h.Problem, total, state, stored)
		}
		return nil
	})
}

// exec runs a statement on the account's rows.
func (o *localOffice) exec(sql string) {
	o.Helper()
	conn, err := pgx.Connect(o.Context(), o.program.DatabaseURL)
	if err != nil {
		o.Fatal(err)
	}
	defer conn.Close(o.Context())
	for _, s := range []string{`select set_config('mailstamp.account', id::text, false) from accounts`, sql} {
		if _, err := conn.Exec(o.Context(), s); err != nil {
			o.Fatal(err)
		}
	}
}

// TestVerifyLedger: the ledger is what the server shows, and each way in which it can be damaged is told.
func TestVerifyLedger(t *testing.T) {
	t.Parallel()
	o := newLocalOffice(t)
	o.letters("INBOX", 5)
	o.letters("Sent", 3)
	o.letters("Trash", 2)
	o.connect()
	o.await(syncPatience, "live", 8)
	if out := string(o.program.Run(t, "verify")); !strings.Contains(out, "mailbox box, 3 folders, 8 messages: 0 differences") {
		t.Errorf("verify of a sound ledger:\n%s", out)
	}
	// With the worker at work: it mends what it finds, and is not told of it again.
	o.worker.Stop(t)
	o.exec(`delete from ledger l using folders f where f.id = l.folder_id and f.name = 'INBOX' and l.uid in (2, 3)`)
	o.exec(`insert into ledger (account_id, folder_id, uid_validity, uid, disposition) select account_id, id, uid_validity, 99, 'indexed' from folders where name = 'INBOX'`)
	o.exec(`update folders set uid_validity = 77 where name = 'Sent'`)
	out, err := o.program.Try(t, "verify")
	if err == nil {
		t.Error("verify of a damaged ledger succeeds")
	}
	for _, want := range []string{
		"3 folders, 8 messages: 3 differences", `folder "INBOX": 2 messages on the server are not in the ledger: UID 2:3`,
		`folder "INBOX": 1 messages in the ledger are not on the server: UID 99`, `folder "Sent" has another UIDVALIDITY on the server`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("verify does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "@") {
		t.Errorf("verify tells addresses:\n%s", out)
	}
	// A server that is away proves nothing.
	o.server.Close()
	if out, err := o.program.Try(t, "verify"); err == nil || !strings.Contains(string(out), "mailbox box: not compared: The mail server could not be reached.") {
		t.Errorf("verify without the server: %v\n%s", err, out)
	}
}
