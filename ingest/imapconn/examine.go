package imapconn

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// Examine opens a folder read-only. A folder without UIDVALIDITY is an error
// of KindProtocol that leaves the connection usable: nothing can be remembered
// of its messages (F04).
func (c *Conn) Examine(ctx context.Context, name string) (Selected, error) {
	col := &collector{command: "EXAMINE", expect: 1}
	condstore := c.Has("CONDSTORE") || c.Has("QRESYNC")
	examine := func(condstore bool) error {
		return c.do(ctx, "examine", func() error {
			c.g.collect(col)
			defer c.g.collect(nil)
			c.g.setExists(0)
			_, err := c.client.Select(name, &imap.SelectOptions{ReadOnly: true, CondStore: condstore}).Wait()
			return err
		})
	}
	c.selected = Selected{}
	err := examine(condstore)
	if e, ok := err.(*Error); ok && condstore && e.Kind == KindRefused && e.Detail == "BAD" {
		col = &collector{command: "EXAMINE", expect: 1}
		condstore = false
		err = examine(false)
	}
	if err != nil {
		return Selected{}, err
	}
	// What was told up to here is in the answer; a hint is what comes later.
	c.g.clearHint()
	sel := col.sel
	sel.Name, sel.Messages = name, c.g.existsNow()
	sel.NoModSeq = sel.NoModSeq || sel.HighestModSeq == 0 || !condstore
	if sel.UIDValidity == 0 {
		return Selected{}, &Error{Op: "examine", Kind: KindProtocol, Detail: "no UIDVALIDITY"}
	}
	c.selected = sel
	return sel, nil
}

func (g *guard) setExists(n uint32) {
	g.mu.Lock()
	g.exists = n
	g.mu.Unlock()
}

func (g *guard) changesSoFar() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changes
}

func (g *guard) existsNow() uint32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.exists
}

// extraUIDs is by how many a search may exceed the folder's count: mail that
// arrives between the two.
const extraUIDs = 10_000

// UIDs returns the messages of the examined folder that arrived at since or
// later, and some of the two days before, since servers compare days in zones
// of their own; all for the zero time.
func (c *Conn) UIDs(ctx context.Context, from time.Time) (UIDRanges, error) {
	var uids UIDRanges
	if err := c.settled(func() (err error) {
		uids, err = c.search(ctx, &imap.SearchCriteria{Since: since(from)})
		return err
	}); err != nil {
		return nil, err
	}
	// A server that claims more messages than the folder has would make the
	// caller ask for four billion of them.
	if uids.Count() > uint64(c.g.existsNow())+extraUIDs {
		return nil, &Error{Op: "search", Kind: KindProtocol, Detail: "more messages than the folder has"}
	}
	return uids, nil
}

// HasUIDs returns which of uids exist in the examined folder: the second look
// before an absence is believed (F12, F15).
func (c *Conn) HasUIDs(ctx context.Context, uids UIDRanges) (UIDRanges, error) {
	var found UIDRanges
	for part := range uids.Split(uids.Count(), rangesPerFetch) {
		got, err := c.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{librarySet(part)}})
		if err != nil {
			return nil, err
		}
		found = found.Union(got.Intersect(part))
	}
	return found, nil
}

func (c *Conn) search(ctx context.Context, criteria *imap.SearchCriteria) (UIDRanges, error) {
	if c.selected.Name == "" {
		return nil, &Error{Op: "search", Kind: KindConfig, Detail: "no folder is examined"}
	}
	var options *imap.SearchOptions
	if c.Has("ESEARCH") || c.Has("IMAP4rev2") {
		options = &imap.SearchOptions{ReturnAll: true}
	}
	var col *collector
	run := func() error {
		col = &collector{command: "UID SEARCH", expect: 1, searching: true}
		return c.do(ctx, "search", func() error {
			c.g.collect(col)
			defer c.g.collect(nil)
			_, err := c.client.UIDSearch(criteria, options).Wait()
			return err
		})
	}
	err := run()
	if e, ok := err.(*Error); ok && options != nil && e.Kind == KindRefused && e.Detail == "BAD" {
		options = nil
		err = run()
	}
	if err != nil {
		return nil, err
	}
	if col.tooMany {
		return nil, &Error{Op: "search", Kind: KindProtocol, Detail: "result too scattered"}
	}
	return col.uids.Normalize(), nil
}

// librarySet is uids in the library's type.
func librarySet(uids uidset.Set) imap.UIDSet {
	out := make(imap.UIDSet, len(uids))
	for i, r := range uids {
		out[i] = imap.UIDRange{Start: imap.UID(r.First), Stop: imap.UID(r.Last)}
	}
	return out
}
