package imapconn

import (
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// collector is what one call of a Conn wants from the responses. The reading
// goroutine fills it; the caller reads it after its command completed.
type collector struct {
	command string // the command whose responses are wanted …
	expect  int    // … and how many of it there will be; the last one's result ends the collecting

	sel      Selected
	lists    []listLine
	statuses []statusLine
	utf8     bool // names are UTF-8 on the wire (a server of rev2 only)

	searching bool
	uids      uidset.Set
	tooMany   bool // more ranges than are kept

	vanished uidset.Set

	// For FETCH nothing is filled: each message is sent on.
	fetching chan<- fetchData
	done     chan struct{} // closed when nobody receives any more
	content  string        // the section that is fetched: BODY[HEADER], BODY[], or none
	max      int64         // its largest accepted size
	discard  atomic.Bool   // the caller wants no more: pass over contents
}

type listLine struct {
	attrs []string // upper case
	delim string
	name  folderName
}

type statusLine struct {
	name folderName
	sel  Selected
	seq  bool // HIGHESTMODSEQ was among the items
}

// What a FETCH response had, as bits.
const (
	gotFlags = 1 << iota
	gotDate
	gotSize
	gotModSeq
	gotContent
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
		// A date that is none is no reason to lose the message (F35).
		if t, err := time.Parse(internalDate, string(lx.text)); err == nil {
			fd.date = t.UTC()
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
	case col.content:
		return g.readContent(col, fd, k)
	default:
		return lx.skipValue(k)
	}
	return nil
}

const internalDate = "_2-Jan-2006 15:04:05 -0700"

// readContent reads the section that was asked for. What follows a literal
// tells whether its size was the truth: only a space or the end of the list
// may (F27).
func (g *guard) readContent(col *collector, fd *fetchData, k tokenKind) error {
	lx := &g.lx
	fd.got |= gotContent
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
	if lx.size > col.max || col.discard.Load() {
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

// selectCode keeps what EXAMINE tells in response codes. Numbers that are none
// count as not told (F04, F05).
func (c *collector) selectCode(code, args string) {
	switch code {
	case "UIDVALIDITY":
		if n, err := strconv.ParseUint(args, 10, 32); err == nil {
			c.sel.UIDValidity = uint32(n)
		}
	case "UIDNEXT":
		if n, err := strconv.ParseUint(args, 10, 32); err == nil {
			c.sel.UIDNext = uint32(n)
		}
	case "HIGHESTMODSEQ":
		if n, err := strconv.ParseUint(args, 10, 63); err == nil {
			c.sel.HighestModSeq = n
		}
	case "NOMODSEQ":
		c.sel.NoModSeq = true
	}
}

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
		case tokOpen, tokLiteral:
			if err := lx.skipValue(k); err != nil {
				return tooLongIsProtocol(err)
			}
			continue
		case tokClose:
			return protocolError("search result")
		}
		if upper(lx.text); string(lx.text) == "ALL" {
			if err := readSet(lx, col.addUIDs); err != nil {
				return err
			}
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
			return tooLongIsProtocol(err)
		}
		switch {
		case c >= '0' && c <= '9':
			n = n*10 + uint64(c-'0')
			if digits++; n > math.MaxUint32 {
				return protocolError("search result")
			}
			continue
		case digits == 0 || n == 0:
			return protocolError("search result")
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
			return protocolError("search result")
		}
		n, digits = 0, 0
	}
}

// readVanished keeps "* VANISHED [(EARLIER)] 1:5" (RFC 7162). Nothing asks for
// it yet; it counts as a change.
func (g *guard) readVanished(col *collector) error {
	lx := &g.lx
	g.hint()
	if col == nil {
		return lx.skipResponse()
	}
	if err := lx.space(); err != nil {
		return err
	}
	if c, err := lx.byte(); err != nil {
		return err
	} else if lx.back(); c == '(' {
		for k := tokOpen; k != tokClose; {
			if k, err = lx.next(); err != nil {
				return err
			}
			if k == tokEnd {
				return errSyntax
			}
		}
	}
	err := readSet(lx, func(first, last uint32) {
		if len(col.vanished) < maxRanges {
			col.vanished = col.vanished.Append(first, last)
		}
	})
	if err != nil {
		return err
	}
	return lx.skipResponse()
}

