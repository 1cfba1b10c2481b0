package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/httpserve"
	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/jobs/notify"
	"github.com/mailstamp/mailstamp/visibility"
)

const (
	// oldestPostgreSQL that the schema works on.
	oldestPostgreSQL = 150000
	// skewNoticed, skewHarmful: difference between this machine's clock and the database's. Signatures and tokens are
	// judged by this machine's clock, within minutes.
	skewNoticed = 2 * time.Second
	skewHarmful = 30 * time.Second
	// lagNoticed is a lag that a live mailbox never has: it is in step every minute, and notes it every half.
	lagNoticed = 5 * time.Minute
	// jobOverdue is when a job that could run has waited too long: it starts within a second, re-stamping ends within a few.
	jobOverdue = time.Minute
)

type doctorCommand struct{}

// Run prints one line for each thing it looked at, and what to do about it under those that are not well.
func (*doctorCommand) Run(ctx context.Context, p *program) error {
	x := &examination{out: p.out}
	x.privateListener(p)
	sealer := x.keys(p)
	if d := x.database(ctx, p, sealer); d != nil {
		defer d.Close()
		server, err := x.server(ctx, d)
		if err == nil {
			x.jobs(ctx, d)
			x.accounts(ctx, p, d, sealer != nil, server.Workers)
		}
	}
	if x.err != nil {
		return fmt.Errorf("print the findings: %w", x.err)
	}
	if x.problems > 0 {
		return fmt.Errorf("%d of %d checks found a problem", x.problems, x.checks)
	}
	return nil
}

// examination prints findings and counts problems.
type examination struct {
	out              io.Writer
	err              error
	checks, problems int
}

func (x *examination) ok(what, finding string)         { x.line("ok", what, finding, "") }
func (x *examination) warn(what, finding, todo string) { x.line("warning", what, finding, todo) }
func (x *examination) problem(what, finding, todo string) {
	x.line("PROBLEM", what, finding, todo)
	x.problems++
}

func (x *examination) line(verdict, what, finding, todo string) {
	x.checks++
	text := fmt.Sprintf("%-8s %s: %s\n", verdict, what, oneLine(finding))
	if todo != "" {
		text += fmt.Sprintf("%-8s → %s\n", "", todo)
	}
	_, err := io.WriteString(x.out, text)
	x.err = errors.Join(x.err, err)
}

// oneLine keeps foreign text from looking like another finding.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// privateListener asks nobody who they are, so a site whose name resolves to it must not be answered (DNS rebinding).
func (x *examination) privateListener(p *program) {
	host, _, _ := net.SplitHostPort(string(p.AdminListen)) // config checked it
	switch {
	case httpserve.Loopback(host):
		x.ok("private listener", "loopback only")
	case len(p.AdminHosts) == 0:
		x.warn("private listener", fmt.Sprintf("%s is reachable from beyond this machine, and it answers to every name", p.AdminListen),
			"set MAILSTAMP_ADMIN_HOSTS to the names that it is called by; let only operators reach it")
	default:
		x.ok("private listener", fmt.Sprintf("%s answers to %s", p.AdminListen, strings.Join(p.AdminHosts, ", ")))
	}
}

