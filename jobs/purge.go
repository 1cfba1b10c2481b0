package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
)

// purgeArgs: remove the content of mail that has been blocked for purgeGrace (SPEC 4).
type purgeArgs struct{}

func (purgeArgs) Kind() string { return "purge" }

func (purgeArgs) InsertOpts() river.InsertOpts { return upkeepOpts }

type purger struct {
	river.WorkerDefaults[purgeArgs]
	db  *db.DB
	now func() time.Time
}

func (*purger) Timeout(*river.Job[purgeArgs]) time.Duration { return upkeepTimeout }

// Work goes through the accounts; what a run cut off by its timeout leaves, the next finds.
func (w *purger) Work(ctx context.Context, _ *river.Job[purgeArgs]) error {
	return eachAccount(ctx, w.db, func(account int64) error {
		purged, err := ingest.Purge(ctx, w.db, account, w.now(), purgeGrace)
		if purged == 0 {
			return err
		}
		return errors.Join(err, w.db.Tx(context.WithoutCancel(ctx), account, func(tx *db.Tx) error {
			return tx.AppendAudit(context.WithoutCancel(ctx), db.AuditEntry{Actor: "mailstamp", Act: "mail.purged", Subject: map[string]any{},
				Effect: map[string]int{"messages": purged}})
		}))
	})
}
