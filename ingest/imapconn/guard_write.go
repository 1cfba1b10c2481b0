package imapconn

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// writeState follows the commands that the library writes, so that the guard
// knows what is in flight. No argument is ever kept or logged: the first two
// words of a command are all that is looked at.
type writeState struct {
	line    []byte // start of the current line, at most lineHead bytes
	tail    [24]byte
	tailLen int   // how much of tail, the end of the current line, is valid
	literal int64 // bytes of a literal still to come
	inCmd   bool  // the line continues a command after a literal

	// The library's next command that ends in from ends in to instead: words of
	// an extension that it does not know.
	from, to string
}

const lineHead = 64

// Write sends what the library wrote.
func (g *guard) Write(p []byte) (int, error) {
	g.mu.Lock()
	if g.err != nil {
		g.mu.Unlock()
		return 0, io.ErrClosedPipe
	}
	sent := p
	if w := &g.w; w.from != "" && bytes.HasSuffix(p, []byte(w.from+"\r\n")) {
		sent = append(bytes.Clone(p[:len(p)-len(w.from)-2]), w.to+"\r\n"...)
		w.from = ""
	}
	g.followLocked(sent)
	g.armReadLocked()
	g.mu.Unlock()
	if err := g.conn.SetWriteDeadline(time.Now().Add(g.limits.Response)); err != nil {
		return 0, err
	}
	n, err := g.conn.Write(sent)
	g.bytesOut.Add(int64(n))
	if err != nil {
		g.fail(g.readError(err))
		return min(n, len(p)), err
	}
	return len(p), nil
}

// instead makes the end of the next command another one; exchange writes that
// command. It reports whether it was written so.
func (g *guard) instead(from, to string, exchange func() error) (done bool, err error) {
	g.mu.Lock()
	g.w.from, g.w.to = from, to
	g.mu.Unlock()
	err = exchange()
	g.mu.Lock()
	defer g.mu.Unlock()
	done = g.w.from == ""
	g.w.from = ""
	return done, err
}

func (g *guard) followLocked(p []byte) {
	w := &g.w
	for len(p) > 0 {
		if w.literal > 0 {
			n := min(w.literal, int64(len(p)))
			w.literal -= n
			p = p[n:]
			continue
		}
		i := bytes.IndexByte(p, '\n')
		part := p
		if i >= 0 {
			part = p[:i]
		}
		if room := lineHead - len(w.line); room > 0 {
			w.line = append(w.line, part[:min(room, len(part))]...)
		}
		for _, c := range part[max(0, len(part)-len(w.tail)):] {
			if w.tailLen == len(w.tail) {
				copy(w.tail[:], w.tail[1:])
				w.tailLen--
			}
			w.tail[w.tailLen] = c
			w.tailLen++
		}
		if i < 0 {
			return
		}
		p = p[i+1:]
		g.lineWrittenLocked()
	}
}

func (g *guard) lineWrittenLocked() {
	w := &g.w
	if !w.inCmd {
		g.commandLocked(string(w.line))
	}
	w.literal, w.inCmd = literalAtEnd(w.tail[:w.tailLen])
	w.line, w.tailLen = w.line[:0], 0
}

// literalAtEnd reads the "{n}" or "{n+}" before a line's CR.
func literalAtEnd(tail []byte) (size int64, ok bool) {
	tail = bytes.TrimSuffix(tail, []byte("\r"))
	if !bytes.HasSuffix(tail, []byte("}")) {
		return 0, false
	}
	i := bytes.LastIndexByte(tail, '{')
	if i < 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(string(tail[i+1:len(tail)-1]), "+"), 10, 63)
	return n, err == nil && n >= 0
}

func (g *guard) commandLocked(line string) {
	line = strings.TrimSuffix(line, "\r")
	if line == "DONE" {
		g.idling = false
		g.turn = time.Now() // only the end of IDLE is the server's to give
		return
	}
	for _, p := range g.pending {
		if p.name == "AUTHENTICATE" {
			return // a SASL answer
		}
	}
	tag, rest, _ := strings.Cut(line, " ")
	name, rest, _ := strings.Cut(rest, " ")
	name = strings.ToUpper(name)
	if name == "UID" {
		sub, _, _ := strings.Cut(rest, " ")
		name += " " + strings.ToUpper(sub)
	}
	g.unasked = 0
	if g.pending = append(g.pending, pendingCmd{tag: tag, name: name, since: time.Now()}); len(g.pending) == 1 {
		g.turnLocked()
	}
	n := slices.IndexFunc(g.cols, func(c *collector) bool { return c.command == name && c.tag == "" && c.expect == 1 })
	if n >= 0 {
		g.cols[n].tag = tag
	}
	g.debug("imap command", "tag", tag, "command", name)
}

// turnLocked begins the time of the oldest command.
func (g *guard) turnLocked() {
	g.turn, g.stalled = time.Now(), 0
	if len(g.pending) > 0 && g.pending[0].name == "EXAMINE" {
		g.exists = 0 // of the folder before
	}
}

// takePending removes a command by its tag.
func (g *guard) takePending(tag string) (cmd pendingCmd, known bool) {
	ended := false
	defer func() {
		if ended {
			g.hint()
		}
	}()
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, p := range g.pending {
		if p.tag == tag {
			exists := g.exists
			if g.pending = append(g.pending[:i], g.pending[i+1:]...); i == 0 { // the next was asked ahead: its time begins now
				g.turnLocked()
			}
			if p.name == "IDLE" {
				ended = g.idling // by the server: wake whoever relies on it
				g.idling = false
			}
			n := slices.IndexFunc(g.cols, func(c *collector) bool { return c.command == p.name && (c.tag == tag || c.tag == "") })
			if n < 0 {
				return p, true
			}
			if col := g.cols[n]; col.expect == 1 {
				col.exists, col.changesSoFar = exists, g.changes
				g.cols = slices.Concat(g.cols[:n], g.cols[n+1:])
			} else {
				col.expect--
			}
			return p, true
		}
	}
	return pendingCmd{}, false
}

// inFlight says whether a command of that name awaits its result.
func (g *guard) inFlight(names ...string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.pending {
		for _, n := range names {
			if p.name == n {
				return true
			}
		}
	}
	return false
}
