package testenv

import (
	"net"
	"sync"
	"time"
)

// Fault is what goes wrong on one connection, seen by who dialled it: the
// bytes towards it are cut or held after an exact number, or arrive late.
type Fault struct {
	CutAfter    int64         // close after so many bytes; 0 never, negative at once
	FreezeAfter int64         // deliver nothing after so many bytes and keep open; 0 never, negative at once
	Latency     time.Duration // each byte arrives so much later, in both directions together
}

// FaultyListener wraps a server's listener. plan is asked for each connection,
// counted from 0, in the order of acceptance.
func FaultyListener(ln net.Listener, plan func(n int) Fault) net.Listener {
	return &faultyListener{Listener: ln, plan: plan}
}

type faultyListener struct {
	net.Listener
	plan func(int) Fault
	mu   sync.Mutex
	n    int
}

func (l *faultyListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	n := l.n
	l.n++
	l.mu.Unlock()
	return FaultyConn(conn, l.plan(n)), nil
}

// FaultyConn wraps a server's side of a connection: what the server writes is
// what the fault is about.
func FaultyConn(conn net.Conn, f Fault) net.Conn {
	c := &faultyConn{Conn: conn, fault: f}
	if f.Latency > 0 {
		c.late = make(chan lateWrite, lateWrites)
		c.done = make(chan struct{})
		go c.deliverLate()
	}
	return c
}

// lateWrites may be on their way at once; a server that writes more waits.
const lateWrites = 4096

type faultyConn struct {
	net.Conn
	fault Fault

	mu      sync.Mutex
	written int64
	closed  bool

	late chan lateWrite
	done chan struct{}
}

type lateWrite struct {
	at   time.Time
	data []byte
}

// Write passes on what the fault lets through. What is lost looks written.
func (c *faultyConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	pass, cut := int64(len(p)), false
	if left, ok := left(c.fault.FreezeAfter, c.written); ok {
		pass = min(pass, left)
	}
	if left, ok := left(c.fault.CutAfter, c.written); ok && left <= pass {
		pass, cut = left, true
	}
	c.written += int64(len(p))
	if pass > 0 {
		if err := c.send(p[:pass]); err != nil {
			return 0, err
		}
	}
	if cut {
		c.closeLocked()
		return int(pass), net.ErrClosed
	}
	return len(p), nil
}

// left says how many bytes may still pass a limit.
func left(limit, written int64) (int64, bool) {
	switch {
	case limit == 0:
		return 0, false
	case limit < 0:
		return 0, true
	}
	return max(limit-written, 0), true
}

func (c *faultyConn) send(p []byte) error {
	if c.late == nil {
		_, err := c.Conn.Write(p)
		return err
	}
	select {
	case c.late <- lateWrite{time.Now().Add(c.fault.Latency), append([]byte(nil), p...)}:
		return nil
	case <-c.done:
		return net.ErrClosed
	}
}

func (c *faultyConn) deliverLate() {
	for {
		select {
		case w := <-c.late:
			timer := time.NewTimer(time.Until(w.at))
			select {
			case <-timer.C:
			case <-c.done:
				timer.Stop()
				return
			}
			if _, err := c.Conn.Write(w.data); err != nil {
				return
			}
		case <-c.done:
			return
		}
	}
}

func (c *faultyConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closeLocked()
}

func (c *faultyConn) closeLocked() error {
	if c.closed {
		return nil
	}
	c.closed = true
	if c.done != nil {
		close(c.done)
	}
	return c.Conn.Close()
}