// readList reads `* LIST (\Sent) "/" name`. A line that is not understood
// costs its folder.
func (g *guard) readList(col *collector) error {
	lx := &g.lx
	if col == nil || len(col.lists) >= maxFolders {
		return lx.skipResponse()
	}
	var l listLine
	k, err := lx.next()
	if err != nil {
		return err
	}
	if k != tokOpen {
		return errSyntax
	}
	for k != tokClose {
		if k, err = lx.next(); err != nil {
			return err
		}
		switch k {
		case tokAtom:
			if len(l.attrs) < maxLiterals {
				upper(lx.text)
				l.attrs = append(l.attrs, string(lx.text))
			}
		case tokClose:
		default:
			return errSyntax
		}
	}
	if k, err = lx.next(); err != nil {
		return err
	}
	switch {
	case k == tokQuoted && len(lx.text) <= 4:
		l.delim = string(lx.text)
	case k == tokAtom && strings.EqualFold(string(lx.text), "NIL"):
	default:
		return errSyntax
	}
	if l.name, err = readName(lx, col.utf8); err != nil {
		return err
	}
	col.lists = append(col.lists, l)
	return lx.skipResponse()
}

// readFolderStatus reads `* STATUS name (MESSAGES 3 …)`.
func (g *guard) readFolderStatus(col *collector) error {
	lx := &g.lx
	if col == nil || len(col.statuses) >= maxFolders {
		return lx.skipResponse()
	}
	var (
		s   statusLine
		err error
	)
	if s.name, err = readName(lx, col.utf8); err != nil {
		return err
	}
	k, err := lx.next()
	if err != nil {
		return err
	}
	if k != tokOpen {
		return errSyntax
	}
	for {
		if k, err = lx.next(); err != nil {
			return err
		}
		if k == tokClose {
			break
		}
		if k != tokAtom {
			return errSyntax
		}
		upper(lx.text)
		item := string(lx.text)
		if k, err = lx.next(); err != nil {
			return err
		}
		n, numErr := number(lx, k, math.MaxInt64)
		if numErr != nil {
			if err := lx.skipValue(k); err != nil {
				return err
			}
			continue
		}
		s.set(item, n)
	}
	col.statuses = append(col.statuses, s)
	return lx.skipResponse()
}

func (s *statusLine) set(item string, n uint64) {
	if item == "HIGHESTMODSEQ" {
		s.sel.HighestModSeq, s.seq = n, true
		return
	}
	if n > math.MaxUint32 {
		return
	}
	switch item {
	case "MESSAGES":
		s.sel.Messages = uint32(n)
	case "UIDNEXT":
		s.sel.UIDNext = uint32(n)
	case "UIDVALIDITY":
		s.sel.UIDValidity = uint32(n)
	}
}

// readName reads a folder's name in any of the forms that IMAP allows.
func readName(lx *lexer, utf8 bool) (folderName, error) {
	k, err := lx.next()
	if err != nil {
		return folderName{}, err
	}
	switch k {
	case tokQuoted, tokAtom:
		if len(lx.text) >= maxNameBytes {
			return folderName{}, errTooLong
		}
		return newFolderName(string(lx.text), utf8), nil
	case tokLiteral:
		if lx.size >= maxNameBytes {
			if err := lx.skipLiteral(); err != nil {
				return folderName{}, err
			}
			return folderName{}, errTooLong
		}
		raw, err := lx.readLiteral()
		if err != nil {
			return folderName{}, err
		}
		return newFolderName(string(raw), utf8), nil
	}
	return folderName{}, errSyntax
}
