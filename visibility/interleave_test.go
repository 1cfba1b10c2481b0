package visibility_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/naive"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

const (
	// interleavingTurns is how often a transaction is interrupted although it could go on, unless
	// MAILSTAMP_INTERLEAVING_TURNS says otherwise: with 1, every statement of each waits once for the whole other; 0 means
	// as often as it can be, for every interleaving there is.
	interleavingTurns = 1
	// statementGrace is how long a statement may take before the server is asked whether it waits for a lock.
	statementGrace = 2 * time.Millisecond
)

// race is two transactions on one small world, told from the same state again and again.
type race struct {
	name  string
	jobs  bool // a side leaves jobs: it is told a second time
	soon  bool // the jobs of what is committed first run at once, else when both are through
	setup []visibility.Event
	mail  []mail // before
	a, b  attempt
}

// attempt is what one side does in its transaction.
type attempt func(ctx context.Context, w *world, tx *db.Tx) ([]visibility.Work, error)

// races are the stories of V01, V02, V08 and V12.
func races() []race {
	anna, carl := "anna", "carl"
	kim := visibility.CardRef{Kind: rules.Contact, ID: "kim"}
	roof := visibility.CardRef{Kind: rules.Deal, ID: "roof"}
	const p, q = "p@x.test", "new@x.test"
	yes := true
	everybody := visibility.Audience{Everyone: true}
	contact := func(version int64, owner string, more ...string) *visibility.CardUpserted {
		e := &visibility.CardUpserted{Kind: kim.Kind, ID: kim.ID, Version: version, Owner: &owner, Audience: everybody}
		for _, a := range append([]string{p}, more...) {
			e.Addresses = append(e.Addresses, visibility.CardAddress{Address: a})
		}
		return e
	}
	deal := func(version int64, contacts ...string) *visibility.CardUpserted {
		e := &visibility.CardUpserted{Kind: roof.Kind, ID: roof.ID, Version: version, Owner: &carl, Audience: everybody}
		for _, id := range contacts {
			e.Contacts = append(e.Contacts, visibility.DealContact{ID: id})
		}
		return e
	}
	setting := func(user string, version int64, value rules.Setting) *visibility.SettingChanged {
		return &visibility.SettingChanged{User: user, Version: version, Contact: &value, Deal: &value}
	}
	share := func(card visibility.CardRef, version int64, state string) *visibility.ShareChanged {
		return &visibility.ShareChanged{User: anna, Version: version, Card: card, Address: p, State: state, AlsoDeals: &yes, AlsoContact: &yes}
	}
	with := func(e *visibility.CardUpserted, collaborators ...string) *visibility.CardUpserted {
		e.Collaborators = collaborators
		return e
	}
	without := func(e *visibility.CardUpserted, address string) *visibility.CardUpserted {
		e.Addresses = slices.DeleteFunc(e.Addresses, func(a visibility.CardAddress) bool { return a.Address == address })
		return e
	}
	active, inactive := true, false
	user := func(id string, version int64, active *bool, more ...string) *visibility.UserUpserted {
		return &visibility.UserUpserted{ID: id, Version: version, Active: active, Addresses: append([]string{id + "@us.test"}, more...)}
	}
	kit := &visibility.CardUpserted{Kind: kim.Kind, ID: "kit", Version: 1, Owner: &carl, Audience: everybody}
	moved := *kit
	moved.Version, moved.Addresses = 2, []visibility.CardAddress{{Address: p}}
	mailed := []mail{{name: "m", author: anna, to: []string{p}}}
	people := []visibility.Event{user(anna, 1, &active), user("ben", 1, &active), user(carl, 1, &active)}
	start := func(more ...visibility.Event) []visibility.Event { return slices.Concat(people, more) }

	late := []race{
		{"V01 private while mail comes", false, false, start(contact(1, anna), deal(1, "kim"), setting(anna, 1, rules.Everyone)), nil,
			says(share(kim, 1, "private")), corresponds(p)},
		{"V01 setting narrowed while mail comes", true, false, start(contact(1, anna), deal(1, "kim"), setting(anna, 1, rules.Everyone)), nil,
			says(setting(anna, 2, rules.Nobody)), corresponds(p)},
		{"V01 setting widened while mail comes", true, false, start(contact(1, anna), deal(1, "kim"), setting(anna, 1, rules.Nobody)), nil,
			says(setting(anna, 2, rules.Everyone)), corresponds(p)},
		{"V01 address on a card while mail of it comes", false, false, start(contact(1, anna), deal(1, "kim"), setting(anna, 1, rules.Owner)), nil,
			says(contact(2, carl, q)), corresponds(q)},
		{"V01 colleague's address while mail comes", false, false, start(contact(1, anna), setting(anna, 1, rules.Everyone)), nil,
			says(user("ben", 2, &active, p)), corresponds(p)},
		{"V01 block list while mail comes", false, false, start(contact(1, anna), setting(anna, 1, rules.Everyone)), nil,
			says(&visibility.BlocklistChanged{User: &anna, Version: 1, Entries: []visibility.BlockEntry{{Domain: "x.test"}}}), corresponds(p)},
		{"V02 owner and setting of the new owner", true, false, start(contact(1, anna), setting(anna, 1, rules.Owner), setting(carl, 1, rules.Everyone)), mailed,
			says(contact(2, carl)), says(setting(carl, 2, rules.Nobody))},
		{"V02 owner and collaborators", false, false, start(contact(1, anna), setting(anna, 1, rules.OwnerOrCollaborator)), mailed,
			says(contact(2, carl)), says(with(contact(3, "ben"), anna))},
		{"V02 collaborators and setting", true, false, start(with(contact(1, carl), anna), setting(anna, 1, rules.OwnerOrCollaborator)), mailed,
			says(contact(2, carl)), says(setting(anna, 2, rules.Owner))},
		{"V02 new owner leaves while mail comes", true, false, start(contact(1, anna), contact(2, carl), setting(anna, 1, rules.Owner), setting(carl, 1, rules.Everyone)), nil,
			says(user(carl, 2, &inactive)), corresponds(p)},
		{"V02 setting of the new owner while mail comes", true, false, start(contact(1, anna), contact(2, carl), setting(anna, 1, rules.Owner), setting(carl, 1, rules.Everyone)), nil,
			says(setting(carl, 2, rules.Nobody)), corresponds(p)},
		{"V12 merged while mail comes", false, false, start(contact(1, anna), kit, setting(anna, 1, rules.Everyone)), nil,
			says(&visibility.ContactMerged{Winner: "kit", Losers: []string{"kim"}, Version: 2}), corresponds(p)},
		{"V12 merged while private is said", false, false, start(contact(1, anna), kit, deal(1, "kim"), share(kim, 1, "shared")), mailed,
			says(&visibility.ContactMerged{Winner: "kit", Losers: []string{"kim"}, Version: 2}), says(share(kim, 2, "private"))},
		{"V12 address moved while it is shared", false, false, start(contact(1, anna, q), kit), mailed,
			says(without(contact(2, anna), p), &moved), says(share(kim, 1, "shared"))},
		{"V08 shared while a deal is linked", false, false, start(contact(1, anna), deal(1)), mailed,
			says(share(kim, 1, "shared")), says(deal(2, "kim"))},
		{"V08 private while a deal is linked", false, false, start(contact(1, anna), deal(1), share(kim, 1, "shared")), mailed,
			says(share(kim, 2, "private")), says(deal(2, "kim"))},
		{"V08 words on contact and deal", false, false, start(contact(1, anna), deal(1, "kim")), mailed,
			says(share(kim, 1, "shared")), says(share(roof, 1, "private"))},
		{"V08 words on contact and deal, both private", false, false, start(contact(1, anna), deal(1, "kim"), share(kim, 1, "shared"), share(roof, 1, "shared")), mailed,
			says(share(kim, 2, "private")), says(share(roof, 2, "private"))},
	}
	all := late
	for _, r := range late {
		if r.jobs {
			r.name, r.soon = r.name+", jobs at once", true
			all = append(all, r)
		}
	}
	return all
}

