package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/jobs/webhook"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

// whole is a bundle with real mailboxes on a server of its own, read by a supervisor.
type whole struct {
	*bundle
	server *imaplocal.Server
	at     time.Time // of the last mail
}

func newWhole(t *testing.T) *whole {
	t.Helper()
	w := &whole{bundle: newBundle(t), at: time.Now().Add(-24 * time.Hour)}
	var err error
	if w.server, err = imaplocal.New(imaplocal.Options{}); err != nil {
		t.Fatal(err)
	}
	allow, err := safedial.ParseAllow("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	mail := ingest.Options{DB: w.d, Stamper: ingest.StamperFunc(visibility.Correspond), Dialer: &safedial.Dialer{Allow: allow},
		Removal: jobs.EnqueueRemoval, Logger: log, Timing: ingest.Timing{Pass: 200 * time.Millisecond, Acquire: 50 * time.Millisecond}}
	w.door = New(Deps{DB: w.d, Feed: &feed.Service{DB: w.d, SanitizeHTML: message.SanitizeHTML, Enqueue: jobs.Enqueue},
		Mailboxes: ingest.NewMailboxes(mail), Erasures: jobs.Erasures{DB: w.d}, Receive: webhook.New(w.d).Receive, Log: log})
	w.run(ingest.NewSupervisor(mail))
	t.Cleanup(func() { w.server.Close() })
	return w
}

// run starts a part of the program until the test ends.
func (w *whole) run(part interface {
	Start(context.Context) error
	Stop(context.Context) error
}) {
	w.Helper()
	ctx := context.WithoutCancel(w.Context())
	if err := part.Start(ctx); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		if err := part.Stop(ctx); err != nil {
			w.Error(err)
		}
	})
}

// work starts the jobs.
func (w *whole) work() {
	w.Helper()
	client, err := jobs.New(w.d, slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})), prometheus.NewRegistry())
	if err != nil {
		w.Fatal(err)
	}
	w.run(client)
}

func (w *whole) events(events ...string) {
	w.Helper()
	id := fmt.Sprintf("events_%d", time.Now().UnixNano())
	if a := w.deliver(w.acc, id, "["+strings.Join(events, ",")+"]"); a.Code != http.StatusOK {
		w.Fatalf("events: %d %s", a.Code, a.Body)
	}
}

// login makes a login on the mail server, mailbox a mailbox for it.
func (w *whole) login(user string) {
	w.Helper()
	if err := w.server.AddUser(user, "pass"); err != nil {
		w.Fatal(err)
	}
	w.mailbox(user)
}

func (w *whole) mailbox(user string) {
	w.Helper()
	w.want(200, "PUT", "/v1/mailboxes/"+user, "service", fmt.Sprintf(
		`{"user":%q,"host":"127.0.0.1","port":%d,"tls":"none","username":%q,"auth":{"password":"pass"}}`, user, w.server.Port(), user), nil)
}

func (w *whole) mail(user, folder, header, body string) {
	w.Helper()
	w.at = w.at.Add(time.Minute)
	raw := "Date: " + w.at.Format(time.RFC1123Z) + "\r\n" + strings.ReplaceAll(header, "\n", "\r\n") + "\r\n\r\n" + strings.ReplaceAll(body, "\n", "\r\n")
	if _, err := w.server.Append(user, folder, nil, w.at, []byte(raw)); err != nil {
		w.Fatal(err)
	}
}

func (w *whole) number(query string, args ...any) (n int) {
	w.Helper()
	err := w.d.Tx(w.Context(), w.acc.ID, func(tx *db.Tx) error { return tx.QueryRow(w.Context(), query, args...).Scan(&n) })
	if err != nil {
		w.Fatalf("%s: %v", query, err)
	}
	return n
}

// await asks until the answer is want.
func (w *whole) await(want int, query string, args ...any) {
	w.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for w.number(query, args...) != want {
		select {
		case <-tick.C:
		case <-deadline:
			w.Fatalf("after 30 s not %d: %s", want, query)
		}
	}
}

