package simulate

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/jobs/notify"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
)

// leaseTTL is how soon a worker that tells nothing of itself is taken for dead.
const leaseTTL = 600 * time.Millisecond

// timing is the engine's, shortened so that a second has room for a takeover.
var timing = ingest.Timing{
	LeaseTTL: leaseTTL, Renew: 100 * time.Millisecond, Acquire: 50 * time.Millisecond,
	Pass: 200 * time.Millisecond, LiveCheck: 50 * time.Millisecond, FirstRetry: 2 * time.Millisecond,
}

// patience of a connection with a server that freezes.
var patience = imapconn.Limits{Connect: time.Second, Response: 500 * time.Millisecond}

// worker is `mailstamp worker --roles=sync,jobs` in this process, behind a
// proxy of its own to the database.
type worker struct {
	proxy  *testenv.DatabaseProxy
	db     *db.DB
	sync   *ingest.Supervisor
	jobs   *jobs.Client
	events *notify.Notifier
}

// options of the engine; passes hears of each pass.
func options(d *db.DB, passes *passLog) ingest.Options {
	return ingest.Options{
		DB: d, Stamper: ingest.StamperFunc(visibility.Correspond), Dialer: loopback(),
		Limits: patience, Timing: timing, Logger: slog.New(passes),
	}
}

// loopback reaches what the test serves.
func loopback() *safedial.Dialer {
	allow, err := safedial.ParseAllow("127.0.0.1")
	if err != nil {
		panic(err) // it is a constant
	}
	return &safedial.Dialer{Allow: allow}
}

// startWorker starts a worker whose commits meet the faults that commit draws.
func startWorker(t *testing.T, databaseURL string, keys *seal.Sealer, passes *passLog, commit func() testenv.CommitFault, now func() time.Time) *worker {
	t.Helper()
	w := &worker{proxy: testenv.NewDatabaseProxy(t, databaseURL)}
	var err error
	if w.db, err = db.Open(t.Context(), w.proxy.URL, keys); err != nil {
		t.Fatal(err)
	}
	w.sync = ingest.NewSupervisor(options(w.db, passes))
	if w.jobs, err = jobs.New(w.db, slog.New(passes), prometheus.NewRegistry()); err != nil {
		t.Fatal(err)
	}
	w.events, err = notify.New(notify.Options{DB: w.db, Dialer: loopback(), Log: slog.New(passes), Registry: prometheus.NewRegistry(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	for _, start := range []func(context.Context) error{w.jobs.Start, w.events.Start, w.sync.Start} {
		if err := start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.proxy.AtCommit(commit)
	return w
}

// stop ends the worker as SIGTERM does.
func (w *worker) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	defer cancel()
	for _, stop := range []func(context.Context) error{w.sync.Stop, w.events.Stop, w.jobs.Stop} {
		if err := stop(ctx); err != nil {
			t.Error(err)
		}
	}
	w.db.Close()
}

// kill ends the worker as SIGKILL does: whatever it was doing, the database
// hears nothing more of it. gone is told when its goroutines have ended.
func (w *worker) kill(gone *sync.WaitGroup) {
	w.proxy.Away(true)
	gone.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		cancelled, cancelNow := context.WithCancel(ctx)
		cancelNow()
		w.jobs.Stop(cancelled)
		w.events.Stop(ctx)
		w.sync.Stop(ctx)
		w.jobs.Stop(ctx) // a leader tries three times, for up to 13 seconds, to say goodbye to the database
		w.db.Close()
	})
}

// passLog hears from the log which mailbox finished a pass and what it wrote.
type passLog struct {
	mu     sync.Mutex
	ended  map[int64]int // passes that left nothing to do, by mailbox
	writes map[int64]int64
	warned []string
}

func newPassLog() *passLog {
	return &passLog{ended: map[int64]int{}, writes: map[int64]int64{}}
}

func (p *passLog) lastWarnings() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.warned[max(0, len(p.warned)-tail):])
}

func (*passLog) Enabled(context.Context, slog.Level) bool { return true }

func (p *passLog) Handle(_ context.Context, r slog.Record) error { return p.handle(0, r) }

func (p *passLog) handle(mailbox int64, r slog.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Level >= slog.LevelWarn {
		line := r.Message
		r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
		p.warned = append(p.warned, line)
	}
	if r.Message != "ingest: pass" {
		return nil
	}
	more := false
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "more":
			more = a.Value.Bool()
		case "transactions":
			p.writes[mailbox] += a.Value.Int64()
		}
		return true
	})
	if !more {
		p.ended[mailbox]++
	}
	return nil
}

func (p *passLog) WithGroup(string) slog.Handler { return p }

func (p *passLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return (&mailboxLog{passLog: p}).WithAttrs(attrs)
}

// mailboxLog is a passLog that knows of which mailbox it is told.
type mailboxLog struct {
	*passLog
	mailbox int64
}

func (m *mailboxLog) Handle(_ context.Context, r slog.Record) error { return m.handle(m.mailbox, r) }

func (m *mailboxLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	of := *m
	for _, a := range attrs {
		if a.Key == "mailbox" && a.Value.Kind() == slog.KindInt64 {
			of.mailbox = a.Value.Int64()
		}
	}
	return &of
}

// totals are the passes that left nothing to do, and what all passes wrote.
func (p *passLog) totals() (ended map[int64]int, writes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ended = map[int64]int{}
	for id, n := range p.ended {
		ended[id] = n
	}
	for _, n := range p.writes {
		writes += n
	}
	return ended, writes
}