// says is one or more events told at once.
func says(events ...visibility.Event) attempt {
	return func(ctx context.Context, w *world, tx *db.Tx) ([]visibility.Work, error) {
		batch := make([]visibility.Told, len(events))
		for i, e := range events {
			batch[i] = visibility.Told{Event: e, At: w.now, By: "crm"}
		}
		out, err := visibility.Apply(ctx, tx, w.acc, batch)
		return out.Work, err
	}
}

// corresponds is what ingest does with an address on a mail that it stores.
func corresponds(text string) attempt {
	return func(ctx context.Context, w *world, tx *db.Tx) ([]visibility.Work, error) {
		ids, err := tx.Intern(ctx, w.acc, []string{text})
		if err != nil {
			return nil, err
		}
		var author int64
		if err := tx.QueryRow(ctx, `select id from users where account_id = $1 and crm_id = 'anna'`, w.acc.ID).Scan(&author); err != nil {
			return nil, err
		}
		_, err = tx.Exec(ctx, `insert into correspondences (account_id, author_id, address_id, last_at) values ($1, $2, $3, now())`, w.acc.ID, author, ids[text])
		if err != nil {
			return nil, err
		}
		return nil, visibility.Correspond(ctx, tx, author, []int64{ids[text]})
	}
}

// TestV01V02V08V12Interleavings drives each pair through its interleavings, statement by statement. Whatever is committed, no reader is
// shown what the evaluator hides; when both are through and the jobs have run, every stamp equals it.
func TestV01V02V08V12Interleavings(t *testing.T) {
	t.Parallel()
	turns := number(t, "MAILSTAMP_INTERLEAVING_TURNS", interleavingTurns)
	d := testenv.DB(t)
	for _, r := range races() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			c := &chooser{turns: turns}
			runs := 0
			for more := true; more; more = c.next() {
				runs++
				c.begin()
				if err := r.run(t, d, c); err != nil {
					t.Fatalf("after %s: %v", c.said(), err)
				}
			}
			t.Logf("%d interleavings, %d turns at most (0: any number)", runs, turns)
		})
	}
}

