package visibility_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/naive"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

const (
	// historySteps of one run, unless MAILSTAMP_HISTORY_STEPS says otherwise (the whole proof takes 10,000 and more).
	historySteps = 2_500
	// historyLength is how many steps a world lives: long enough for every entity to change many times, short enough that
	// a failure shrinks fast.
	historyLength = 250
	// historySeed of the first world, unless MAILSTAMP_HISTORY_SEED says otherwise; the next have the next numbers.
	historySeed = 1
	// feedsPerStep are asked after every step; the view that every reader goes through is compared as a whole.
	feedsPerStep = 2
	// shrinkTries bounds the work spent on telling a failure shorter, unless MAILSTAMP_HISTORY_SHRINK says otherwise.
	shrinkTries = 300
)

// TestV14History: random histories over all commands, in which jobs run late, twice or never, compared with the naive
// evaluator after every step. What nobody may see, nobody sees at any time (G1); where nothing is pending, every stamp, every
// feed and every share is what SPEC says (G3).
func TestV14History(t *testing.T) {
	t.Parallel()
	steps, seed := number(t, "MAILSTAMP_HISTORY_STEPS", historySteps), number(t, "MAILSTAMP_HISTORY_SEED", historySeed)
	tries := number(t, "MAILSTAMP_HISTORY_SHRINK", shrinkTries)
	d := testenv.DB(t)
	const lanes = 2
	var failed atomic.Bool // one failure is enough to look at
	for lane := range lanes {
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			t.Parallel()
			for n := lane; n*historyLength < steps && !failed.Load(); n += lanes {
				acts := drawHistory(uint64(seed+n), min(historyLength, steps-n*historyLength))
				err := live(t, d, acts)
				if err == nil {
					continue
				}
				failed.Store(true)
				acts, err = shrink(t, d, acts, err, tries)
				t.Fatalf("MAILSTAMP_HISTORY_SEED=%d MAILSTAMP_HISTORY_STEPS=%d finds:\n%v\nafter\n%s", seed+n, historyLength, err, tell(acts))
			}
		})
	}
}

func number(t *testing.T, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// act is one step of a history. It depends on no step before it, so that any part of a history is one too.
type act struct {
	text string
	salt uint64 // decides who looks after it, and what is left to chance when it runs
	do   func(h *history) error
}

func tell(acts []act) string {
	var b strings.Builder
	for i, a := range acts {
		fmt.Fprintf(&b, "%4d  %s\n", i+1, a.text)
	}
	return b.String()
}

// history is a world in which acts happen.
type history struct {
	*world
	chance   *rand.Rand
	versions map[string]int64
	names    map[int64]string // of the messages
	prompt   bool             // jobs run at once

	last   *naive.World                   // after the step before
	expect func(after *naive.World) error // what else the step should have done
}

// live plays a history in a world of its own and returns what it finds wrong.
func live(t *testing.T, d *db.DB, acts []act) (err error) {
	broken := &failure{TB: t}
	defer func() {
		if r := recover(); r != nil && r != any(broken) {
			panic(r)
		}
		if err == nil {
			err = broken.err
		}
	}()
	h := &history{world: newWorldOn(broken, d), versions: map[string]int64{}, names: map[int64]string{}}
	h.last = h.look()
	h.takesEvents()
	for i, a := range acts {
		h.chance = rand.New(rand.NewPCG(a.salt, 0))
		h.expect = func(*naive.World) error { return nil }
		err := a.do(h)
		if err == nil {
			if h.prompt {
				err = h.settleQueue()
			}
			if err == nil {
				err = h.check()
			}
		}
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, a.text, err)
		}
	}
	return h.toldAsStamped()
}

// failure turns the failing of a test's helper into an error of the history, which is then shrunk.
type failure struct {
	testing.TB
	err error
}

func (f *failure) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }
func (f *failure) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	panic(f)
}
func (f *failure) Errorf(format string, args ...any) {
	f.err = errors.Join(f.err, fmt.Errorf(format, args...))
}

// shrink leaves out what the failure does not need: half of the history, then quarters, down to single steps.
func shrink(t *testing.T, d *db.DB, acts []act, failed error, tries int) ([]act, error) {
	for size := len(acts) / 2; size > 0; size /= 2 {
		for from := 0; from < len(acts) && tries > 0; {
			rest := slices.Concat(acts[:from], acts[min(from+size, len(acts)):])
			tries--
			if err := live(t, d, rest); err != nil {
				acts, failed = rest, err
			} else {
				from += size
			}
		}
	}
	return acts, failed
}

