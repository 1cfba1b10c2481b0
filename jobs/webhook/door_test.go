package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is a door with an account that may knock.
type bundle struct {
	*Door
	t   *testing.T
	acc *db.Account
}

func setup(t *testing.T) *bundle {
	t.Helper()
	t.Parallel()
	d := testenv.DB(t)
	acc, err := d.NewAccount(t.Context(), "Acme")
	if err != nil {
		t.Fatal(err)
	}
	return &bundle{New(d), t, acc}
}

// sign makes the headers of a delivery.
func (b *bundle) sign(id string, at time.Time, body string) http.Header {
	return signWith(b.t, b.acc.WebhookSecret, id, at, body)
}

func signWith(t *testing.T, secret, id string, at time.Time, body string) http.Header {
	t.Helper()
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := hook.Sign(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return http.Header{
		"Webhook-Id":        {id},
		"Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)},
		"Webhook-Signature": {signature},
	}
}

// deliver sends body, signed now.
func (b *bundle) deliver(id, body string) ([]visibility.Status, error) {
	return b.Receive(b.t.Context(), b.acc, b.sign(id, time.Now(), body), []byte(body))
}

// tell delivers events that must be taken.
func (b *bundle) tell(events ...string) []visibility.Status {
	b.t.Helper()
	statuses, err := b.deliver("tell-"+strconv.FormatInt(time.Now().UnixNano(), 10), "["+strings.Join(events, ",")+"]")
	if err != nil {
		b.t.Fatal(err)
	}
	return statuses
}

func event(eventType, data string) string {
	return fmt.Sprintf(`{"type":%q,"timestamp":"2026-11-01T10:00:00Z","data":%s}`, eventType, data)
}

func user(id string, version int) string {
	return event("user.upserted", fmt.Sprintf(`{"id":%q,"version":%d,"name":"N","addresses":["%s@corp.example"],"active":true}`, id, version, id))
}

// count counts rows of the account by a query.
func (b *bundle) count(query string) (n int) {
	b.t.Helper()
	err := b.db.ReadTx(b.t.Context(), b.acc.ID, func(tx *db.Tx) error {
		return tx.QueryRow(b.t.Context(), query).Scan(&n)
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// stored is everything a delivery may leave behind.
func (b *bundle) stored() int {
	return b.count(`select (select count(*) from webhook_receipts) + (select count(*) from users) + (select count(*) from cards)
		+ (select count(*) from audit_log) + (select count(*) from river_job)`)
}

// TestS01 refuses every delivery that is not exactly what the CRM signed, and stores nothing of it.
func TestS01(t *testing.T) {
	b := setup(t)
	body := "[" + user("ada", 1) + "]"
	now := time.Now()
	refused := func(what string, acc *db.Account, header http.Header, body string) {
		t.Helper()
		if _, err := b.Receive(t.Context(), acc, header, []byte(body)); !errors.Is(err, ErrUnauthorized) {
			t.Errorf("%s: %v", what, err)
		}
	}

	for i := range len(body) {
		flipped := []byte(body)
		flipped[i] ^= 1
		refused(fmt.Sprintf("body with byte %d flipped", i), b.acc, b.sign("m1", now, body), string(flipped))
	}
	for name := range b.sign("m1", now, body) {
		value := b.sign("m1", now, body).Get(name)
		for i := range len(value) {
			for _, bit := range []byte{1, 0x20} {
				flipped := []byte(value)
				flipped[i] ^= bit
				header := b.sign("m1", now, body)
				header[name] = []string{string(flipped)}
				refused(fmt.Sprintf("%s with byte %d flipped", name, i), b.acc, header, body)
			}
		}
		missing := b.sign("m1", now, body)
		delete(missing, name)
		refused("without "+name, b.acc, missing, body)
		empty := b.sign("m1", now, body)
		empty[name] = []string{""}
		refused("with an empty "+name, b.acc, empty, body)
		doubled := b.sign("m1", now, body)
		doubled[name] = append(doubled[name], value)
		refused("with two of "+name, b.acc, doubled, body)
		joined := b.sign("m1", now, body)
		joined[name] = []string{value + ", " + value}
		if name != "Webhook-Signature" { // there it is one more signature of no version
			refused("with a joined "+name, b.acc, joined, body)
		}
	}
	plus := b.sign("m1", now, body)
	plus["Webhook-Timestamp"] = []string{"+" + plus.Get("Webhook-Timestamp")}
	refused("with a signed number for a timestamp", b.acc, plus, body)
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatal(err)
	}
	again, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	refused("re-serialised", b.acc, b.sign("m1", now, body), string(again))
	refused("with an id that is too long", b.acc, b.sign(strings.Repeat("x", maxDeliveryID+1), now, body), body)
	refused("with an id that is no text", b.acc, b.sign("m\xff1", now, body), body)
	refused("six minutes old", b.acc, b.sign("m1", now.Add(-6*time.Minute), body), body)
	refused("six minutes ahead", b.acc, b.sign("m1", now.Add(6*time.Minute), body), body)
	other, err := b.db.NewAccount(t.Context(), "Other")
	if err != nil {
		t.Fatal(err)
	}
	refused("signed for another account", b.acc, signWith(t, other.WebhookSecret, "m1", now, body), body)
	refused("for an account that does not exist", nil, b.sign("m1", now, body), body)
	if n := b.stored(); n != 0 {
		t.Fatalf("%d rows were stored", n)
	}

	// The same delivery unchanged is taken; its replay within the window changes nothing.
	four := b.sign("m1", now.Add(-4*time.Minute), body)
	four["Webhook-Signature"] = []string{"v1,b2xkIGtleQ== " + four.Get("Webhook-Signature") + " v1a,eA=="}
	for _, want := range []visibility.Status{visibility.Applied, Duplicate} {
		statuses, err := b.Receive(t.Context(), b.acc, four, []byte(body))
		if err != nil || !slices.Equal(statuses, []visibility.Status{want}) {
			t.Errorf("four minutes old: %v, %v; want %s", statuses, err, want)
		}
	}
}

// TestBatchIsAtomic: an event that cannot be applied takes the whole batch with it, and the corrected batch may come under
// the same id.
func TestBatchIsAtomic(t *testing.T) {
	b := setup(t)
	bad := "[" + strings.Join([]string{user("ada", 1), user("bob", 1), event("sync.requested", `{"user":"ada"}`), user("eve", 0), user("joe", 1)}, ",") + "]"
	_, err := b.deliver("m1", bad)
	var invalid *visibility.Invalid
	if !errors.As(err, &invalid) || invalid.Index != 3 || !strings.Contains(invalid.Detail, "version") {
		t.Fatalf("%v, want event 3's version refused", err)
	}
	if n := b.stored(); n != 0 {
		t.Fatalf("%d rows of a refused batch were stored", n)
	}
	statuses, err := b.deliver("m1", strings.Replace(bad, `"version":0`, `"version":1`, 1))
	if err != nil || len(statuses) != 5 || slices.Contains(statuses, Duplicate) {
		t.Fatalf("the corrected batch: %v, %v", statuses, err)
	}
	if n := b.count("select count(*) from users where state = 'active'"); n != 4 {
		t.Errorf("%d users, want 4", n)
	}
}

// TestChoiceRequiredCountsEvents: the index of the error is the event's place in the delivery, requests included.
func TestChoiceRequiredCountsEvents(t *testing.T) {
	b := setup(t)
	b.tell(user("ada", 1),
		event("card.upserted", `{"kind":"contact","id":"c","version":1,"audience":"everyone","addresses":[{"address":"kim@customer.example"}]}`),
		event("card.upserted", `{"kind":"deal","id":"d","version":1,"audience":"everyone","contacts":[{"id":"c","primary":true}]}`),
		event("share.changed", `{"user":"ada","version":1,"card":{"kind":"contact","id":"c"},"address":"kim@customer.example","state":"shared"}`))
	before := b.stored()
	_, err := b.deliver("m2", "["+event("sync.requested", `{"user":"ada"}`)+","+
		event("share.changed", `{"user":"ada","version":1,"card":{"kind":"deal","id":"d"},"address":"kim@customer.example","state":"private"}`)+"]")
	var choice *visibility.ChoiceRequired
	if !errors.As(err, &choice) || choice.Index != 1 || len(choice.Cards) != 1 || choice.Cards[0].ID != "c" {
		t.Fatalf("%v (%+v), want a choice about contact c asked for event 1", err, choice)
	}
	if after := b.stored(); after != before {
		t.Errorf("%d rows were stored", after-before)
	}
}

// TestV04 delivers one id many times at once: one is applied, the others are duplicates; and an event that comes again
// under another id, as after the ids were pruned, is stale.
func TestV04(t *testing.T) {
	b := setup(t)
	body := "[" + user("ada", 1) + "," + user("bob", 1) + "]"
	header := b.sign("m1", time.Now(), body)
	var applied, duplicate int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			statuses, err := b.Receive(context.WithoutCancel(t.Context()), b.acc, header, []byte(body))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil || len(statuses) != 2 || statuses[0] != statuses[1]:
				t.Errorf("%v, %v", statuses, err)
			case statuses[0] == visibility.Applied:
				applied++
			case statuses[0] == Duplicate:
				duplicate++
			}
		})
	}
	wg.Wait()
	if applied != 1 || duplicate != 7 {
		t.Errorf("applied %d times, duplicate %d times", applied, duplicate)
	}
	audited := b.count("select count(*) from audit_log")
	statuses, err := b.deliver("m2", body)
	if err != nil || !slices.Equal(statuses, []visibility.Status{visibility.Stale, visibility.Stale}) {
		t.Errorf("under another id: %v, %v", statuses, err)
	}
	if n := b.count("select count(*) from audit_log"); n != audited {
		t.Errorf("a stale event was recorded as a change")
	}
}

