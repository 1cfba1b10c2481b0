package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/jobs/webhook"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is the door of a fresh database with one account.
type bundle struct {
	*testing.T
	d     *db.DB
	door  http.Handler
	acc   *db.Account
	mails *mailServer
	log   *lockedBuffer
}

func newBundle(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{T: t, d: testenv.DB(t), mails: &mailServer{}, log: &lockedBuffer{}}
	views := &feed.Service{DB: b.d, SanitizeHTML: message.SanitizeHTML,
		Enqueue: func(context.Context, *db.Tx, []visibility.Work) error { return nil }}
	b.door = New(Deps{DB: b.d, Feed: views, Mailboxes: b.mails, Erasures: jobs.Erasures{DB: b.d}, Receive: webhook.New(b.d).Receive,
		Log: slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	b.acc = b.account()
	return b
}

type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.Write(p)
}

func (b *bundle) account() *db.Account {
	b.Helper()
	acc, err := b.d.NewAccount(b.Context(), "test")
	if err != nil {
		b.Fatal(err)
	}
	return acc
}

// mailServer stands where a user's mail server does.
type mailServer struct {
	content, raw string
	err          error     // at the end of content and raw
	parts        io.Reader // instead of content, where it is not nil
	put          ingest.MailboxConfig
}

func (m *mailServer) Put(_ context.Context, _ *db.Account, id string, cfg ingest.MailboxConfig) (ingest.Health, error) {
	m.put = cfg
	if cfg.Host == "" {
		return ingest.Health{}, &ingest.InvalidConfig{Code: "invalid_host", Detail: "name a host"}
	}
	return ingest.Health{ID: id, User: cfg.User, State: "connecting", Folders: []ingest.FolderHealth{}}, nil
}

func (m *mailServer) Get(_ context.Context, _ *db.Account, id string) (ingest.Health, error) {
	if id != "mb1" {
		return ingest.Health{}, ingest.ErrNoMailbox
	}
	return ingest.Health{ID: id}, nil
}

func (m *mailServer) Delete(_ context.Context, _ *db.Account, id string, _ ingest.DeleteMode) error {
	if id != "mb1" {
		return ingest.ErrNoMailbox
	}
	return nil
}

func (m *mailServer) OpenAttachment(context.Context, *db.Account, int64, int) (message.Attachment, io.ReadCloser, error) {
	if m.parts != nil {
		return message.Attachment{}, io.NopCloser(m.parts), nil
	}
	return message.Attachment{}, m.open(m.content), nil
}

func (m *mailServer) RawMessage(context.Context, *db.Account, int64) (io.ReadCloser, error) {
	return m.open(m.raw), nil
}

func (m *mailServer) open(s string) io.ReadCloser {
	return io.NopCloser(io.MultiReader(strings.NewReader(s), failing{m.err}))
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// tell applies events as the CRM tells them, and brings the stamps up to date.
func (b *bundle) tell(acc *db.Account, events ...visibility.Event) {
	b.Helper()
	told := make([]visibility.Told, len(events))
	for i, e := range events {
		told[i] = visibility.Told{Event: e, At: time.Now().UTC().Truncate(time.Microsecond), By: "crm"}
	}
	var work []visibility.Work
	err := b.d.Tx(b.Context(), acc.ID, func(tx *db.Tx) error {
		outcome, err := visibility.Apply(b.Context(), tx, acc, told)
		work = outcome.Work
		return err
	})
	for _, w := range work {
		err = errors.Join(err, visibility.Restamp(b.Context(), b.d, acc.ID, w))
	}
	if err != nil {
		b.Fatal(err)
	}
}

func userEvent(id string, addresses ...string) *visibility.UserUpserted {
	return &visibility.UserUpserted{ID: id, Version: 1, Name: "Name of " + id, Addresses: addresses}
}

func cardEvent(kind rules.Kind, id string, audience []string, addresses ...string) *visibility.CardUpserted {
	e := &visibility.CardUpserted{Kind: kind, ID: id, Version: 1, Name: id, Audience: visibility.Audience{Everyone: audience == nil, Users: audience}}
	for _, a := range addresses {
		e.Addresses = append(e.Addresses, visibility.CardAddress{Address: a})
	}
	return e
}

// store stores an outbound mail of the author to one address as ingest does, and returns the public ids of message and thread.
func (b *bundle) store(acc *db.Account, author, content, to string) (messageID, threadID string) {
	b.Helper()
	err := b.d.Tx(b.Context(), acc.ID, func(tx *db.Tx) error {
		user, err := tx.FeedUser(b.Context(), queries.FeedUserParams{AccountID: acc.ID, CrmID: author})
		if err != nil {
			return err
		}
		var address, thread, id int64
		if err := tx.QueryRow(b.Context(), `select id from addresses where address = $1`, to).Scan(&address); err != nil {
			return err
		}
		if err := tx.QueryRow(b.Context(), `insert into threads (account_id, author_id) values ($1, $2) returning id`, acc.ID, user).Scan(&thread); err != nil {
			return err
		}
		identity := sha256.Sum256([]byte(content))
		err = tx.QueryRow(b.Context(), `with m as (
				insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, subject, preview,
					from_addr, to_addrs, bcc_addrs, attachments, address_ids)
				values ($1, $2, $3, $4, $5, $6, 'outbound', 'Subject of ' || $7, 'preview', '{"name":"Me","address":"ann@us.example"}',
					jsonb_build_array(jsonb_build_object('name', '', 'address', $8::text)), '[{"name":"","address":"blind@else.example"}]',
					'[{"n":1,"name":"Ängebot \"1\".pdf","type":"application/pdf","size":5}]', array[$9::bigint]) returning *),
			p as (insert into participants select account_id, author_id, $9, date, sort_key, id from m),
			c as (insert into correspondences (account_id, author_id, address_id, last_at) select account_id, author_id, $9, date from m
				on conflict (account_id, author_id, address_id) do update set last_at = greatest(correspondences.last_at, excluded.last_at)),
			y as (insert into message_bodies select account_id, id, 'text', '<p>hi<script>x</script></p>' from m)
			select id from m`, acc.ID, user, thread, identity[:], int64(binary.BigEndian.Uint64(identity[:8])),
			time.Now().UTC(), content, to, address).Scan(&id)
		if err != nil {
			return err
		}
		messageID, threadID = acc.Keys.ID("message", id), acc.Keys.ID("thread", thread)
		return visibility.Correspond(b.Context(), tx, user, []int64{address})
	})
	if err != nil {
		b.Fatal(err)
	}
	return messageID, threadID
}

// token is a bearer token of the account; change alters its claims.
func token(acc *db.Account, sub string, change ...func(jwt.MapClaims)) string {
	c := jwt.MapClaims{"iss": acc.PublicID, "aud": "mailstamp", "exp": time.Now().Add(time.Hour).Unix()}
	if sub == scopeService {
		c["scope"] = scopeService
	} else {
		c["sub"] = sub
	}
	for _, f := range change {
		f(c)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(acc.TokenKey)
	if err != nil {
		panic(err)
	}
	return signed
}

func (b *bundle) call(method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	b.door.ServeHTTP(w, r)
	return w
}

// want makes a call as a user and decodes its answer, which must have the status.
func (b *bundle) want(status int, method, path, sub, body string, into any) {
	b.Helper()
	w := b.call(method, path, token(b.acc, sub), body)
	if w.Code != status {
		b.Fatalf("%s %s as %s: %d %s, want %d", method, path, sub, w.Code, w.Body, status)
	}
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			b.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
		}
	}
}
