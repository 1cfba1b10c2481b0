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

// finish follows flags where no mail is left to fetch, and saves the cursors of folders in which nothing at all is left to do.
func (l *loop) finish(ctx context.Context) error {
	for _, f := range l.present() {
		if !f.visited || f.partial || len(f.work.Live) > 0 || f.pending() {
			continue // looked at again by the next pass
		}
		if err := l.finishFolder(ctx, f); err != nil && !imapconn.OfFolder(err) {
			return err
		}
	}
	return nil
}

// errBrake undoes a removal that must wait for a person's word.
var errBrake = errors.New("too much would be removed at once")

// remove marks lost mail expunged and removes the messages that are in no folder any more, unless the brake stops it.
func (l *loop) remove(ctx context.Context, found lost) error {
	if len(found) == 0 && !l.held {
		return nil
	}
	if err := l.narrow(ctx, found); err != nil {
		return err
	}
	err := l.removeOnce(ctx, found)
	if errors.Is(err, errBrake) {
		return l.hold(ctx)
	}
	if err != nil {
		return fmt.Errorf("remove vanished mail: %w", err)
	}
	for _, f := range l.folders {
		uids := found[f.life()]
		f.uids = f.uids.Subtract(uids)
		f.held = int64(f.uids.Count())
		f.work.Vanished = f.work.Vanished.Subtract(uids)
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

// confirmed says that a person's word came after the brake stopped deletions.
func (l *loop) confirmed() bool {
	return l.row.HeldEpoch != nil && l.row.ConfigEpoch > *l.row.HeldEpoch
}

// removeOnce does all removals in one transaction, so that what it would take is known exactly before it is taken.
func (l *loop) removeOnce(ctx context.Context, found lost) error {
	if len(found) == 0 {
		return nil
	}
	gone := map[int64]bool{}
	for _, f := range l.folders {
		gone[f.row.ID] = f.row.GoneAt != nil
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
		folderGone := false
		for of, uids := range found {
			ids, err := l.expunge(ctx, tx, of, uids)
			if err != nil {
				return err
			}
			messages = append(messages, ids...)
			folderGone = folderGone || gone[of.folder] && len(ids) > 0
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
		if !l.confirmed() && plan.Brake(losses, stored, folderGone) {
			return errBrake
		}
		return nil
	})
}

func (l *loop) expunge(ctx context.Context, tx *db.Tx, of life, uids uidset.Set) ([]int64, error) {
	list := make([]int64, 0, uids.Count())
	for uid := range uids.All() { // each has a row in the ledger, so their number is bounded
		list = append(list, int64(uid))
	}
	err := tx.RemoveIndexedAddresses(ctx, queries.RemoveIndexedAddressesParams{
		AccountID: l.acc.ID, FolderID: of.folder, UidValidity: of.validity, Uids: list,
	})
	if err != nil {
		return nil, err
	}
	return tx.ExpungeUIDs(ctx, queries.ExpungeUIDsParams{AccountID: l.acc.ID, FolderID: of.folder, UidValidity: of.validity, Uids: list})
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

// finishFolder follows the flags of stored mail and saves the cursor, unless deletions wait.
func (l *loop) finishFolder(ctx context.Context, f *folder) error {
	if f.work.Flags != plan.NoFlags {
		if err := l.followFlags(ctx, f); err != nil {
			return err
		}
		f.work.Flags = plan.NoFlags
	}
	f.flagsModSeq = f.shown.ModSeq
	if len(f.work.Vanished) > 0 {
		return nil
	}
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
