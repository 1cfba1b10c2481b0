package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/plan"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// missed finds the mail that is in its folder no more.
func (l *loop) missed(ctx context.Context) (map[*folder]uidset.Set, error) {
	gone := map[*folder]uidset.Set{}
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
			gone[f] = proved
		}
	}
	return gone, nil
}

// finish does what may be done only when all new mail of all folders is stored: deletions, so that a moved message is
// known at its new place before it is missed at the old one (F14); then flags and cursors. What was missed since gone was
// found is the next pass's.
func (l *loop) finish(ctx context.Context, gone map[*folder]uidset.Set) error {
	for f, uids := range gone {
		if gone[f] = uids.Intersect(f.work.Vanished); len(gone[f]) == 0 {
			delete(gone, f) // the folder has another life by now
		}
	}
	if err := l.remove(ctx, gone); err != nil {
		return err
	}
	for _, f := range l.present() {
		if !f.visited || f.partial || len(f.work.Live) > 0 || f.pending() || len(f.work.Vanished) > 0 {
			continue // looked at again by the next pass
		}
		if err := l.finishFolder(ctx, f); err != nil && !imapconn.OfFolder(err) {
			return err
		}
	}
	return nil
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
	return f.work.Vanished.Subtract(there), nil
}

// errBrake undoes a removal that must wait for a person's word.
var errBrake = errors.New("too much would be removed at once")

// remove marks vanished mail expunged and removes the messages that are in no folder any more, unless the brake stops it.
func (l *loop) remove(ctx context.Context, gone map[*folder]uidset.Set) error {
	if len(gone) == 0 && !l.staleDue && !l.held {
		return nil
	}
	err := l.removeOnce(ctx, gone)
	if errors.Is(err, errBrake) {
		return l.hold(ctx)
	}
	if err != nil {
		return fmt.Errorf("remove vanished mail: %w", err)
	}
	for f, uids := range gone {
		f.uids = f.uids.Subtract(uids)
		f.held = int64(f.uids.Count())
		f.work.Vanished = f.work.Vanished.Subtract(uids)
	}
	l.staleDue = false
	for _, f := range l.folders {
		l.staleDue = l.staleDue || f.unread() // staleFolders left it out
	}
	if l.held {
		l.held = false
		l.row.HeldEpoch = nil
		return l.tx(ctx, "held", func(tx *db.Tx) error {
			return tx.SetHeldEpoch(ctx, queries.SetHeldEpochParams{AccountID: l.acc.ID, ID: l.mailboxID})
		})
	}
	return nil
}

// hold stops deletions until a PUT confirms them or the mail comes back.
func (l *loop) hold(ctx context.Context) error {
	if l.held {
		return nil
	}
	l.log().Warn("ingest: deletions held", "what_to_do", "confirm by PUT of the mailbox, or restore the mail")
	epoch := l.row.ConfigEpoch
	err := l.tx(ctx, "held", func(tx *db.Tx) error {
		return tx.SetHeldEpoch(ctx, queries.SetHeldEpochParams{AccountID: l.acc.ID, ID: l.mailboxID, HeldEpoch: &epoch})
	})
	if err == nil {
		l.held, l.row.HeldEpoch = true, &epoch
	}
	return err
}

// removeOnce does all removals in one transaction, so that what it would take is known exactly before it is taken.
func (l *loop) removeOnce(ctx context.Context, gone map[*folder]uidset.Set) error {
	confirmed := l.row.HeldEpoch != nil && l.row.ConfigEpoch > *l.row.HeldEpoch
	stale, err := l.staleFolders(ctx)
	if err != nil {
		return err
	}
	if len(gone) == 0 && len(stale) == 0 {
		return nil
	}
	return l.tx(ctx, "remove", func(tx *db.Tx) error {
		if err := tx.LockMail(ctx, l.row.UserID); err != nil {
			return err
		}
		stored, err := tx.CountStored(ctx, queries.CountStoredParams{AccountID: l.acc.ID, MailboxID: l.mailboxID})
		if err != nil {
			return err
		}
		var messages []int64
		for f, uids := range gone {
			ids, err := l.expunge(ctx, tx, f.row.ID, f.row.UidValidity, uids)
			if err != nil {
				return err
			}
			messages = append(messages, ids...)
		}
		folderGone := false
		before := len(messages)
		for _, s := range stale {
			ids, err := l.expunge(ctx, tx, s.folder, s.validity, s.uids)
			if err != nil {
				return err
			}
			messages = append(messages, ids...)
			folderGone = folderGone || s.gone && len(messages) > before
			before = len(messages)
		}
		if len(messages) == 0 {
			return nil
		}
		// As it is now: no event of the account's policy wakes the loops.
		row, err := tx.LoopMailbox(ctx, queries.LoopMailboxParams{AccountID: l.acc.ID, ID: l.mailboxID})
		if err != nil || row.Deletion == "keep" {
			return err
		}
		losses, err := removeUnplaced(ctx, tx, l.row.UserID, messages)
		if err != nil {
			return err
		}
		if !confirmed && plan.Brake(losses, stored, folderGone) {
			return errBrake
		}
		return nil
	})
}

