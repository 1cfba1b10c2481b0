package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
)

// DeleteMode is what becomes of the mail when a mailbox is taken away.
type DeleteMode string

const (
	// Disconnect stops syncing and keeps the mail. A later PUT goes on where it stopped.
	Disconnect DeleteMode = "disconnect"
	// DeleteMail removes the author's mail that no other mailbox of the author holds, and the mailbox with it. A later PUT makes
	// a new mailbox, whose window begins anew.
	DeleteMail DeleteMode = "delete"
)

const problemRemoving = "Its mail is being removed. Until that is done nothing of the user's is shown."

// Delete takes a mailbox away, or ErrNoMailbox. When it returns, no loop writes for the mailbox any more, its secret is gone,
// and with DeleteMail nothing of its mail is shown: nor, until RemoveMail is done, anything else of its user's.
func (m *Mailboxes) Delete(ctx context.Context, acc *db.Account, id string, mode DeleteMode) error {
	return m.o.DB.Tx(ctx, acc.ID, func(tx *db.Tx) error {
		row, err := tx.LockMailbox(ctx, queries.LockMailboxParams{AccountID: acc.ID, CrmID: id})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoMailbox
		}
		if err != nil {
			return fmt.Errorf("load the mailbox: %w", err)
		}
		if err := tx.DisconnectMailbox(ctx, queries.DisconnectMailboxParams{AccountID: acc.ID, ID: row.ID}); err != nil {
			return fmt.Errorf("disconnect the mailbox: %w", err)
		}
		// Without a lease no loop can write.
		if err := tx.RemoveLease(ctx, queries.RemoveLeaseParams{AccountID: acc.ID, MailboxID: row.ID}); err != nil {
			return fmt.Errorf("remove the lease: %w", err)
		}
		if mode == DeleteMail {
			if err := tx.BeginRemoval(ctx, queries.BeginRemovalParams{AccountID: acc.ID, ID: row.ID}); err != nil {
				return fmt.Errorf("hide the mailbox's mail: %w", err)
			}
			if err := m.o.Removal(ctx, tx, row.ID); err != nil {
				return err
			}
		}
		return wake(ctx, tx, row.ID)
	})
}

// RemoveMail removes what a deleted mailbox brought, and the mailbox, in transactions of bounded size; cut off, it goes on when
// it is called again. A mailbox that is not being removed is left alone.
func RemoveMail(ctx context.Context, d *db.DB, accountID, mailboxID int64) error {
	for {
		more, err := removeSome(ctx, d, accountID, mailboxID)
		if err != nil {
			return fmt.Errorf("remove a mailbox's mail: %w", err)
		}
		if !more {
			return nil
		}
	}
}

func removeSome(ctx context.Context, d *db.DB, accountID, mailboxID int64) (more bool, err error) {
	err = d.Tx(ctx, accountID, func(tx *db.Tx) error {
		more = false
		mailbox, err := tx.MailboxBeingRemoved(ctx, queries.MailboxBeingRemovedParams{AccountID: accountID, ID: mailboxID})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("load the mailbox: %w", err)
		}
		if err := tx.LockMail(ctx, mailbox.UserID); err != nil {
			return err
		}
		places, err := tx.RemoveLedgerOfMailbox(ctx, queries.RemoveLedgerOfMailboxParams{AccountID: accountID, MailboxID: mailboxID, Most: removeChunk})
		if err != nil {
			return fmt.Errorf("remove the ledger: %w", err)
		}
		messages := slices.DeleteFunc(slices.Clone(places), func(id int64) bool { return id == 0 })
		if len(places) == 0 && !mailbox.Other {
			// Mail that was kept though it is on no server any more (policy keep) goes with the last mailbox.
			messages, err = tx.UnplacedMessages(ctx, queries.UnplacedMessagesParams{AccountID: accountID, AuthorID: mailbox.UserID, Most: removeChunk})
			if err != nil {
				return fmt.Errorf("find mail of no mailbox: %w", err)
			}
		}
		if len(places) > 0 || len(messages) > 0 {
			more = true
			_, err := removeUnplaced(ctx, tx, mailbox.UserID, messages)
			return err
		}
		if err := tx.EndRemoval(ctx, queries.EndRemovalParams{AccountID: accountID, ID: mailboxID}); err != nil {
			return fmt.Errorf("remove the mailbox: %w", err)
		}
		return tx.RemoveReports(ctx, queries.RemoveReportsParams{AccountID: accountID, AuthorID: mailbox.UserID})
	})
	return more, err
}
