package imapconn

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
)

// library is a client library's end of a connection. It hears what the guard
// lets through and writes by way of the guard. An idle connection has none: a
// library takes a goroutine and 10 KB, and another one is made in microseconds.
type library struct {
	net.Conn // nil: nothing else of it is used
	io.Reader
	hears *io.PipeReader
	tell  *io.PipeWriter
	g     *guard
	left  atomic.Bool // by detach
}

// attach returns an end for a new library in place of the one before.
func (g *guard) attach() *library {
	hears, tell := io.Pipe()
	l := &library{Reader: hears, hears: hears, tell: tell, g: g}
	greeting := "* OK [CAPABILITY " + g.libraryCaps() + "] ready\r\n"
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.greeted {
		l.Reader = io.MultiReader(strings.NewReader(greeting), hears)
	}
	if g.ended {
		tell.Close()
	}
	g.lib = l
	return l
}

// detach ends what the library hears.
func (g *guard) detach() {
	g.mu.Lock()
	l := g.lib
	g.lib = nil
	g.mu.Unlock()
	l.left.Store(true)
	l.tell.Close()
}

func (l *library) Read(p []byte) (int, error)  { return l.Reader.Read(p) }
func (l *library) Write(p []byte) (int, error) { return l.g.Write(p) }

// Close is called by the library: when it hears no more, or when it gives up on
// what it was told.
func (l *library) Close() error {
	if !l.left.Load() {
		l.g.fail(protocolError("client library"))
	}
	return l.hears.Close()
}

// The library's own deadlines are ignored: it knows neither IDLE restarts nor
// slow folders.

func (l *library) SetDeadline(time.Time) error      { return nil }
func (l *library) SetReadDeadline(time.Time) error  { return nil }
func (l *library) SetWriteDeadline(time.Time) error { return nil }

// attach gives the connection a library, unless it has one.
func (c *Conn) attach() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		c.client = imapclient.New(c.g.attach(), nil)
	}
}

// rest does without a library until the next command.
func (c *Conn) rest() {
	c.mu.Lock()
	client := c.client
	c.client = nil
	c.mu.Unlock()
	if client != nil {
		c.g.detach()
		_ = client.Close() // its error is that it hears no more
	}
}