// TestV03 delivers versions of one card in every order: the newest wins.
func TestV03(t *testing.T) {
	b := setup(t)
	b.tell(user("ada", 1), user("bob", 1), user("cyd", 1))
	owners := []string{"ada", "bob", "cyd"}
	for n, order := range [][]int{{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}} {
		for _, version := range order {
			b.tell(event("card.upserted", fmt.Sprintf(`{"kind":"lead","id":"l%d","version":%d,"owner":%q,"audience":[]}`, n, version, owners[version-1])))
		}
	}
	if n := b.count(`select count(*) from cards c join users u on u.account_id = c.account_id and u.id = c.owner_id
		where c.version = 3 and u.crm_id = 'cyd'`); n != 6 {
		t.Errorf("%d of 6 cards have the newest owner", n)
	}
}

// TestWorkIsQueuedWithTheFact: a changed setting leaves its job in the same transaction, with ids only.
func TestWorkIsQueuedWithTheFact(t *testing.T) {
	b := setup(t)
	b.tell(user("ada", 1), event("setting.changed", `{"user":"ada","version":1,"lead":"everyone"}`))
	if n := b.count(`select count(*) from river_job j join users u on (j.args->>'user_id')::bigint = u.id
		where j.kind = 'restamp' and j.args->>'kind' = 'lead' and u.crm_id = 'ada'`); n != 1 {
		t.Errorf("%d jobs, want 1", n)
	}
	if n := b.count(`select count(*) from river_job where args::text like '%ada%' or args::text like '%@%'`); n != 0 {
		t.Errorf("%d jobs hold more than ids", n)
	}
}

