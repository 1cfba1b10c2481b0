package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/plan"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// Comparison is what Verify found in a mailbox.
type Comparison struct {
	Folders     int
	Messages    uint64 // on the server, within the window
	Differences []LedgerDifference
}

// LedgerDifference is a folder whose ledger is not what the server shows.
type LedgerDifference struct {
	Folder string
	What   string // a sentence without content
	UIDs   uidset.Set
}

func (d LedgerDifference) String() string {
	if len(d.UIDs) == 0 {
		return fmt.Sprintf("folder %q %s", d.Folder, d.What)
	}
	ranges, more := d.UIDs, ""
	if len(ranges) > maxVerifyRanges {
		ranges, more = ranges[:maxVerifyRanges], ",…"
	}
	return fmt.Sprintf("folder %q: %d %s: UID %s%s", d.Folder, d.UIDs.Count(), d.What, ranges, more)
}

// What can be wrong.
const (
	differsUnknown  = "is on the server, and nothing was read of it"
	differsGone     = "is not on the server, its ledger is"
	differsValidity = "has another UIDVALIDITY on the server"
	differsMissing  = "messages on the server are not in the ledger"
	differsInvented = "messages in the ledger are not on the server"
)

// Verify compares the ledger of each folder of a connected mailbox with the server's own list, over a connection of its
// own. What the mailbox's loop has not come to yet is no difference: where there is one, the loop is woken and the
// comparison made again, until verifyPatience is over. It changes nothing.
func (m *Mailboxes) Verify(ctx context.Context, acc *db.Account, id string) (Comparison, error) {
	row, err := m.row(ctx, acc, id)
	if err != nil {
		return Comparison{}, err
	}
	if row.SealedAuth == nil {
		return Comparison{}, ErrDisconnected
	}
	c, err := m.o.connectWaiting(ctx, acc, row)
	if err != nil {
		return Comparison{}, err
	}
	defer c.Close() // nothing is lost by a connection that does not end well
	for began := time.Now(); ; {
		found, err := m.compare(ctx, c, acc, row)
		if err != nil || len(found.Differences) == 0 || time.Since(began) > verifyPatience {
			return found, err
		}
		err = m.o.DB.Tx(ctx, acc.ID, func(tx *db.Tx) error { return wake(ctx, tx, row.ID) })
		if err != nil {
			return found, err
		}
		select {
		case <-ctx.Done():
			return found, ctx.Err()
		case <-time.After(verifyAgain):
		}
	}
}

// ErrDisconnected: the mailbox has no login any more.
var ErrDisconnected = errors.New("the mailbox is disconnected")

func (m *Mailboxes) row(ctx context.Context, acc *db.Account, id string) (row queries.Mailbox, err error) {
	err = m.o.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		found, err := tx.MailboxByCRMID(ctx, queries.MailboxByCRMIDParams{AccountID: acc.ID, CrmID: id})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoMailbox
		}
		row = found.Mailbox
		return err
	})
	return row, err
}

// folderLedger is a folder's row and the UIDs of its present life that have a disposition.
type folderLedger struct {
	row  queries.Folder
	uids uidset.Set
}

// ledgers reads them by name, all as of one instant, without folders that are known to be gone.
func (m *Mailboxes) ledgers(ctx context.Context, acc *db.Account, mailbox int64) (map[string]folderLedger, error) {
	out := map[string]folderLedger{}
	err := m.o.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		folders, err := tx.Folders(ctx, queries.FoldersParams{AccountID: acc.ID, MailboxID: mailbox})
		if err != nil {
			return err
		}
		for _, f := range folders {
			if f.GoneAt != nil {
				continue
			}
			held := folderLedger{row: f}
			ranges, err := tx.LedgerRanges(ctx, queries.LedgerRangesParams{AccountID: acc.ID, FolderID: f.ID, UidValidity: f.UidValidity})
			if err != nil {
				return err
			}
			for _, r := range ranges {
				held.uids = held.uids.Append(uint32(r.First), uint32(r.Last))
			}
			out[f.Name] = held
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return out, nil
}

// compare looks at the server, then at the ledger.
func (m *Mailboxes) compare(ctx context.Context, c conn, acc *db.Account, row queries.Mailbox) (Comparison, error) {
	var found Comparison
	shown, err := c.Folders(ctx)
	if err != nil {
		return found, err
	}
	held, err := m.ledgers(ctx, acc, row.ID)
	if err != nil {
		return found, err
	}
	roles := make(map[string]string, len(held))
	for name, f := range held {
		roles[name] = f.row.Role
	}
	all := make([]plan.Folder, len(shown))
	for i, f := range shown {
		all[i] = listed(f)
	}
	differs := func(folder, what string, uids uidset.Set) {
		found.Differences = append(found.Differences, LedgerDifference{folder, what, uids})
	}
	for name := range held {
		if !slices.ContainsFunc(all, func(f plan.Folder) bool { return f.Name == name }) {
			differs(name, differsGone, nil)
		}
	}
	for _, f := range plan.Choose(all, row.FolderChoice, roles) {
		found.Folders++
		sel, err := c.Examine(ctx, f.Name)
		if err != nil {
			return found, err
		}
		there, err := c.UIDs(ctx, time.Time{})
		if err != nil {
			return found, err
		}
		window, err := c.UIDs(ctx, windowStart(row))
		if err != nil {
			return found, err
		}
		found.Messages += window.Count()
		ledger, known := held[f.Name]
		switch {
		case !known:
			differs(f.Name, differsUnknown, nil)
			continue
		case ledger.row.UidValidity != int64(sel.UIDValidity):
			differs(f.Name, differsValidity, nil)
			continue
		}
		if missing := window.Subtract(ledger.uids); len(missing) > 0 {
			differs(f.Name, differsMissing, missing)
		}
		if invented := ledger.uids.Subtract(there); len(invented) > 0 {
			differs(f.Name, differsInvented, invented)
		}
	}
	slices.SortFunc(found.Differences, func(a, b LedgerDifference) int { return strings.Compare(a.String(), b.String()) })
	return found, nil
}
