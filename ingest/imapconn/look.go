package imapconn

import (
	"context"
	"slices"
	"time"
)

// Look is a folder as LookAhead found it.
type Look struct {
	Selected
	All, Since UIDRanges // as UIDs tells of them
}

// LookAhead opens folders in turn and lists all of their messages and those
// since some time, in one round trip. A folder of which that was not to be had in
// full is left out: ask for it alone. So are all where the server does not say
// which search it answers. The last one stays examined, unless it was left out.
func (c *Conn) LookAhead(ctx context.Context, names []string, from time.Time) (map[string]Look, error) {
	looks := make(map[string]Look, len(names))
	if c.searchOptions() == nil {
		return looks, nil
	}
	for part := range slices.Chunk(names, looksInFlight) {
		openings := make([]*opening, len(part))
		for i, name := range part {
			openings[i] = &opening{name: name, lists: []*listing{{}, {from: from}}}
		}
		if err := c.open(ctx, c.condStore(), openings...); err != nil {
			return nil, err
		}
		for _, o := range openings {
			if o.err == nil && sound(o.lists, &o.col) {
				looks[o.name] = Look{o.sel, o.lists[0].col.uids, o.lists[1].col.uids}
			}
		}
		last := openings[len(part)-1]
		if _, ok := looks[last.name]; ok {
			c.opened(last)
		}
	}
	return looks, nil
}
