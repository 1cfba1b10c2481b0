package db

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
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
	return tx.lock(ctx, map[int64]LockMode{lockKey('A', tx.AccountID, 0): mode})
}

// LockAuthors takes the locks of users until the transaction ends, those of both lists at once and in one order. A user in
// both is locked exclusively.
func (tx *Tx) LockAuthors(ctx context.Context, exclusive, shared []int64) error {
	modes := make(map[int64]LockMode, len(exclusive)+len(shared))
	for _, user := range shared {
		modes[lockKey('U', tx.AccountID, user)] = Shared
	}
	for _, user := range exclusive {
		modes[lockKey('U', tx.AccountID, user)] = Exclusive
	}
	return tx.lock(ctx, modes)
}

// LockMail takes the lock of whoever writes the user's mail, until the transaction ends, and shares the account's lock of
// erasures. It comes before all others.
func (tx *Tx) LockMail(ctx context.Context, user int64) error {
	return tx.lock(ctx, map[int64]LockMode{lockKey('E', tx.AccountID, 0): Shared, lockKey('M', tx.AccountID, user): Exclusive})
}

// LockErasures takes the account's lock of erasures until the transaction ends: Exclusive to remove a person, Shared for whoever
// writes mail or takes addresses in. It comes before all others.
func (tx *Tx) LockErasures(ctx context.Context, mode LockMode) error {
	return tx.lock(ctx, map[int64]LockMode{lockKey('E', tx.AccountID, 0): mode})
}

func (tx *Tx) lock(ctx context.Context, modes map[int64]LockMode) error {
	keys := slices.Sorted(maps.Keys(modes))
	exclusive := make([]bool, len(keys))
	for i, key := range keys {
		exclusive[i] = bool(modes[key])
	}
	_, err := tx.Exec(ctx, `
		select case when x then pg_advisory_xact_lock(k) else pg_advisory_xact_lock_shared(k) end
		from unnest($1::bigint[], $2::boolean[]) as locks(k, x)`, keys, exclusive)
	if err != nil {
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
