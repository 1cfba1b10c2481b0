package imapconn

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// guard stands between the socket and the client library (library.go). It reads
// every response itself (guard_response.go), keeps what this package wants
// (guard_data.go and its neighbours), and passes on what the library has to
// know, written anew, so that nothing a server invents reaches the library's
// parser: not a literal, not a list, not a flag. It follows what is written
// only to know which commands are in flight (guard_write.go).
//
// Its reading goroutine runs all parsing; the goroutine of the Conn runs Write.
// What both touch is under mu.
type guard struct {
	conn    net.Conn
	br      *bufio.Reader
	lx      lexer
	limits  Limits
	log     *slog.Logger
	without []string // capabilities that are not believed

	out bytes.Buffer // what the library has to know of one response; of the reading goroutine

	mu      sync.Mutex
	greeted bool
	lib     *library // nil: nobody has to know anything
	ended   bool     // nothing more is read
	w       writeState
	pending []pendingCmd  // in flight, oldest first
	idling  bool          // IDLE was confirmed and DONE not yet sent
	turn    time.Time     // since when the oldest command is it, or IDLE's end is due
	stalled time.Duration // of that time, the server's for which we did not read
	cols    []*collector  // the first wants what comes now
	caps    map[string]bool
	capsSeq int    // how often caps were told
	exists  uint32 // messages of the examined folder, as last heard
	qresync bool   // the server said that it is enabled
	bye     *serverWords
	err     *Error // why the connection ended; set once
	readUID uint32 // message whose content is being read
	unasked int    // responses since anything was asked
	changes int    // hints so far

	done  chan struct{}    // closed when the reading goroutine is gone
	dead  chan struct{}    // closed with err set
	hints chan struct{}    // one token: the examined folder changed
	idle  chan serverWords // IDLE's answers: "+", and its result

	bytesIn, bytesOut, dropped atomic.Int64
}

// pendingCmd is a command that was sent and not yet answered.
type pendingCmd struct {
	tag, name string
	since     time.Time
	confirmed bool // of IDLE: "+" came
}

// serverWords are a status response: OK, NO, BAD, BYE with code and text.
type serverWords struct{ status, code, args, text string }

func newGuard(conn net.Conn, limits Limits, log *slog.Logger) *guard {
	g := &guard{
		conn: conn, limits: limits, log: log,
		caps:  map[string]bool{},
		done:  make(chan struct{}),
		dead:  make(chan struct{}),
		hints: make(chan struct{}, 1),
		idle:  make(chan serverWords, 2),
	}
	size := readBuffer
	if _, ok := conn.(*tls.Conn); ok {
		size = readBufferTLS
	}
	g.br = bufio.NewReaderSize(countingReader{g}, size)
	g.lx.r = g.br
	return g
}

// run reads until the connection ends.
func (g *guard) run() {
	defer close(g.done)
	for {
		err := g.readResponse()
		g.pass()
		if err != nil {
			g.fail(g.readError(err))
			break
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	if g.lib != nil {
		g.lib.tell.Close()
	}
}

// pass tells the library what it has to know.
func (g *guard) pass() {
	if g.out.Len() == 0 {
		return
	}
	g.mu.Lock()
	lib := g.lib
	g.mu.Unlock()
	if lib != nil {
		_, _ = lib.tell.Write(g.out.Bytes()) // it may have given up: it has closed the connection then
	}
	g.out.Reset()
}

// readError gives an error of reading its kind.
func (g *guard) readError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	e := &Error{Kind: KindClosed, UID: g.readUID, err: err}
	switch {
	case g.bye != nil:
		e.Kind, e.Code, e.Text = KindBye, g.bye.code, g.bye.text
		if kind, backoff := classifyWords(e.Code, e.Text); kind != "" {
			e.Kind, e.Backoff = kind, backoff
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		e.Kind = KindTimeout
	}
	return e
}

// fail ends the connection for the first reason that is given.
func (g *guard) fail(e *Error) {
	g.mu.Lock()
	first := g.err == nil
	if first {
		e.broken = true
		g.err = e
		close(g.dead)
	}
	g.mu.Unlock()
	if first {
		g.conn.Close()
		g.log.Debug("imap connection ended", "kind", string(e.Kind), "code", e.Code)
	}
}

// failure returns why the connection ended, nil while it lives.
func (g *guard) failure() *Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// deliver hands one message to the goroutine that waits for it. The time it
// makes us wait is not the server's.
func (g *guard) deliver(col *collector, fd fetchData) {
	select {
	case col.fetching <- fd:
		return
	default:
	}
	start := time.Now()
	select {
	case col.fetching <- fd:
	case <-col.done:
	case <-g.dead:
	}
	g.mu.Lock()
	g.stalled += time.Since(start)
	g.mu.Unlock()
}

// hint says that the examined folder changed; it never blocks.
func (g *guard) hint() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changes++
	select {
	case g.hints <- struct{}{}:
	default:
	}
}

// clearHint forgets hints that were given before so many changes were told.
func (g *guard) clearHint(changes int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.changes > changes {
		return
	}
	select {
	case <-g.hints:
	default:
	}
}

// collect makes each of cols in turn receive what the next responses hold. The
// reading goroutine itself goes on to the next before its last command's result
// is passed on (takePending), so whoever saw that result may read a collector.
func (g *guard) collect(cols ...*collector) {
	g.mu.Lock()
	g.cols = cols
	g.mu.Unlock()
}

// collector is the one that wants what comes now; nil for nobody.
func (g *guard) collector() *collector {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.cols) == 0 {
		return nil
	}
	return g.cols[0]
}

// searchOf is the collector of a search; nil where there is none.
func (g *guard) searchOf(tag string) *collector {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.cols {
		if c.searching && c.tag == tag && tag != "" {
			return c
		}
	}
	return nil
}

func (g *guard) has(capability string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.caps[capability]
}

// armRead sets the deadline of the next read: none while nothing is due.
func (g *guard) armRead() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armReadLocked()
}

func (g *guard) armReadLocked() {
	var deadline time.Time
	switch now := time.Now(); {
	case !g.greeted:
		deadline = now.Add(g.limits.Response)
	case len(g.pending) > 0 && !g.idling:
		deadline = now.Add(g.limits.Response)
		if end := g.turn.Add(g.limits.Command + g.stalled); end.Before(deadline) {
			deadline = end
		}
	}
	// An error here means that the connection is closed: the read tells.
	_ = g.conn.SetReadDeadline(deadline)
}

// countingReader reads the socket under the deadline that is due.
type countingReader struct{ g *guard }

func (r countingReader) Read(p []byte) (int, error) {
	r.g.armRead()
	n, err := r.g.conn.Read(p)
	r.g.bytesIn.Add(int64(n))
	return n, err
}

func (g *guard) debug(msg string, args ...any) {
	if g.log.Enabled(context.Background(), slog.LevelDebug) {
		g.log.Debug(msg, args...)
	}
}
