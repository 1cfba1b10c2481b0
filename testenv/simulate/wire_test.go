package simulate

import (
	"math/rand/v2"
	"net"
	"sync"

	"github.com/mailstamp/mailstamp/testenv"
)

// wire is what lies between the workers and the IMAP server.
type wire struct {
	seed uint64

	mu    sync.Mutex
	calm  bool // connections come through unharmed
	away  bool // none come through
	conns map[net.Conn]bool
}

func newWire(seed uint64) *wire { return &wire{seed: seed, conns: map[net.Conn]bool{}} }

// wrap stands between a listener and its server.
func (w *wire) wrap(ln net.Listener) net.Listener {
	return testenv.FaultyListener(&tracked{Listener: ln, wire: w}, w.fault)
}

// fault of the nth connection: some are cut, a few freeze, after any number of
// bytes.
func (w *wire) fault(n int) testenv.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calm {
		return testenv.Fault{}
	}
	r := rand.New(rand.NewPCG(w.seed, uint64(n)))
	at := int64(1) << r.IntN(18) // up to 256 KB, small ones as often as large ones
	at += r.Int64N(at)
	switch r.IntN(10) {
	case 0, 1, 2:
		return testenv.Fault{CutAfter: at}
	case 3:
		return testenv.Fault{FreezeAfter: at}
	}
	return testenv.Fault{}
}

func (w *wire) setCalm(calm bool) {
	w.mu.Lock()
	w.calm = calm
	w.mu.Unlock()
	if calm {
		w.cut() // those that were to fail
	}
}

func (w *wire) setAway(away bool) {
	w.mu.Lock()
	w.away = away
	w.mu.Unlock()
	if away {
		w.cut()
	}
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		c.Close()
	}
}

// tracked is a listener whose connections can be closed from outside.
type tracked struct {
	net.Listener
	wire *wire
}

func (l *tracked) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.wire.mu.Lock()
	defer l.wire.mu.Unlock()
	if l.wire.away {
		c.Close() // the server finds it closed
	}
	l.wire.conns[c] = true
	return &trackedConn{Conn: c, wire: l.wire}, nil
}

type trackedConn struct {
	net.Conn
	wire *wire
}

func (c *trackedConn) Close() error {
	c.wire.mu.Lock()
	delete(c.wire.conns, c.Conn)
	c.wire.mu.Unlock()
	return c.Conn.Close()
}
