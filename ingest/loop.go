package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/db/span"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/plan"
)

// Sentinels by which a loop decides what comes next.
var (
	errReconfigured = errors.New("the mailbox was configured anew")
	errGone         = errors.New("the mailbox is disconnected or gone")
	errUnknownUser  = errors.New("the mailbox's user is not known yet")
	errConnections  = errors.New("this process has as many connections to the host, of the account or of the login as it may")
)

// loop syncs one mailbox for as long as its lease lasts. One goroutine owns it, but for nudge and inStep.
type loop struct {
	s         *Supervisor
	acc       *db.Account
	mailboxID int64
	token     int64
	woken     chan struct{} // something changed: look
	stepped   atomic.Int64  // when the mailbox was last in step, Unix seconds; 0: it is not
	missedAt  atomic.Int64  // since when deletions wait because mail comes all the time, Unix seconds; 0: they do not
	pulse     pulse

	row       queries.Mailbox
	folders   map[string]*folder
	conn      conn
	examined  string     // the folder that is open
	storing   []*storing // the oldest first
	dialedAt  time.Time
	passed    bool      // a pass came through over this connection, which may have left back-fill
	failures  int       // in a row
	restUntil time.Time // as the server asked (F29)
	state     string    // as written
	problem   string
	shown     atomic.Pointer[shown] // both, for others

	writes atomic.Int64 // transactions that wrote

	unreadable int  // folders of the last look that the server did not let be read
	unread     bool // one of them, or of those that are parked, may have got mail since it was read
	arrived    bool // the last look found that mail came to a folder
	wantedLeft bool // it left wanted mail for the next

	missingKnown bool      // missing is current
	missing      bool      // mail is quarantined that is tried again
	retryAt      time.Time // when it is looked for next

	staleDue bool // rows of earlier lives of folders may be there
	held     bool // deletions wait for a word
}

func newLoop(s *Supervisor, acc *db.Account, mailboxID, token int64) *loop {
	l := &loop{s: s, acc: acc, mailboxID: mailboxID, token: token, woken: make(chan struct{}, 1)}
	l.pulse.beat()
	return l
}

// nudge makes the loop look soon. It never blocks.
func (l *loop) nudge() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

// inStep says that the last pass found or left nothing to do, lately.
func (l *loop) inStep() bool {
	at := l.stepped.Load()
	return at != 0 && time.Since(time.Unix(at, 0)) < 2*l.s.o.Timing.Pass
}

// run works until ctx ends, the lease is lost, or the mailbox goes; it returns how long the lease shall rest.
func (l *loop) run(ctx context.Context) time.Duration {
	for ctx.Err() == nil {
		err := apart(func() error { return l.load(ctx) })
		if err == nil {
			err = l.session(ctx)
			l.disconnect()
			l.stepped.Store(0)
		}
		pause := time.Duration(0)
		switch {
		case ctx.Err() != nil:
			return 0
		case errors.Is(err, errReconfigured):
			l.failures = 0
			continue
		case errors.Is(err, errFenced), errors.Is(err, errGone):
			l.log().Info("ingest: loop ended", "reason", err)
			return l.s.o.Timing.Pass
		default:
			pause, err = l.fail(ctx, err)
			if err != nil {
				l.log().Error("ingest: state not written", "error", err)
			}
		}
		if !l.wait(ctx, pause) {
			return 0
		}
	}
	return 0
}

// wait rests for d, or until the loop is woken; false when ctx ended. A mailbox whose login is refused, or whose server
// asked us to stay away, is not tried again for being woken: only for a new configuration.
func (l *loop) wait(ctx context.Context, d time.Duration) bool {
	until := time.Now().Add(d)
	for {
		l.pulse.beat()
		timer := time.NewTimer(min(max(time.Until(until), 0), l.s.o.Timing.Pass))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
			if !time.Now().Before(until) {
				return true
			}
		case <-l.woken:
			timer.Stop()
			if !l.mustRest() {
				return true
			}
		}
		if l.mustRest() {
			if err := l.checkConfig(ctx); err != nil {
				return ctx.Err() == nil // changed, gone, or not to be told: load finds out
			}
		}
	}
}

// mustRest says that the server refuses the login, or asked us to stay away for a time.
func (l *loop) mustRest() bool {
	return l.state == stateNeedsAuth || time.Now().Before(l.restUntil)
}

// States of a mailbox (API.md).
const (
	stateConnecting  = "connecting"
	stateBackfilling = "backfilling"
	stateLive        = "live"
	stateNeedsAuth   = "needs_auth"
	stateHeld        = "held"
	stateError       = "error"
)

