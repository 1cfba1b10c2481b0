package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// retryQuarantined finds out whether mail is missing that the line may have cost, and asks again for what has rested long
// enough: each message alone and once. It runs when nothing else is left to do.
func (l *loop) retryQuarantined(ctx context.Context) error {
	due := !time.Now().Before(l.retryAt)
	if l.missingKnown && !due {
		return nil
	}
	rows, err := l.quarantined(ctx)
	if err != nil || !due {
		return err
	}
	l.retryAt = time.Now().Add(retryLookEvery)
	folders := l.present()
	for _, row := range rows {
		i := slices.IndexFunc(folders, func(f *folder) bool { return f.row.ID == row.FolderID })
		if !row.Due || i < 0 {
			continue
		}
		f := folders[i]
		if err := l.retry(ctx, f, row); err != nil && !imapconn.OfFolder(err) {
			return err
		}
		l.missingKnown = false
	}
	if !l.missingKnown {
		_, err = l.quarantined(ctx)
	}
	return err
}

// quarantined lists what is tried again, what is due first.
func (l *loop) quarantined(ctx context.Context) (rows []queries.QuarantinedUIDsRow, err error) {
	err = l.s.o.DB.ReadTx(ctx, l.acc.ID, func(tx *db.Tx) (err error) {
		rows, err = tx.QuarantinedUIDs(ctx, queries.QuarantinedUIDsParams{
			AccountID: l.acc.ID, MailboxID: l.mailboxID, Reasons: reasonsOfLine,
			RestSeconds: retryQuarantinedEvery.Seconds(), Most: maxRetried,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list quarantined mail: %w", err)
	}
	l.missingKnown, l.missing = true, len(rows) > 0
	return rows, nil
}

// retry asks for one message. It is quarantined again the first time that it fails.
func (l *loop) retry(ctx context.Context, f *folder, row queries.QuarantinedUIDsRow) error {
	err := l.tx(ctx, "retry", func(tx *db.Tx) error {
		return tx.NoteTried(ctx, queries.NoteTriedParams{
			AccountID: l.acc.ID, FolderID: row.FolderID, UidValidity: row.UidValidity, Uid: row.Uid,
		})
	})
	if err != nil {
		return fmt.Errorf("note a retry: %w", err)
	}
	if l.examined != f.row.Name {
		if _, err := l.examine(ctx, f); err != nil {
			return err
		}
	}
	if f.parked() || f.row.UidValidity != row.UidValidity {
		return nil
	}
	if err := l.loadLedger(ctx, f); err != nil {
		return err
	}
	uid := uint32(row.Uid)
	if f.tries == nil {
		f.tries = map[uint32]int{}
	}
	f.tries[uid] = maxFetchTries - 1
	_, err = l.ingest(ctx, f, uidset.Of(uid), time.Time{})
	return err
}
