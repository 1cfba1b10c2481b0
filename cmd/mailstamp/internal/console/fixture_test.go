package console

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/httpserve"
	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/jobs/notify"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/testenv/browser"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(browser.Main(m), goleak.IgnoreAnyFunction("github.com/mailstamp/mailstamp/testenv.holdKeeper"))
}

// hostile is what foreign people may call themselves and their mail.
const hostile = `<script>alert("x")</script>'">&amp;`

var (
	henrik = visibility.CardRef{Kind: rules.Contact, ID: "henrik/1 ?"} // ids are opaque: this one needs escaping
	deal   = visibility.CardRef{Kind: rules.Deal, ID: "deal"}
	second = visibility.CardRef{Kind: rules.Deal, ID: "second"}
)

const (
	work    = "henrik@work.example"
	private = "henrik@home.example"
)

// world is an account with anna, ben and clara; anna owns the contact henrik and two deals with him, of which clara can
// open the second only. Anna has three mails with him.
type world struct {
	t    *testing.T
	d    *db.DB
	acc  *db.Account
	feed *feed.Service
	deps Deps
	client
	left []visibility.Work

	letter, answer, secret string // ids of the messages
}

// client asks the handler under test.
type client struct{ http.Handler }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, d: testenv.DB(t)}
	var err error
	if w.acc, err = w.d.NewAccount(t.Context(), "Test & Co"); err != nil {
		t.Fatal(err)
	}
	w.feed = &feed.Service{DB: w.d, SanitizeHTML: message.SanitizeHTML,
		Enqueue: func(_ context.Context, _ *db.Tx, work []visibility.Work) error {
			w.left = append(w.left, work...)
			return nil
		}}
	w.deps = Deps{Accounts: w.d.Accounts, Feed: w.feed, Mailboxes: noMailboxes{}, Events: notify.Outbox{DB: w.d},
		VerifyTrail: w.d.VerifyTrail, Log: slog.New(slog.DiscardHandler)}
	w.Handler = New(w.deps)
	owner := "anna"
	contact := []visibility.DealContact{{ID: henrik.ID, Primary: true}}
	w.tell(
		&visibility.UserUpserted{ID: "anna", Version: 1, Name: "Anna " + hostile, Addresses: []string{"anna@us.example"}},
		&visibility.UserUpserted{ID: "ben", Version: 1, Name: "Ben Okafor", Addresses: []string{"ben@us.example"}},
		&visibility.UserUpserted{ID: "clara", Version: 1, Name: "Clara Weiss", Addresses: []string{"clara@us.example"}},
		&visibility.CardUpserted{Kind: henrik.Kind, ID: henrik.ID, Version: 1, Name: "Henrik " + hostile, Owner: &owner,
			Audience:  visibility.Audience{Everyone: true},
			Addresses: []visibility.CardAddress{{Address: work, Label: "Work"}, {Address: private, Label: "Private"}}},
		&visibility.CardUpserted{Kind: deal.Kind, ID: deal.ID, Version: 1, Name: "New light", Owner: &owner,
			Audience: visibility.Audience{Users: []string{"ben"}}, Contacts: contact},
		&visibility.CardUpserted{Kind: second.Kind, ID: second.ID, Version: 1, Name: "Service", Owner: &owner,
			Audience: visibility.Audience{Everyone: true}, Contacts: contact},
	)
	w.letter = w.store(mail{from: work, to: "anna@us.example", subject: "Letter " + hostile, text: "Dear Anna " + hostile,
		html: `<p>Dear <b>Anna</b></p><script>alert(1)</script><img src="https://track.example/x">`, attachment: hostile + ".csv"})
	w.answer = w.store(mail{from: "anna@us.example", to: work, bcc: "boss@elsewhere.example", subject: "Answer", text: "Dear Henrik", status: "bounced"})
	w.secret = w.store(mail{from: private, to: "anna@us.example", subject: "Off the record", text: "Nobody knows", seen: true})
	return w
}

// serve serves the pages behind the private listener's guard and returns their address.
func (w *world) serve() string {
	server := httptest.NewServer(httpserve.NewPrivate("127.0.0.1:0", nil, httpserve.PrivateHandlers{
		Console: w.Handler, Jobs: http.NotFoundHandler(), Metrics: prometheus.NewRegistry()}))
	w.t.Cleanup(server.Close)
	return server.URL
}

