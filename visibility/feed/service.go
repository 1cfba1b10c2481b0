package feed

import (
	"context"
	"errors"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
)

var (
	// ErrInvalidCursor: not a cursor of this list for this viewer.
	ErrInvalidCursor = errors.New("not a cursor of this list")
	// ErrInvalidLimit: not between 1 and MaxLimit.
	ErrInvalidLimit = errors.New("limit out of range")
	// ErrAddressNotOnCard: only addresses on the card can be shared.
	ErrAddressNotOnCard = errors.New("the address is not on the card")
	// ErrAddressBlocked: what is blocked is not tracked and cannot be shared (R1).
	ErrAddressBlocked = errors.New("the address is blocked")
)

// Service answers viewers. It is safe for concurrent use.
type Service struct {
	DB *db.DB
	// SanitizeHTML makes the HTML of a mail safe to show.
	SanitizeHTML func(html string) string
	// Enqueue queues the re-stamping that an act leaves behind, in the transaction of the act.
	Enqueue func(ctx context.Context, tx *db.Tx, work []visibility.Work) error
}

// Feed is the card's mail for the viewer, newest first.
func (s *Service) Feed(ctx context.Context, acc *db.Account, viewer string, card visibility.CardRef, cut Cut) (Page[Item], error) {
	return Page[Item]{}, errNotYet
}

// Threads are the card's threads for the viewer, by the newest message that the viewer sees.
func (s *Service) Threads(ctx context.Context, acc *db.Account, viewer string, card visibility.CardRef, cut Cut) (Page[ThreadSummary], error) {
	return Page[ThreadSummary]{}, errNotYet
}

// Conversations are the viewer's own on the card, and those of others that are visible.
func (s *Service) Conversations(ctx context.Context, acc *db.Account, viewer string, card visibility.CardRef) (Conversations, error) {
	return Conversations{}, errNotYet
}

// Thread is a thread on the card, or on the first card that shows it when card is nil.
func (s *Service) Thread(ctx context.Context, acc *db.Account, viewer, thread string, card *visibility.CardRef, cut Cut) (Thread, error) {
	return Thread{}, errNotYet
}

// Message is a message on the card, or on the first card that shows it when card is nil.
func (s *Service) Message(ctx context.Context, acc *db.Account, viewer, message string, card *visibility.CardRef) (FullItem, error) {
	return FullItem{}, errNotYet
}

// Attachment describes the n-th attachment of a message that the viewer sees, and gives the message's own number, by which
// ingest finds it.
func (s *Service) Attachment(ctx context.Context, acc *db.Account, viewer, message string, n int) (messageID int64, a Attachment, err error) {
	return 0, Attachment{}, errNotYet
}

// Share applies the viewer's own word on one conversation and returns the conversation as it is then. The event's user and
// version are set here. Errors: visibility.ErrNotFound, ErrAddressNotOnCard, ErrAddressBlocked,
// *visibility.ChoiceRequired, *visibility.Invalid.
func (s *Service) Share(ctx context.Context, acc *db.Account, viewer string, e visibility.ShareChanged) (Conversation, error) {
	return Conversation{}, errNotYet
}

// Settings are the viewer's own.
func (s *Service) Settings(ctx context.Context, acc *db.Account, viewer string) (Settings, error) {
	return Settings{}, errNotYet
}

// ChangeSettings changes those of the viewer's settings that e names and returns all.
func (s *Service) ChangeSettings(ctx context.Context, acc *db.Account, viewer string, e visibility.SettingChanged) (Settings, error) {
	return Settings{}, errNotYet
}

// Cards are those that the viewer can open, by kind and name, at most 500: for a page to choose from.
func (s *Service) Cards(ctx context.Context, acc *db.Account, viewer string) ([]CardSummary, error) {
	return nil, errNotYet
}

// Users are the account's active users by name, at most 500: for an operator to choose from.
func (s *Service) Users(ctx context.Context, acc *db.Account) ([]User, error) {
	return nil, errNotYet
}

// Audit is the account's trail, newest first. The caller has checked that it may be seen.
func (s *Service) Audit(ctx context.Context, acc *db.Account, cut Cut) (Page[AuditEntry], error) {
	return Page[AuditEntry]{}, errNotYet
}

var errNotYet = errors.New("not there yet")
