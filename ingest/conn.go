package ingest

import (
	"context"
	"encoding/json"
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
	CanResync() bool
	Resync(ctx context.Context, name string, uidValidity uint32, modSeq uint64) (sel imapconn.Selected, changes imapconn.Changes, told bool, err error)
	UIDs(ctx context.Context, since time.Time) (imapconn.UIDRanges, error)
	HasUIDs(ctx context.Context, uids imapconn.UIDRanges) (imapconn.UIDRanges, error)
	FetchHeaders(ctx context.Context, uids imapconn.UIDRanges, fn func(imapconn.HeaderItem) error) (imapconn.UIDRanges, error)
	FetchBodies(ctx context.Context, uids imapconn.UIDRanges, maxBytes int64, fn func(imapconn.BodyItem) error) (imapconn.UIDRanges, error)
	FetchFlags(ctx context.Context, uids imapconn.UIDRanges, changedSince uint64, fn func(imapconn.FlagItem) error) (imapconn.UIDRanges, error)
	Idle(ctx context.Context, interval time.Duration) (changed bool, err error)
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

// connect dials a mailbox with its sealed secret.
func (o Options) connect(ctx context.Context, acc *db.Account, m queries.Mailbox) (conn, error) {
	auth, err := o.openAuth(acc, m.ID, m.SealedAuth)
	if err != nil {
		return nil, err
	}
	var token string
	cfg := imapconn.Config{
		Host: m.Host, Port: int(m.Port), TLS: imapconn.TLSMode(m.Tls), Username: m.Username,
		Auth: o.present(acc, m, auth, "", &token), Dialer: o.Dialer, RootCAs: o.RootCAs, Limits: o.Limits,
		Logger: o.Logger.With("account", acc.PublicID, "mailbox", m.CrmID),
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
		return auth, fmt.Errorf("open the mailbox's secret: %w", err)
	}
	if err := json.Unmarshal(secret, &auth); err != nil {
		return auth, fmt.Errorf("read the mailbox's secret: %w", err)
	}
	return auth, nil
}

// authSecret names the secret of a mailbox to db.SealSecret.
func authSecret(mailbox int64) string { return fmt.Sprintf("mailbox/%d", mailbox) }

// slots count the process's connections by host and by account.
type slots struct {
	mu      sync.Mutex
	host    map[string]int
	account map[int64]int
}

func newSlots() *slots { return &slots{host: map[string]int{}, account: map[int64]int{}} }

// take reports whether one more connection is allowed, and counts it.
func (s *slots) take(host string, account int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host[host] >= maxPerHost || s.account[account] >= maxPerAccount {
		return false
	}
	s.host[host]++
	s.account[account]++
	return true
}

func (s *slots) give(host string, account int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host[host]--; s.host[host] == 0 {
		delete(s.host, host)
	}
	if s.account[account]--; s.account[account] == 0 {
		delete(s.account, account)
	}
}
