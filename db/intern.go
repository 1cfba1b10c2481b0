package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/db/queries"
)

// Intern returns the ids of canonical addresses, which may repeat, and makes rows for the new ones; those of erased persons have
// none. It comes before the account's and the authors' locks: two transactions that bring the same new address wait for each
// other's row, and one of them must not hold what the other needs to finish.
func (tx *Tx) Intern(ctx context.Context, acc *Account, addresses []string) (map[string]int64, error) {
	if len(addresses) == 0 {
		return map[string]int64{}, nil
	}
	if err := tx.LockErasures(ctx, Shared); err != nil {
		return nil, err
	}
	sorted := slices.Clone(addresses)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	ids := make(map[string]int64, len(sorted))
	find := func() error {
		rows, err := tx.AddressIDs(ctx, queries.AddressIDsParams{AccountID: tx.AccountID, Addresses: sorted})
		if err != nil {
			return fmt.Errorf("find addresses: %w", err)
		}
		for _, r := range rows {
			ids[r.Address] = r.ID
		}
		return nil
	}
	if err := find(); err != nil || len(ids) == len(sorted) {
		return ids, err
	}
	p := queries.InternAddressesParams{AccountID: tx.AccountID}
	for _, a := range sorted {
		if _, known := ids[a]; !known {
			p.Addresses = append(p.Addresses, a)
			p.Hashes = append(p.Hashes, acc.Keys.AddressHash(a))
			p.Domains = append(p.Domains, strings.Join(address.Domains(a), " "))
		}
	}
	if err := tx.InternAddresses(ctx, p); err != nil {
		return nil, fmt.Errorf("intern addresses: %w", err)
	}
	return ids, find()
}

// Erased returns those of the canonical addresses that are erased persons'.
func (tx *Tx) Erased(ctx context.Context, acc *Account, addresses []string) (map[string]bool, error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	byHash := make(map[string]string, len(addresses))
	p := queries.ErasedHashesParams{AccountID: tx.AccountID}
	for _, a := range addresses {
		hash := acc.Keys.AddressHash(a)
		if byHash[string(hash)] == "" {
			byHash[string(hash)] = a
			p.Hashes = append(p.Hashes, hash)
		}
	}
	hashes, err := tx.ErasedHashes(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("look for erased persons: %w", err)
	}
	erased := make(map[string]bool, len(hashes))
	for _, h := range hashes {
		erased[byHash[string(h)]] = true
	}
	return erased, nil
}
