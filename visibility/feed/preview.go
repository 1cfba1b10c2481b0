package feed

import (
	"context"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
)

// Preview says who would gain and who would lose sight of how much by an event, which is not applied. An empty viewer is the
// CRM, which may ask about any event; a user about own settings and shares, since the numbers are of mail that others may
// hide from that user.
func (s *Service) Preview(ctx context.Context, acc *db.Account, viewer string, e visibility.Event, at time.Time) (visibility.Forecast, error) {
	told := visibility.Told{Event: e, At: at.UTC().Truncate(time.Microsecond), By: "crm"}
	if viewer != "" {
		told.By = viewer
		err := s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) (err error) {
			told.Event, err = ownEvent(ctx, tx, acc, viewer, e)
			return err
		})
		if err != nil {
			return visibility.Forecast{}, err
		}
	}
	return visibility.Preview(ctx, s.DB, acc, told)
}

// ownEvent is the viewer's own act, after whatever was said before.
func ownEvent(ctx context.Context, tx *db.Tx, acc *db.Account, viewer string, e visibility.Event) (visibility.Event, error) {
	switch e := e.(type) {
	case *visibility.ShareChanged:
		if e.User != viewer {
			return nil, visibility.ErrNotFound
		}
		own := *e
		own.Version = 0
		_, err := openCard(ctx, tx.Queries, acc, viewer, e.Card)
		return &own, err
	case *visibility.SettingChanged:
		if e.User != viewer {
			return nil, visibility.ErrNotFound
		}
		own := *e
		own.Version = 0
		_, err := activeViewer(ctx, tx, acc, viewer)
		return &own, err
	}
	return nil, visibility.ErrNotFound
}
