package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is an account with ada's conversation with kim on a lead, whose CRM takes events, and a notifier whose clock can be put
// forward.
type bundle struct {
	*testing.T
	d     *db.DB
	acc   *db.Account
	crm   *testenv.EventServer
	n     *Notifier
	clock *clock
	said  int64
}

type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

func setup(t *testing.T) *bundle {
	t.Helper()
	t.Parallel()
	b := &bundle{T: t, d: testenv.DB(t), clock: &clock{}}
	b.n = b.notifier("127.0.0.0/8")
	b.acc, b.crm = b.account("Acme")
	return b
}

func (b *bundle) notifier(allowed ...string) *Notifier {
	b.Helper()
	allow, err := safedial.ParseAllow(allowed...)
	if err != nil {
		b.Fatal(err)
	}
	n, err := New(Options{DB: b.d, Dialer: &safedial.Dialer{Allow: allow}, Log: slog.New(slog.DiscardHandler),
		Registry: prometheus.NewRegistry(), Now: b.clock.now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(n.poster.close)
	return n
}

func (b *bundle) account(name string) (*db.Account, *testenv.EventServer) {
	b.Helper()
	acc, err := b.d.NewAccount(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	crm := testenv.NewEventServer(b)
	crm.Trust(acc.WebhookSecret)
	if err := SetURL(b.Context(), b.d, acc, crm.URL); err != nil {
		b.Fatal(err)
	}
	b.tell(acc, &visibility.UserUpserted{ID: "ada", Version: 1, Addresses: []string{"ada@us.example"}},
		&visibility.CardUpserted{Kind: rules.Lead, ID: "l", Version: 1, Audience: visibility.Audience{Everyone: true},
			Addresses: []visibility.CardAddress{{Address: "kim@customer.example"}}})
	b.tx(acc, func(tx *db.Tx) error {
		var author, address int64
		err := tx.QueryRow(b.Context(), `
			insert into correspondences (account_id, author_id, address_id, last_at)
			select u.account_id, u.id, a.id, now() from users u join addresses a on a.address = 'kim@customer.example'
			returning author_id, address_id`).Scan(&author, &address)
		if err != nil {
			return err
		}
		return visibility.Correspond(b.Context(), tx, author, []int64{address})
	})
	return acc, crm
}

func (b *bundle) tx(acc *db.Account, fn func(*db.Tx) error) {
	b.Helper()
	if err := b.d.Tx(b.Context(), acc.ID, fn); err != nil {
		b.Fatal(err)
	}
}

func (b *bundle) tell(acc *db.Account, events ...visibility.Event) {
	b.Helper()
	told := make([]visibility.Told, len(events))
	for i, e := range events {
		told[i] = visibility.Told{Event: e, At: time.Now(), By: "crm"}
	}
	b.tx(acc, func(tx *db.Tx) error {
		_, err := visibility.Apply(b.Context(), tx, acc, told)
		return err
	})
}

// share changes what ada says of kim on the lead: one thread.stamped.
func (b *bundle) share(state string) {
	b.Helper()
	b.said++
	b.tell(b.acc, &visibility.ShareChanged{User: "ada", Version: b.said, Card: visibility.CardRef{Kind: rules.Lead, ID: "l"},
		Address: "kim@customer.example", State: state})
}

// turn lets the account have its turn.
func (b *bundle) turn(acc *db.Account) {
	b.Helper()
	if _, err := b.n.turn(b.Context(), acc.ID); err != nil {
		b.Fatal(err)
	}
}

func (b *bundle) list(acc *db.Account, f Filter) []Listed {
	b.Helper()
	list, err := List(b.Context(), b.d, acc, f)
	if err != nil {
		b.Fatal(err)
	}
	return list
}

// TestThreadStamped: an event has the contract's shape, and each verdict is told once.
func TestThreadStamped(t *testing.T) {
	b := setup(t)
	b.turn(b.acc)
	b.share("shared")
	b.share("shared") // said again: nothing changed
	b.turn(b.acc)
	b.turn(b.acc)
	got := b.crm.Taken("")
	if len(got) != 2 {
		t.Fatalf("%d events, want the first stamp and one change: %+v", len(got), got)
	}
	for i, want := range []string{
		`{"address":"kim@customer.example","author":"ada","card":{"id":"l","kind":"lead"},"messages":0,"reason":"setting_nobody","threads":0,"visible":false}`,
		`{"address":"kim@customer.example","author":"ada","card":{"id":"l","kind":"lead"},"messages":0,"reason":"shared","threads":0,"visible":true}`,
	} {
		delete(got[i].Data, "version")
		data, err := json.Marshal(got[i].Data)
		if err != nil || string(data) != want || got[i].Type != "thread.stamped" || time.Since(got[i].At).Abs() > time.Minute {
			t.Errorf("event %d: %s of %s, %s (%v)", i, got[i].Type, got[i].At, data, err)
		}
	}
	for _, e := range b.list(b.acc, Filter{}) {
		if e.State != "delivered" || len(e.Attempts) != 1 || *e.Attempts[0].Status != http.StatusNoContent {
			t.Errorf("kept of it: %+v", e)
		}
	}
}

// TestVersionsGrow: whoever drops older versions ends with the last verdict, in whatever order they come.
func TestVersionsGrow(t *testing.T) {
	b := setup(t)
	for range 3 {
		b.share("shared")
		b.share("private")
	}
	b.turn(b.acc)
	got := b.crm.Taken("thread.stamped")
	for i := range got {
		version, ok := got[i].Data["version"].(float64)
		if !ok || i > 0 && version <= got[i-1].Data["version"].(float64) {
			t.Errorf("version %v follows %v", got[i].Data["version"], got[max(i-1, 0)].Data["version"])
		}
	}
	if len(got) != 7 || got[6].Data["reason"] != "private" {
		t.Errorf("%d events, the last %v", len(got), got[len(got)-1])
	}
}

// TestF37AnotherClock: events that were written, a turn that was taken and a pause that was set by a clock a day ahead hold nothing up.
func TestF37AnotherClock(t *testing.T) {
	b := setup(t)
	b.tx(b.acc, func(tx *db.Tx) error {
		_, err := tx.Exec(b.Context(), `
			with events as (update outbox set at = at + interval '1 day', tried_from = tried_from + interval '1 day', due_at = due_at + interval '1 day')
			update crm_endpoints set due_at = due_at + interval '1 day', taken_until = taken_until + interval '1 day'`)
		return err
	})
	if err := b.n.look(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.n.done.Wait()
	if n := len(b.crm.Taken("")); n != 1 {
		t.Errorf("%d events were told, want the one that there is", n)
	}
}

// TestShareHeld: a conversion that would show mail to more people tells that the share waits.
func TestShareHeld(t *testing.T) {
	b := setup(t)
	b.tell(b.acc, &visibility.CardUpserted{Kind: rules.Lead, ID: "l", Version: 2, Audience: visibility.Audience{Users: []string{"ada"}},
		Addresses: []visibility.CardAddress{{Address: "kim@customer.example"}}})
	b.share("shared")
	b.tell(b.acc, &visibility.CardUpserted{Kind: rules.Contact, ID: "c", Version: 1, Audience: visibility.Audience{Everyone: true},
		Addresses: []visibility.CardAddress{{Address: "kim@customer.example"}}},
		&visibility.LeadConverted{Lead: "l", Contact: "c", Version: 3})
	b.tell(b.acc, &visibility.LeadConverted{Lead: "l", Contact: "c", Version: 3}) // told again
	b.turn(b.acc)
	held := b.crm.Taken("share.held")
	if len(held) != 1 {
		t.Fatalf("%d times held, want once: %+v", len(held), b.crm.Taken(""))
	}
	delete(held[0].Data, "version")
	if data, _ := json.Marshal(held[0].Data); string(data) != `{"address":"kim@customer.example","author":"ada","card":{"id":"c","kind":"contact"}}` {
		t.Errorf("it says %s", data)
	}
}

// TestShareHeldByLaterCard: a conversion names the contact before it is known; that it holds the share is told once it does.
func TestShareHeldByLaterCard(t *testing.T) {
	b := setup(t)
	card := func(kind rules.Kind, id string, version int64, audience visibility.Audience) *visibility.CardUpserted {
		return &visibility.CardUpserted{Kind: kind, ID: id, Version: version, Audience: audience,
			Addresses: []visibility.CardAddress{{Address: "kim@customer.example"}}}
	}
	ada, everyone := visibility.Audience{Users: []string{"ada"}}, visibility.Audience{Everyone: true}
	b.tell(b.acc, card(rules.Lead, "l", 2, ada))
	b.share("shared")
	for step, want := range []struct {
		event visibility.Event
		held  int
	}{
		{&visibility.LeadConverted{Lead: "l", Contact: "c", Version: 3}, 0},
		{card(rules.Contact, "c", 1, everyone), 1},
		{card(rules.Contact, "c", 2, everyone), 1},
		{card(rules.Contact, "c", 3, ada), 1},
		{card(rules.Contact, "c", 4, everyone), 2},
	} {
		b.tell(b.acc, want.event)
		b.turn(b.acc)
		held := b.crm.Taken("share.held")
		if len(held) != want.held {
			t.Fatalf("step %d: %d times held, want %d: %+v", step, len(held), want.held, b.crm.Taken(""))
		}
		if want.held > 0 && fmt.Sprint(held[0].Data["card"]) != "map[id:c kind:contact]" {
			t.Errorf("it says %v", held[0].Data)
		}
	}
}

// TestNothingWithoutURL: an account whose CRM is told nothing has no outbox.
func TestNothingWithoutURL(t *testing.T) {
	b := setup(t)
	b.turn(b.acc)
	before := len(b.list(b.acc, Filter{}))
	if err := SetURL(t.Context(), b.d, b.acc, ""); err != nil {
		t.Fatal(err)
	}
	b.share("shared")
	if n := len(b.list(b.acc, Filter{})); n != before {
		t.Errorf("%d rows more were written for nobody", n-before)
	}
}

// TestCRMAwayThenBack: nothing is lost, one event is tried for all, and its id stays.
func TestCRMAwayThenBack(t *testing.T) {
	b := setup(t)
	for range 5 {
		b.share("shared")
		b.share("private")
	}
	b.crm.AnswerStatus(http.StatusServiceUnavailable)
	b.turn(b.acc) // a round of lanes finds out
	first := b.crm.Tries()
	if first > lanes {
		t.Errorf("%d posts to a CRM that is away, want at most %d", first, lanes)
	}
	b.turn(b.acc)
	if b.crm.Tries() != first {
		t.Error("it was asked again without a pause")
	}
	for range 3 {
		b.clock.pass(maxPause)
		b.turn(b.acc)
	}
	if n := b.crm.Tries() - first; n != 3 {
		t.Errorf("%d posts in three turns, want one each", n)
	}
	b.crm.Stop()
	b.clock.pass(maxPause)
	b.turn(b.acc)
	if h, err := HealthOf(t.Context(), b.d, b.acc); err != nil || h.FailingSince == nil || h.Pending != 11 {
		t.Errorf("health %+v, %v", h, err)
	}
	b.crm.AnswerBy(nil)
	b.crm.Start()
	b.clock.pass(maxRetry)
	b.turn(b.acc)
	ids := map[string]bool{}
	for _, e := range b.crm.Taken("") {
		ids[e.ID] = true
	}
	if len(ids) != 11 || len(b.crm.Taken("")) != 11 {
		t.Errorf("%d events, %d of them different, want 11", len(b.crm.Taken("")), len(ids))
	}
	if h, err := HealthOf(t.Context(), b.d, b.acc); err != nil || h.FailingSince != nil || h.Pending != 0 {
		t.Errorf("health afterwards %+v, %v", h, err)
	}
	errors, statuses := map[string]int{}, map[int]int{}
	for _, e := range b.list(b.acc, Filter{}) {
		for _, a := range e.Attempts {
			if a.Error != nil {
				errors[*a.Error]++
			} else {
				statuses[*a.Status]++
			}
		}
	}
	// The sender may still hold a connection from before, and learns by it that the CRM went.
	if errors["unreachable"]+errors["broken"] != 1 || statuses[503] != first+3 || statuses[204] != 11 {
		t.Errorf("kept: %v, %v", errors, statuses)
	}
}

// TestThreeDays: a refused event is tried at growing pauses for three days, holds up no other, and is failed then; a replay
// starts it anew.
func TestThreeDays(t *testing.T) {
	b := setup(t)
	refuse := func(w http.ResponseWriter, e testenv.ReceivedEvent) {
		if e.Data["reason"] == "shared" {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
	}
	b.crm.AnswerBy(refuse)
	b.share("shared")
	b.share("private")
	began := b.clock.now()
	b.turn(b.acc)
	if n := len(b.crm.Taken("")); n != 2 {
		t.Errorf("%d events taken beside the refused one, want 2", n)
	}
	var pauses []time.Duration
	for {
		events := b.list(b.acc, Filter{})
		refused := events[slices.IndexFunc(events, func(e Listed) bool { return e.State != "delivered" })]
		if refused.State == "failed" {
			break
		}
		pause := refused.Next.Sub(b.clock.now())
		pauses = append(pauses, pause.Round(time.Second))
		b.clock.pass(max(pause, maxPause))
		b.turn(b.acc)
		if len(pauses) > 1000 {
			t.Fatal("it is tried for ever")
		}
	}
	took := b.clock.now().Sub(began)
	if took < RetryFor || took > RetryFor+2*maxRetry {
		t.Errorf("given up after %s", took)
	}
	if pauses[0] != firstRetry || pauses[len(pauses)-1] != maxRetry || !slices.IsSorted(pauses) || len(pauses) > 200 {
		t.Errorf("%d pauses: %s … %s", len(pauses), pauses[:5], pauses[len(pauses)-1])
	}
	failed := b.list(b.acc, Filter{State: "failed"})
	if len(failed) != 1 || len(failed[0].Attempts) != len(pauses)+1 {
		t.Fatalf("%d failed; its attempts are not all kept", len(failed))
	}

	b.crm.AnswerBy(nil)
	if n, err := Replay(t.Context(), b.d, b.acc, Filter{State: "failed"}); n != 1 || err != nil {
		t.Fatalf("%d replayed, %v", n, err)
	}
	b.clock.pass(maxPause)
	b.turn(b.acc)
	if got := b.crm.Taken(""); len(got) != 3 || got[2].ID != failed[0].ID {
		t.Errorf("the replay brought %+v", got)
	}
	// By id, and by time: a delivered one too.
	if n, err := Replay(t.Context(), b.d, b.acc, Filter{IDs: []string{failed[0].ID}, Since: failed[0].At, Until: failed[0].At.Add(time.Microsecond)}); n != 1 || err != nil {
		t.Fatalf("%d replayed by id, %v", n, err)
	}
	b.turn(b.acc)
	if got := b.crm.Taken(""); len(got) != 4 || got[3].ID != failed[0].ID {
		t.Errorf("the replay by id brought %+v", got)
	}
	if _, err := Replay(t.Context(), b.d, b.acc, Filter{IDs: []string{"evt_AAAAAAAAAAAAAAAAAAAAAA"}}); err == nil {
		t.Error("an id that is none is taken")
	}
	var trail []string // who replayed what
	b.tx(b.acc, func(tx *db.Tx) error {
		entries, err := tx.AuditEntriesAfter(t.Context(), queries.AuditEntriesAfterParams{AccountID: b.acc.ID, MaxRows: 1000})
		for _, e := range entries {
			if e.Act == "events.replayed" {
				trail = append(trail, e.Actor+" "+string(e.Subject)+" "+string(e.Effect))
			}
		}
		return err
	})
	if len(trail) != 2 || trail[0] != `operator {"state": "failed"} {"events": 1}` || !strings.Contains(trail[1], failed[0].ID) {
		t.Errorf("the trail of replays says %q", trail)
	}
}

// TestDeadCRMStallsNobody: a CRM that never answers costs its own turn; the others have theirs meanwhile.
func TestDeadCRMStallsNobody(t *testing.T) {
	b := setup(t)
	hang := make(chan struct{})
	asked := make(chan struct{}, lanes)
	b.crm.AnswerBy(func(w http.ResponseWriter, _ testenv.ReceivedEvent) {
		asked <- struct{}{}
		<-hang
	})
	_, other := b.account("Other")
	if err := b.n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-asked
	testenv.Eventually(t, 20*time.Second, func() error {
		if len(other.Taken("")) == 0 {
			return context.DeadlineExceeded
		}
		return nil
	})
	if n := b.crm.Tries(); n > lanes {
		t.Errorf("%d posts wait for the dead CRM", n)
	}
	if err := b.n.Stop(t.Context()); err != nil { // the attempt that hangs is cut off
		t.Error(err)
	}
	close(hang)
	if n := testutil.ToFloat64(b.n.metrics.attempts.WithLabelValues("2xx")); n < 1 {
		t.Error("attempts are not counted")
	}
	if events := b.list(b.acc, Filter{State: "pending"}); len(events) != 1 || len(events[0].Attempts) != 0 {
		t.Errorf("the attempt that was cut off is counted: %+v", events)
	}
}

// TestOneSender: of two processes one has the turn; one that vanished in its turn is followed by another.
func TestOneSender(t *testing.T) {
	b := setup(t)
	b.clock.pass(time.Minute) // what is due is due by any clock
	system := b.d.System()
	until := b.clock.now().Add(turnLease).Truncate(time.Microsecond)
	if _, err := system.TakeEndpoint(t.Context(), queries.TakeEndpointParams{AccountID: b.acc.ID, Now: b.clock.now(), Until: until,
		LastPause: until, LastTurn: until}); err != nil {
		t.Fatal(err)
	}
	b.turn(b.acc)
	if n := b.crm.Tries(); n != 0 {
		t.Fatalf("%d events sent in another's turn", n)
	}
	b.clock.pass(-2 * turnLease) // a notifier whose clock is behind
	b.turn(b.acc)
	if n := b.crm.Tries(); n != 0 {
		t.Fatalf("%d events sent in the turn of one whose clock is ahead", n)
	}
	b.clock.pass(3 * turnLease)
	b.turn(b.acc)
	if n := len(b.crm.Taken("")); n != 1 {
		t.Errorf("%d events sent after the lost turn, want 1", n)
	}
}

// TestRotatedSecret: while two secrets count, either verifies what is sent.
func TestRotatedSecret(t *testing.T) {
	b := setup(t)
	secret, _, err := b.d.RotateWebhookSecret(t.Context(), b.acc, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b.turn(b.acc) // the CRM knows the old one
	b.crm.Trust(secret)
	b.share("shared")
	b.turn(b.acc)
	if n := len(b.crm.Taken("")); n != 2 {
		t.Errorf("%d of 2 verified", n)
	}
	if _, _, err = b.d.RotateWebhookSecret(t.Context(), b.acc, 0); err != nil {
		t.Fatal(err)
	}
	b.share("private")
	b.turn(b.acc)
	if n := len(b.crm.Taken("")); n != 2 {
		t.Error("signed with a secret that has ended")
	}
}

// TestVoid: what an event told of is gone; so nothing is told of it, and nothing waits behind it.
func TestVoid(t *testing.T) {
	b := setup(t)
	b.tx(b.acc, func(tx *db.Tx) error {
		return tx.AnnounceMailbox(t.Context(), queries.AnnounceMailboxParams{AccountID: b.acc.ID, Type: "mailbox.synced", MailboxID: 999})
	})
	b.turn(b.acc)
	if states := b.list(b.acc, Filter{State: "void"}); len(states) != 1 || len(b.crm.Taken("")) != 1 {
		t.Errorf("%d void, %d sent; want one each", len(states), len(b.crm.Taken("")))
	}
}

// TestErasedPersonIsNotTold: from the answer to an erasure on nothing names the person, also while the removal is still under way.
func TestErasedPersonIsNotTold(t *testing.T) {
	b := setup(t)
	b.share("shared")
	b.tx(b.acc, func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "insert into erasures (account_id, hash, address_id) select account_id, hash, id from addresses where address = 'kim@customer.example'")
		return err
	})
	b.turn(b.acc)
	if states := b.list(b.acc, Filter{State: "void"}); len(states) != 2 || len(b.crm.Taken("")) != 0 {
		t.Errorf("%d void, %d sent; want both void", len(states), len(b.crm.Taken("")))
	}
}
