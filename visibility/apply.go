package visibility

import (
	"context"
	"errors"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Status is what became of an event.
type Status string

const (
	Applied Status = "applied"
	Stale   Status = "stale" // a newer version of the entity is known; nothing changed
)

// Work is re-stamping left to a job: of what depends on a user's setting for a kind, or of a card's conversations.
type Work struct {
	UserID int64      `json:"user_id,omitempty"`
	Kind   rules.Kind `json:"kind,omitempty"`
	CardID int64      `json:"card_id,omitempty"`
}

// Outcome of Apply.
type Outcome struct {
	Statuses []Status // one per event
	Work     []Work   // to be queued in the same transaction
}

// Invalid: event Index of a batch cannot be applied, for the reason in Detail.
type Invalid struct {
	Index  int
	Detail string
}

func (e *Invalid) Error() string { return fmt.Sprintf("event %d: %s", e.Index, e.Detail) }

// ChoiceRequired: event Index unshares what Cards show too, and does not say what shall become of them (SPEC 3.2).
type ChoiceRequired struct {
	Index int
	Cards []CardRef
}

func (e *ChoiceRequired) Error() string {
	return fmt.Sprintf("event %d: say whether %d more cards shall hide it too", e.Index, len(e.Cards))
}

// ErrNotFound: it does not exist, or the viewer may not see it; the two are never told apart.
var ErrNotFound = errors.New("not found")

// Apply applies events in order, in one transaction that it shares with its caller: on an error nothing of them may be
// committed. It takes the locks itself and must be the first thing in tx that locks anything.
func Apply(ctx context.Context, tx *db.Tx, acc *db.Account, events []Told) (Outcome, error) {
	return Outcome{}, errors.New("not there yet")
}

// Restamp brings the stamps of work up to date, in transactions of bounded size. Running it twice, late, or beside
// another of its kind ends in the same stamps.
func Restamp(ctx context.Context, d *db.DB, accountID int64, work Work) error {
	return errors.New("not there yet")
}

// Correspond gives the author's new correspondences with addresses their conversations, stamped. It takes the locks and
// must come last in a transaction that stores mail.
func Correspond(ctx context.Context, tx *db.Tx, author int64, addresses []int64) error {
	return errors.New("not there yet")
}

// Behind lists the inputs whose stamps are not known to be current and counts the stamps below the epoch of an input; both
// are empty when nothing is pending.
func Behind(ctx context.Context, tx *db.Tx) (work []Work, stamps int64, err error) {
	return nil, 0, errors.New("not there yet")
}
