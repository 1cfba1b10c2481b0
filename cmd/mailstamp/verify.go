package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/naive"
)

type verifyCommand struct {
	Only string `enum:"stamps,ledger,all" default:"all" help:"What to compare: stamps, ledger (which logs in to every mailbox) or all. Default: all."`
}

// Run prints one line for each account, mailbox and difference, and fails when there is a difference, or a mailbox that
// could not be compared.
func (c *verifyCommand) Run(ctx context.Context, p *program) error {
	d, err := p.openDB(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	accounts, err := d.Accounts(ctx)
	if err != nil {
		return err
	}
	v := &verification{program: p, db: d, mailboxes: ingest.NewMailboxes(ingest.Options{
		DB: d, Dialer: &safedial.Dialer{Allow: p.AllowPrivateIMAP.List}, Logger: p.log,
	})}
	for _, acc := range accounts {
		if c.Only != "ledger" {
			found, err := verifyStamps(ctx, d, acc.ID)
			if err != nil {
				return fmt.Errorf("account %d: %w", acc.ID, err)
			}
			v.stamps += len(found.differences)
			found.print(acc.ID, v.say)
		}
		if c.Only != "stamps" {
			if err := v.ledgers(ctx, acc); err != nil {
				return fmt.Errorf("account %d: %w", acc.ID, err)
			}
		}
	}
	if v.printed != nil {
		return fmt.Errorf("print the findings: %w", v.printed)
	}
	return v.verdict()
}

// verification prints findings and counts them.
type verification struct {
	*program
	db        *db.DB
	mailboxes *ingest.Mailboxes
	printed   error

	stamps, ledger, unreachable int
}

func (v *verification) say(format string, args ...any) {
	_, err := fmt.Fprintf(v.out, format, args...)
	v.printed = errors.Join(v.printed, err)
}

func (v *verification) verdict() error {
	var err error
	if v.stamps > 0 {
		err = errors.Join(err, fmt.Errorf("%d stamps differ from what the facts say", v.stamps))
	}
	if v.ledger > 0 {
		err = errors.Join(err, fmt.Errorf("%d differences between ledger and server", v.ledger))
	}
	if v.unreachable > 0 {
		err = errors.Join(err, fmt.Errorf("%d mailboxes could not be compared", v.unreachable))
	}
	return err
}

// ledgers compares each folder of the account's mailboxes with its server.
func (v *verification) ledgers(ctx context.Context, acc *db.Account) error {
	list, err := v.mailboxes.List(ctx, acc)
	if err != nil {
		return err
	}
	for _, h := range list {
		found, err := v.mailboxes.Verify(ctx, acc, h.ID)
		switch {
		case errors.Is(err, ingest.ErrDisconnected):
			v.say("  mailbox %s: disconnected, there is nothing to compare with\n", oneLine(h.ID))
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			v.unreachable++
			problem := imapconn.ProblemOf(err)
			v.say("  mailbox %s: not compared: %s %s\n", oneLine(h.ID), problem.Sentence, problem.Hint)
			continue
		}
		v.ledger += len(found.Differences)
		v.say("  mailbox %s, %d folders, %d messages: %d differences", oneLine(h.ID), found.Folders, found.Messages, len(found.Differences))
		if len(found.Differences) > 0 && h.State != "live" {
			v.say("; the mailbox is %s, which may explain them", h.State)
		}
		v.say("\n")
		for _, difference := range found.Differences {
			v.say("    %s\n", difference)
		}
	}
	return nil
}

// findings on one account's stamps, at one instant.
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
