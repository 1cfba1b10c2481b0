package imapconn

import (
	"strings"
)

// What the client library lacks of QRESYNC (RFC 7162): enabling it, EXAMINE
// with a place in the folder's history, VANISHED. UIDs only: the sequence
// numbers of FETCH are not looked at.

// enableQResync asks for it. Nobody waits for the answer, which comes with that
// of the next command; until then, and where it is refused, there is none.
func (c *Conn) enableQResync() {
	// Without an exchange to wait for there is no error to see.
	_, _ = c.g.instead("NOOP", "ENABLE QRESYNC", func() error {
		c.client.Noop()
		return nil
	})
}

// readEnabled reads "* ENABLED CONDSTORE QRESYNC".
func (g *guard) readEnabled() error {
	lx := &g.lx
	if err := lx.readText(maxTextLine); err != nil {
		return err
	}
	for _, w := range strings.Fields(string(lx.text)) {
		if strings.EqualFold(w, "QRESYNC") {
			g.setQResync(true)
		}
	}
	return nil
}

func (g *guard) setQResync(enabled bool) {
	g.mu.Lock()
	g.qresync = enabled
	g.mu.Unlock()
}

// readVanished reads "* VANISHED [(EARLIER)] 1:5". EARLIER answers an EXAMINE;
// without it messages vanish now, which is a hint. A line of which a part was
// not understood makes what it belongs to incomplete, and costs no more.
func (g *guard) readVanished(col *collector) error {
	lx := &g.lx
	lx.left = maxSearchLine
	earlier := false
	if err := lx.space(); err != nil {
		return err
	}
	c, err := lx.byte()
	if err != nil {
		return err
	}
	if lx.back(); c == '(' {
		for k := tokOpen; k != tokClose; {
			if k, err = lx.next(); err != nil {
				return spoil(col, err)
			}
			if k == tokEnd {
				return spoil(col, errSyntax)
			}
			upper(lx.text)
			earlier = earlier || k == tokAtom && string(lx.text) == "EARLIER"
		}
	}
	if earlier {
		if col == nil || !col.changing {
			return lx.skipResponse()
		}
		return spoil(col, readSet(lx, col.addVanished))
	}
	g.hint()
	var n uint64
	err = readSet(lx, func(first, last uint32) {
		if first <= last {
			n += uint64(last-first) + 1
		}
	})
	g.mu.Lock()
	g.exists -= uint32(min(n, uint64(g.exists)))
	g.mu.Unlock()
	return err
}

func (c *collector) addVanished(first, last uint32) {
	c.changes.Vanished = c.addRange(c.changes.Vanished, first, last)
}

// addRange bounds what a server may claim to have changed.
func (c *collector) addRange(set UIDRanges, first, last uint32) UIDRanges {
	if len(set) < maxRanges {
		return set.Append(first, last)
	}
	c.spoilt = true
	return set
}

// readChanged reads a FETCH that tells what changed since EXAMINE's place in
// history. Only which message is kept.
func (g *guard) readChanged(col *collector) error {
	var fd fetchData
	err := g.readFetchItems(col, &fd)
	if err == nil && fd.uid == 0 {
		col.spoilt = true
	}
	if fd.uid != 0 {
		col.changes.Changed = col.addRange(col.changes.Changed, fd.uid, fd.uid)
	}
	return spoil(col, err)
}

func spoil(col *collector, err error) error {
	if err != nil && col != nil {
		col.spoilt = true
	}
	return err
}
