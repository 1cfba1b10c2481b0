package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
)

type auditCommand struct {
	Verify auditVerifyCommand `cmd:"" help:"Check every account's trail from its beginning; print each one's head, to be kept elsewhere."`
}

type auditVerifyCommand struct {
	Head string `help:"A head printed earlier, ACCOUNT:ENTRIES:HASH: the trail must still run through it." placeholder:"HEAD"`
}

// Run prints one line per account, ACCOUNT:ENTRIES:HASH, and fails when a trail was tampered with. A trail cut short at its
// end shows only against a head that was kept.
func (c *auditVerifyCommand) Run(ctx context.Context, p *program) error {
	d, err := p.openDB(ctx)
	if err != nil {
		return err
	}
	defer closeDB(d)
	accounts, err := d.Accounts(ctx)
	if err != nil {
		return fmt.Errorf("list the accounts: %w", err)
	}
	tampered, kept := 0, c.Head == ""
	for _, acc := range accounts {
		err := d.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
			head, err := tx.VerifyAudit(ctx, func(h db.AuditHead) {
				kept = kept || c.Head == headLine(acc, h)
			})
			if err != nil {
				return err
			}
			fmt.Fprintln(p.out, headLine(acc, head))
			return nil
		})
		if err != nil {
			tampered++
			p.log.Error("the trail is not whole", "account", acc.PublicID, "error", err)
		}
	}
	switch {
	case tampered > 0:
		return fmt.Errorf("the trail of %d of %d accounts is not whole", tampered, len(accounts))
	case !kept:
		return errors.New("the trail does not run through that head: entries were taken from its end, or it is another account's")
	}
	return nil
}

func headLine(acc *db.Account, h db.AuditHead) string {
	return fmt.Sprintf("%s:%d:%s", acc.PublicID, h.Entries, hex.EncodeToString(h.Hash))
}
