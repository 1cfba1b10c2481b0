package visibility_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// patience bounds the wait for what must come, on a machine under load.
const patience = time.Minute

// cutDB stands for a worker that is killed before its n-th statement, counted over all its transactions: what it has committed
// stays.
type cutDB struct {
	*world
	left int
}

func (c *cutDB) tx(ctx context.Context, fn func(*db.Tx) error) error {
	return c.d.Tx(ctx, c.acc.ID, func(tx *db.Tx) error {
		cut := &cutTx{Tx: tx.Tx, left: c.left}
		err := fn(&db.Tx{Tx: cut, Queries: queries.New(cut), AccountID: tx.AccountID})
		c.left = cut.left
		return err
	})
}

// TestV09Jobs: re-stamping runs in any order, twice, beside itself as after a rescue, and killed before each of its statements
// in turn. What narrowed holds before the first job runs; in the end every stamp is the evaluator's.
func TestV09Jobs(t *testing.T) {
	t.Parallel()
	nobody, owner, everyone := rules.Nobody, rules.Owner, rules.Everyone
	ben, handover := "ben", "author"
	contact := func(version int64, owner string) *visibility.CardUpserted {
		return &visibility.CardUpserted{Kind: rules.Contact, ID: "kim", Version: version, Owner: &owner, Audience: visibility.Audience{Everyone: true},
			Addresses: []visibility.CardAddress{{Address: "kim@customer.test"}}}
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("order ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 9))
			w := newCascade(t)
			w.takes(&visibility.SettingChanged{User: "anna", Version: 1, Contact: &everyone, Deal: &owner},
				&visibility.SettingChanged{User: ben, Version: 1, Contact: &everyone},
				&visibility.ShareChanged{User: "anna", Version: 1, Card: faulted[1], Address: "kim@customer.test", State: "shared"})
			w.pending = true
			for _, e := range []visibility.Event{
				contact(2, ben), // handed over
				&visibility.SettingChanged{User: "anna", Version: 2, Contact: &owner, Deal: &nobody},
				&visibility.SettingChanged{User: ben, Version: 2, Contact: &nobody},
				&visibility.PolicyChanged{Version: 1, Handover: &handover},
				&visibility.SettingChanged{User: "anna", Version: 3, Deal: &everyone},
			} {
				w.takes(e)
				if err := w.leaks(); err != nil {
					t.Fatalf("before any job: %v", err)
				}
			}
			jobs := append(w.queue, w.queue...)
			r.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
			for i, work := range jobs {
				if i%2 == 0 { // killed, and run again
					for n := 0; ; n++ {
						c := &cutDB{world: w, left: n}
						err := visibility.RestampBy(t.Context(), w.acc.ID, work, func(fn func(*db.Tx) error) error { return c.tx(t.Context(), fn) })
						if err == nil {
							break
						}
						if !errors.Is(err, errCut) {
							t.Fatal(err)
						}
					}
					continue
				}
				rescued := make(chan error, 1) // taken for lost while it runs
				go func() { rescued <- visibility.Restamp(t.Context(), w.d, w.acc.ID, work) }()
				err := visibility.Restamp(t.Context(), w.d, w.acc.ID, work)
				if err := errors.Join(err, <-rescued); err != nil {
					t.Fatal(err)
				}
				if err := w.leaks(); err != nil {
					t.Fatal(err)
				}
			}
			w.queue = nil
			w.settle() // finds nothing
			w.asEvaluator()
		})
	}
}