// staleUIDs are UIDs of an earlier life of a folder, or of one that is gone.
type staleUIDs struct {
	folder, validity int64
	gone             bool
	uids             uidset.Set
}

// staleFolders leaves out a folder whose present life is not read yet, as while the server refuses it: the mail of the life before is
// found again there (F10).
func (l *loop) staleFolders(ctx context.Context) ([]staleUIDs, error) {
	unread := map[int64]bool{}
	for _, f := range l.folders {
		unread[f.row.ID] = f.unread()
	}
	var out []staleUIDs
	err := l.s.o.DB.ReadTx(ctx, l.acc.ID, func(tx *db.Tx) error {
		folders, err := tx.StaleRows(ctx, queries.StaleRowsParams{AccountID: l.acc.ID, MailboxID: l.mailboxID})
		if err != nil {
			return err
		}
		for _, f := range folders {
			if unread[f.FolderID] {
				continue
			}
			rows, err := tx.StaleUIDs(ctx, queries.StaleUIDsParams{AccountID: l.acc.ID, FolderID: f.FolderID})
			if err != nil {
				return err
			}
			for _, r := range rows {
				if n := len(out); n == 0 || out[n-1].folder != f.FolderID || out[n-1].validity != r.UidValidity {
					out = append(out, staleUIDs{folder: f.FolderID, validity: r.UidValidity, gone: f.Gone})
				}
				s := &out[len(out)-1]
				s.uids = s.uids.Append(uint32(r.Uid), uint32(r.Uid))
			}
		}
		return nil
	})
	return out, err
}

func (l *loop) expunge(ctx context.Context, tx *db.Tx, folder, validity int64, uids uidset.Set) ([]int64, error) {
	list := make([]int64, 0, uids.Count())
	for uid := range uids.All() { // each has a row in the ledger, so their number is bounded
		list = append(list, int64(uid))
	}
	err := tx.RemoveIndexedAddresses(ctx, queries.RemoveIndexedAddressesParams{
		AccountID: l.acc.ID, FolderID: folder, UidValidity: validity, Uids: list,
	})
	if err != nil {
		return nil, err
	}
	return tx.ExpungeUIDs(ctx, queries.ExpungeUIDsParams{AccountID: l.acc.ID, FolderID: folder, UidValidity: validity, Uids: list})
}

// removeUnplaced removes those of the messages that are in no folder any more, with the correspondences that end with
// them, and returns how many they were. What remains has its flags of the places that remain.
func removeUnplaced(ctx context.Context, tx *db.Tx, author int64, messages []int64) (losses int64, err error) {
	removed, err := tx.RemoveUnplaced(ctx, queries.RemoveUnplacedParams{AccountID: tx.AccountID, Ids: messages})
	if err != nil {
		return 0, err
	}
	if err := tx.SetMessagesSeen(ctx, queries.SetMessagesSeenParams{AccountID: tx.AccountID, Ids: messages}); err != nil {
		return 0, err
	}
	var met []int64
	for _, r := range removed {
		met = append(met, r.AddressIds...)
	}
	slices.Sort(met)
	return int64(len(removed)), endCorrespondences(ctx, tx, author, slices.Compact(met))
}

// endCorrespondences follows the removal of mail with the addresses: what is the newest now, and with whom there is none left.
func endCorrespondences(ctx context.Context, tx *db.Tx, author int64, addresses []int64) error {
	if len(addresses) == 0 {
		return nil
	}
	if err := tx.ShrinkCorrespondences(ctx, queries.ShrinkCorrespondencesParams{
		AccountID: tx.AccountID, AuthorID: author, AddressIds: addresses,
	}); err != nil {
		return err
	}
	return tx.RemoveEmptyCorrespondences(ctx, queries.RemoveEmptyCorrespondencesParams{
		AccountID: tx.AccountID, AuthorID: author, AddressIds: addresses,
	})
}

