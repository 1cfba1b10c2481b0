package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/embedpg"
	"github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
)

// Options say where the demo keeps its data and what it runs.
type Options struct {
	Dir         string // made when missing, kept between starts
	DatabaseURL string // "" starts a PostgreSQL of its own in Dir
	Listen      string // wished addresses; others are picked where they are taken
	AdminListen string
	Out         io.Writer // what the person at the terminal reads
	Log         *slog.Logger
	// Work runs the real worker until ctx ends, and calls started once all of it runs.
	Work func(ctx context.Context, w Worker, started func()) error
}

// Worker is how the demo wants the worker to run.
type Worker struct {
	DatabaseURL, Keyset, Listen, AdminListen string
	AllowPrivateIMAP                         string
}

// company is the sample account's name.
const company = "Northlight Lighting"

// Run runs the demo until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	begun := time.Now()
	s, err := loadState(o.Dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failure atomic.Pointer[error] // the first thing that went wrong beside the worker
	fail := func(err error) {
		failure.CompareAndSwap(nil, &err)
		cancel()
	}
	w := Worker{DatabaseURL: o.DatabaseURL, Keyset: filepath.Join(o.Dir, "keyset.json"), AllowPrivateIMAP: "127.0.0.1"}
	if w.DatabaseURL == "" {
		server, err := startPostgres(ctx, o)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		go func() {
			<-server.Done()
			fail(errors.New("PostgreSQL ended; its log is in " + server.Dir()))
		}()
		w.DatabaseURL = server.URL(embedpg.Database)
	}
	acc, err := openAccount(ctx, w, s)
	if err != nil {
		return err
	}
	mailboxes, err := openMailboxes(o.Dir, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mailboxes.Close()) }()
	fmt.Fprintf(o.Out, "Mailboxes   %s on imap://%s\n", "anna, ben, clara", s.IMAP)

	if w.Listen, err = o.pickAddress(o.Listen); err != nil {
		return err
	}
	if w.AdminListen, err = o.pickAddress(o.AdminListen); err != nil {
		return err
	}
	c := &crm{base: "http://" + w.Listen, account: acc.PublicID, secret: acc.WebhookSecret, tokenKey: acc.TokenKey,
		client: &http.Client{Transport: &http.Transport{}}}
	defer c.client.CloseIdleConnections()
	var aside sync.WaitGroup
	err = o.Work(ctx, w, func() {
		aside.Go(func() {
			if err := o.show(ctx, w, s, c, mailboxes, begun); err != nil && ctx.Err() == nil {
				fail(err)
			}
		})
	})
	cancel()
	aside.Wait()
	if cause := failure.Load(); cause != nil {
		err = errors.Join(*cause, err)
	}
	fmt.Fprintln(o.Out, "Stopped. The data is kept in", o.Dir)
	return err
}

func startPostgres(ctx context.Context, o Options) (*embedpg.Server, error) {
	begun := time.Now()
	dir := filepath.Join(o.Dir, "postgres")
	server, err := embedpg.Start(ctx, embedpg.Options{Dir: dir, Durable: true, Logger: o.Log})
	if errors.Is(err, embedpg.ErrInUse) {
		return nil, fmt.Errorf("a demo is running already in %s: stop it first, or choose another directory with --dir", o.Dir)
	}
	if err != nil {
		return nil, err
	}
	if whole, err := filepath.Abs(dir); err != nil || whole != server.Dir() {
		dir = server.Dir() // root's may have to lie elsewhere
	}
	fmt.Fprintf(o.Out, "PostgreSQL  in %s, up after %s\n", dir, round(time.Since(begun)))
	return server, nil
}

// openAccount brings the schema up to date and finds the account of the last start, or makes one: another database may
// be named this time.
func openAccount(ctx context.Context, w Worker, s *state) (*db.Account, error) {
	sealer, err := seal.Load(w.Keyset)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, w.DatabaseURL); err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, w.DatabaseURL, sealer)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	acc, err := d.AccountByPublicID(ctx, s.Account)
	if !errors.Is(err, db.ErrNoAccount) {
		return acc, err
	}
	if acc, err = d.NewAccount(ctx, company); err != nil {
		return nil, err
	}
	s.Account = acc.PublicID
	return acc, s.save()
}

// pickAddress is the wished address, or one with a free port where that is taken.
func (o Options) pickAddress(wished string) (string, error) {
	listener, err := net.Listen("tcp", wished)
	if errors.Is(err, syscall.EADDRINUSE) {
		host, _, splitErr := net.SplitHostPort(wished)
		if splitErr != nil {
			return "", splitErr
		}
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err == nil {
			fmt.Fprintf(o.Out, "Note        %s is taken by another program; using %s (--listen and --admin-listen choose)\n", wished, listener.Addr())
		}
	}
	if err != nil {
		return "", fmt.Errorf("find an address to listen on: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// show is the sample CRM's part: it tells its facts and mailboxes, waits until the mail is there, and says what to try.
func (o Options) show(ctx context.Context, w Worker, s *state, c *crm, server *imaplocal.Server, begun time.Time) error {
	counts, err := c.tell(ctx, s.FirstStart)
	if err != nil {
		return fmt.Errorf("tell the CRM's facts: %w", err)
	}
	fmt.Fprintf(o.Out, "CRM         told users, cards, settings and shares by a signed webhook: %d applied, %d known already\n", counts["applied"], counts["stale"])
	for _, user := range users {
		if err := c.nameMailbox(ctx, user, server.Host(), server.Port()); err != nil {
			return fmt.Errorf("name the mailboxes: %w", err)
		}
	}
	boxes, err := c.awaitSync(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		fmt.Fprintln(o.Out, "Note       ", err) // the page of mailboxes says more
	}
	var stored, indexed int64
	for _, box := range boxes {
		for _, f := range box.Folders {
			stored, indexed = stored+f.Stored, indexed+f.Indexed
		}
	}
	fmt.Fprintf(o.Out, "Mail        %d messages stored; of %d others, that concern no customer, only keyed hashes\n", stored, indexed)
	if err := c.writeTokens(o.Dir); err != nil {
		return err
	}
	if err := writeNewMail(o.Dir); err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "Ready       after %s\n", round(time.Since(begun)))
	if err := o.guide(w, s); err != nil {
		return err
	}
	return c.keepTokens(ctx, o.Dir)
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