// newLarge is an author with more conversations on one lead than two chunks hold, and a mail of the first of them.
func newLarge(t *testing.T) (w *world, lead visibility.CardRef, first string, conversations int) {
	t.Helper()
	w = newWorld(t)
	lead, first, conversations = visibility.CardRef{Kind: rules.Lead, ID: "large"}, "first@customer.test", 2*visibility.RestampChunk+100
	w.takes(&visibility.UserUpserted{ID: "anna", Version: 1, Addresses: []string{"anna@us.test"}},
		&visibility.UserUpserted{ID: "ben", Version: 1, Addresses: []string{"ben@us.test"}},
		&visibility.CardUpserted{Kind: lead.Kind, ID: lead.ID, Version: 1, Audience: visibility.Audience{Everyone: true},
			Addresses: []visibility.CardAddress{{Address: first}}})
	w.store(mail{name: "m", author: "anna", to: []string{first}})
	w.exec(`with a as (
			insert into addresses (account_id, address, hash, domains)
			select $1, 'p' || n || '@customer.test', substr(sha256(('p' || n)::bytea), 1, 16), '{customer.test,test}' from generate_series(2, $4::integer) n
			returning id
		), on_card as (insert into card_addresses (account_id, card_id, address_id, since) select $1, $3, id, now() from a)
		, met as (insert into correspondences (account_id, author_id, address_id, last_at) select $1, $2, id, now() from a)
		insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked, shown, reason, author_epoch, card_epoch)
		select $1, $2, $3, a.id, 'lead', true, false, false, 'setting_nobody', s.epoch, k.epoch
		from a, settings s, cards k
		where s.account_id = $1 and s.user_id = $2 and s.kind = 'lead' and k.account_id = $1 and k.id = $3`,
		w.acc.ID, w.userID("anna"), w.cardID(lead), conversations)
	return w, lead, first, conversations
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	err := w.d.Tx(w.Context(), w.acc.ID, func(tx *db.Tx) error {
		_, err := tx.Exec(w.Context(), sql, args...)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// behind is how many stamps are older than anna's setting for leads.
func behind(ctx context.Context, tx *db.Tx) (n int, err error) {
	err = tx.QueryRow(ctx, `select count(*) from conversations c join settings s on s.account_id = c.account_id and s.user_id = c.author_id and s.kind = c.kind
		where c.author_epoch < s.epoch`).Scan(&n)
	return n, err
}

// awaitWaiting returns once somebody in this database waits for a lock of the kind.
func (w *world) awaitWaiting(ctx context.Context, kind string) {
	w.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for waits := false; !waits; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.Fatalf("nobody waits for a lock: %v", ctx.Err())
		}
		err := w.d.Pool.QueryRow(ctx, `
			select exists (select from pg_locks l where not l.granted and l.locktype = $1 and exists (
			    select from pg_locks o where o.pid = l.pid and o.database = (select oid from pg_database where datname = current_database())))`, kind).Scan(&waits)
		if err != nil {
			w.Fatal(err)
		}
	}
}

// TestV10RestampInChunks holds a re-stamp up in the middle of its second chunk. What is stamped already shows, feeds are read and
// mail is stored meanwhile; a share of the same author waits for that chunk alone and comes before the next. A job killed
// there leaves the first chunk stamped, and the next does the rest.
func TestV10RestampInChunks(t *testing.T) {
	t.Parallel()
	w, lead, first, conversations := newLarge(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	everyone := rules.Everyone
	if _, err := w.tellAll(&visibility.SettingChanged{User: "anna", Version: 1, Lead: &everyone}); err != nil {
		t.Fatal(err)
	}
	if n := len(w.everybodySees([]string{"ben"}, []visibility.CardRef{lead})); n != 0 {
		t.Fatalf("shown before any stamp: %d", n)
	}

	hold, err := w.d.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Rollback(context.WithoutCancel(ctx))
	if _, err := hold.Exec(ctx, fmt.Sprintf(`set local mailstamp.account = '%d'`, w.acc.ID)); err != nil {
		t.Fatal(err)
	}
	_, err = hold.Exec(ctx, `select from conversations where account_id = $1 and address_id = (
		select address_id from conversations where account_id = $1 order by author_id, card_id, address_id offset $2 limit 1) for update`,
		w.acc.ID, visibility.RestampChunk+visibility.RestampChunk/2)
	if err != nil {
		t.Fatal(err)
	}
	restamped := make(chan error, 1)
	go func() { restamped <- visibility.Restamp(ctx, w.d, w.acc.ID, w.queue[0]) }()
	w.awaitWaiting(ctx, "transactionid")

	var left int
	if err := w.d.ReadTx(ctx, w.acc.ID, func(tx *db.Tx) (err error) { left, err = behind(ctx, tx); return err }); err != nil {
		t.Fatal(err)
	}
	if left != conversations-visibility.RestampChunk {
		t.Errorf("%d stamps are behind in the second chunk, of %d", left, conversations)
	}
	if n := len(w.everybodySees([]string{"ben"}, []visibility.CardRef{lead})); n != 1 {
		t.Errorf("what the first chunk shows is not shown: %d", n)
	}
	err = w.d.Tx(ctx, w.acc.ID, func(tx *db.Tx) error {
		_, err := corresponds("new@customer.test")(ctx, w, tx)
		return err
	})
	if err != nil {
		t.Errorf("mail waits for the chunk: %v", err)
	}

	share := &visibility.ShareChanged{User: "anna", Version: 1, Card: lead, Address: first, State: "private"}
	shared := make(chan error, 1)
	go func() {
		shared <- w.d.Tx(ctx, w.acc.ID, func(tx *db.Tx) error {
			if _, err := says(share)(ctx, w, tx); err != nil {
				return err
			}
			n, err := behind(ctx, tx)
			if want := conversations - 2*visibility.RestampChunk; err == nil && n != want {
				err = fmt.Errorf("%d stamps are behind when the share has its turn, want %d", n, want)
			}
			return err
		})
	}()
	w.awaitWaiting(ctx, "advisory")
	if err := hold.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-shared, <-restamped); err != nil {
		t.Fatal(err)
	}
	w.queue = nil
	w.settle()
	w.asEvaluator()

	nobody := rules.Nobody
	if _, err := w.tellAll(&visibility.SettingChanged{User: "anna", Version: 2, Lead: &nobody}); err != nil {
		t.Fatal(err)
	}
	c := &cutDB{world: w, left: 8} // an epoch read, three locks and statements of the first chunk, then in the second
	err = visibility.RestampBy(ctx, w.acc.ID, w.queue[0], func(fn func(*db.Tx) error) error { return c.tx(ctx, fn) })
	if !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	if err := w.d.ReadTx(ctx, w.acc.ID, func(tx *db.Tx) (err error) { left, err = behind(ctx, tx); return err }); err != nil {
		t.Fatal(err)
	}
	if left != conversations-visibility.RestampChunk {
		t.Errorf("%d stamps are behind after the job was killed, of %d", left, conversations)
	}
	w.settle()
	w.asEvaluator()
}

// TestV12PrivateWinsWhileCardsMove: an author unshares an address while its contact is merged away, its lead is converted or
// the address moves to another contact: before, after and at the same time. Nobody sees it in the end.
func TestV12PrivateWinsWhileCardsMove(t *testing.T) {
	t.Parallel()
	yes := true
	everybody := visibility.Audience{Everyone: true}
	const p = "p@customer.test"
	card := func(kind rules.Kind, id string, version int64, addresses ...string) *visibility.CardUpserted {
		e := &visibility.CardUpserted{Kind: kind, ID: id, Version: version, Audience: everybody}
		for _, a := range addresses {
			e.Addresses = append(e.Addresses, visibility.CardAddress{Address: a})
		}
		return e
	}
	roof := "roof"
	for name, move := range map[string]struct {
		from   rules.Kind
		events []visibility.Event
	}{
		"merged":    {rules.Contact, []visibility.Event{&visibility.ContactMerged{Winner: "kit", Losers: []string{"kim"}, Version: 2}}},
		"converted": {rules.Lead, []visibility.Event{&visibility.LeadConverted{Lead: "kim", Contact: "kit", Deal: &roof, Version: 2}}},
		"moved":     {rules.Contact, []visibility.Event{card(rules.Contact, "kim", 2), card(rules.Contact, "kit", 2, p)}},
	} {
		for _, when := range []string{"before", "after", "meanwhile"} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				ref := visibility.CardRef{Kind: move.from, ID: "kim"}
				w.takes(&visibility.UserUpserted{ID: "anna", Version: 1, Addresses: []string{"anna@us.test"}},
					&visibility.UserUpserted{ID: "ben", Version: 1, Addresses: []string{"ben@us.test"}},
					card(move.from, "kim", 1, p), card(rules.Contact, "kit", 1, "kit@customer.test"),
					&visibility.CardUpserted{Kind: rules.Deal, ID: roof, Version: 1, Audience: everybody, Contacts: []visibility.DealContact{{ID: "kim"}, {ID: "kit"}}})
				w.store(mail{name: "m", author: "anna", to: []string{p}})
				w.takes(&visibility.ShareChanged{User: "anna", Version: 1, Card: ref, Address: p, State: "shared"})
				cards := []visibility.CardRef{ref, {Kind: rules.Contact, ID: "kit"}, {Kind: rules.Deal, ID: roof}}
				if len(w.everybodySees([]string{"ben"}, cards)) == 0 {
					t.Fatal("it is not shown to begin with")
				}
				w.now = w.now.Add(time.Minute)
				tell := func(events ...visibility.Event) error {
					batch := make([]visibility.Told, len(events))
					for i, e := range events {
						batch[i] = visibility.Told{Event: e, At: w.now, By: "crm"}
					}
					return w.d.Tx(t.Context(), w.acc.ID, func(tx *db.Tx) error {
						_, err := visibility.Apply(t.Context(), tx, w.acc, batch)
						return err
					})
				}
				private := func() error {
					return tell(&visibility.ShareChanged{User: "anna", Version: 2, Card: ref, Address: p, State: "private", AlsoDeals: &yes})
				}
				moved := func() error { return tell(move.events...) }
				var err error
				switch when {
				case "before":
					err = errors.Join(private(), moved())
				case "after":
					err = errors.Join(moved(), private())
				default:
					other := make(chan error, 1)
					go func() { other <- private() }()
					err = errors.Join(moved(), <-other)
				}
				if err != nil {
					t.Fatal(err)
				}
				w.settle()
				w.asEvaluator()
				if seen := w.everybodySees([]string{"ben"}, cards); len(seen) > 0 {
					t.Errorf("still shown: %v", seen)
				}
			})
		}
	}
}