// run tells one interleaving in a fresh world.
func (r race) run(t *testing.T, d *db.DB, c *chooser) error {
	w := newWorldOn(t, d)
	if _, err := w.tellAll(r.setup...); err != nil {
		return err
	}
	w.pending = true
	for _, m := range r.mail {
		w.store(m)
	}
	w.settle()
	w.now = w.now.Add(time.Second)
	sides := []*side{start(w, "A", r.a), start(w, "B", r.b)}
	for {
		var ready []int
		done := 0
		for i, s := range sides {
			committed, err := s.settle(w)
			if err != nil {
				return err
			}
			if committed {
				if err := w.leaks(); err != nil {
					return fmt.Errorf("%s committed: %w", s.name, err)
				}
				if len(s.work) > 0 && !r.jobs {
					return fmt.Errorf("%s leaves jobs: tell it a second time", s.name)
				}
				if w.queue = append(w.queue, s.work...); r.soon && len(w.queue) > 0 {
					sides = append(sides, startJobs(w, s.name+"'s jobs"))
				}
			}
			switch s.state {
			case atGate:
				ready = append(ready, i)
			case ended:
				done++
			}
		}
		if done == len(sides) {
			break
		}
		if len(ready) > 0 { // else both wait: the server ends a dead-lock
			s := sides[c.choose(ready, []effect{sides[0].next, sides[1].next})]
			s.state = running
			s.pass <- struct{}{}
		}
	}
	w.settle()
	return w.compare()
}

// leaks fails when readers are shown what must be hidden.
func (w *world) leaks() (err error) {
	w.read(func(tx *db.Tx) error {
		n, e := naive.Load(w.Context(), tx)
		if e == nil && len(n.Leaks()) > 0 {
			err = fmt.Errorf("readers are shown what is hidden: %v", n.Leaks())
		}
		return e
	})
	return err
}

// compare fails when a stamp differs from the evaluator.
func (w *world) compare() (err error) {
	w.read(func(tx *db.Tx) error {
		wrong, e := naive.Compare(w.Context(), tx)
		if len(wrong) > 0 {
			err = fmt.Errorf("nothing is pending, yet %v", wrong)
		}
		return e
	})
	return err
}

type sideState int

const (
	running sideState = iota // or waiting for a lock
	atGate
	ended
)

// side is one of the two transactions, which stops before each statement and before COMMIT.
type side struct {
	name   string
	state  sideState
	pid    chan uint32 // of each try
	server uint32
	next   effect // of the statement that it waits to make
	arrive chan effect
	pass   chan struct{}
	end    chan error
	work   []visibility.Work
}

func start(w *world, name string, do attempt) *side {
	s := &side{name: name, pid: make(chan uint32, 8), arrive: make(chan effect), pass: make(chan struct{}), end: make(chan error, 1)}
	ctx := w.Context()
	go func() {
		s.end <- w.d.Tx(ctx, w.acc.ID, func(tx *db.Tx) (err error) {
			s.pid <- tx.Conn().PgConn().PID()
			gated := gatedTx{tx.Tx, func(sql string) { s.stop(ctx, effectOf(sql)) }}
			s.work, err = do(ctx, w, &db.Tx{Tx: gated, Queries: queries.New(gated), AccountID: tx.AccountID})
			s.stop(ctx, commits)
			return err
		})
	}()
	return s
}

// startJobs runs what is queued, which stops at no gate.
func startJobs(w *world, name string) *side {
	s := &side{name: name, pid: make(chan uint32, 8), arrive: make(chan effect), end: make(chan error, 1)}
	ctx, queue := w.Context(), w.queue
	w.queue = nil
	inTx := func(fn func(*db.Tx) error) error {
		return w.d.Tx(ctx, w.acc.ID, func(tx *db.Tx) error {
			s.pid <- tx.Conn().PgConn().PID()
			return fn(tx)
		})
	}
	go func() {
		var err error
		for _, work := range queue {
			err = errors.Join(err, visibility.RestampBy(ctx, w.acc.ID, work, inTx))
		}
		s.end <- err
	}()
	return s
}

