package imapconn

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// Examine opens a folder read-only. A folder without UIDVALIDITY is an error
// of KindProtocol that leaves the connection usable: nothing can be remembered
// of its messages (F04).
func (c *Conn) Examine(ctx context.Context, name string) (Selected, error) {
	parameter := ""
	if c.Has("CONDSTORE") || c.Has("QRESYNC") {
		parameter = condstore
	}
	sel, _, err := c.examine(ctx, name, parameter)
	if parameter != "" && refusedAsBad(err) {
		sel, _, err = c.examine(ctx, name, "")
	}
	return sel, err
}

// CanResync says that the server keeps and tells what vanished (QRESYNC).
func (c *Conn) CanResync() bool {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	return c.g.qresync
}

// Resync opens a folder as Examine does and asks what changed in it since
// modSeq of its life uidValidity (RFC 7162 section 3.2.5). told is false where
// the server did not say all of it, and for another life of the folder, one
// without mod-sequences, or one whose mod-sequence went backwards (F18).
func (c *Conn) Resync(ctx context.Context, name string, uidValidity uint32, modSeq uint64) (sel Selected, changes Changes, told bool, err error) {
	if !c.CanResync() || uidValidity == 0 || modSeq == 0 {
		sel, err = c.Examine(ctx, name)
		return sel, Changes{}, false, err
	}
	sel, col, err := c.examine(ctx, name, fmt.Sprintf("(QRESYNC (%d %d))", uidValidity, modSeq))
	if refusedAsBad(err) {
		c.g.setQResync(false) // announced and not kept (F24)
		sel, err = c.Examine(ctx, name)
		return sel, Changes{}, false, err
	}
	if err != nil || col.spoilt || sel.NoModSeq || sel.UIDValidity != uidValidity || sel.HighestModSeq < modSeq {
		return sel, Changes{}, false, err
	}
	changes = Changes{Vanished: col.changes.Vanished.Normalize(), Changed: col.changes.Changed.Normalize()}
	return sel, changes, true, nil
}

// ListAhead makes the next Examine ask in its own round trip for what UIDs will
// be asked without a date. A server does one after the other where one depends
// on the other (RFC 3501 section 5.5), and refuses to search where the folder
// could not be opened. It is one search only: two at once may be answered
// together, which plain SEARCH does not tell apart. Of a list that is not as long
// as EXAMINE's count, or that news came with, nothing is kept: UIDs asks again.
func (c *Conn) ListAhead() { c.ahead = true }

// condstore is EXAMINE's parameter as the library writes it.
const condstore = "(CONDSTORE)"

func (c *Conn) examine(ctx context.Context, name, parameter string) (Selected, *collector, error) {
	ahead := c.ahead
	c.selected, c.ahead, c.listed = Selected{}, false, nil
	col := &collector{command: "EXAMINE", expect: 1, changing: parameter != "" && parameter != condstore}
	list, listed := &collector{command: "UID SEARCH", expect: 1, searching: true}, false
	err := c.do(ctx, "examine", func() error {
		c.g.collect(col, list)
		defer c.g.collect()
		c.g.setExists(0)
		exchange := func() error {
			examine := c.client.Select(name, &imap.SelectOptions{ReadOnly: true, CondStore: parameter != ""})
			if !ahead {
				_, err := examine.Wait()
				return err
			}
			search := c.client.UIDSearch(&imap.SearchCriteria{}, c.searchOptions())
			_, err := examine.Wait()
			_, errList := search.Wait()
			listed = errList == nil
			return err
		}
		if !col.changing {
			return exchange()
		}
		written, err := c.g.instead(condstore, parameter, exchange)
		col.spoilt = col.spoilt || !written
		return err
	})
	if err != nil {
		return Selected{}, col, err
	}
	// What was told up to here is in the answer; a hint is what comes later.
	c.g.clearHint(col.changesSoFar)
	sel := col.sel
	sel.Name, sel.Messages = name, col.exists
	sel.NoModSeq = sel.NoModSeq || sel.HighestModSeq == 0 || parameter == ""
	if sel.UIDValidity == 0 {
		return Selected{}, col, &Error{Op: "examine", Kind: KindProtocol, Detail: "no UIDVALIDITY"}
	}
	c.selected = sel
	if listed && !list.tooMany && list.changesSoFar == col.changesSoFar {
		if list.uids = list.uids.Normalize(); list.uids.Count() == uint64(sel.Messages) {
			c.listed = list
		}
	}
	return sel, col, nil
}

// listedAhead is the list that came with Examine, once, and unless the server
// told of changes since.
func (c *Conn) listedAhead() (uids UIDRanges, ok bool) {
	list := c.listed
	c.listed = nil
	if list == nil || list.changesSoFar != c.g.changesSoFar() {
		return nil, false
	}
	return list.uids, true
}

// refusedAsBad: the server does not know the command in this form.
func refusedAsBad(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Kind == KindRefused && e.Detail == "BAD"
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
	listed := false
	if from.IsZero() {
		uids, listed = c.listedAhead()
	}
	if !listed {
		if err := c.settled(func() (err error) {
			uids, err = c.search(ctx, &imap.SearchCriteria{Since: since(from)})
			return err
		}); err != nil {
			return nil, err
		}
	}
	// A server that claims more messages than the folder has would make the
	// caller ask for four billion of them.
	if uids.Count() > uint64(c.g.existsNow())+extraUIDs {
		return nil, &Error{Op: "search", Kind: KindProtocol, Detail: "more messages than the folder has"}
	}
	return uids, nil
}

// UIDsSince returns which of uids arrived as UIDs says of since. Asked for a
// few, the server need not look at the dates of all.
func (c *Conn) UIDsSince(ctx context.Context, uids UIDRanges, from time.Time) (UIDRanges, error) {
	if len(uids) > rangesPerFetch {
		all, err := c.UIDs(ctx, from)
		return all.Intersect(uids), err
	}
	got, err := c.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{librarySet(uids)}, Since: since(from)})
	return got.Intersect(uids), err
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
	options := c.searchOptions()
	var col *collector
	run := func() error {
		col = &collector{command: "UID SEARCH", expect: 1, searching: true}
		return c.do(ctx, "search", func() error {
			c.g.collect(col)
			defer c.g.collect()
			_, err := c.client.UIDSearch(criteria, options).Wait()
			return err
		})
	}
	err := run()
	if options != nil && refusedAsBad(err) {
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

// searchOptions ask for ranges where the server can tell them.
func (c *Conn) searchOptions() *imap.SearchOptions {
	if c.Has("ESEARCH") || c.Has("IMAP4rev2") {
		return &imap.SearchOptions{ReturnAll: true}
	}
	return nil
}

// librarySet is uids in the library's type.
func librarySet(uids uidset.Set) imap.UIDSet {
	out := make(imap.UIDSet, len(uids))
	for i, r := range uids {
		out[i] = imap.UIDRange{Start: imap.UID(r.First), Stop: imap.UID(r.Last)}
	}
	return out
}
