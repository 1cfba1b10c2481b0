package imapconn

import (
	"bytes"
	"math"
)

// readSearch reads "* SEARCH 1 2 3 (MODSEQ 9)" as a stream.
func (g *guard) readSearch(col *collector) error {
	lx := &g.lx
	if col == nil || !col.searching {
		return lx.skipResponse()
	}
	lx.left = maxSearchLine
	for {
		k, err := lx.next()
		if err != nil {
			return tooLongIsProtocol(err)
		}
		switch k {
		case tokEnd:
			return nil
		case tokOpen:
			return lx.skipResponse()
		}
		n, err := number(lx, k, math.MaxUint32)
		if err != nil || n == 0 {
			return protocolError("search result")
		}
		col.addUIDs(uint32(n), uint32(n))
	}
}

// A search result of which a part was lost looks like mail that is gone, so it
// must not pass for a result.
func tooLongIsProtocol(err error) error {
	if recoverable(err) {
		return protocolError("search result")
	}
	return err
}

func (c *collector) addUIDs(first, last uint32) {
	if c.tooMany {
		return
	}
	c.uids = c.uids.Append(first, last)
	if len(c.uids) >= maxRanges {
		c.uids = c.uids.Normalize()
		c.tooMany = len(c.uids) > maxRanges/2
	}
}

// readESearch reads `* ESEARCH (TAG "T1") UID ALL 1:5,9 MODSEQ 7` (RFC 4731).
func (g *guard) readESearch(col *collector) error {
	lx := &g.lx
	if col == nil || !col.searching {
		return lx.skipResponse()
	}
	lx.left = maxSearchLine
	for {
		k, err := lx.next()
		if err != nil {
			return tooLongIsProtocol(err)
		}
		switch k {
		case tokEnd:
			return nil
		case tokOpen:
			if col, err = g.readCorrelator(col); err != nil {
				return tooLongIsProtocol(err)
			}
			continue
		case tokLiteral:
			if err := lx.skipValue(k); err != nil {
				return tooLongIsProtocol(err)
			}
			continue
		case tokClose:
			return protocolError("search result")
		}
		if upper(lx.text); string(lx.text) == "ALL" {
			if err := readSet(lx, col.addUIDs); err != nil {
				return tooLongIsProtocol(err)
			}
		}
	}
}

// readCorrelator reads `TAG "T1")`: which command is answered, which may be another
// than the one whose turn it is. It returns the collector of that one.
func (g *guard) readCorrelator(col *collector) (*collector, error) {
	lx := &g.lx
	for isTag := false; ; {
		k, err := lx.next()
		if err != nil {
			return col, err
		}
		switch {
		case k == tokClose:
			return col, nil
		case k == tokEnd:
			return col, errSyntax
		case k != tokAtom && k != tokQuoted:
			if err := lx.skipValue(k); err != nil {
				return col, err
			}
		case isTag:
			isTag = false
			if named := g.searchOf(string(lx.text)); named != nil {
				col, named.named = named, true
			} else {
				col.mixed = true
			}
		default:
			isTag = bytes.EqualFold(lx.text, []byte("TAG"))
		}
	}
}

// readSet reads a sequence-set as a stream: it may be millions of bytes.
func readSet(lx *lexer, add func(first, last uint32)) error {
	if err := lx.space(); err != nil {
		return err
	}
	var (
		n, first uint64
		digits   int
		isRange  bool
	)
	for {
		c, err := lx.byte()
		if err != nil {
			return err
		}
		switch {
		case c >= '0' && c <= '9':
			n = n*10 + uint64(c-'0')
			if digits++; n > math.MaxUint32 {
				return errSyntax
			}
			continue
		case digits == 0 || n == 0:
			return errSyntax
		case c == ':' && !isRange:
			first, isRange = n, true
		case c == ',' || c == ' ' || c == '\r' || c == '\n':
			if !isRange {
				first = n
			}
			add(uint32(first), uint32(n))
			if isRange = false; c != ',' {
				lx.back()
				return nil
			}
		default:
			return errSyntax
		}
		n, digits = 0, 0
	}
}
