package imapconn

import (
	"math"
	"strings"
	"time"
)

// What a FETCH response had, as bits.
const (
	gotFlags = 1 << iota
	gotDate
	gotSize
	gotModSeq
	gotHeader
	gotBody

	gotContent = gotHeader | gotBody
)

// fetchData is one FETCH response.
type fetchData struct {
	uid     uint32
	got     uint8
	flags   Flags
	date    time.Time
	size    int64
	modSeq  uint64
	content []byte
	length  int64 // of the content, also when it was not kept
	err     error
}

// merge adds what a later response about the same message brings.
func (fd *fetchData) merge(more fetchData) {
	if more.got&gotFlags != 0 {
		fd.flags = more.flags
	}
	if more.got&gotDate != 0 {
		fd.date = more.date
	}
	if more.got&gotSize != 0 {
		fd.size = more.size
	}
	if more.got&gotModSeq != 0 {
		fd.modSeq = max(fd.modSeq, more.modSeq)
	}
	if more.got&gotContent != 0 && fd.got&gotContent == 0 {
		fd.content, fd.length = more.content, more.length
	}
	if fd.err == nil {
		fd.err = more.err
	}
	fd.got |= more.got
}

// readFetch reads "* n FETCH (…)". The sequence number is not looked at.
func (g *guard) readFetch(col *collector) error {
	if col != nil && col.changing {
		return g.readChanged(col)
	}
	if col == nil || col.fetching == nil {
		g.hint()
		return g.lx.skipResponse()
	}
	var fd fetchData
	err := g.readFetchItems(col, &fd)
	switch {
	case err == nil:
	case recoverable(err):
		if skipErr := g.lx.skipResponse(); skipErr != nil {
			return skipErr
		}
		g.dropped.Add(1)
		g.debug("imap message response not understood", "uid", fd.uid, "reason", err.Error())
		fd.err, fd.content = ErrMalformed, nil
	default:
		// The connection ends. Where it ends because of what the server said
		// of this message, the message is told, so that it can be passed by.
		if KindOf(err) == KindProtocol && fd.uid != 0 {
			fd.content = nil
			if fd.err == nil {
				fd.err = ErrMalformed
			}
			g.deliver(col, fd)
		}
		return err
	}
	g.setReading(0)
	if fd.uid == 0 {
		g.hint() // an unsolicited change of flags; the next pass will see it
		return nil
	}
	g.deliver(col, fd)
	return nil
}

func (g *guard) setReading(uid uint32) {
	g.mu.Lock()
	g.readUID = uid
	g.mu.Unlock()
}

func (g *guard) readFetchItems(col *collector, fd *fetchData) error {
	lx := &g.lx
	if k, err := lx.next(); err != nil {
		return err
	} else if k != tokOpen {
		return errSyntax
	}
	for {
		k, err := lx.next()
		if err != nil {
			return err
		}
		if k == tokClose {
			if k, err = lx.next(); err != nil {
				return err
			}
			if k != tokEnd {
				return errSyntax
			}
			return nil
		}
		if k != tokAtom {
			return errSyntax
		}
		upper(lx.text)
		if err := g.readFetchItem(col, fd); err != nil {
			return err
		}
	}
}

