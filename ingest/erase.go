package ingest

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/plan"
)

// reasonErased is why mail of an erased person is skipped.
const reasonErased = "erased"

// erasedText stands where the address of an erased person stood in other people's mail.
const erasedText = "[erased]"

// Erasure is the part of an erasure that is this package's: the person's mail and what is known of it. Each step is done
// in one transaction that holds the lock of erasures exclusively, and is of bounded size; cut off, it is done again.
type Erasure struct {
	ID        int64
	AddressID int64
	Hash      []byte // keyed
	Pattern   string // finds the address in running text
}

// Removed counts rows by table.
type Removed map[string]int64

// Add adds the counts of more.
func (r Removed) Add(more map[string]int64) {
	for table, n := range more {
		if n != 0 {
			r[table] += n
		}
	}
}

// Withdraw takes the person's mail out of sight of everybody, whatever other addresses are on it: all of it but that of
// deleted users, which nobody sees.
func (e Erasure) Withdraw(ctx context.Context, tx *db.Tx) (Removed, error) {
	_, removed, err := e.withdraw(ctx, tx, true, math.MaxInt32)
	return removed, err
}

func (e Erasure) withdraw(ctx context.Context, tx *db.Tx, living bool, most int32) (messages int64, removed Removed, err error) {
	row, err := tx.WithdrawMessages(ctx, queries.WithdrawMessagesParams{
		AccountID: tx.AccountID, ErasureID: e.ID, AddressID: e.AddressID, Living: living, AtMost: most,
	})
	if err != nil {
		return 0, nil, fmt.Errorf("withdraw mail: %w", err)
	}
	if row.Messages == 0 {
		return 0, nil, nil
	}
	// Lists are ranked by what correspondences say is their newest.
	parties, err := tx.WithdrawnParties(ctx, queries.WithdrawnPartiesParams{AccountID: tx.AccountID, ErasureID: e.ID, AddressID: e.AddressID})
	if err != nil {
		return 0, nil, fmt.Errorf("find whom withdrawn mail was exchanged with: %w", err)
	}
	for _, p := range parties {
		if err := endCorrespondences(ctx, tx, p.AuthorID, p.AddressIds); err != nil {
			return 0, nil, fmt.Errorf("end correspondences: %w", err)
		}
	}
	return row.Messages, Removed{"participants": row.Participants}, nil
}

// RemoveSome removes a part of the person's mail, and of the traces of mail that was never stored; more says that something
// may be left.
func (e Erasure) RemoveSome(ctx context.Context, tx *db.Tx) (removed Removed, more bool, err error) {
	removed = Removed{}
	withdrawn, cut, err := e.withdraw(ctx, tx, false, removeChunk)
	if err != nil {
		return nil, false, err
	}
	removed.Add(cut)
	ids, err := tx.WithdrawnMessages(ctx, queries.WithdrawnMessagesParams{AccountID: tx.AccountID, ErasureID: e.ID, AtMost: removeChunk})
	if err != nil {
		return nil, false, fmt.Errorf("find withdrawn mail: %w", err)
	}
	if err := e.remove(ctx, tx, ids, removed); err != nil {
		return nil, false, err
	}
	traces, err := tx.EraseIndexed(ctx, queries.EraseIndexedParams{AccountID: tx.AccountID, Hash: e.Hash, Reason: new(reasonErased), AtMost: removeChunk})
	if err != nil {
		return nil, false, fmt.Errorf("remove hashes: %w", err)
	}
	removed.Add(Removed{"indexed_addresses": traces.Hashes, "ledger": traces.Uids})
	if withdrawn > 0 || len(ids) > 0 || traces.Uids > 0 {
		return removed, true, nil
	}
	ended, err := tx.EraseCorrespondences(ctx, queries.EraseCorrespondencesParams{AccountID: tx.AccountID, AddressID: e.AddressID})
	if err != nil {
		return nil, false, fmt.Errorf("end correspondences: %w", err)
	}
	reports, err := tx.EraseReportsTo(ctx, queries.EraseReportsToParams{AccountID: tx.AccountID, Hash: e.Hash})
	if err != nil {
		return nil, false, fmt.Errorf("remove reports: %w", err)
	}
	removed.Add(Removed{"correspondences": ended, "reports": reports})
	return removed, false, nil
}

