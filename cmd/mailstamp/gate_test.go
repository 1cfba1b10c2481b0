package main_test

import (
	"math"
	"net"
	"sync"

	"github.com/mailstamp/mailstamp/ingest/imaplocal"
)

// gate holds back what a server writes, on all connections together, until it is let through: what goes on behind it is
// certainly not over.
type gate struct {
	mu   sync.Mutex
	news sync.Cond // of left, or of a connection that is closed
	left int64
}

// newGate is a gate and a server's options for it; it lets through as much as it is told.
func newGate() (*gate, imaplocal.Options) {
	g := &gate{}
	g.news.L = &g.mu
	return g, imaplocal.Options{Wrap: func(ln net.Listener) net.Listener { return gatedListener{ln, g} }}
}

// let lets through so many bytes from now on, and the rest of the write that they end in. What was let through before and
// not used does not add to it: nobody who lets, and looks, gives more than one portion too much.
func (g *gate) let(bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = max(g.left, bytes)
	g.news.Broadcast()
}

func (g *gate) open() { g.let(math.MaxInt64) }

type gatedListener struct {
	net.Listener
	gate *gate
}

func (l gatedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &gatedConn{Conn: conn, gate: l.gate}, nil
}

type gatedConn struct {
	net.Conn
	gate   *gate
	closed bool // under the gate's lock
}

func (c *gatedConn) Write(p []byte) (int, error) {
	c.gate.mu.Lock()
	for c.gate.left <= 0 && !c.closed {
		c.gate.news.Wait()
	}
	c.gate.left -= int64(len(p))
	c.gate.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *gatedConn) Close() error {
	c.gate.mu.Lock()
	c.closed = true
	c.gate.news.Broadcast()
	c.gate.mu.Unlock()
	return c.Conn.Close()
}
