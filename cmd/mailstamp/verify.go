package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/naive"
)

type verifyCommand struct{}

// Run prints one line for each account and one for each difference, and fails when there is one.
func (*verifyCommand) Run(ctx context.Context, p *program) error {
	d, err := p.openDB(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	accounts, err := d.System().AccountIDs(ctx)
	if err != nil {
		return fmt.Errorf("list the accounts: %w", err)
	}
	total := 0
	var printed error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(p.out, format, args...)
		printed = errors.Join(printed, err)
	}
	for _, id := range accounts {
		found, err := verifyStamps(ctx, d, id)
		if err != nil {
			return fmt.Errorf("account %d: %w", id, err)
		}
		total += len(found.differences)
		found.print(id, say)
	}
	switch {
	case printed != nil:
		return fmt.Errorf("print the findings: %w", printed)
	case total > 0:
		return fmt.Errorf("%d stamps differ from what the facts say", total)
	}
	return nil
}

// findings on one account, at one instant.
type findings struct {
	differences []naive.Difference
	behind      int   // inputs that changed and are not re-stamped yet
	stamps      int64 // stamps older than one of their inputs
}

func verifyStamps(ctx context.Context, d *db.DB, account int64) (f findings, err error) {
	err = d.ReadTx(ctx, account, func(tx *db.Tx) (err error) {
		if f.differences, err = naive.Compare(ctx, tx); err != nil {
			return err
		}
		work, stamps, err := visibility.Behind(ctx, tx)
		f.behind, f.stamps = len(work), stamps
		return err
	})
	return f, err
}

func (f findings) print(account int64, say func(string, ...any)) {
	say("account %d: %d differences", account, len(f.differences))
	if f.behind > 0 || f.stamps > 0 {
		say("; re-stamping is pending for %d inputs and %d stamps, which explains differences that nobody is shown: verify again when it is done", f.behind, f.stamps)
	}
	say("\n")
	for _, difference := range f.differences {
		say("  %s\n", difference)
	}
}
