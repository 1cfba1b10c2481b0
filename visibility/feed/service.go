package feed

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
)

// Service answers viewers. It is safe for concurrent use.
type Service struct {
	DB *db.DB
	// SanitizeHTML makes the HTML of a mail safe to show.
	SanitizeHTML func(html string) string
	// Enqueue queues the re-stamping that an act leaves behind, in the transaction of the act.
	Enqueue func(ctx context.Context, tx *db.Tx, work []visibility.Work) error
}

// sight is a viewer in front of a card that the viewer can open, in one snapshot.
type sight struct {
	*queries.Queries
	acc    *db.Account
	viewer int64
	cardID int64
	card   visibility.CardRef

	senders map[string]*Person // of messages, by their JSON
	people  map[string][]Person
}

// look runs see for a viewer who can open the card.
func (s *Service) look(ctx context.Context, acc *db.Account, viewer string, card visibility.CardRef, see func(*sight) error) error {
	return s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		v, err := openCard(ctx, tx.Queries, acc, viewer, card)
		if err != nil {
			return err
		}
		return see(v)
	})
}

func openCard(ctx context.Context, q *queries.Queries, acc *db.Account, viewer string, card visibility.CardRef) (*sight, error) {
	if !nameableSight(viewer, card) {
		return nil, visibility.ErrNotFound
	}
	row, err := q.FeedCard(ctx, queries.FeedCardParams{AccountID: acc.ID, Viewer: viewer, Kind: string(card.Kind), Card: card.ID})
	if err != nil {
		return nil, notFoundOr(err, "open the card")
	}
	return &sight{Queries: q, acc: acc, viewer: row.UserID, cardID: row.CardID, card: card}, nil
}

// activeViewer is the number of a user who may look at all.
func activeViewer(ctx context.Context, tx *db.Tx, acc *db.Account, viewer string) (int64, error) {
	if !nameable(viewer) {
		return 0, visibility.ErrNotFound
	}
	id, err := tx.FeedViewer(ctx, queries.FeedViewerParams{AccountID: acc.ID, Viewer: viewer})
	if err != nil {
		return 0, notFoundOr(err, "find the viewer")
	}
	return id, nil
}

// nameable reports whether a CRM id can name anything; PostgreSQL refuses the rest as text.
func nameable(id string) bool {
	return id != "" && utf8.RuneCountInString(id) <= maxCRMIDLength && utf8.ValidString(id) && !strings.Contains(id, "\x00")
}

// nameableSight reports whether there can be such a viewer and such a card.
func nameableSight(viewer string, card visibility.CardRef) bool {
	return nameable(viewer) && nameable(card.ID) && card.Kind.Valid()
}

func notFoundOr(err error, what string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return visibility.ErrNotFound
	}
	return fmt.Errorf("%s: %w", what, err)
}
