package ingest

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// errAuthSpent: the server refused the present secret as often as it is asked.
var errAuthSpent = errors.New("the login was refused; a new secret is needed")

// errSecretUnreadable: what is stored of the mailbox's login does not open with the present keys, in its place.
var errSecretUnreadable = errors.New("the mailbox's secret does not open")

// authRest is how long a mailbox with a refused secret rests; a new secret ends it at once.
const authRest = 1000 * time.Hour

// fail decides what an error means for the mailbox and how long to rest.
func (l *loop) fail(ctx context.Context, cause error) (time.Duration, error) {
	switch {
	case errors.Is(cause, errAuthSpent):
		return authRest, nil
	case errors.Is(cause, errUnknownUser):
		return unknownUserRetry, l.setState(ctx, stateConnecting, problemUnknownUser)
	case errors.Is(cause, errConnections):
		return acquireEvery, l.setState(ctx, stateConnecting, problemConnections)
	}
	l.s.metrics.failed(cause)
	if imapconn.AuthRejected(cause) || grantRefused(cause) {
		return l.failAuth(ctx, cause)
	}
	if l.passed && time.Since(l.dialedAt) > maxRetry {
		l.failures = 0
	}
	l.passed = false
	l.failures++
	pause := l.backoff()
	if errors.Is(cause, errSecretUnreadable) {
		l.log().Error("ingest: secret not opened", "error", cause)
		return pause, l.setState(ctx, stateError, problemSecret)
	}
	if imapconn.KindOf(cause) == "" {
		// Not the server's doing: the database, or a defect. It is retried, and said when it lasts.
		l.log().Error("ingest: pass failed", "error", cause)
		if db.Unavailable(cause) || l.failures < errorAfter {
			return pause, nil
		}
		return pause, l.setState(ctx, stateError, imapconn.ProblemOf(cause))
	}
	l.log().Warn("ingest: connection failed", "kind", imapconn.KindOf(cause), "error", cause, "failures", l.failures)
	throttle, throttled := imapconn.Throttled(cause)
	if throttled {
		pause = max(pause, throttle)
		l.restUntil = time.Now().Add(pause)
	}
	if l.failures < errorAfter && !throttled && l.state != stateConnecting {
		return pause, nil
	}
	return pause, l.setState(ctx, stateError, imapconn.ProblemOf(cause))
}

// failAuth counts refusals of the present secret, so that the server does not lock the account (F32).
func (l *loop) failAuth(ctx context.Context, cause error) (time.Duration, error) {
	l.row.AuthFailures++
	p := imapconn.ProblemOf(cause)
	if grantRefused(cause) {
		// Asking again with the same grant never helps.
		l.row.AuthFailures = maxAuthTries
		p = problemGrant
	}
	l.log().Warn("ingest: login refused", "kind", imapconn.KindOf(cause), "failures", l.row.AuthFailures)
	err := l.tx(ctx, "auth", func(tx *db.Tx) error {
		return tx.SetAuthFailures(ctx, queries.SetAuthFailuresParams{
			AccountID: l.acc.ID, ID: l.mailboxID, ConfigEpoch: l.row.ConfigEpoch, AuthFailures: l.row.AuthFailures,
		})
	})
	err = errors.Join(err, l.setState(ctx, stateNeedsAuth, p))
	if l.row.AuthFailures >= maxAuthTries {
		return authRest, err
	}
	return authRetry << (l.row.AuthFailures - 1), err
}

// backoff doubles with each failure in a row.
func (l *loop) backoff() time.Duration {
	d := l.s.o.Timing.FirstRetry
	for range l.failures - 1 {
		if d *= 2; d >= maxRetry {
			return maxRetry
		}
	}
	return d
}

func (l *loop) log() *slog.Logger {
	return l.s.o.Logger.With("account", l.acc.PublicID, "mailbox", l.mailboxID)
}
