package db

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
)

// LockMode is how a lock is held.
type LockMode bool

const (
	Shared    LockMode = false
	Exclusive LockMode = true
)

// LockAccount takes the account's lock until the transaction ends: Exclusive to change links, Shared otherwise.
// It comes before LockAuthors.
func (tx *Tx) LockAccount(ctx context.Context, mode LockMode) error {
	return tx.lock(ctx, mode, []int64{lockKey('A', tx.AccountID, 0)})
}

// LockAuthors takes the locks of the given users, all at once and in one order, until the transaction ends.
func (tx *Tx) LockAuthors(ctx context.Context, mode LockMode, users ...int64) error {
	keys := make([]int64, len(users))
	for i, user := range users {
		keys[i] = lockKey('U', tx.AccountID, user)
	}
	slices.Sort(keys)
	return tx.lock(ctx, mode, slices.Compact(keys))
}

// LockMail takes the lock of whoever writes the user's mail, until the transaction ends. It comes before all others.
func (tx *Tx) LockMail(ctx context.Context, user int64) error {
	return tx.lock(ctx, Exclusive, []int64{lockKey('M', tx.AccountID, user)})
}

func (tx *Tx) lock(ctx context.Context, mode LockMode, keys []int64) error {
	stmt := "select pg_advisory_xact_lock_shared(k) from unnest($1::bigint[]) k"
	if mode == Exclusive {
		stmt = "select pg_advisory_xact_lock(k) from unnest($1::bigint[]) k"
	}
	if _, err := tx.Exec(ctx, stmt, keys); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// lockKey spreads locks over the 64-bit space of advisory locks; two that meet only wait for each other needlessly.
func lockKey(class byte, account, id int64) int64 {
	var b [17]byte
	b[0] = class
	binary.BigEndian.PutUint64(b[1:], uint64(account))
	binary.BigEndian.PutUint64(b[9:], uint64(id))
	h := fnv.New64a()
	h.Write(b[:])
	return int64(h.Sum64())
}
