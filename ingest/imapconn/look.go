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
	// Undated: the first message arrived since then (BeginsSince), and the server
	// was not asked of the others. Since is All.
	Undated bool
}

// LookAhead opens folders in turn and lists all of their messages and those
// since some time, in one round trip, and one more for the folders whose first
// message is older. A folder of which that was not to be had in full is left out:
// ask for it alone. So are all where the server does not say which search it
// answers. Which folder stays examined is returned, "" for none that is known of.
func (c *Conn) LookAhead(ctx context.Context, names []string, from time.Time) (looks map[string]Look, examined string, err error) {
	looks = make(map[string]Look, len(names))
	if c.searchOptions() == nil {
		return looks, "", nil
	}
	for first := true; len(names) > 0; first = false {
		var older []string
		for part := range slices.Chunk(names, looksInFlight) {
			openings, err := c.lookAt(ctx, part, from, first)
			if err != nil {
				return nil, "", err
			}
			for _, o := range openings {
				all, dated := o.lists[0].col.uids, o.lists[1].col.uids
				switch {
				case !o.listed():
				case first && len(all) > 0 && len(dated) == 0:
					older = append(older, o.name)
				case first:
					looks[o.name] = Look{o.sel, all, all, true}
				default:
					looks[o.name] = Look{o.sel, all, dated, false}
				}
			}
		}
		names = older
	}
	return looks, c.selected.Name, nil
}

// lookAt opens folders in turn and asks in each for all messages and for those
// since some time, or with first for the first message if it is one of them. The
// last folder is the examined one, unless there was something amiss with it.
func (c *Conn) lookAt(ctx context.Context, names []string, from time.Time, first bool) ([]*opening, error) {
	openings := make([]*opening, len(names))
	for i, name := range names {
		openings[i] = &opening{name: name, lists: []*listing{{}, {from: from, first: first}}}
	}
	if err := c.open(ctx, c.condStore(), openings...); err != nil {
		return nil, err
	}
	if last := openings[len(openings)-1]; last.listed() {
		c.opened(last)
	}
	return openings, nil
}

func (o *opening) listed() bool { return o.err == nil && sound(o.lists, &o.col) }