// find looks for a text in every column of every table there is, as the catalogue lists them, and says in which tables it is
// and in how many rows.
func (w *whole) find(text string) map[string]int {
	w.Helper()
	found := map[string]int{}
	err := w.d.Tx(w.Context(), w.acc.ID, func(tx *db.Tx) error {
		rows, err := tx.Query(w.Context(), `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`)
		if err != nil {
			return err
		}
		var tables []string
		for rows.Next() {
			var table string
			if err := rows.Scan(&table); err != nil {
				return err
			}
			tables = append(tables, table)
		}
		if len(tables) < 30 {
			return fmt.Errorf("%d tables are too few to be all", len(tables))
		}
		for _, table := range tables {
			var n int // bytea is written in hex
			err := tx.QueryRow(w.Context(), `select count(*) from `+table+` t where t::text ilike '%' || $1 || '%' or t::text like '%' || $2 || '%'`,
				text, hex.EncodeToString([]byte(text))).Scan(&n)
			if err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			if n > 0 {
				found[table] = n
			}
		}
		return rows.Err()
	})
	if err != nil {
		w.Fatal(err)
	}
	return found
}

const (
	kim       = "kim.canary@canary.example"
	userUma   = `{"type":"user.upserted","data":{"id":"uma","version":1,"name":"Uma","addresses":["uma@us.example"],"active":true}}`
	userBen   = `{"type":"user.upserted","data":{"id":"ben","version":1,"name":"Ben","addresses":["ben@us.example"],"active":true}}`
	cardLee   = `{"type":"card.upserted","data":{"kind":"lead","id":"lee","version":1,"name":"Lee","audience":"everyone","addresses":[{"address":"lee@other.example","label":""}]}}`
	cardDeal  = `{"type":"card.upserted","data":{"kind":"deal","id":"d","version":1,"name":"Deal","audience":"everyone","contacts":[{"id":"kim","primary":true}]}}`
	cardKim   = `{"type":"card.upserted","data":{"kind":"contact","id":"kim","version":%d,"name":%q,"audience":"everyone","addresses":[{"address":"Kim.Canary@Canary.example","label":%q}]}}`
	shareKim  = `{"type":"share.changed","data":{"user":"uma","version":%d,"card":{"kind":"contact","id":"kim"},"address":"kim.canary@canary.example","state":"shared"}}`
	blocksKim = `{"type":"blocklist.changed","data":{"user":"ben","version":%d,"entries":["kim.canary@canary.example","@nowhere.example"]}}`
)

