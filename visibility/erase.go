package visibility

import (
	"context"
	"errors"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
)

// ErrAddressOfUser: a person who uses the CRM cannot be erased as a correspondent: every mail of theirs is from or to them.
var ErrAddressOfUser = errors.New("the address is a user's own, or a login of theirs: delete the user first")

// Erasable refuses an address that is a living user's own or the login of one, with ErrAddressOfUser. It is asked before an
// erasure begins: one that has begun goes to its end.
func Erasable(ctx context.Context, tx *db.Tx, addressID int64, pattern string) error {
	users, err := tx.UsersWithAddress(ctx, queries.UsersWithAddressParams{AccountID: tx.AccountID, AddressID: addressID, Pattern: pattern})
	if err != nil {
		return fmt.Errorf("find the address's users: %w", err)
	}
	for _, u := range users {
		if u.State != "deleted" {
			return ErrAddressOfUser
		}
	}
	return nil
}

// Forget removes a person's address from what the CRM told: from cards, users and block lists, with every conversation it
// has, so that nothing is shown by it any more. pattern finds the address in running text (address.InText). It returns how
// many rows of which table that were. The caller holds the locks of erasures and of the account, both exclusively, and
// removes the address itself once its mail is gone.
//
// The names of leads, contacts and deleted users who have the address go too. A later event of the CRM's may name the card
// again, and then says what it is called, but the address finds no way back onto it (Apply).
func Forget(ctx context.Context, tx *db.Tx, addressID int64, address, pattern string) (map[string]int64, error) {
	var cards, people []int64
	removed := map[string]int64{}
	for _, step := range []struct {
		table  string
		forget func() (int64, error)
	}{
		{"conversations", func() (int64, error) {
			return tx.ForgetConversations(ctx, queries.ForgetConversationsParams{AccountID: tx.AccountID, AddressID: addressID})
		}},
		{"card_addresses", func() (n int64, err error) {
			cards, err = tx.ForgetCardAddresses(ctx, queries.ForgetCardAddressesParams{AccountID: tx.AccountID, AddressID: addressID})
			return int64(len(cards)), err
		}},
		{"card_addresses", func() (int64, error) {
			return tx.ForgetLabels(ctx, queries.ForgetLabelsParams{AccountID: tx.AccountID, Pattern: pattern})
		}},
		{"cards", func() (int64, error) {
			return tx.ForgetCardNames(ctx, queries.ForgetCardNamesParams{AccountID: tx.AccountID, Ids: cards, Pattern: pattern})
		}},
		{"user_addresses", func() (n int64, err error) {
			people, err = tx.ForgetUserAddresses(ctx, queries.ForgetUserAddressesParams{AccountID: tx.AccountID, AddressID: addressID})
			return int64(len(people)), err
		}},
		{"users", func() (int64, error) {
			return tx.ForgetUserNames(ctx, queries.ForgetUserNamesParams{AccountID: tx.AccountID, Ids: people, Pattern: pattern})
		}},
		{"mailboxes", func() (int64, error) {
			return tx.ForgetLogins(ctx, queries.ForgetLoginsParams{AccountID: tx.AccountID, UserIds: people, Pattern: pattern})
		}},
		{"blocklist_entries", func() (int64, error) {
			return tx.ForgetBlocklistEntries(ctx, queries.ForgetBlocklistEntriesParams{AccountID: tx.AccountID, Address: &address})
		}},
	} {
		n, err := step.forget()
		if err != nil {
			return nil, fmt.Errorf("remove the address from %s: %w", step.table, err)
		}
		removed[step.table] += n
	}
	return removed, nil
}