func (s *side) stop(ctx context.Context, next effect) {
	select {
	case s.arrive <- next:
	case <-ctx.Done():
		return
	}
	select {
	case <-s.pass:
	case <-ctx.Done():
	}
}

// settle waits until the side stops at its gate, has ended, or waits for a lock. It reports whether it has just committed.
func (s *side) settle(w *world) (committed bool, err error) {
	for s.state == running {
		wait := time.NewTimer(statementGrace)
		select {
		case s.server = <-s.pid:
		case s.next = <-s.arrive:
			s.state = atGate
		case err := <-s.end:
			s.state = ended
			if err != nil {
				return false, fmt.Errorf("%s: %w", s.name, err)
			}
			return true, nil
		case <-wait.C:
			var blocked bool
			err := w.d.Pool.QueryRow(w.Context(), `select cardinality(pg_blocking_pids($1)) > 0`, int32(s.server)).Scan(&blocked)
			if err != nil {
				return false, err
			}
			if blocked {
				return false, nil
			}
		case <-w.Context().Done():
			return false, w.Context().Err()
		}
		wait.Stop()
	}
	return false, nil
}

// gatedTx stops before each statement.
type gatedTx struct {
	pgx.Tx
	stop func(sql string)
}

func (g gatedTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	g.stop(sql)
	return g.Tx.Exec(ctx, sql, args...)
}

func (g gatedTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	g.stop(sql)
	return g.Tx.Query(ctx, sql, args...)
}

func (g gatedTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	g.stop(sql)
	return g.Tx.QueryRow(ctx, sql, args...)
}

// effect is what a statement does that the other transaction may notice.
type effect int

const (
	reads  effect = iota // notices what is committed, and is not noticed
	writes               // its rows wait for the other's rows; noticed when it is committed
	locks                // advisory locks: wait for each other
	commits
)

func effectOf(sql string) effect {
	sql = strings.ToLower(sql)
	switch {
	case strings.Contains(sql, "pg_advisory"):
		return locks
	case strings.Contains(sql, "insert into"), strings.Contains(sql, "update "), strings.Contains(sql, "delete from"), strings.Contains(sql, "for share"):
		return writes
	}
	return reads
}

// independent statements of two READ COMMITTED transactions may change places without a difference to anybody.
func independent(a, b effect) bool {
	return a != commits && b != commits && (a != b || a == reads)
}

// chooser walks through all interleavings in the order of a depth-first search, either with a bounded number of turns, each
// of which takes the floor from a side that could go on, or through all that differ: an order of two independent statements
// is tried once (sleep sets).
type chooser struct {
	turns int // 0: any number
	path  []fork
	at    int   // in path
	taken int   // turns so far
	floor int   // whose statement was the last; -1: nobody's
	sleep []int // sides whose next statement was tried first at an earlier fork, and has met nothing since that depends on it
	log   []string
}

type fork struct{ option, options int }

func (c *chooser) begin() { c.at, c.taken, c.floor, c.sleep, c.log = 0, 0, -1, nil, nil }

// choose one of the sides that are ready to make their next statements.
func (c *chooser) choose(ready []int, next []effect) int {
	options := slices.DeleteFunc(slices.Clone(ready), func(i int) bool { return slices.Contains(c.sleep, i) })
	if len(options) == 0 { // this order was tried already: on to its end
		options = ready[:1]
	}
	goesOn := slices.Contains(options, c.floor)
	if goesOn {
		// First whoever has the floor, then, as long as turns are left, the others.
		options = append([]int{c.floor}, slices.DeleteFunc(options, func(i int) bool { return i == c.floor })...)
		if c.turns > 0 && c.taken >= c.turns {
			options = options[:1]
		}
	}
	if c.at == len(c.path) {
		c.path = append(c.path, fork{0, len(options)})
	}
	step := &c.path[c.at]
	step.options = len(options)
	step.option = min(step.option, len(options)-1)
	chosen := options[step.option]
	c.at++
	if goesOn && chosen != c.floor {
		c.taken++
	}
	if c.turns == 0 {
		c.sleep = slices.DeleteFunc(append(c.sleep, options[:step.option]...), func(i int) bool {
			return i == chosen || !independent(next[i], next[chosen])
		})
	}
	c.floor = chosen
	c.log = append(c.log, string(rune('A'+chosen)))
	return chosen
}

// next moves on to the next interleaving, false when there is none.
func (c *chooser) next() bool {
	c.path = c.path[:c.at]
	for len(c.path) > 0 {
		last := &c.path[len(c.path)-1]
		if last.option++; last.option < last.options {
			return true
		}
		c.path = c.path[:len(c.path)-1]
	}
	return false
}

func (c *chooser) said() string { return "statements of " + strings.Join(c.log, "") }