// remove removes withdrawn messages with all that hangs on them. Threads have no root: the other messages of one stay together
// by its links, which are hashes.
func (e Erasure) remove(ctx context.Context, tx *db.Tx, ids []int64, removed Removed) error {
	account := tx.AccountID
	for _, step := range []struct {
		table string
		erase func() (int64, error)
	}{
		{"ledger", func() (int64, error) {
			return tx.EraseFromLedger(ctx, queries.EraseFromLedgerParams{AccountID: account, Ids: ids, Reason: new(reasonErased)})
		}},
		{"reports", func() (int64, error) {
			return tx.EraseReports(ctx, queries.EraseReportsParams{AccountID: account, Ids: ids})
		}},
		{"delivery_events", func() (int64, error) {
			return tx.EraseDeliveryEvents(ctx, queries.EraseDeliveryEventsParams{AccountID: account, Ids: ids})
		}},
		{"deliveries", func() (int64, error) {
			return tx.EraseDeliveries(ctx, queries.EraseDeliveriesParams{AccountID: account, Ids: ids})
		}},
		{"message_bodies", func() (int64, error) {
			return tx.EraseBodies(ctx, queries.EraseBodiesParams{AccountID: account, Ids: ids})
		}},
		{"messages", func() (int64, error) {
			return tx.EraseMessages(ctx, queries.EraseMessagesParams{AccountID: account, Ids: ids})
		}},
	} {
		n, err := step.erase()
		if err != nil {
			return fmt.Errorf("erase from %s: %w", step.table, err)
		}
		removed.Add(Removed{step.table: n})
	}
	return nil
}

// Redact looks through some of the messages that are left, after the one of that number, and puts erasedText where they name
// the address. It returns the last message looked at, 0 when none was left.
func (e Erasure) Redact(ctx context.Context, tx *db.Tx, after int64) (last int64, redacted Removed, err error) {
	last, err = tx.LastOfWalk(ctx, queries.LastOfWalkParams{AccountID: tx.AccountID, After: after, AtMost: redactChunk})
	if err != nil || last == 0 {
		return 0, nil, err
	}
	redacted = Removed{}
	bodies, err := tx.RedactBodies(ctx, queries.RedactBodiesParams{
		AccountID: tx.AccountID, After: after, Until: last, Pattern: e.Pattern, Instead: erasedText})
	if err != nil {
		return 0, nil, fmt.Errorf("redact bodies: %w", err)
	}
	messages, err := tx.RedactMessages(ctx, queries.RedactMessagesParams{
		AccountID: tx.AccountID, After: after, Until: last, Pattern: e.Pattern, Instead: erasedText})
	if err != nil {
		return 0, nil, fmt.Errorf("redact messages: %w", err)
	}
	said, err := tx.RedactDeliveryEvents(ctx, queries.RedactDeliveryEventsParams{
		AccountID: tx.AccountID, After: after, Until: last, Pattern: e.Pattern, Instead: erasedText})
	if err != nil {
		return 0, nil, fmt.Errorf("redact delivery events: %w", err)
	}
	redacted.Add(Removed{"message_bodies redacted": bodies, "messages redacted": messages, "delivery_events redacted": said})
	return last, redacted, nil
}

// addresses are all that the mail is from or to.
func (e *entry) addresses() []string {
	return slices.Concat(e.parties.From, e.parties.To, e.parties.Cc, e.parties.Bcc)
}

// names says that one of the addresses is on the mail.
func (e *entry) names(addresses map[string]bool) bool {
	return len(addresses) > 0 && slices.ContainsFunc(e.addresses(), func(a string) bool { return addresses[a] })
}

// skipErased keeps nothing of a mail but that it is there.
func (e *entry) skipErased() {
	e.verdict, e.reason = plan.Verdict{Disposition: plan.Skipped}, reasonErased
	e.digest, e.identity, e.copyOf, e.report = nil, nil, 0, nil
}

// skipErased does so with what the batch has of persons who were erased since it was classified: under the lock of erasures
// none can be from here on. Of a report on mail to such a person nothing is kept either.
func (w *writer) skipErased(ctx context.Context) error {
	var all []string
	reported := map[*entry][]string{}
	for _, e := range w.batch.entries {
		if e.reason != reasonErased {
			all = append(all, e.addresses()...)
		}
		if e.report != nil {
			for _, rc := range e.report.Recipients {
				reported[e] = append(reported[e], e.report.addresses(rc)...)
			}
			all = append(all, reported[e]...)
		}
	}
	erased, err := w.tx.Erased(ctx, w.acc, all)
	if err != nil {
		return err
	}
	for _, e := range w.batch.entries {
		switch {
		case e.verdict.Disposition == plan.Expunged:
		case e.names(erased):
			e.skipErased()
		case slices.ContainsFunc(reported[e], func(a string) bool { return erased[a] }):
			e.report = nil
		}
	}
	return nil
}
