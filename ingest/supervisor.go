package ingest

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
)

// Options are what the package is given.
type Options struct {
	DB      *db.DB
	Stamper Stamper
	Dialer  *safedial.Dialer // nil reaches public hosts only
	RootCAs *x509.CertPool   // nil: the machine's
	Limits  imapconn.Limits  // zero: the defaults
	Timing  Timing           // zero: the defaults
	Logger  *slog.Logger     // nil: silent
	// Removal queues RemoveMail of a mailbox, in the transaction that asks for it. Mailboxes needs it.
	Removal func(ctx context.Context, tx *db.Tx, mailboxID int64) error

	dial   func(context.Context, imapconn.Config) (conn, error)
	commit func(name string) error // asked before each commit of a loop, in tests
}

func (o Options) withDefaults() Options {
	o.Timing = o.Timing.withDefaults()
	if o.Dialer == nil {
		o.Dialer = &safedial.Dialer{}
	}
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if o.dial == nil {
		o.dial = dialIMAP
	}
	if o.commit == nil {
		o.commit = func(string) error { return nil }
	}
	return o
}

// mailboxKey names a mailbox over all accounts.
type mailboxKey struct{ account, mailbox int64 }

// running is a loop and how to reach it.
type running struct {
	loop    *loop
	token   int64
	cancel  context.CancelFunc
	endedAt time.Time // for its silence
}

// Supervisor runs one loop for each mailbox whose lease it holds. Any number may run on one database.
type Supervisor struct {
	o       Options
	holder  string
	metrics metrics
	gate    *gate
	bytes   *semaphore.Weighted

	run    context.Context // ends with cancel
	cancel context.CancelFunc
	done   sync.WaitGroup // loops and the goroutines below
	look   chan struct{}  // ask for leases now

	mu    sync.Mutex
	loops map[mailboxKey]*running
	steps map[string]*pulse // of every
}

// NewSupervisor makes a supervisor; Start starts it.
func NewSupervisor(o Options) *Supervisor {
	return &Supervisor{
		o: o.withDefaults(), holder: rand.Text(), metrics: newMetrics(), gate: newGate(backfills),
		bytes: semaphore.NewWeighted(bytesInFlight), look: make(chan struct{}, 1), loops: map[mailboxKey]*running{}, steps: map[string]*pulse{},
	}
}

// Start starts taking leases and running loops, and returns once the database answers. ctx bounds the start only.
func (s *Supervisor) Start(ctx context.Context) error {
	if err := s.o.DB.System().RemoveDeadWorkers(ctx); err != nil {
		return fmt.Errorf("remove dead workers: %w", err)
	}
	if err := s.renew(ctx); err != nil {
		return err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.run, s.cancel = run, cancel
	s.every(run, s.o.Timing.Renew, nil, "renew leases", s.renewAndCheck)
	s.every(run, s.o.Timing.Acquire, s.look, "take leases", s.acquire)
	s.every(run, syncedEvery, nil, "note synced mailboxes", s.noteSynced)
	s.every(run, s.o.Timing.Silence/endingShare, nil, "end loops that hang", s.endSilent)
	s.done.Go(func() { s.listen(run) })
	s.askForLeases()
	return nil
}

// Stop ends all loops at their next step, gives their leases back, and waits until ctx ends at the latest.
func (s *Supervisor) Stop(ctx context.Context) error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	ended := make(chan struct{})
	go func() {
		s.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		return fmt.Errorf("stop ingest: %w", ctx.Err())
	}
	// What a loop could not give back goes with the worker.
	if err := s.o.DB.System().RemoveWorker(ctx, s.holder); err != nil {
		return fmt.Errorf("remove the worker: %w", err)
	}
	return nil
}

// every starts running do, at once and then at each interval, or when asked.
func (s *Supervisor) every(ctx context.Context, interval time.Duration, asked <-chan struct{}, what string, do func(context.Context) error) {
	p := &pulse{}
	p.beat()
	s.mu.Lock()
	s.steps[what] = p
	s.mu.Unlock()
	s.done.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			step, cancel := context.WithTimeout(ctx, stepTimeout)
			if err := do(step); err != nil && ctx.Err() == nil {
				s.o.Logger.Error("ingest: periodic step failed", "step", what, "error", err)
			}
			cancel()
			p.beat()
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			case <-asked:
			}
		}
	})
}

func (s *Supervisor) askForLeases() {
	select {
	case s.look <- struct{}{}:
	default:
	}
}