func (g *guard) readFetchItem(col *collector, fd *fetchData) error {
	lx := &g.lx
	var name [24]byte
	item := string(append(name[:0], lx.text[:min(len(lx.text), len(name))]...))
	k, err := lx.next()
	if err != nil {
		return err
	}
	switch item {
	case "UID":
		n, err := number(lx, k, math.MaxUint32)
		if err != nil || n == 0 {
			return errSyntax
		}
		if fd.uid != 0 && fd.uid != uint32(n) {
			return errSyntax
		}
		fd.uid = uint32(n)
	case "FLAGS":
		fd.flags, err = readFlags(lx, k)
		fd.got |= gotFlags
		return err
	case "INTERNALDATE":
		fd.got |= gotDate
		if k != tokQuoted {
			return lx.skipValue(k)
		}
		// A date that is none is no reason to lose the message (F35); a leap second is the one after :59 (F37).
		text, leap := string(lx.text), time.Duration(0)
		if before, zone, is := strings.Cut(text, ":60 "); is {
			text, leap = before+":59 "+zone, time.Second
		}
		if t, err := time.Parse(internalDate, text); err == nil {
			fd.date = t.UTC().Add(leap)
		}
	case "RFC822.SIZE":
		n, err := number(lx, k, math.MaxInt64)
		if err != nil {
			return lx.skipValue(k)
		}
		fd.size = int64(n)
		fd.got |= gotSize
	case "MODSEQ":
		if k != tokOpen {
			return errSyntax
		}
		if k, err = lx.next(); err != nil {
			return err
		}
		if fd.modSeq, err = number(lx, k, math.MaxInt64); err != nil {
			return err
		}
		fd.got |= gotModSeq
		if k, err = lx.next(); err != nil {
			return err
		}
		if k != tokClose {
			return errSyntax
		}
	case "BODY[HEADER]":
		return g.readContent(col, fd, k, gotHeader, col.header.Load())
	case "BODY[]":
		return g.readContent(col, fd, k, gotBody, col.body.Load())
	default:
		return lx.skipValue(k)
	}
	return nil
}

const internalDate = "_2-Jan-2006 15:04:05 -0700"

// readContent reads a section, unless nobody asked for it, or the response had
// the other one. What follows a literal tells whether its size was the truth:
// only a space or the end of the list may (F27).
func (g *guard) readContent(col *collector, fd *fetchData, k tokenKind, section uint8, most int64) error {
	lx := &g.lx
	if most == 0 || fd.got&gotContent&^section != 0 {
		return lx.skipValue(k)
	}
	fd.got |= section
	switch k {
	case tokQuoted:
		if len(lx.text) >= maxNameBytes {
			return errTooLong // it was cut
		}
		fd.content = append([]byte{}, lx.text...)
		fd.length = int64(len(fd.content))
		return nil
	case tokAtom:
		if upper(lx.text); string(lx.text) != "NIL" {
			return errSyntax
		}
		fd.err = ErrNoContent
		return nil
	case tokLiteral:
	default:
		return errSyntax
	}
	g.setReading(fd.uid)
	fd.length = lx.size
	var err error
	if lx.size > most || col.discard.Load() {
		fd.err = ErrTooLarge
		err = lx.skipLiteral()
	} else {
		fd.content, err = lx.readLiteral()
	}
	if err != nil {
		return err
	}
	c, err := lx.byte()
	if err != nil {
		return err
	}
	if lx.back(); c != ' ' && c != ')' {
		fd.err = ErrMalformed
		return protocolError("literal size")
	}
	return nil
}

func number(lx *lexer, k tokenKind, limit uint64) (uint64, error) {
	if k != tokAtom && k != tokQuoted {
		return 0, errSyntax
	}
	var n uint64
	for _, c := range lx.text {
		if c < '0' || c > '9' || n > (limit-uint64(c-'0'))/10 {
			return 0, errSyntax
		}
		n = n*10 + uint64(c-'0')
	}
	if len(lx.text) == 0 {
		return 0, errSyntax
	}
	return n, nil
}

func readFlags(lx *lexer, k tokenKind) (f Flags, err error) {
	if k != tokOpen {
		return f, errSyntax
	}
	depth := lx.depth
	for {
		if k, err = lx.next(); err != nil {
			return f, err
		}
		switch k {
		case tokClose:
			if lx.depth < depth {
				return f, nil
			}
		case tokAtom, tokQuoted:
			upper(lx.text)
			switch string(lx.text) {
			case `\SEEN`:
				f.Seen = true
			case `\ANSWERED`:
				f.Answered = true
			case `\FLAGGED`:
				f.Flagged = true
			case `\DELETED`:
				f.Deleted = true
			case `\DRAFT`:
				f.Draft = true
			}
		case tokLiteral:
			if err := lx.skipLiteral(); err != nil {
				return f, err
			}
		case tokEnd:
			return f, errSyntax
		}
	}
}
