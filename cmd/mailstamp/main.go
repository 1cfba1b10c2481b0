// Mailstamp syncs users' mailboxes, matches mail to a CRM's leads, contacts and deals, and shows each conversation to
// exactly the colleagues who may see it. This package is the program: one file per subcommand.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/config"
)

// commands are what the program can do.
type commands struct {
	config.Config

	Worker  workerCommand  `cmd:"" help:"Run everything: sync mailboxes, work on jobs, answer the CRM."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema to this program's version."`
	Account accountCommand `cmd:"" help:"Make accounts, set where their CRM takes events, rotate their webhook secret."`
	Events  eventsCommand  `cmd:"" help:"List the events to an account's CRM with every attempt, or send them again."`
	Keyset  keysetCommand  `cmd:"" help:"Rotate the keys that credentials are sealed with."`
	Doctor  doctorCommand  `cmd:"" help:"Check database, keys, clock and every mailbox, and say what to do."`
	Explain explainCommand `cmd:"" help:"Say why a user sees a message on a card, or why not."`
	Verify  verifyCommand  `cmd:"" help:"Compare every stamp with what a second, slow evaluator makes of the facts, and every folder's ledger with the server; list every difference."`
	Audit   auditCommand   `cmd:"" help:"Check the trail of changes."`
	Demo    demoCommand    `cmd:"" help:"Show it all on this machine: PostgreSQL, mailboxes with sample mail, a sample CRM, the worker, the pages."`
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program: it returns the exit code, 0 for done, 1 for a problem, 2 for a command that makes no sense.
// Results go to out, everything else to log.
func run(args []string, out, log io.Writer) int {
	ctx, stop := untilSignal()
	defer stop()

	var does commands
	exit := -1
	command, err := config.Parse(&does, args, out, func(code int) { exit = code })
	if exit >= 0 { // --help has answered
		return exit
	}
	if err != nil {
		fmt.Fprintln(log, "mailstamp:", err)
		return 2
	}
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run(&program{Config: does.Config, out: out, log: does.Log.Logger(log)})
	if err != nil {
		fmt.Fprintln(log, "mailstamp:", err)
		return 1
	}
	return 0
}

// untilSignal gives a context that ends with the first SIGINT or SIGTERM. The second ends the program at once: from the
// first on, they are no longer caught.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
