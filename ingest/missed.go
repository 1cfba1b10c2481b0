package ingest

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// life is a folder for as long as it keeps its UIDVALIDITY.
type life struct{ folder, validity int64 }

func (f *folder) life() life { return life{f.row.ID, f.row.UidValidity} }

// lost is mail that is no more where it was. It is removed where it is known of no other place.
type lost map[life]uidset.Set

// missed finds the mail that is lost. A mail that moves while the folders are read may be in none of them when that one is read
// (F14), so all are looked at again until mail came to none between two looks: all that was there in that moment is known. settled is
// false where nothing may be removed yet, because a folder could not be read or mail came all the time; more says that a
// look found back-fill.
func (l *loop) missed(ctx context.Context) (found lost, settled, more bool, err error) {
	if !l.allRead() {
		return nil, false, false, nil
	}
	if found, err = l.vanished(ctx); err != nil {
		return nil, false, false, err
	}
	for look := 0; len(found) > 0; look++ {
		if look == maxLooks {
			l.log().Info("ingest: mail comes all the time, deletions are left for the next pass")
			l.missedAt.CompareAndSwap(0, time.Now().Unix())
			return nil, false, false, nil
		}
		if more, err := l.fetch(ctx); more || err != nil {
			return nil, false, more, err
		}
		if !l.allRead() {
			return nil, false, false, nil
		}
		if !l.arrived {
			break
		}
	}
	return found, true, false, nil
}

// allRead says that all mail was read that the last look showed. A folder of which the server does not tell all, however often it is
// asked, does not count for ever.
func (l *loop) allRead() bool {
	for _, f := range l.present() {
		if f.pending() || len(f.work.Live) > 0 || f.partial && f.short < maxFetchTries {
			return false
		}
	}
	return !l.unread
}

// vanished is what the folders lack, and the mail of earlier lives of folders, and of folders that are gone.
func (l *loop) vanished(ctx context.Context) (lost, error) {
	out := lost{}
	for _, f := range l.present() {
		if !f.visited || len(f.work.Vanished) == 0 {
			continue
		}
		proved, err := l.proveGone(ctx, f)
		if err != nil {
			if imapconn.OfFolder(err) {
				continue
			}
			return nil, err
		}
		if len(proved) > 0 {
			out[f.life()] = proved
		}
	}
	stale, err := l.stale(ctx)
	maps.Copy(out, stale)
	return out, err
}

// narrow leaves of what was lost what still is: a folder may have come back, or begun another life.
func (l *loop) narrow(ctx context.Context, found lost) error {
	now, err := l.stale(ctx)
	if err != nil {
		return err
	}
	for _, f := range l.folders {
		if f.row.GoneAt == nil {
			now[f.life()] = f.work.Vanished
		}
	}
	for of, uids := range found {
		if found[of] = uids.Intersect(now[of]); len(found[of]) == 0 {
			delete(found, of)
		}
	}
	return nil
}

// stale is the mail of earlier lives of folders, and of folders that are gone.
func (l *loop) stale(ctx context.Context) (lost, error) {
	out := lost{}
	if !l.staleDue {
		return out, nil
	}
	err := l.s.o.DB.ReadTx(ctx, l.acc.ID, func(tx *db.Tx) error {
		clear(out)
		rows, err := tx.StaleUIDs(ctx, queries.StaleUIDsParams{AccountID: l.acc.ID, MailboxID: l.mailboxID})
		for _, r := range rows {
			of := life{r.FolderID, r.UidValidity}
			out[of] = out[of].Append(uint32(r.Uid), uint32(r.Uid))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find mail of former folders: %w", err)
	}
	l.staleDue = len(out) > 0
	return out, nil
}

// proveGone asks a second time, exactly, for what a listing lacked (F12, F15).
func (l *loop) proveGone(ctx context.Context, f *folder) (uidset.Set, error) {
	if l.examined != f.row.Name {
		if _, err := l.examine(ctx, f); err != nil || f.parked() || !f.visited {
			return nil, err
		}
	}
	there, err := l.conn.HasUIDs(ctx, f.work.Vanished)
	if err != nil {
		return nil, err
	}
	// A list that lacked what is there may lack new mail too.
	f.partial = f.partial || len(there) > 0
	return f.work.Vanished.Subtract(there), nil
}
