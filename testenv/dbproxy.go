package testenv

import (
	"bytes"
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
// connections: all of them, for a while, or one exactly around a commit.
type DatabaseProxy struct {
	URL string // the database's, through the proxy

	target string
	ln     net.Listener
	done   sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	away   bool
	commit func() CommitFault
}

// NewDatabaseProxy stands before the database of a URL until the test ends.
func NewDatabaseProxy(tb testing.TB, databaseURL string) *DatabaseProxy {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatalf("testenv: read the database URL: %v", err)
	}
	p := &DatabaseProxy{target: u.Host, conns: map[net.Conn]bool{}, commit: func() CommitFault { return CommitPasses }}
	if p.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		tb.Fatalf("testenv: listen before the database: %v", err)
	}
	u.Host = p.ln.Addr().String()
	p.URL = u.String()
	p.done.Go(p.accept)
	tb.Cleanup(func() {
		p.ln.Close()
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

// commitMessage is COMMIT as the driver sends it: a simple query (PostgreSQL
// manual, 55.7 "Message Formats").
var commitMessage = []byte("Q\x00\x00\x00\x0bcommit\x00")

// pass passes bytes until one side ends or a fault ends both.
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
	buf := make([]byte, 32<<10)
	for {
		n, err := client.Read(buf)
		if bytes.Contains(buf[:n], commitMessage) {
			p.mu.Lock()
			fault := p.commit
			p.mu.Unlock()
			switch fault() {
			case CommitLost:
				return
			case AnswerLost:
				swallow.Lock()
				lost = true
				swallow.Unlock()
				if writeAll(server, buf[:n]) {
					<-answered // the database has committed
				}
				return
			}
		}
		if n > 0 && !writeAll(server, buf[:n]) || err != nil {
			return
		}
	}
}

func writeAll(w io.Writer, p []byte) bool {
	_, err := w.Write(p)
	return err == nil
}
