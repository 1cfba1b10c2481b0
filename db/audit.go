package db

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db/queries"
)

// ErrTampered: an entry of a trail was changed or taken out.
var ErrTampered = errors.New("the trail is not whole")

// auditPage is how many entries VerifyAudit reads at once.
const auditPage = 1_000

// AuditEntry is one line of the trail: who did what to what, with what effect. Subject and Effect are JSON objects that name
// things by their ids and hold no address and nothing of a mail.
type AuditEntry struct {
	Actor, Act      string
	Subject, Effect any
}

// AppendAudit adds entries to the account's trail, each chained to the one before by its hash. It takes the trail's lock
// until the transaction ends, so it comes last.
func (tx *Tx) AppendAudit(ctx context.Context, entries ...AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	if err := tx.lock(ctx, map[int64]LockMode{lockKey('T', tx.AccountID, 0): Exclusive}); err != nil {
		return err
	}
	last, err := tx.LastAuditEntry(ctx, tx.AccountID)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("find the end of the trail: %w", err)
	}
	for _, e := range entries {
		row := queries.AuditLog{AccountID: tx.AccountID, ID: last.ID + 1, At: time.Now().UTC().Truncate(time.Microsecond), Actor: e.Actor, Act: e.Act}
		if row.Subject, err = json.Marshal(e.Subject); err == nil {
			row.Effect, err = json.Marshal(e.Effect)
		}
		if err != nil {
			return fmt.Errorf("describe %s for the trail: %w", e.Act, err)
		}
		if row.Hash, err = auditHash(last.Hash, row); err != nil {
			return err
		}
		if err := tx.Queries.AppendAudit(ctx, queries.AppendAuditParams(row)); err != nil {
			return fmt.Errorf("write the trail: %w", err)
		}
		last.ID, last.Hash = row.ID, row.Hash
	}
	return nil
}

// AuditHead is the end of an account's trail. Whoever keeps it elsewhere can later tell whether the trail was cut short.
type AuditHead struct {
	Entries int64
	Hash    []byte
}

// VerifyAudit reads the account's trail from its beginning, passes each head it had on the way to passed, and returns the
// last. ErrTampered names the first entry that was changed or is missing.
func (tx *Tx) VerifyAudit(ctx context.Context, passed func(AuditHead)) (AuditHead, error) {
	var head AuditHead
	for {
		page, err := tx.AuditEntriesAfter(ctx, queries.AuditEntriesAfterParams{AccountID: tx.AccountID, AfterID: head.Entries, MaxRows: auditPage})
		if err != nil {
			return head, fmt.Errorf("read the trail: %w", err)
		}
		for _, row := range page {
			if row.ID != head.Entries+1 {
				return head, fmt.Errorf("%w: entry %d is missing", ErrTampered, head.Entries+1)
			}
			want, err := auditHash(head.Hash, row)
			if err != nil {
				return head, err
			}
			if !bytes.Equal(want, row.Hash) {
				return head, fmt.Errorf("%w: entry %d (%s by %s at %s) is not what was written", ErrTampered, row.ID, row.Act, row.Actor, row.At.UTC().Format(time.RFC3339))
			}
			head.Entries, head.Hash = row.ID, row.Hash
			passed(head)
		}
		if len(page) < auditPage {
			return head, nil
		}
	}
}

// VerifyTrail is VerifyAudit for an account, in a transaction of its own.
func (d *DB) VerifyTrail(ctx context.Context, acc *Account) (head AuditHead, err error) {
	err = d.ReadTx(ctx, acc.ID, func(tx *Tx) (err error) {
		head, err = tx.VerifyAudit(ctx, func(AuditHead) {})
		return err
	})
	return head, err
}

// auditHash covers the entry before and every field, each with its length. JSON is taken in its canonical form: the database
// keeps the value, not the text.
func auditHash(before []byte, row queries.AuditLog) ([]byte, error) {
	sum := sha256.New()
	field := func(b []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		sum.Write(n[:])
		sum.Write(b)
	}
	field(before)
	field(binary.BigEndian.AppendUint64(nil, uint64(row.AccountID)))
	field(binary.BigEndian.AppendUint64(nil, uint64(row.ID)))
	field([]byte(row.At.UTC().Format(time.RFC3339Nano)))
	field([]byte(row.Actor))
	field([]byte(row.Act))
	for _, raw := range [][]byte{row.Subject, row.Effect} {
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			return nil, fmt.Errorf("read entry %d: %w", row.ID, err)
		}
		canonical, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("read entry %d: %w", row.ID, err)
		}
		field(canonical)
	}
	return sum.Sum(nil), nil
}