// TestShownOnce: a conversation notes when it is visible for the first time, and keeps the note when it is hidden: readers look
// into what was never shown for nobody but its author.
func TestShownOnce(t *testing.T) {
	t.Parallel()
	w := newCascade(t)
	shown := func() (n int) {
		w.read(func(tx *db.Tx) error {
			return tx.QueryRow(t.Context(), `select count(*) from conversations where shown`).Scan(&n)
		})
		return n
	}
	nobody, everyone := rules.Nobody, rules.Everyone
	for _, step := range []struct {
		event visibility.Event
		want  int
	}{
		{&visibility.SettingChanged{User: "anna", Version: 1, Contact: &nobody}, 0},
		{&visibility.ShareChanged{User: "anna", Version: 1, Card: faulted[1], Address: "kim@customer.test", State: "shared"}, 1},
		{&visibility.SettingChanged{User: "anna", Version: 2, Deal: &everyone}, 2},
		{&visibility.SettingChanged{User: "anna", Version: 3, Deal: &nobody}, 2},
	} {
		w.takes(step.event)
		if n := shown(); n != step.want {
			t.Errorf("%+v: %d conversations were ever shown, want %d", step.event, n, step.want)
		}
	}

	// So it does when a stamp is written by the program of the release before, which knows nothing of the note.
	err := w.d.Tx(t.Context(), w.acc.ID, func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `update conversations set visible = true where not shown`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.read(func(tx *db.Tx) (err error) {
		var hidden int
		if err = tx.QueryRow(t.Context(), `select count(*) from conversations where visible and not shown`).Scan(&hidden); hidden > 0 {
			t.Errorf("%d visible conversations are not noted as shown", hidden)
		}
		return err
	})
}
