package imapconn

import (
	"context"
	"errors"
	"time"
)

var errNotYet = errors.New("not built yet")

// Conn is one authenticated connection.
type Conn struct{}

// Dial connects, secures, logs in.
func Dial(ctx context.Context, cfg Config) (*Conn, error) { return nil, errNotYet }

// Close ends the connection at once. It may be called from any goroutine and more than once.
func (c *Conn) Close() error { return nil }

// Logout says goodbye and closes.
func (c *Conn) Logout(ctx context.Context) error { return nil }

// Has says whether the server offers a capability, such as "CONDSTORE".
func (c *Conn) Has(capability string) bool { return false }

// RoundTrips counts commands waited for, one for all that were in flight together.
func (c *Conn) RoundTrips() int { return 0 }

// Folders lists all folders with role and counters.
func (c *Conn) Folders(ctx context.Context) ([]Folder, error) { return nil, errNotYet }

// Examine opens a folder read-only.
func (c *Conn) Examine(ctx context.Context, name string) (Selected, error) {
	return Selected{}, errNotYet
}

// UIDs returns the messages of the examined folder that arrived on or after the day before since;
// all for the zero time.
func (c *Conn) UIDs(ctx context.Context, since time.Time) (UIDRanges, error) { return nil, errNotYet }

// HasUIDs returns which of uids exist in the examined folder.
func (c *Conn) HasUIDs(ctx context.Context, uids UIDRanges) (UIDRanges, error) {
	return nil, errNotYet
}

// FetchHeaders hands fn one item for each message of uids that the server delivers, each once, in
// the server's order, on the caller's goroutine. missing are those it did not deliver: verify them
// with HasUIDs before concluding anything (F12, F15).
func (c *Conn) FetchHeaders(ctx context.Context, uids UIDRanges, fn func(HeaderItem) error) (missing UIDRanges, err error) {
	return nil, errNotYet
}

// FetchBodies is FetchHeaders for whole messages of at most maxBytes each.
func (c *Conn) FetchBodies(ctx context.Context, uids UIDRanges, maxBytes int64, fn func(BodyItem) error) (missing UIDRanges, err error) {
	return nil, errNotYet
}

// FetchFlags hands fn the flags of those of uids that changed since the mod-sequence; all for 0.
func (c *Conn) FetchFlags(ctx context.Context, uids UIDRanges, changedSince uint64, fn func(FlagItem) error) (missing UIDRanges, err error) {
	return nil, errNotYet
}

// SupportsIdle says whether Idle hears of changes, or only waits.
func (c *Conn) SupportsIdle() bool { return false }

// Idle returns true as soon as the server hints at a change in the examined folder, false after
// interval.
func (c *Conn) Idle(ctx context.Context, interval time.Duration) (changed bool, err error) {
	return false, errNotYet
}