// next and late are versions of an entity: the one after all before, and one that has been.
func (h *history) next(entity string) int64 {
	h.versions[entity]++
	return h.versions[entity]
}

func (h *history) late(entity string) int64 {
	h.versions[entity] = max(h.versions[entity], 1)
	return 1 + h.chance.Int64N(h.versions[entity])
}

// tellBatch applies events as the CRM or an author tells them. A refusal is an answer like any other: it changes nothing.
func (h *history) tellBatch(events ...visibility.Event) error {
	statuses, err := h.tellAll(events...)
	var choice *visibility.ChoiceRequired
	refused := errors.As(err, &choice) || errors.Is(err, visibility.ErrCannotShare)
	if err != nil && !refused {
		return err
	}
	before := h.last
	if refused {
		h.expect = sharesAre(before.Shares())
	}
	if len(events) > 1 {
		return nil // what one did to shares, the next may have changed
	}
	switch e := events[0].(type) {
	case *visibility.ShareChanged:
		if refused || statuses[0] == visibility.Applied {
			return h.checkShare(before, e, err)
		}
	case *visibility.LeadConverted:
		h.expect = func(after *naive.World) error { // in which the cards are known
			deal := int64(0)
			if e.Deal != nil {
				deal = after.Card("deal", *e.Deal)
			}
			return carried(before, after, []int64{after.Card("lead", e.Lead)}, after.Card("contact", e.Contact), deal)
		}
	case *visibility.ContactMerged:
		h.expect = func(after *naive.World) error {
			var losers []int64
			for _, id := range e.Losers {
				losers = append(losers, after.Card("contact", id))
			}
			return carried(before, after, losers, after.Card("contact", e.Winner), 0)
		}
	}
	return nil
}

func carried(before, after *naive.World, from []int64, to, deal int64) error {
	if after.Gone(to) {
		return nil // they go further
	}
	want := before.Carry(from, to, deal)
	for c, state := range want {
		if state == "private" && after.Shares()[c] == "" && after.SharedOnContact(c) {
			delete(want, c) // the deal got the contact by the merge: what was shared there later lifts what was said before
		}
	}
	return sharesAre(want)(after)
}

func sharesAre(want map[naive.Conversation]string) func(*naive.World) error {
	return func(after *naive.World) error {
		if got := after.Shares(); !maps.Equal(got, want) {
			return fmt.Errorf("shares are %v; SPEC makes them %v", got, want)
		}
		return nil
	}
}

// checkShare compares the answer to a share with what SPEC 3.2 says, and expects what it does to the author's shares.
func (h *history) checkShare(before *naive.World, e *visibility.ShareChanged, err error) error {
	author, card, address := before.User(e.User), before.Card(string(e.Card.Kind), e.Card.ID), before.Address(e.Address)
	if author == 0 || card == 0 || address == 0 || before.Gone(card) {
		return nil // named for the first time: it cannot be linked with anything; or it goes on to another card
	}
	also := e.AlsoDeals
	if e.Card.Kind == rules.Deal {
		also = e.AlsoContact
	}
	want, ask := before.Share(author, card, address, e.State, also)
	var choice *visibility.ChoiceRequired
	switch asked := errors.As(err, &choice); {
	case asked != (len(ask) > 0):
		return fmt.Errorf("asked: %v (%v); SPEC 3.2 asks about cards %v", asked, err, ask)
	case asked && len(choice.Cards) != len(ask):
		return fmt.Errorf("asked about %v; SPEC 3.2 asks about cards %v", choice.Cards, ask)
	case errors.Is(err, visibility.ErrCannotShare):
		if before.OnCard(card, address) && !before.Blocked(author, address) {
			return fmt.Errorf("%w, yet this one is", err)
		}
		return nil
	}
	h.expect = sharesAre(want)
	return nil
}

func (h *history) look() (w *naive.World) {
	h.read(func(tx *db.Tx) (err error) {
		w, err = naive.Load(h.Context(), tx)
		return err
	})
	return w
}

