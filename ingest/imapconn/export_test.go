package imapconn

import "context"

// FetchHeaders asks and waits.
func (c *Conn) FetchHeaders(ctx context.Context, uids UIDRanges, fn func(HeaderItem) error) (missing UIDRanges, err error) {
	return c.AskHeaders(uids, fn)(ctx)
}

// FetchBodies asks and waits.
func (c *Conn) FetchBodies(ctx context.Context, uids UIDRanges, maxBytes int64, fn func(BodyItem) error) (missing UIDRanges, err error) {
	return c.AskBodies(uids, maxBytes, fn)(ctx)
}
