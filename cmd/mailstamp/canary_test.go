//go:build unix

package main_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/testenv"
)

// TestS10SecretsAndMailAreToldNowhere: with every line logged, what is secret or somebody's mail is in no log, metric, job
// or report of an error; the worker's, and that of the commands that look at everything.
func TestS10SecretsAndMailAreToldNowhere(t *testing.T) {
	t.Parallel()
	o := newLocalOffice(t, "MAILSTAMP_LOG=json,debug")
	const canary = "kanarienvogel" // in each field, the local part of each address included
	for _, from := range []string{"kim@customer.example", canary + "-stranger@elsewhere.example"} {
		l := o.writer.Letter(testenv.Party{Name: canary, Address: from}, testenv.Party{Name: canary, Address: "ada@corp.example"})
		l.Subject, l.Text, l.HTML = canary+" subject", canary+" text", "<p>"+canary+"</p>"
		l.Cc = []testenv.Party{{Name: canary, Address: canary + "-copy@elsewhere.example"}}
		l.MessageID = canary + "." + l.MessageID
		l.Attachments = []testenv.Attachment{{Name: canary + ".pdf", Type: "application/pdf", Content: []byte(canary)}}
		l.Header = []string{"X-Note: " + canary}
		if _, err := o.server.Append("ada", "INBOX", nil, l.Date, l.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.server.Append("ada", "INBOX", nil, time.Now(), []byte("Subject: "+canary+"\r\nContent-Type: multipart/mixed; boundary="+canary+"\r\n\r\n"+canary)); err != nil {
		t.Fatal(err)
	}
	o.connect()
	o.await(syncPatience, "live", 1)
	// A refused login, an event and a call that are refused.
	o.crm.Service(o).Do(o, http.MethodPut, "/mailboxes/other", map[string]any{
		"user": "ada", "host": o.server.Host(), "port": o.server.Port(), "tls": "none", "username": canary, "auth": map[string]string{"password": canary},
	})
	testenv.Eventually(o, syncPatience, func() error {
		var h boxHealth
		o.crm.Service(o).GetJSON(o, "/mailboxes/other", &h)
		if h.State != "needs_auth" {
			return fmt.Errorf("the mailbox is %s", h.State)
		}
		return nil
	})
	o.crm.Deliver(o, testenv.Event{Type: canary, Data: map[string]any{canary: canary}})
	o.crm.As(o, "ada").Get(o, "/messages/"+canary)
	told := map[string]string{"log": o.worker.Log()}
	res, err := http.Get(o.worker.AdminURL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	told["metrics"] = string(body)
	for _, command := range []string{"doctor", "verify"} {
		out, err := o.program.Try(t, command)
		told[command] = string(out)
		if err != nil {
			told[command] += err.Error()
		}
	}
	conn, err := pgx.Connect(t.Context(), o.program.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `select kind || args::text || coalesce(errors::text, '') || metadata::text from river_job`)
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	told["jobs"] = strings.Join(jobs, "\n")
	for _, where := range []string{"log", "metrics", "doctor", "verify", "jobs"} {
		text := told[where]
		if len(text) < 100 {
			t.Errorf("the %s is suspiciously short: %q", where, text)
		}
		for _, secret := range []string{canary, localPassword, "kim@customer", "ada@corp", o.crm.WebhookSecret, o.crm.TokenKey} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("the %s tells %q: …%s…", where, secret, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
}