func (h *history) settleQueue() error {
	for _, work := range h.queue {
		if err := h.restamp(work); err != nil {
			return err
		}
	}
	h.queue = nil
	return nil
}

func (h *history) restamp(work visibility.Work) error {
	return visibility.Restamp(h.Context(), h.d, h.acc.ID, work)
}

// sweep runs what the sweep finds behind.
func (h *history) sweep() error {
	var work []visibility.Work
	h.read(func(tx *db.Tx) (err error) {
		work, _, err = visibility.Behind(h.Context(), tx)
		return err
	})
	for _, item := range work {
		if err := h.restamp(item); err != nil {
			return err
		}
	}
	return nil
}

// check is what holds after every step.
func (h *history) check() error {
	var w *naive.World
	var work []visibility.Work
	var stamps int64
	h.read(func(tx *db.Tx) (err error) {
		if w, err = naive.Load(h.Context(), tx); err != nil {
			return err
		}
		work, stamps, err = visibility.Behind(h.Context(), tx)
		return err
	})
	h.last = w
	if err := h.expect(w); err != nil {
		return err
	}
	if leaks := w.Leaks(); len(leaks) > 0 {
		return fmt.Errorf("readers are shown what is hidden: %v", leaks)
	}
	settled := len(work) == 0
	if h.prompt && !settled {
		return fmt.Errorf("the jobs have run, yet %v is behind", work)
	}
	if settled {
		if stamps > 0 {
			return fmt.Errorf("%d stamps are behind, and no input says so", stamps)
		}
		if wrong := w.Compare(); len(wrong) > 0 {
			return fmt.Errorf("nothing is pending, yet %v", wrong)
		}
	}
	for range feedsPerStep {
		viewer, card := pick(h.chance, historyUsers), pick(h.chance, historyCards)
		if err := h.checkFeed(w, viewer, card, settled); err != nil {
			return fmt.Errorf("%s looks at %s/%s: %w", viewer, card.Kind, card.ID, err)
		}
	}
	return nil
}

// checkFeed compares the feed with the evaluator: never more, and all of it where nothing is pending. What is the viewer's
// own is there at all times.
func (h *history) checkFeed(w *naive.World, viewer string, card visibility.CardRef, settled bool) error {
	v, c := w.User(viewer), w.Card(string(card.Kind), card.ID)
	must, may := map[string]bool{}, map[string]bool{}
	shared := map[string]bool{} // "author of a copy, mail"
	for id, m := range w.Messages() {
		if !w.Sees(v, id, c) {
			continue
		}
		name := h.names[id]
		may[name] = true
		if settled || m.Author == v {
			must[name] = true
		}
		for _, other := range historyUsers {
			// Whoever shares it shows it to somebody else, here to whoever opens the card and is not the author.
			if u := w.User(other); u == m.Author && slices.ContainsFunc(m.Addresses, func(a int64) bool { return w.Verdict(u, c, a).Visible }) {
				shared[other+" "+name] = true
			}
		}
	}
	service := feed.Service{DB: h.d}
	page, err := service.Feed(h.Context(), h.acc, viewer, card, feed.Cut{Limit: feed.MaxLimit})
	if errors.Is(err, visibility.ErrNotFound) {
		if w.CanOpen(v, c) {
			return errors.New("404, yet the card can be opened")
		}
		return nil
	}
	if err != nil {
		return err
	}
	if !w.CanOpen(v, c) {
		return errors.New("the card opens, yet it must not")
	}
	for _, item := range page.Items {
		id, err := h.acc.Keys.ParseID("message", item.Message)
		if err != nil {
			return err
		}
		if !w.Sees(v, id, c) {
			return fmt.Errorf("the feed shows %s of %s", item.Subject, item.Author)
		}
		if item.Author != viewer && (item.Bcc != nil || item.Seen != nil) {
			return fmt.Errorf("the feed shows what is the author's alone of %s", item.Subject)
		}
		for _, by := range item.SharedBy {
			if !shared[by+" "+item.Subject] {
				return fmt.Errorf("the feed says that %s shares %s", by, item.Subject)
			}
		}
		delete(must, item.Subject)
	}
	if len(must) > 0 {
		return fmt.Errorf("the feed lacks %v", slices.Sorted(maps.Keys(must)))
	}
	return nil
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