// flagBatch is a bounded number of flags of one folder.
type flagBatch struct {
	uids  []int64
	seens []bool
}

// finishFolder follows the flags of stored mail and saves the cursor: nothing is left to do in the folder.
func (l *loop) finishFolder(ctx context.Context, f *folder) error {
	if f.work.Flags != plan.NoFlags {
		if err := l.followFlags(ctx, f); err != nil {
			return err
		}
		f.work.Flags = plan.NoFlags
	}
	f.flagsModSeq = f.shown.ModSeq
	next := f.row
	next.UidNext, next.ModSeq = int64(f.shown.UIDNext), int64(f.shown.ModSeq)
	next.OnServer = int64(f.shown.Messages)
	if next.UidNext == f.row.UidNext && next.ModSeq == f.row.ModSeq && next.OnServer == f.row.OnServer {
		return nil
	}
	err := l.tx(ctx, "cursor", func(tx *db.Tx) error {
		return tx.SetFolderCursor(ctx, queries.SetFolderCursorParams{
			AccountID: l.acc.ID, ID: f.row.ID, UidValidity: f.row.UidValidity, Role: f.row.Role,
			UidNext: next.UidNext, ModSeq: next.ModSeq, OnServer: next.OnServer,
		})
	})
	if err != nil {
		return fmt.Errorf("save the cursor: %w", err)
	}
	f.row = next
	return nil
}

// followFlags compares whether stored mail was read, in chunks; no body is touched (F19).
func (l *loop) followFlags(ctx context.Context, f *folder) error {
	if l.examined != f.row.Name {
		if _, err := l.examine(ctx, f); err != nil || f.parked() || !f.visited {
			return err
		}
	}
	of, since := f.uids, f.flagsModSeq
	if f.work.Flags == plan.AllFlags {
		since = 0
		var err error
		if of, err = l.storedUIDs(ctx, f); err != nil {
			return err
		}
		f.flagsAt = time.Now()
	}
	if len(of) == 0 {
		return nil
	}
	var b flagBatch
	flush := func() error {
		if len(b.uids) == 0 {
			return nil
		}
		err := l.writeFlags(ctx, f, b)
		b = flagBatch{}
		return err
	}
	_, err := l.conn.FetchFlags(ctx, of, since, func(item imapconn.FlagItem) error {
		b.uids, b.seens = append(b.uids, int64(item.UID)), append(b.seens, item.Flags.Seen)
		if len(b.uids) >= flagChunk {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

func (l *loop) storedUIDs(ctx context.Context, f *folder) (out uidset.Set, err error) {
	err = l.s.o.DB.ReadTx(ctx, l.acc.ID, func(tx *db.Tx) error {
		rows, err := tx.StoredRanges(ctx, queries.StoredRangesParams{
			AccountID: l.acc.ID, FolderID: f.row.ID, UidValidity: f.row.UidValidity,
		})
		for _, r := range rows {
			out = out.Append(uint32(r.First), uint32(r.Last))
		}
		return err
	})
	return out, err
}

// writeFlags writes what differs; nothing when nothing does.
func (l *loop) writeFlags(ctx context.Context, f *folder, b flagBatch) error {
	differs := false
	err := l.s.o.DB.ReadTx(ctx, l.acc.ID, func(tx *db.Tx) (err error) {
		differs, err = tx.FlagsDiffer(ctx, queries.FlagsDifferParams{
			AccountID: l.acc.ID, FolderID: f.row.ID, UidValidity: f.row.UidValidity, Uids: b.uids, Seens: b.seens,
		})
		return err
	})
	if err != nil || !differs {
		return err
	}
	err = l.tx(ctx, "flags", func(tx *db.Tx) error {
		if err := tx.LockMail(ctx, l.row.UserID); err != nil {
			return err
		}
		ids, err := tx.SetLedgerSeen(ctx, queries.SetLedgerSeenParams{
			AccountID: l.acc.ID, FolderID: f.row.ID, UidValidity: f.row.UidValidity, Uids: b.uids, Seens: b.seens,
		})
		if err != nil {
			return err
		}
		changed := make([]int64, 0, len(ids))
		for _, id := range ids {
			if id != nil {
				changed = append(changed, *id)
			}
		}
		return tx.SetMessagesSeen(ctx, queries.SetMessagesSeenParams{AccountID: l.acc.ID, Ids: changed})
	})
	if err != nil {
		return fmt.Errorf("write flags: %w", err)
	}
	return nil
}
