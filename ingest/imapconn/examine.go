package imapconn

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// Examine opens a folder read-only. A folder without UIDVALIDITY is an error
// of KindProtocol that leaves the connection usable: nothing can be remembered
// of its messages (F04).
func (c *Conn) Examine(ctx context.Context, name string) (Selected, error) {
	parameter := c.condStore()
	sel, _, err := c.examine(ctx, name, parameter)
	if parameter != "" && refusedAsBad(err) {
		sel, _, err = c.examine(ctx, name, "")
	}
	return sel, err
}

// condStore is the parameter of EXAMINE.
func (c *Conn) condStore() string {
	if c.Has("CONDSTORE") || c.Has("QRESYNC") {
		return condstore
	}
	return ""
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
// be asked without a date, and unless from is zero for what BeginsSince will be
// asked of from. A server does one after the other where one depends on the
// other (RFC 3501 section 5.5), and refuses to search where the folder could not be
// opened. Two searches at once may be answered together, so the second is asked
// only of a server that says which one it answers. Where the first list is not as
// long as EXAMINE's count, or news came with one, nothing is kept: UIDs asks again.
func (c *Conn) ListAhead(from time.Time) {
	c.ahead = []*listing{{}}
	if !from.IsZero() && c.searchOptions() != nil {
		c.ahead = append(c.ahead, &listing{from: from, first: true})
	}
}

// listing is a search that goes with an EXAMINE: for all messages, those from
// some time on, or the first one if it is.
type listing struct {
	from  time.Time
	first bool
	col   collector
	done  bool
}

func (l *listing) criteria() *imap.SearchCriteria {
	criteria := &imap.SearchCriteria{Since: since(l.from)}
	if l.first {
		criteria.SeqNum = []imap.SeqSet{imap.SeqSetNum(1)}
	}
	return criteria
}

// sound says that the lists, which came with col, are answers to what was asked, and as of then.
func sound(lists []*listing, col *collector) bool {
	for _, l := range lists {
		if !l.done || l.col.tooMany || l.col.mixed || len(lists) > 1 && !l.col.named || l.col.changesSoFar != col.changesSoFar {
			return false
		}
		l.col.uids = l.col.uids.Normalize()
	}
	return len(lists) > 0 && lists[0].col.uids.Count() == uint64(col.exists)
}

// condstore is EXAMINE's parameter as the library writes it.
const condstore = "(CONDSTORE)"

func (c *Conn) examine(ctx context.Context, name, parameter string) (Selected, *collector, error) {
	o := &opening{name: name, lists: c.ahead}
	if err := c.open(ctx, parameter, o); err != nil {
		return Selected{}, &o.col, err
	}
	if o.err != nil {
		return Selected{}, &o.col, o.err
	}
	c.opened(o)
	if sound(o.lists, &o.col) {
		c.listed = o.lists
	}
	return o.sel, &o.col, nil
}

// opened makes a folder the examined one. What was told up to here is in the
// answer; a hint is what comes later.
func (c *Conn) opened(o *opening) {
	c.g.clearHint(o.col.changesSoFar)
	c.selected = o.sel
}

// opening is an EXAMINE and the searches that go with it.
type opening struct {
	name     string
	lists    []*listing
	examine  *imapclient.SelectCommand
	searches []*imapclient.SearchCommand
	col      collector
	sel      Selected
	err      error // the folder's own: why it is not open
}

// open opens folders one after the other, in one exchange.
func (c *Conn) open(ctx context.Context, parameter string, openings ...*opening) error {
	c.selected, c.ahead, c.listed = Selected{}, nil, nil
	changing := parameter != "" && parameter != condstore
	var cols []*collector
	for _, o := range openings {
		o.col.command, o.col.expect, o.col.changing = "EXAMINE", 1, changing
		cols = append(cols, &o.col)
		for _, l := range o.lists {
			l.col.command, l.col.expect, l.col.searching = "UID SEARCH", 1, true
			cols = append(cols, &l.col)
		}
	}
	return c.do(ctx, "examine", func() error {
		c.g.collect(cols...)
		defer c.g.collect()
		exchange := func() (err error) {
			for _, o := range openings {
				o.ask(c, parameter != "")
			}
			for _, o := range openings {
				err = cmp.Or(err, o.answer(c, parameter != ""))
			}
			return err
		}
		if !changing {
			return exchange()
		}
		written, err := c.g.instead(condstore, parameter, exchange)
		for _, o := range openings {
			o.col.spoilt = o.col.spoilt || !written
		}
		return err
	})
}

func (o *opening) ask(c *Conn, condStore bool) {
	o.examine = c.client.Select(o.name, &imap.SelectOptions{ReadOnly: true, CondStore: condStore})
	for _, l := range o.lists {
		o.searches = append(o.searches, c.client.UIDSearch(l.criteria(), c.searchOptions()))
	}
}

// answer waits for all of an opening. An error that it returns is the connection's.
func (o *opening) answer(c *Conn, condStore bool) error {
	_, err := o.examine.Wait()
	for i, l := range o.lists {
		_, errList := o.searches[i].Wait()
		l.done = errList == nil
	}
	if o.err = c.wrap("examine", err); o.err != nil {
		if OfFolder(o.err) {
			return nil
		}
		return o.err
	}
	o.sel = o.col.sel
	o.sel.Name, o.sel.Messages = o.name, o.col.exists
	o.sel.NoModSeq = o.sel.NoModSeq || o.sel.HighestModSeq == 0 || !condStore
	if o.sel.UIDValidity == 0 {
		o.err = &Error{Op: "examine", Kind: KindProtocol, Detail: "no UIDVALIDITY"}
	}
	return nil
}

// listedAhead is the list that came with Examine, once, and unless the server
// told of changes since.
func (c *Conn) listedAhead(from time.Time, first bool) (uids UIDRanges, ok bool) {
	i := slices.IndexFunc(c.listed, func(l *listing) bool { return l.from.Equal(from) && l.first == first })
	if i < 0 {
		return nil, false
	}
	list := &c.listed[i].col
	c.listed = slices.Delete(c.listed, i, i+1)
	return list.uids, list.changesSoFar == c.g.changesSoFar()
}

// refusedAsBad: the server does not know the command in this form.
func refusedAsBad(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Kind == KindRefused && e.Detail == "BAD"
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
	uids, listed := c.listedAhead(from, false)
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

// BeginsSince says that the first message of the examined folder, that of the
// lowest UID, arrived as UIDs says of since. It is false where that did not come
// with Examine (ListAhead). A server that keeps each message in a file looks at one
// file for it, and at all of them to list what arrived since.
func (c *Conn) BeginsSince(from time.Time) bool {
	first, _ := c.listedAhead(from, true)
	return len(first) > 0
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