// load reads the mailbox's row and folders anew.
func (l *loop) load(ctx context.Context) error {
	return l.s.o.DB.Tx(ctx, l.acc.ID, func(tx *db.Tx) error {
		row, err := tx.LoopMailbox(ctx, queries.LoopMailboxParams{AccountID: l.acc.ID, ID: l.mailboxID})
		if errors.Is(err, pgx.ErrNoRows) || err == nil && (row.Mailbox.SealedAuth == nil || row.UserState == "deleted") {
			return errGone
		}
		if err != nil {
			return fmt.Errorf("load the mailbox: %w", err)
		}
		l.row = row.Mailbox
		l.show(row.Mailbox.State, imapconn.Problem{
			Code: deref(row.Mailbox.ProblemCode), Sentence: deref(row.Mailbox.Problem), Hint: deref(row.Mailbox.ProblemToDo),
		})
		l.held = row.Mailbox.HeldEpoch != nil
		if row.UserState == "unknown" {
			return errUnknownUser
		}
		folders, err := tx.Folders(ctx, queries.FoldersParams{AccountID: l.acc.ID, MailboxID: l.mailboxID})
		if err != nil {
			return fmt.Errorf("load folders: %w", err)
		}
		counts, err := tx.LedgerCounts(ctx, queries.LedgerCountsParams{AccountID: l.acc.ID, MailboxID: l.mailboxID})
		if err != nil {
			return fmt.Errorf("count the ledger: %w", err)
		}
		before := l.folders
		l.missingKnown = false
		l.folders, l.staleDue = make(map[string]*folder, len(folders)), true
		for _, row := range folders {
			f := newFolder(row)
			if old := before[row.Name]; old != nil {
				f.keepTries(old)
			}
			for _, c := range counts {
				if c.FolderID == row.ID {
					f.held = c.Rows
				}
			}
			l.folders[row.Name] = f
		}
		return nil
	})
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// checkConfig tells whether the row still is the one that was loaded.
func (l *loop) checkConfig(ctx context.Context) error {
	return l.s.o.DB.ReadTx(ctx, l.acc.ID, func(tx *db.Tx) error {
		row, err := tx.LoopMailbox(ctx, queries.LoopMailboxParams{AccountID: l.acc.ID, ID: l.mailboxID})
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return errGone
		case err != nil:
			return fmt.Errorf("load the mailbox: %w", err)
		case row.Mailbox.ConfigEpoch != l.row.ConfigEpoch || row.UserState == "deleted":
			return errReconfigured
		}
		return nil
	})
}

// session connects and works until something ends it.
func (l *loop) session(ctx context.Context) error {
	if l.row.State == stateNeedsAuth && l.row.AuthFailures >= maxAuthTries {
		return errAuthSpent // before a restart: the server is not asked again
	}
	if err := apart(func() error { return l.dial(ctx) }); err != nil {
		return err
	}
	for {
		ready := false
		if err := apart(func() (err error) { ready, err = l.work(ctx); return err }); err != nil {
			return err
		}
		if !ready {
			continue
		}
		if err := l.idle(ctx); err != nil {
			return err
		}
	}
}

// apart runs a step on a goroutine of its own, with which the stack goes that the step grew: loops wait in thousands.
func apart(step func() error) error {
	done := make(chan error, 1)
	go func() { done <- step() }()
	return <-done
}

// work makes a pass. It reports whether to wait for news then: nothing is left to do, and INBOX is open as the pass saw it.
func (l *loop) work(ctx context.Context) (ready bool, err error) {
	more, err := l.measuredPass(ctx)
	if err != nil {
		return false, err
	}
	if more {
		select {
		case <-l.woken:
			if err := l.settle(); err != nil {
				return false, err
			}
			return false, l.checkConfig(ctx)
		default:
			return false, nil
		}
	}
	l.failures = 0
	state, problem := l.restingState()
	if err := l.setState(ctx, state, problem); err != nil {
		return false, err
	}
	l.stepped.Store(time.Now().Unix())
	inbox := l.inbox()
	if inbox == nil || inbox.parked() { // opened, it would never stand
		return true, nil
	}
	sel, err := l.examine(ctx, inbox)
	return err == nil && inbox.stands(sel), err // else something came between the pass and now
}

// measuredPass is pass with what it took in the debug log, where benchmarks read it.
func (l *loop) measuredPass(ctx context.Context) (more bool, err error) {
	l.pulse.beat()
	began, trips, writes := time.Now(), l.conn.RoundTrips(), l.writes.Load()
	ctx, step := span.Start(ctx, "sync pass", span.Int("mailstamp.account", l.acc.ID), span.Int("mailstamp.mailbox", l.mailboxID))
	defer func() { step.End(err) }()
	more, err = l.pass(ctx)
	l.passed = l.passed || err == nil
	l.log().Debug("ingest: pass", "more", more, "round_trips", l.conn.RoundTrips()-trips, "transactions", l.writes.Load()-writes,
		"ms", time.Since(began).Milliseconds())
	return more, err
}

