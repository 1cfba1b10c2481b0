package ingest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// conn is what a loop needs of a connection; *imapconn.Conn is one.
type conn interface {
	Folders(ctx context.Context) ([]imapconn.Folder, error)
	Examine(ctx context.Context, name string) (imapconn.Selected, error)
	ListAhead(from time.Time)
	LookAhead(ctx context.Context, names []string, from time.Time) (looks map[string]imapconn.Look, examined string, err error)
	CanResync() bool
	Resync(ctx context.Context, name string, uidValidity uint32, modSeq uint64) (sel imapconn.Selected, changes imapconn.Changes, told bool, err error)
	UIDs(ctx context.Context, since time.Time) (imapconn.UIDRanges, error)
	BeginsSince(from time.Time) bool
	UIDsSince(ctx context.Context, uids imapconn.UIDRanges, since time.Time) (imapconn.UIDRanges, error)
	HasUIDs(ctx context.Context, uids imapconn.UIDRanges) (imapconn.UIDRanges, error)
	AskHeaders(uids imapconn.UIDRanges, fn func(imapconn.HeaderItem) error) imapconn.Answer
	AskBodies(uids imapconn.UIDRanges, maxBytes int64, fn func(imapconn.BodyItem) error) imapconn.Answer
	FetchFlags(ctx context.Context, uids imapconn.UIDRanges, changedSince uint64, fn func(imapconn.FlagItem) error) (imapconn.UIDRanges, error)
	Idle(ctx context.Context, interval time.Duration, wake <-chan struct{}) (changed, woken bool, err error)
	RoundTrips() int
	Logout(ctx context.Context) error
	Close() error
}

// dialIMAP is Options.dial outside the tests of this package.
func dialIMAP(ctx context.Context, cfg imapconn.Config) (conn, error) {
	c, err := imapconn.Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// connect dials a mailbox with its sealed secret, within what this process may have open; where that is used up it returns
// errConnections at once.
func (o Options) connect(ctx context.Context, acc *db.Account, m queries.Mailbox) (conn, error) {
	seat := seatOf(m)
	if !connections.take(seat) {
		return nil, errConnections
	}
	return o.connectIn(ctx, acc, m, seat)
}

// connectWaiting is connect for what a person waits for: it waits its turn.
func (o Options) connectWaiting(ctx context.Context, acc *db.Account, m queries.Mailbox) (conn, error) {
	seat := seatOf(m)
	if err := connections.wait(ctx, seat); err != nil {
		return nil, err
	}
	return o.connectIn(ctx, acc, m, seat)
}

func (o Options) connectIn(ctx context.Context, acc *db.Account, m queries.Mailbox, s seat) (conn, error) {
	c, err := o.logIn(ctx, acc, m)
	if err != nil {
		connections.give(s)
		return nil, err
	}
	return seated{c, sync.OnceFunc(func() { connections.give(s) })}, nil
}

// seated gives its seat back when it ends.
type seated struct {
	conn
	leave func()
}

func (c seated) Close() error {
	defer c.leave()
	return c.conn.Close()
}

func (c seated) Logout(ctx context.Context) error {
	defer c.leave()
	return c.conn.Logout(ctx)
}

func (o Options) logIn(ctx context.Context, acc *db.Account, m queries.Mailbox) (conn, error) {
	auth, err := o.openAuth(acc, m.ID, m.SealedAuth)
	if err != nil {
		return nil, err
	}
	var token string
	cfg := imapconn.Config{
		Host: m.Host, Port: int(m.Port), TLS: imapconn.TLSMode(m.Tls), Username: m.Username,
		Auth: o.present(acc, m, auth, "", &token), Dialer: o.Dialer, RootCAs: o.RootCAs, Limits: o.Limits,
		Logger: o.Logger.With("account", acc.PublicID, "mailbox", m.ID, "connection", rand.Text()),
	}
	c, err := o.dial(ctx, cfg)
	if imapconn.AuthRejected(err) && auth.OAuth != nil && token == auth.OAuth.AccessToken && !auth.OAuth.good(token) {
		// The server knows better than the clock whether a token is good: it is renewed, once (F31).
		cfg.Auth = o.present(acc, m, auth, token, &token)
		c, err = o.dial(ctx, cfg)
	}
	return c, err
}

func (o Options) openAuth(acc *db.Account, mailbox int64, sealed []byte) (MailboxAuth, error) {
	var auth MailboxAuth
	secret, err := o.DB.OpenSecret(acc, authSecret(mailbox), sealed)
	if err != nil {
		return auth, errors.Join(errSecretUnreadable, err)
	}
	if err := json.Unmarshal(secret, &auth); err != nil {
		return auth, fmt.Errorf("read the mailbox's secret: %w", err)
	}
	return auth, nil
}

// authSecret names the secret of a mailbox to db.SealSecret.
func authSecret(mailbox int64) string { return fmt.Sprintf("mailbox/%d", mailbox) }
