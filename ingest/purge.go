package ingest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/plan"
)

// Purge removes the account's mail that would not be stored if it came today, because all whom it concerns are blocked or have
// become users, and have been for grace at the time now. Blocking hid it already. What finds it again is kept: its places on the server with
// their hashes, so that unblocking fetches exactly it; mail that is on no server any more (policy keep) is gone. What only
// disconnected mailboxes hold stays, hidden, until one of them is read again, or removed: SPEC 4 wants unblocking to bring it back.
// It returns how many messages it removed.
//
// What decides is plan.Classify, as for new mail. Mail with a person whose card is gone but who is not blocked is no less
// visible for that than when it came, and stays.
func Purge(ctx context.Context, d *db.DB, accountID int64, now time.Time, grace time.Duration) (purged int, err error) {
	p := purge{db: d, account: accountID, now: now, before: now.Add(-grace)}
	for {
		var due []queries.CorrespondencesToPurgeRow
		err := d.ReadTx(ctx, accountID, func(tx *db.Tx) (err error) {
			due, err = tx.CorrespondencesToPurge(ctx, queries.CorrespondencesToPurgeParams{AccountID: accountID, Before: p.before, AtMost: purgeChunk})
			return err
		})
		if err != nil {
			return purged, fmt.Errorf("find what is blocked: %w", err)
		}
		for _, c := range due {
			n, err := p.correspondence(ctx, c)
			purged += n
			if err != nil {
				return purged, fmt.Errorf("purge blocked mail: %w", err)
			}
		}
		if len(due) < purgeChunk {
			return purged, nil
		}
	}
}

// purge is one run over an account. before: whoever was blocked by then has been for long enough.
type purge struct {
	db          *db.DB
	account     int64
	now, before time.Time
}

func (p purge) correspondence(ctx context.Context, c queries.CorrespondencesToPurgeRow) (purged int, err error) {
	page := queries.MessagesToPurgeParams{AccountID: p.account, AuthorID: c.AuthorID, AddressID: c.AddressID, AtMost: purgeChunk}
	for {
		var rows []queries.MessagesToPurgeRow
		n := 0
		err := p.db.Tx(ctx, p.account, func(tx *db.Tx) (err error) {
			if err := tx.LockMail(ctx, c.AuthorID); err != nil {
				return err
			}
			// Under it nobody is unblocked who would then look for this mail's hashes in vain.
			if err := tx.LockAccount(ctx, db.Shared); err != nil {
				return err
			}
			if rows, err = tx.MessagesToPurge(ctx, page); err != nil {
				return fmt.Errorf("list messages: %w", err)
			}
			if n, err = p.some(ctx, tx, c.AuthorID, rows); err != nil || len(rows) == purgeChunk {
				return err
			}
			return tx.NotePurged(ctx, queries.NotePurgedParams{AccountID: p.account, AuthorID: c.AuthorID, AddressID: c.AddressID, At: p.now})
		})
		purged += n
		if err != nil || len(rows) < purgeChunk {
			return purged, err
		}
		last := rows[len(rows)-1]
		page.AfterDate, page.AfterKey, page.AfterID = last.Date, last.SortKey, last.MessageID
	}
}

// some removes those of an author's messages that nobody may see.
func (p purge) some(ctx context.Context, tx *db.Tx, author int64, rows []queries.MessagesToPurgeRow) (int, error) {
	var addresses []int64
	for _, r := range rows {
		addresses = append(addresses, r.AddressIds...)
	}
	list, err := tx.PurgeFacts(ctx, queries.PurgeFactsParams{AccountID: tx.AccountID, AuthorID: author, Ids: addresses})
	if err != nil {
		return 0, fmt.Errorf("look up addresses: %w", err)
	}
	facts := make(map[int64]queries.PurgeFactsRow, len(list))
	for _, f := range list {
		facts[f.ID] = f
	}
	demote := queries.PurgeFromLedgerParams{AccountID: tx.AccountID}
	partiesOf := map[int64][]int64{}
	var met []int64
	for _, r := range rows {
		disposition, long := p.standing(r.AddressIds, facts)
		if !long || disposition != plan.Blocked && disposition != plan.Internal {
			continue
		}
		demote.Ids, demote.Dispositions = append(demote.Ids, r.MessageID), append(demote.Dispositions, string(disposition))
		partiesOf[r.MessageID] = r.AddressIds
		met = append(met, r.AddressIds...)
	}
	if len(demote.Ids) == 0 {
		return 0, nil
	}
	places, err := tx.PurgeFromLedger(ctx, demote)
	if err != nil {
		return 0, fmt.Errorf("write the ledger: %w", err)
	}
	index := queries.IndexPlacesParams{AccountID: tx.AccountID, AuthorID: author}
	for _, at := range places {
		for _, a := range partiesOf[at.MessageID] {
			if !facts[a].Own {
				index.Hashes, index.FolderIds = append(index.Hashes, facts[a].Hash), append(index.FolderIds, at.FolderID)
				index.UidValidities, index.Uids = append(index.UidValidities, at.UidValidity), append(index.Uids, at.Uid)
			}
		}
	}
	if len(index.Uids) > 0 {
		if err := tx.IndexPlaces(ctx, index); err != nil {
			return 0, fmt.Errorf("write hashes: %w", err)
		}
	}
	if _, err := tx.EraseMessages(ctx, queries.EraseMessagesParams{AccountID: tx.AccountID, Ids: slices.Sorted(maps.Keys(partiesOf))}); err != nil {
		return 0, fmt.Errorf("remove messages: %w", err)
	}
	slices.Sort(met)
	return len(demote.Ids), endCorrespondences(ctx, tx, author, slices.Compact(met))
}

// standing is what mail with the addresses would be had it come today; long: it has been so for long enough.
func (p purge) standing(addresses []int64, facts map[int64]queries.PurgeFactsRow) (d plan.Disposition, long bool) {
	byName := make(map[string]plan.Facts, len(addresses))
	parties := plan.Parties{To: make([]string, len(addresses))}
	long = true
	for i, id := range addresses {
		f := facts[id]
		parties.To[i] = strconv.FormatInt(id, 10)
		byName[parties.To[i]] = plan.Facts{Own: f.Own, OfUser: f.OfUser, OnCard: f.OnCard, Blocked: f.Blocked}
		if !f.Own && f.Blocked && f.BlockedAt != nil && f.BlockedAt.After(p.before) {
			long = false
		}
	}
	return plan.Classify(parties, func(a string) plan.Facts { return byName[a] }).Disposition, long
}