func (s *Supervisor) renew(ctx context.Context) error {
	err := s.o.DB.System().RenewWorker(ctx, queries.RenewWorkerParams{ID: s.holder, TtlSeconds: s.o.Timing.LeaseTTL.Seconds()})
	if err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	return nil
}

// renewAndCheck renews the heartbeat and ends the loops whose leases another worker took meanwhile.
func (s *Supervisor) renewAndCheck(ctx context.Context) error {
	if err := s.renew(ctx); err != nil {
		return err
	}
	held, err := s.o.DB.System().HeldLeases(ctx, s.holder)
	if err != nil {
		return fmt.Errorf("list leases: %w", err)
	}
	tokens := make(map[mailboxKey]int64, len(held))
	for _, l := range held {
		tokens[mailboxKey{l.AccountID, l.MailboxID}] = l.Token
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, r := range s.loops {
		if tokens[key] != r.token {
			r.cancel()
		}
	}
	return nil
}

// acquire takes leases that are free and starts their loops.
func (s *Supervisor) acquire(ctx context.Context) error {
	for {
		taken, err := s.o.DB.System().TakeLeases(ctx, queries.TakeLeasesParams{
			Holder: s.holder, Most: acquireBatch, FullAccounts: s.fullAccounts(),
			LongestRestSeconds: 2 * s.o.Timing.Pass.Seconds(), LongestLeaseSeconds: 2 * s.o.Timing.LeaseTTL.Seconds(),
		})
		if err != nil {
			return fmt.Errorf("take leases: %w", err)
		}
		for _, l := range taken {
			if err := s.startLoop(ctx, mailboxKey{l.AccountID, l.MailboxID}, l.Token); err != nil {
				return err
			}
		}
		if len(taken) < acquireBatch {
			return nil
		}
	}
}

// fullAccounts have as many loops here as they may have connections.
func (s *Supervisor) fullAccounts() []int64 {
	count := map[int64]int{}
	full := []int64{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.loops {
		if count[key.account]++; count[key.account] == maxPerAccount {
			full = append(full, key.account)
		}
	}
	return full
}

func (s *Supervisor) startLoop(ctx context.Context, key mailboxKey, token int64) error {
	acc, err := s.o.DB.AccountByID(ctx, key.account)
	if err != nil {
		return fmt.Errorf("load the account of a mailbox: %w", err)
	}
	loopCtx, cancel := context.WithCancel(s.run)
	r := &running{loop: newLoop(s, acc, key.mailbox, token), token: token, cancel: cancel}
	s.mu.Lock()
	before := s.loops[key]
	s.loops[key] = r
	s.mu.Unlock()
	if before != nil {
		before.cancel()
	}
	s.done.Go(func() {
		defer cancel()
		delay := r.loop.run(loopCtx)
		s.mu.Lock()
		if s.loops[key] == r {
			delete(s.loops, key)
		}
		s.mu.Unlock()
		release, stop := context.WithTimeout(context.WithoutCancel(loopCtx), leaseTTL)
		defer stop()
		err := s.o.DB.System().ReleaseLease(release, queries.ReleaseLeaseParams{
			AccountID: key.account, MailboxID: key.mailbox, Token: token, DelaySeconds: delay.Seconds(),
		})
		if err != nil {
			s.o.Logger.Warn("ingest: lease not given back", "account", acc.PublicID, "error", err)
		}
	})
	return nil
}

// noteSynced writes down which mailboxes are in step, all in one statement.
func (s *Supervisor) noteSynced(ctx context.Context) error {
	p := queries.NoteSyncedParams{Holder: s.holder}
	s.mu.Lock()
	for key, r := range s.loops {
		if r.loop.inStep() {
			p.Accounts, p.Mailboxes = append(p.Accounts, key.account), append(p.Mailboxes, key.mailbox)
		}
	}
	s.mu.Unlock()
	if len(p.Accounts) == 0 {
		return nil
	}
	if err := s.o.DB.System().NoteSynced(ctx, p); err != nil {
		return fmt.Errorf("note synced mailboxes: %w", err)
	}
	return nil
}

// wake tells a mailbox's loop that something changed, or looks for its lease.
func (s *Supervisor) wake(key mailboxKey) {
	s.mu.Lock()
	r := s.loops[key]
	s.mu.Unlock()
	if r == nil {
		s.askForLeases()
		return
	}
	r.loop.nudge()
}

// wakeAll is for when wakes may have been missed.
func (s *Supervisor) wakeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.loops {
		r.loop.nudge()
	}
	s.askForLeases()
}

var errFenced = errors.New("another worker has the mailbox")
