package imapconn

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Conn is one authenticated connection.
type Conn struct {
	g      *guard
	limits Limits
	log    *slog.Logger

	mu     sync.Mutex         // of client, for Close
	client *imapclient.Client // within do; nil while the connection rests

	selected Selected   // of the examined folder; Name "" for none
	ahead    []*listing // what the next Examine lists as well
	listed   []*listing // what came of that and is to be believed
	fetches  *fetching  // under way; nil: none
	trips    atomic.Int64
}

// Close ends the connection at once. It may be called from any goroutine and
// more than once; it returns when the connection's goroutines are gone.
func (c *Conn) Close() error {
	c.g.fail(&Error{Op: "use", Kind: KindClosed, Detail: "by us"})
	<-c.g.done
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		_ = c.client.Close() // its error is the guard's
	}
	return nil
}

// Logout says goodbye and closes.
func (c *Conn) Logout(ctx context.Context) error {
	err := c.do(ctx, "log out", func() error { return c.client.Logout().Wait() })
	return errors.Join(err, c.Close())
}

// Has says whether the server offers a capability, such as "CONDSTORE".
func (c *Conn) Has(capability string) bool { return c.g.has(strings.ToUpper(capability)) }

// RoundTrips counts how often an answer was waited for, from the login on.
// Commands that were sent together, or before all others were answered, count once.
func (c *Conn) RoundTrips() int { return int(c.trips.Load()) }

// Traffic returns the bytes read and written inside TLS, and how many
// responses were dropped because they were unknown or not understood.
func (c *Conn) Traffic() (in, out, dropped int64) {
	return c.g.bytesIn.Load(), c.g.bytesOut.Load(), c.g.dropped.Load()
}

// do runs one exchange with the server by way of the library.
func (c *Conn) do(ctx context.Context, op string, exchange func() error) error {
	c.attach()
	return c.talk(ctx, op, exchange)
}

// talk runs one exchange with the server, after what is being fetched.
func (c *Conn) talk(ctx context.Context, op string, exchange func() error) error {
	if err := c.fetched(ctx, op); err != nil {
		return err
	}
	return c.converse(ctx, op, func() error { c.trips.Add(1); return exchange() })
}

// converse lets exchange wait for the server. When ctx ends first the connection
// is closed: a command cannot be taken back.
func (c *Conn) converse(ctx context.Context, op string, exchange func() error) error {
	if e := c.g.failure(); e != nil {
		return failed(op, e)
	}
	if ctx.Err() != nil {
		return &Error{Op: op, Kind: KindCanceled, err: context.Cause(ctx)}
	}
	stop := context.AfterFunc(ctx, func() {
		c.g.fail(&Error{Op: op, Kind: KindCanceled, err: context.Cause(ctx)})
	})
	defer stop()
	return c.wrap(op, exchange())
}

// settled repeats look while the server tells of changes during it, so that
// its answer is not older than the question. Dovecot answers from what it knew
// of the examined folder when the last command ended, and tells what happened
// since only with the result; the changes stay hints for Idle as well.
func (c *Conn) settled(look func() error) error {
	for range maxLooks {
		before := c.g.changesSoFar()
		if err := look(); err != nil || c.selected.Name == "" || c.g.changesSoFar() == before {
			return err
		}
	}
	return nil
}

// wrap gives an error of the library its kind.
func (c *Conn) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if e := c.g.failure(); e != nil {
		return failed(op, e)
	}
	if answer, ok := errors.AsType[*imap.Error](err); ok {
		return refusal(op, answer)
	}
	// The library gave up on what the guard let through, or could not write
	// what it was asked to. Neither should happen; the connection is in doubt.
	e := &Error{Op: op, Kind: KindProtocol, Detail: "client library", err: err}
	c.g.fail(e)
	return e
}

// failed says that the connection ended, from the point of view of op.
func failed(op string, e *Error) *Error {
	again := *e
	if again.Op == "" {
		again.Op = op
	}
	return &again
}

// refusal is a NO or BAD.
func refusal(op string, answer *imap.Error) *Error {
	e := &Error{Op: op, Kind: KindRefused, Detail: string(answer.Type), Code: string(answer.Code), Text: strings.TrimPrefix(answer.Text, "- ")}
	if kind, backoff := classifyWords(e.Code, e.Text); kind != "" {
		e.Kind, e.Backoff = kind, backoff
	}
	return e
}

// since returns the date to search from for messages at or after t: the day
// before, because the server compares days in a time zone that it does not
// tell.
func since(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().AddDate(0, 0, -1).Truncate(24 * time.Hour)
}