// TestEraseLeavesNothing is the search for canaries: a person whose address, name, subjects and words are in every table that can
// hold them is found in none once erased, nor comes in again. From the answer on nobody is shown any of it.
func TestEraseLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWhole(t)
	w.events(userUma, userBen, cardLee, fmt.Sprintf(cardKim, 1, "Kim Canary", "Canary, private"), cardDeal, fmt.Sprintf(shareKim, 1), fmt.Sprintf(blocksKim, 1))
	w.login("uma")
	w.login("ben")
	w.mail("uma", "Sent", "Message-ID: <1@us>\nFrom: Uma <uma@us.example>\nTo: Kim Canary <kim.canary@canary.example>\nSubject: To the canary", "Hello Canary")
	w.mail("uma", "INBOX", "Message-ID: <2@canary>\nReferences: <1@us>\nFrom: Kim Canary <Kim.Canary@canary.example>\nTo: uma@us.example\nCc: lee@other.example\nSubject: Re: To the canary\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B",
		"--B\nContent-Type: text/html\n\n<p>Canary words</p>\n--B\nContent-Type: text/plain; name=\"canary.txt\"\nContent-Disposition: attachment; filename=\"canary.txt\"\n\nx\n--B--\n")
	w.mail("uma", "INBOX", "Message-ID: <3@mx>\nReturn-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: uma@us.example\nSubject: Undelivered\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=R",
		"--R\nContent-Type: text/plain\n\nSorry.\n--R\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.canary.example\n\nFinal-Recipient: rfc822; kim.canary@canary.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 kim.canary@canary.example: no such canary\n\n--R\nContent-Type: text/rfc822-headers\n\nMessage-ID: <1@us>\n\n--R--\n")
	w.mail("uma", "INBOX", "Message-ID: <4@other>\nFrom: \"kim.canary@canary.example via list\" <lee@other.example>\nTo: uma@us.example\nSubject: Of KIM.CANARY@canary.example",
		"Write to kim.canary@canary.example or mailto:kim.canary%40canary.example!")
	w.mail("uma", "Sent", "Message-ID: <5@us>\nFrom: uma@us.example\nTo: lee@other.example\nSubject: Unconcerned", "Unconcerned")
	w.mail("ben", "INBOX", "Message-ID: <6@canary>\nFrom: kim.canary@canary.example\nTo: ben@us.example\nSubject: Blocked canary", "Canary")
	w.await(4, "select count(*) from messages")
	w.await(6, "select count(*) from ledger")
	w.await(1, "select count(*) from delivery_events where status = 'bounced'")
	var before feed.Page[feed.Item]
	w.want(200, "GET", "/v1/cards/contact/kim/feed", "ben", "", &before)
	if len(before.Items) != 2 {
		t.Fatalf("shared mail before: %d", len(before.Items))
	}
	w.want(200, "GET", "/v1/cards/lead/lee/feed", "uma", "", &before)
	if len(before.Items) != 3 {
		t.Fatalf("mail with the other before: %d", len(before.Items))
	}
	id := before.Items[slices.IndexFunc(before.Items, func(i feed.Item) bool { return i.Subject == "Re: To the canary" })].Message
	if a := w.call("POST", "/v1/messages/"+id+"/forward", token(w.acc, "uma"), ""); a.Code != 200 {
		t.Fatalf("forward: %d %s", a.Code, a.Body)
	}
	// The search must be able to fail.
	found := w.find("canary")
	for _, table := range []string{"addresses", "blocklist_entries", "card_addresses", "cards", "deliveries", "delivery_events", "message_bodies", "messages"} {
		if found[table] == 0 {
			t.Fatalf("no canary in %s to begin with: the search proves nothing (%v)", table, found)
		}
	}
	hash := hex.EncodeToString(w.acc.Keys.AddressHash(kim))
	if n := w.find(hash); n["reports"] == 0 || n["indexed_addresses"] == 0 {
		t.Fatalf("no hash of the address to begin with: %v", n)
	}

	a := w.call("POST", "/v1/erase", token(w.acc, "service"), `{"address":"Kim.Canary@CANARY.example"}`)
	var erasure jobs.Erasure
	if err := json.Unmarshal(a.Body.Bytes(), &erasure); err != nil {
		t.Fatal(err)
	}
	if a.Code != http.StatusAccepted || erasure.Job == "" || erasure.State != "running" || a.Header().Get("Location") != "/v1/erase/"+erasure.Job {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	// No job has run yet.
	var page feed.Page[feed.Item]
	for _, card := range []string{"contact/kim", "deal/d"} {
		w.want(200, "GET", "/v1/cards/"+card+"/feed", "uma", "", &page)
		if len(page.Items) != 0 {
			t.Errorf("on %s the author still sees %d messages", card, len(page.Items))
		}
		var list feed.Conversations
		w.want(200, "GET", "/v1/cards/"+card+"/conversations", "uma", "", &list)
		if len(list.Items) != 0 {
			t.Errorf("on %s there are still conversations: %+v", card, list)
		}
	}
	w.want(200, "GET", "/v1/cards/lead/lee/feed", "uma", "", &page)
	if len(page.Items) != 2 {
		t.Errorf("of mail with the other, %d messages are shown, want those without the person", len(page.Items))
	}
	w.want(404, "GET", "/v1/messages/"+id, "uma", "", nil)
	w.want(404, "GET", "/v1/messages/"+id+"/attachments/1", "uma", "", nil)
	w.want(200, "GET", "/v1/erase/"+erasure.Job, "service", "", &erasure)
	if erasure.State != "running" {
		t.Errorf("done before the job: %+v", erasure)
	}

	w.work()
	done := func() {
		t.Helper()
		w.await(0, "select count(*) from erasures where finished_at is null")
		if found := w.find("canary"); len(found) > 0 {
			t.Errorf("canaries are left in %v", found)
		}
		if found := w.find(hash); len(found) != 1 || found["erasures"] != 1 {
			t.Errorf("the hash is kept in %v, want it in erasures alone", found)
		}
	}
	done()
	w.want(200, "GET", "/v1/erase/"+erasure.Job, "service", "", &erasure)
	want := map[string]int64{"addresses": 1, "blocklist_entries": 1, "card_addresses": 1, "cards": 1, "conversations": 2,
		"correspondences": 1, "deliveries": 1,
		"delivery_events": 2, "indexed_addresses": 1, "ledger": 3, "message_bodies": 2, "message_bodies redacted": 1, "messages": 2,
		"messages redacted": 1, "participants": 5, "reports": 1}
	if erasure.State != "done" || erasure.FinishedAt == nil || erasure.AddressHash != hash || !maps.Equal(erasure.Removed, want) {
		t.Errorf("the proof: %+v\nwant removed %v", erasure, want)
	}
	var item feed.FullItem
	w.want(200, "GET", "/v1/cards/lead/lee/feed", "uma", "", &page)
	w.want(200, "GET", "/v1/messages/"+page.Items[1].Message, "uma", "", &item)
	if item.Subject != "Of [erased]" || item.From.Name != "[erased] via list" || strings.TrimSpace(item.Text) != "Write to [erased] or mailto:[erased]!" {
		t.Errorf("another's mail that names the person: %q, %q, %q", item.Subject, item.From.Name, item.Text)
	}

	// Nothing brings the person back: neither mail nor the CRM.
	w.events(fmt.Sprintf(cardKim, 2, "Renamed", ""), fmt.Sprintf(shareKim, 2), fmt.Sprintf(blocksKim, 2))
	w.mail("uma", "INBOX", "Message-ID: <7@canary>\nFrom: Kim Canary <kim.canary@canary.example>\nTo: uma@us.example\nCc: lee@other.example\nSubject: A canary again", "Canary")
	w.mail("ben", "INBOX", "Message-ID: <8@canary>\nFrom: kim.canary@canary.example\nTo: ben@us.example\nSubject: A canary again", "Canary")
	w.await(8, "select count(*) from ledger")
	done()
	if n := w.number("select count(*) from ledger where disposition = 'skipped' and reason = 'erased' and header_digest is null"); n != 5 {
		t.Errorf("%d UIDs are skipped as an erased person's, want 5", n)
	}
	w.want(422, "PUT", "/v1/shares", "uma", `{"card":{"kind":"contact","id":"kim"},"address":"kim.canary@canary.example","state":"shared"}`, nil)
	// Asked again, it looks again, under the same job.
	var again jobs.Erasure
	w.want(202, "POST", "/v1/erase", "service", `{"address":"kim.canary@canary.example"}`, &again)
	if again.Job != erasure.Job {
		t.Errorf("a second job %s beside %s", again.Job, erasure.Job)
	}
	done()
	if err := w.d.ReadTx(t.Context(), w.acc.ID, func(tx *db.Tx) error {
		_, err := tx.VerifyAudit(t.Context(), func(db.AuditHead) {})
		return err
	}); err != nil {
		t.Errorf("the trail after an erasure: %v", err)
	}
	w.log.Lock()
	defer w.log.Unlock()
	if i := strings.Index(strings.ToLower(w.log.String()), "canary"); i >= 0 {
		t.Errorf("a canary stands in the log: …%s", w.log.String()[max(0, i-200):i+20])
	}
}

// TestEraseRefuses what is no address, and a person who uses the CRM.
func TestEraseRefuses(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann", "ann@us.example"))
	for body, code := range map[string]string{`{"address":"nonsense"}`: "422 invalid_address", `{}`: "422 invalid_address", `[]`: "400 invalid_json",
		`{"address":"Ann@us.example"}`: "409 address_of_user"} {
		w := b.call("POST", "/v1/erase", token(b.acc, "service"), body)
		var p problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(w.Code, " ", p.Code); got != code {
			t.Errorf("%s: %s, want %s", body, got, code)
		}
	}
	b.want(404, "GET", "/v1/erase/none", "service", "", nil)
	b.tell(b.acc, &visibility.UserDeleted{ID: "ann", Version: 2})
	b.want(202, "POST", "/v1/erase", "service", `{"address":"ann@us.example"}`, nil)
}