// tell applies facts as the CRM's.
func (w *world) tell(events ...visibility.Event) {
	w.t.Helper()
	var told []visibility.Told
	for _, e := range events {
		told = append(told, visibility.Told{Event: e, At: time.Now(), By: "crm"})
	}
	err := w.d.Tx(w.t.Context(), w.acc.ID, func(tx *db.Tx) error {
		outcome, err := visibility.Apply(w.t.Context(), tx, w.acc, told)
		w.left = append(w.left, outcome.Work...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.restamp()
}

// restamp does what jobs do.
func (w *world) restamp() {
	w.t.Helper()
	for _, left := range w.left {
		if err := visibility.Restamp(w.t.Context(), w.d, w.acc.ID, left); err != nil {
			w.t.Fatal(err)
		}
	}
	w.left = nil
}

// mail is one of anna's.
type mail struct {
	from, to, bcc, subject, text, html, attachment, status string
	seen                                                   bool
}

// store stores a mail as ingest does and returns its id.
func (w *world) store(m mail) string {
	w.t.Helper()
	ctx := w.t.Context()
	list := func(address string) string {
		people := []feed.Person{}
		if address != "" {
			people = append(people, feed.Person{Name: "Name of " + address, Address: address})
		}
		text, _ := json.Marshal(people)
		return string(text)
	}
	from, _ := json.Marshal(feed.Person{Name: "Name of " + m.from, Address: m.from})
	attachments := []feed.Attachment{}
	if m.attachment != "" {
		attachments = append(attachments, feed.Attachment{N: 1, Name: m.attachment, Type: "text/csv", Size: 1234})
	}
	files, _ := json.Marshal(attachments)
	direction := "inbound"
	if strings.HasSuffix(m.from, "@us.example") {
		direction = "outbound"
	}
	identity := sha256.Sum256([]byte(m.subject))
	var id int64
	err := w.d.Tx(ctx, w.acc.ID, func(tx *db.Tx) error {
		var ids []int64
		for _, a := range []string{m.from, m.to, m.bcc} {
			if a == "" {
				continue
			}
			var address int64
			err := tx.QueryRow(ctx, `insert into addresses (account_id, address, hash, domains) values ($1, $2, $3, '{}')
				on conflict (account_id, address) do update set address = excluded.address returning id`,
				w.acc.ID, a, w.acc.Keys.Hash("address", a)).Scan(&address)
			if err != nil {
				return err
			}
			ids = append(ids, address)
		}
		err := tx.QueryRow(ctx, `with u as (select id from users where account_id = $1 and crm_id = 'anna'),
			t as (insert into threads (account_id, author_id) select $1, id from u returning id),
			m as (insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, subject, preview, from_addr,
				to_addrs, bcc_addrs, attachments, address_ids, seen)
				select $1, u.id, t.id, $2, 1, now(), $3, $4, $5, $6, $7, $8, $9, $10, $11 from u, t returning *),
			p as (insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
				select account_id, author_id, unnest(address_ids), date, sort_key, id from m),
			c as (insert into correspondences (account_id, author_id, address_id, last_at)
				select account_id, author_id, unnest(address_ids), date from m
				on conflict (account_id, author_id, address_id) do update set last_at = greatest(correspondences.last_at, excluded.last_at)),
			b as (insert into message_bodies (account_id, message_id, text, html) select $1, id, $5, $12 from m)
			select id from m`, w.acc.ID, identity[:], direction, m.subject, m.text, string(from), list(m.to), list(m.bcc), string(files), ids,
			m.seen, m.html).Scan(&id)
		if err != nil {
			return err
		}
		if m.status != "" {
			if _, err := tx.Exec(ctx, `insert into deliveries (account_id, message_id, address, status, class, code, at)
				values ($1, $2, $3, $4, 'unknown_user', '5.1.1', now())`, w.acc.ID, id, m.to, m.status); err != nil {
				return err
			}
		}
		var author int64
		if err := tx.QueryRow(ctx, `select author_id from messages where account_id = $1 and id = $2`, w.acc.ID, id).Scan(&author); err != nil {
			return err
		}
		return visibility.Correspond(ctx, tx, author, ids)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.acc.Keys.ID("message", id)
}

// exec changes the database behind the program's back.
func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	err := w.d.Tx(w.t.Context(), w.acc.ID, func(tx *db.Tx) error {
		_, err := tx.Exec(w.t.Context(), sql, args...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// noMailboxes has one mailbox in trouble, and one attachment.
type noMailboxes struct{}

func (noMailboxes) List(context.Context, *db.Account) ([]ingest.Health, error) {
	problem := "The server refuses the password. Give a new one."
	return []ingest.Health{
		{ID: "box-1", User: "anna", State: "backfilling", Host: "imap.us.example", Progress: ingest.Progress{Done: 30, Total: 120},
			Folders: []ingest.FolderHealth{{Name: "INBOX " + hostile, Stored: 20, Indexed: 10, OnServer: 120}}},
		{ID: "box-2", User: "ben", State: "needs_auth", Host: "imap.us.example", Problem: &problem},
	}, nil
}

func (noMailboxes) OpenAttachment(context.Context, *db.Account, int64, int) (message.Attachment, io.ReadCloser, error) {
	return message.Attachment{}, io.NopCloser(strings.NewReader("a,b\n1,2\n")), nil
}

// get fetches a page.
func (p client) get(t *testing.T, path string, want int) string {
	t.Helper()
	return p.do(t, httptest.NewRequest(http.MethodGet, path, nil), want).Body.String()
}

// post sends a form.
func (p client) post(t *testing.T, path string, want int, form ...string) *httptest.ResponseRecorder {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(t, r, want)
}

func (p client) do(t *testing.T, r *http.Request, want int) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	p.ServeHTTP(rec, r)
	if rec.Code != want {
		t.Fatalf("%s %s: %d, want %d\n%s", r.Method, r.URL, rec.Code, want, rec.Body)
	}
	body := strings.ReplaceAll(rec.Body.String(), `<script src="/static/console.js" defer></script>`, "")
	if strings.Contains(body, "<script") || strings.Contains(body, "onclick") || strings.Contains(body, "ZgotmplZ") {
		t.Errorf("%s: script or a refused value in the page:\n%s", r.URL, body)
	}
	if policy := rec.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") && rec.Code < 300 && !strings.HasPrefix(r.URL.Path, "/static/") {
		t.Errorf("%s: policy %q", r.URL, policy)
	}
	return rec
}

// path is a page of a card.
func path(viewer string, card visibility.CardRef, sub string) string {
	return "/as/" + viewer + "/card/" + string(card.Kind) + "/" + url.PathEscape(card.ID) + sub
}
