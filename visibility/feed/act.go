package feed

import (
	"context"
	"fmt"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Share applies the viewer's own word on one conversation and returns the conversation as it is then. The event's user and
// version are set here. Errors: visibility.ErrNotFound, visibility.ErrCannotShare, *visibility.ChoiceRequired,
// *visibility.Invalid.
func (s *Service) Share(ctx context.Context, acc *db.Account, viewer string, e visibility.ShareChanged) (Conversation, error) {
	e.User, e.Version = viewer, 0
	if err := validate(&e); err != nil {
		return Conversation{}, err
	}
	canonical, _ := address.Canonical(e.Address)
	var out Conversation
	err := s.DB.Tx(ctx, acc.ID, func(tx *db.Tx) error {
		v, err := openCard(ctx, tx.Queries, acc, viewer, e.Card)
		if err != nil {
			return err
		}
		if err := s.apply(ctx, tx, acc, viewer, &e); err != nil {
			return err
		}
		row, err := tx.FeedConversation(ctx, queries.FeedConversationParams{
			AccountID: acc.ID, CardID: v.cardID, AuthorID: v.viewer, Address: canonical})
		if err != nil {
			return fmt.Errorf("read the conversation: %w", err)
		}
		out = Conversation{
			Stamp: newStamp(row.Author, row.Address, row.Granted, row.Visible, row.Reason),
			Share: row.Share, Since: row.Since.UTC(),
		}
		return nil
	})
	return out, err
}

// ChangeSettings changes those of the viewer's settings that e names and returns all.
func (s *Service) ChangeSettings(ctx context.Context, acc *db.Account, viewer string, e visibility.SettingChanged) (Settings, error) {
	e.User, e.Version = viewer, 0
	if err := validate(&e); err != nil {
		return Settings{}, err
	}
	var out Settings
	err := s.DB.Tx(ctx, acc.ID, func(tx *db.Tx) error {
		if _, err := activeViewer(ctx, tx, acc, viewer); err != nil {
			return err
		}
		if err := s.apply(ctx, tx, acc, viewer, &e); err != nil {
			return err
		}
		var err error
		out, err = settings(ctx, tx, acc, viewer)
		return err
	})
	return out, err
}

// Settings are the viewer's own.
func (s *Service) Settings(ctx context.Context, acc *db.Account, viewer string) (Settings, error) {
	var out Settings
	err := s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) (err error) {
		out, err = settings(ctx, tx, acc, viewer)
		return err
	})
	return out, err
}

func settings(ctx context.Context, tx *db.Tx, acc *db.Account, viewer string) (Settings, error) {
	user, err := activeViewer(ctx, tx, acc, viewer)
	if err != nil {
		return Settings{}, err
	}
	rows, err := tx.FeedSettings(ctx, queries.FeedSettingsParams{AccountID: acc.ID, UserID: user})
	if err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	out := Settings{Lead: rules.Nobody, Contact: rules.Nobody, Deal: rules.Nobody}
	for _, row := range rows {
		switch rules.Kind(row.Kind) {
		case rules.Lead:
			out.Lead = rules.Setting(row.Value)
		case rules.Contact:
			out.Contact = rules.Setting(row.Value)
		case rules.Deal:
			out.Deal = rules.Setting(row.Value)
		}
	}
	return out, nil
}

// apply applies an act of the viewer's own and queues what it leaves behind.
func (s *Service) apply(ctx context.Context, tx *db.Tx, acc *db.Account, viewer string, e visibility.Event) error {
	outcome, err := visibility.Apply(ctx, tx, acc, []visibility.Told{{Event: e, At: time.Now().UTC().Truncate(time.Microsecond), By: viewer}})
	if err != nil {
		return err
	}
	if len(outcome.Work) == 0 {
		return nil
	}
	return s.Enqueue(ctx, tx, outcome.Work)
}

func validate(e visibility.Event) error {
	if err := visibility.Validate(e); err != nil {
		return &visibility.Invalid{Detail: err.Error()}
	}
	return nil
}