// keys loads the key set, or says why not and returns nil. Unlike other subcommands it makes none.
func (x *examination) keys(p *program) *seal.Sealer {
	keyset, err := p.KeysetOrDefault()
	if err != nil {
		x.problem("key set", err.Error(), "set MAILSTAMP_KEYSET to the key set that the accounts' secrets were sealed with")
		return nil
	}
	path, exists := keyset.Path()
	if !exists {
		x.warn("key set", "there is none at "+path, "restore the copy of it, or set MAILSTAMP_KEYSET; before the first account there is none: `mailstamp account add` makes it")
		return nil
	}
	sealer, err := seal.Load(string(keyset))
	if err != nil {
		x.problem("key set", err.Error(), "restore the copy of it, or set MAILSTAMP_KEYSET to the key set that the accounts' secrets were sealed with")
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o007 != 0 {
		x.warn("key set", "every user of this machine may read "+path, "chmod 600 "+path)
	} else {
		x.ok("key set", "readable")
	}
	return sealer
}

// database opens the database, or says why not and returns nil.
func (x *examination) database(ctx context.Context, p *program, sealer *seal.Sealer) *db.DB {
	url, err := p.Database()
	if err != nil {
		x.problem("database", "none is named", "set MAILSTAMP_DATABASE_URL, e.g. postgres://mailstamp@localhost/mailstamp")
		return nil
	}
	d, err := db.Open(ctx, url, sealer)
	if err != nil {
		x.problem("database", err.Error(), "start PostgreSQL, and check that MAILSTAMP_DATABASE_URL names it and a role that may log in")
		return nil
	}
	switch err := checkSchema(ctx, url); {
	case errors.Is(err, errPending):
		x.problem("schema", "it is older than this program", "run `mailstamp migrate`")
	case err != nil:
		x.problem("schema", err.Error(), "check that the role may create tables in the database")
	default:
		x.ok("schema", "current")
		return d
	}
	d.Close()
	return nil
}

func (x *examination) server(ctx context.Context, d *db.DB) (db.Server, error) {
	asked := time.Now()
	s, err := d.Server(ctx)
	answered := time.Now()
	if err != nil {
		x.problem("database", err.Error(), "check the server's log")
		return s, err
	}
	if s.Version < oldestPostgreSQL {
		x.problem("database", fmt.Sprintf("PostgreSQL %d", s.Version/10000), "use PostgreSQL 15 or later")
	} else {
		x.ok("database", fmt.Sprintf("PostgreSQL %d.%d answers in %s", s.Version/10000, s.Version%10000, answered.Sub(asked).Round(100*time.Microsecond)))
	}
	switch {
	case s.BypassesRLS:
		x.problem("separation of accounts", "row-level security does not bind the role "+s.Role, "log in as a role that is neither superuser nor BYPASSRLS")
	case len(s.Unprotected) > 0:
		x.problem("separation of accounts", "no row-level security on "+strings.Join(s.Unprotected, ", "), "find out who turned it off; turn it on again with `alter table … enable row level security, force row level security`")
	default:
		x.ok("separation of accounts", "row-level security binds the role "+s.Role)
	}
	skew := s.Now.Sub(asked.Add(answered.Sub(asked) / 2)).Abs().Round(time.Millisecond)
	finding := fmt.Sprintf("this machine's and the database's differ by %s", skew)
	const ntp = "let both synchronise their clocks (NTP)"
	switch {
	case skew > skewHarmful:
		x.problem("clock", finding, ntp)
	case skew > skewNoticed:
		x.warn("clock", finding, ntp)
	default:
		x.ok("clock", finding)
	}
	return s, nil
}

// jobs tells of jobs that nobody works on, that hang, or that were given up.
func (x *examination) jobs(ctx context.Context, d *db.DB) {
	b, err := d.JobBacklog(ctx, jobOverdue)
	switch {
	case err != nil:
		x.problem("jobs", err.Error(), "check the server's log")
		return
	case b.Overdue > 0:
		x.problem("jobs", fmt.Sprintf("%d have waited for more than %s", b.Overdue, jobOverdue), "start `mailstamp worker` with the role jobs, or more copies of it")
	case b.Lost > 0:
		x.warn("jobs", fmt.Sprintf("%d run for longer than any may: their worker was killed", b.Lost), "nothing, while a worker with the role jobs is alive: it takes them over within minutes")
	default:
		x.ok("jobs", fmt.Sprintf("%d wait, %d run", b.Waiting, b.Running))
	}
	if b.GivenUp > 0 {
		x.warn("jobs given up", fmt.Sprintf("%d failed too often in the last week", b.GivenUp), "read their errors on the jobs page (/jobs/, state discarded); re-stamping is queued again by itself")
	}
}

func (x *examination) accounts(ctx context.Context, p *program, d *db.DB, withKeys bool, workers int) {
	ids, err := d.System().AccountIDs(ctx)
	if err != nil {
		x.problem("accounts", err.Error(), "check the server's log")
		return
	}
	if len(ids) == 0 {
		x.ok("accounts", "none yet; `mailstamp account add NAME` makes one")
		return
	}
	if workers == 0 {
		x.warn("worker", "no worker with the role sync is alive", "start `mailstamp worker`")
	} else {
		x.ok("worker", fmt.Sprintf("%d alive", workers))
	}
	if !withKeys {
		x.problem("keys of the accounts", fmt.Sprintf("%d accounts are there, and no key set to open their secrets", len(ids)), "set MAILSTAMP_KEYSET to the key set that they were made with")
		return
	}
	mailboxes := ingest.NewMailboxes(ingest.Options{DB: d, Dialer: &safedial.Dialer{Allow: p.AllowPrivateIMAP.List}, Logger: p.log})
	for _, id := range ids {
		acc, err := d.AccountByID(ctx, id)
		if err != nil {
			x.problem(fmt.Sprintf("keys of account %d", id), err.Error(), "set MAILSTAMP_KEYSET to the key set that the account was made with")
			continue
		}
		x.ok("keys of "+acc.PublicID, "its secrets open")
		x.stamps(ctx, d, acc)
		x.events(ctx, d, acc)
		list, err := mailboxes.List(ctx, acc)
		if err != nil {
			x.problem("mailboxes of "+acc.PublicID, err.Error(), "check the server's log")
		}
		for _, health := range list {
			x.mailbox(health)
		}
	}
}

func (x *examination) stamps(ctx context.Context, d *db.DB, acc *db.Account) {
	var behind int64
	var inputs []visibility.Work
	err := d.ReadTx(ctx, acc.ID, func(tx *db.Tx) (err error) {
		inputs, behind, err = visibility.Behind(ctx, tx)
		return err
	})
	switch what := "stamps of " + acc.PublicID; {
	case err != nil:
		x.problem(what, err.Error(), "check the server's log")
	case behind > 0 || len(inputs) > 0:
		x.warn(what, fmt.Sprintf("%d inputs changed and are not followed yet, %d stamps are behind; until they are written anew, what narrowed is hidden already and what widened not shown yet", len(inputs), behind),
			"look at the jobs page: a worker with the role jobs writes them within seconds")
	default:
		x.ok(what, "current")
	}
}

func (x *examination) events(ctx context.Context, d *db.DB, acc *db.Account) {
	h, err := notify.HealthOf(ctx, d, acc)
	finding := fmt.Sprintf("%d wait", h.Pending)
	if h.Pending > 0 {
		finding += ", the oldest since " + h.Oldest.UTC().Format(time.RFC3339)
	}
	if h.Failed > 0 {
		finding += fmt.Sprintf("; %d were given up", h.Failed)
	}
	switch what := "events of " + acc.PublicID; {
	case err != nil:
		x.problem(what, err.Error(), "check the server's log")
	case h.URL == "":
		x.ok(what, "the CRM is told nothing; `mailstamp account set "+acc.PublicID+" --events-url URL` changes that")
	case h.FailingSince != nil:
		x.problem(what, finding+"; the CRM takes none since "+h.FailingSince.UTC().Format(time.RFC3339),
			"`mailstamp events list "+acc.PublicID+"` shows what it answers")
	case h.Failed > 0:
		x.warn(what, finding, "`mailstamp events replay "+acc.PublicID+" --state failed` sends them again")
	default:
		x.ok(what, finding)
	}
}

func (x *examination) mailbox(h ingest.Health) {
	what := "mailbox " + oneLine(h.ID)
	finding := fmt.Sprintf("%s, %d of %d messages", h.State, h.Progress.Done, h.Progress.Total)
	if eta := h.Progress.ETASeconds; eta != nil {
		finding += fmt.Sprintf(", about %s left", (time.Duration(*eta) * time.Second).String())
	}
	if h.Problem != nil {
		finding += ": " + *h.Problem
		if h.Since != nil {
			finding += " (since " + h.Since.UTC().Format(time.RFC3339) + ")"
		}
	}
	var unread int64
	for _, f := range h.Folders {
		unread += f.Quarantined
	}
	switch behind := time.Duration(h.LagSeconds) * time.Second; {
	case h.State == "needs_auth":
		x.problem(what, finding, "let its user log in again: PUT the mailbox with a new secret")
	case h.State == "held":
		x.problem(what, finding, "if so much was really deleted on the server, PUT the mailbox again to confirm it")
	case h.State == "error":
		x.problem(what, finding, "check that this machine reaches "+oneLine(h.Host)+" and that the mailbox's settings are right; it tries again by itself")
	case h.State == "disconnected":
		x.ok(what, "disconnected; its mail is kept")
	case h.Problem != nil && h.ToDo != nil:
		x.warn(what, finding, *h.ToDo)
	case h.State == "live" && behind > lagNoticed:
		x.problem(what, fmt.Sprintf("%s, but not in step with its server for %s", finding, behind), "look for a worker with the role sync and at its log; `mailstamp verify --only=ledger` tells what is missing")
	case unread > 0:
		x.warn(what, fmt.Sprintf("%s; %d could not be read", finding, unread), "the ledger holds each one's reason; PUT the mailbox again to have those tried again that broken connections cost")
	default:
		x.ok(what, finding)
	}
}