// dial connects and clears what earlier refusals left.
func (l *loop) dial(ctx context.Context) error {
	c, err := l.s.o.connect(ctx, l.acc, l.row)
	if err != nil {
		return err
	}
	l.conn, l.examined, l.dialedAt, l.passed = c, "", time.Now(), false
	if l.row.AuthFailures > 0 {
		l.row.AuthFailures = 0
		return l.tx(ctx, "auth", func(tx *db.Tx) error {
			return tx.SetAuthFailures(ctx, queries.SetAuthFailuresParams{AccountID: l.acc.ID, ID: l.mailboxID, ConfigEpoch: l.row.ConfigEpoch})
		})
	}
	return nil
}

func (l *loop) disconnect() {
	if l.conn != nil {
		l.conn.Close() // nothing is lost by a connection that does not end well
		l.conn, l.examined = nil, ""
	}
}

// idle waits for a hint, a wake, or the next timed pass.
func (l *loop) idle(ctx context.Context) error {
	l.pulse.beat()
	_, woken, err := l.conn.Idle(ctx, l.s.o.Timing.Pass, l.woken)
	if !woken {
		return err
	}
	return apart(func() error {
		if err == nil {
			return l.checkConfig(ctx)
		}
		// The connection is not what there is to do: go on over another one.
		l.disconnect()
		if err := l.checkConfig(ctx); err != nil {
			return err
		}
		return l.dial(ctx)
	})
}

// inbox is the folder whose changes are listened for.
func (l *loop) inbox() *folder {
	for _, f := range l.folders {
		if f.row.Role == "inbox" && f.row.GoneAt == nil {
			return f
		}
	}
	return nil
}

// restingState is the state of a mailbox with nothing left to do.
func (l *loop) restingState() (string, imapconn.Problem) {
	if l.held && !l.confirmed() {
		return stateHeld, problemHeld
	}
	refused := l.unreadable > 0
	for _, f := range l.folders {
		if f.parked() {
			return stateError, problemFlapping
		}
		refused = refused || f.pending() // put off: else it would go on
	}
	if refused {
		return stateLive, problemFolderRefused
	}
	if at := l.missedAt.Load(); at != 0 && time.Since(time.Unix(at, 0)) > deletionsPatience {
		return stateLive, problemDeletionsWait
	}
	if l.missing {
		return stateLive, problemMissing
	}
	return stateLive, imapconn.Problem{}
}

// eventOf a mailbox that comes into a state, for the CRM.
var eventOf = map[string]string{stateNeedsAuth: "mailbox.needs_auth", stateLive: "mailbox.synced"}

// setState writes state and problem where they changed.
func (l *loop) setState(ctx context.Context, state string, p imapconn.Problem) error {
	p.Sentence = strings.TrimSpace(p.Sentence + " " + p.Hint) // whoever reads the sentence alone is told what to do
	if state == l.state && p.Sentence == l.problem {
		return nil
	}
	err := l.tx(ctx, "state", func(tx *db.Tx) error {
		written, err := tx.SetMailboxState(ctx, queries.SetMailboxStateParams{
			AccountID: l.acc.ID, ID: l.mailboxID, ConfigEpoch: l.row.ConfigEpoch, State: state,
			Problem: orNil(p.Sentence), ProblemCode: orNil(p.Code), ProblemToDo: orNil(p.Hint),
		})
		if err != nil || written == 0 || state == l.state || eventOf[state] == "" {
			return err
		}
		return tx.AnnounceMailbox(ctx, queries.AnnounceMailboxParams{AccountID: l.acc.ID, MailboxID: l.mailboxID, Type: eventOf[state]})
	})
	if err == nil {
		l.log().Info("ingest: mailbox state", "state", state, "problem", p.Code)
		l.show(state, p)
	}
	return err
}

// show notes what the mailbox's row says, for the loop and for the metrics.
func (l *loop) show(state string, p imapconn.Problem) {
	if p.Sentence == "" {
		p.Code = ""
	}
	l.state, l.problem = state, p.Sentence
	l.shown.Store(&shown{state, p.Code})
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// tx is a transaction of the present holder of the lease.
func (l *loop) tx(ctx context.Context, name string, fn func(*db.Tx) error) error {
	return l.s.o.DB.KeyTx(ctx, l.acc.ID, func(tx *db.Tx) error {
		_, err := tx.ProveLease(ctx, queries.ProveLeaseParams{
			AccountID: l.acc.ID, MailboxID: l.mailboxID, Token: l.token, Holder: l.s.holder,
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return errFenced
		}
		if err != nil {
			return fmt.Errorf("prove the lease: %w", err)
		}
		if err := fn(tx); err != nil {
			return err
		}
		l.writes.Add(1)
		l.pulse.beat()
		return l.s.o.commit(name)
	})
}

// listed turns a server's folder into the planner's.
func listed(f imapconn.Folder) plan.Folder {
	s := plan.Status{UIDValidity: f.UIDValidity, UIDNext: f.UIDNext, Messages: f.Messages}
	if f.HasModSeq {
		s.ModSeq = f.HighestModSeq
	}
	return plan.Folder{Name: f.Name, Role: string(f.Role), Selectable: f.Selectable, Status: s}
}
