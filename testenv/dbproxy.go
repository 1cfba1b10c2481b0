package testenv

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// CommitFault is what becomes of one commit on its way to the database.
type CommitFault int

const (
	CommitPasses CommitFault = iota
	CommitLost               // the database never sees it and undoes the transaction
	AnswerLost               // the database commits, and whoever asked never hears of it
)

// DatabaseProxy stands between a program and its PostgreSQL and breaks
// connections: all of them, for a while, or one exactly around a commit. Or it
// holds all bytes, as if the program were paused.
type DatabaseProxy struct {
	URL string // the database's, through the proxy

	target string
	ln     net.Listener
	done   sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	away   bool
	held   chan struct{} // closed when the bytes may go on; nil: they may
	commit func() CommitFault
	// statement says that the program is killed before a statement.
	statement func() bool
}

// NewDatabaseProxy stands before the database of a URL until the test ends.
func NewDatabaseProxy(tb testing.TB, databaseURL string) *DatabaseProxy {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatalf("testenv: read the database URL: %v", err)
	}
	p := &DatabaseProxy{target: u.Host, conns: map[net.Conn]bool{}, commit: func() CommitFault { return CommitPasses }, statement: func() bool { return false }}
	if p.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		tb.Fatalf("testenv: listen before the database: %v", err)
	}
	u.Host = p.ln.Addr().String()
	p.URL = u.String()
	p.done.Go(p.accept)
	tb.Cleanup(func() {
		p.ln.Close()
		p.Hold(false)
		p.Away(true)
		p.done.Wait()
	})
	return p
}

// AtCommit has fault asked at each commit; it is called by several goroutines.
func (p *DatabaseProxy) AtCommit(fault func() CommitFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commit = fault
}

// AtStatement has killed asked before each statement of a transaction that may
// write, COMMIT among them; it is called by several goroutines. Once it says true
// the database never sees that statement, and is away, as it is for a program
// that was killed.
func (p *DatabaseProxy) AtStatement(killed func() bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.statement = killed
}

// Cut closes all connections.
func (p *DatabaseProxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Away closes all connections and those that come, until it is told false.
func (p *DatabaseProxy) Away(away bool) {
	p.mu.Lock()
	p.away = away
	p.mu.Unlock()
	if away {
		p.Cut()
	}
}

// Hold stops all bytes until it is told false: what a paused program looks like
// to its database. Nothing is lost.
func (p *DatabaseProxy) Hold(hold bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case hold && p.held == nil:
		p.held = make(chan struct{})
	case !hold && p.held != nil:
		close(p.held)
		p.held = nil
	}
}

// awaitGo returns once no bytes are held.
func (p *DatabaseProxy) awaitGo() {
	p.mu.Lock()
	held := p.held
	p.mu.Unlock()
	if held != nil {
		<-held
	}
}

// keep counts a connection among those to be cut, unless the database is away.
func (p *DatabaseProxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

func (p *DatabaseProxy) forget(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	c.Close()
}

func (p *DatabaseProxy) accept() {
	for {
		client, err := p.ln.Accept()
		if err != nil {
			return
		}
		if !p.keep(client) {
			continue
		}
		p.done.Go(func() {
			defer p.forget(client)
			server, err := net.Dial("tcp", p.target)
			if err != nil {
				return
			}
			p.pass(client, server)
		})
	}
}

// pass passes messages, and answers, until one side ends or a fault ends both.
func (p *DatabaseProxy) pass(client, server net.Conn) {
	answered := make(chan struct{})
	var swallow sync.Mutex
	lost := false
	p.done.Go(func() {
		defer close(answered)
		defer client.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := server.Read(buf)
			p.awaitGo()
			swallow.Lock()
			end := lost
			swallow.Unlock()
			if end || n > 0 && !writeAll(client, buf[:n]) || err != nil {
				return
			}
		}
	})
	defer func() {
		server.Close()
		<-answered
	}()
	writes := false // the transaction may
	from, to := frontend{r: bufio.NewReaderSize(client, 32<<10)}, bufio.NewWriterSize(server, 32<<10)
	for {
		message, err := from.next()
		p.awaitGo()
		if err != nil {
			return
		}
		p.mu.Lock()
		killed, fault := p.statement, p.commit
		p.mu.Unlock()
		if message[0] == 'Q' && bytes.HasPrefix(message[5:], []byte("begin")) {
			writes = !bytes.Contains(message, []byte("read only"))
		}
		if writes && isStatement(message) && killed() {
			p.Away(true)
			return
		}
		if isCommit(message) {
			switch fault() {
			case CommitLost:
				return
			case AnswerLost:
				swallow.Lock()
				lost = true
				swallow.Unlock()
				if writeAll(to, message) && to.Flush() == nil {
					<-answered // the database has committed
				}
				return
			}
		}
		if !writeAll(to, message) || from.r.Buffered() == 0 && to.Flush() != nil {
			return
		}
	}
}

// frontend reads what a driver sends, message by message (PostgreSQL manual,
// 55.7 "Message Formats").
type frontend struct {
	r       *bufio.Reader
	started bool
}

// protocolMajor is that of a StartupMessage, after which messages have a type;
// a request for encryption comes before it, under another number.
const protocolMajor = 3

func (f *frontend) next() ([]byte, error) {
	typed := 0
	if f.started {
		typed = 1
	}
	head := make([]byte, typed+4)
	if _, err := io.ReadFull(f.r, head); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[typed:]) // with itself
	if length < 4 || length > maxMessageBytes {
		return nil, fmt.Errorf("a message of %d bytes", length)
	}
	message := append(head, make([]byte, length-4)...)
	if _, err := io.ReadFull(f.r, message[typed+4:]); err != nil {
		return nil, err
	}
	if !f.started && len(message) >= 8 && binary.BigEndian.Uint16(message[4:]) == protocolMajor {
		f.started = true
	}
	return message, nil
}

// maxMessageBytes is more than a batch of mail takes.
const maxMessageBytes = 256 << 20

// isStatement says that a message makes the database execute: Query or Execute.
func isStatement(message []byte) bool { return message[0] == 'Q' || message[0] == 'E' }

// isCommit says that it is COMMIT, which drivers send as a Query.
func isCommit(message []byte) bool {
	return message[0] == 'Q' && string(message[5:]) == "commit\x00"
}

func writeAll(w io.Writer, p []byte) bool {
	_, err := w.Write(p)
	return err == nil
}