// TestSyncRequested wakes the mailboxes of a user or by id, and accepts what is not known.
func TestSyncRequested(t *testing.T) {
	b := setup(t)
	b.tell(user("ada", 1))
	ctx := t.Context()
	var mailbox int64
	err := b.db.Tx(ctx, b.acc.ID, func(tx *db.Tx) error {
		for _, box := range []struct{ id, state string }{{"box", "error"}, {"refused", "needs_auth"}} {
			err := tx.QueryRow(ctx, `insert into mailboxes (account_id, crm_id, user_id, host, port, tls, username, state)
				select account_id, $1, id, 'imap.example', 993, 'tls', 'ada', $2 from users where crm_id = 'ada' returning id`, box.id, box.state).Scan(&mailbox)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `insert into mailbox_leases (account_id, mailbox_id, due_at) values ($1, $2, now() + interval '1 hour')`, b.acc.ID, mailbox); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := b.db.Pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Release()
	if _, err := listener.Exec(ctx, "listen mailstamp_wake"); err != nil {
		t.Fatal(err)
	}
	statuses := b.tell(event("sync.requested", `{"mailbox":"nobody's"}`), event("sync.requested", `{"user":"ada"}`), event("sync.requested", `{"mailbox":"box"}`))
	if !slices.Equal(statuses, []visibility.Status{visibility.Applied, visibility.Applied, visibility.Applied}) {
		t.Errorf("%v", statuses)
	}
	note, err := listener.Conn().WaitForNotification(ctx)
	if err != nil || note.Payload != fmt.Sprintf("%d/%d", b.acc.ID, mailbox-1) {
		t.Errorf("notified %+v, %v", note, err)
	}
	if n := b.count("select count(*) from mailbox_leases where due_at <= now()"); n != 1 {
		t.Errorf("%d mailboxes are due, want 1: where a login is refused, asking does not help", n)
	}
}

// TestS01KeyRotation: while the old key still counts both pass; once it ended it is refused, at once and in every process.
func TestS01KeyRotation(t *testing.T) {
	b := setup(t)
	first := b.acc.WebhookSecret
	passes := func(secret string) bool {
		t.Helper()
		body := user("ada", 1)
		_, err := b.Receive(t.Context(), b.acc, signWith(t, secret, "m"+strconv.FormatInt(time.Now().UnixNano(), 10), time.Now(), body), []byte(body))
		if err != nil && !errors.Is(err, ErrUnauthorized) {
			t.Fatal(err)
		}
		return err == nil
	}
	rotate := func(overlap time.Duration) string {
		t.Helper()
		secret, _, err := b.db.RotateWebhookSecret(t.Context(), b.acc, overlap)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	second := rotate(time.Hour)
	if !passes(first) || !passes(second) {
		t.Error("while the old key counts, one of the two is refused")
	}
	third := rotate(time.Hour)
	if passes(first) || !passes(second) || !passes(third) {
		t.Error("after a second rotation the first key passes, or one of the others does not")
	}
	fourth := rotate(0)
	if passes(third) || !passes(fourth) {
		t.Error("a key that was ended at once passes, or the new one does not")
	}
}
