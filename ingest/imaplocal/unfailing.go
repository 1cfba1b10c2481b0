package imaplocal

import "net"

// unfailing is a listener whose connections never fail to write: one that cannot
// is closed, and the next read says so. The library keeps a connection's lock of
// writing when the body of a message cannot be written, and would wait for it
// for ever.
type unfailing struct{ net.Listener }

func (l unfailing) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return unfailingConn{c}, nil
}

type unfailingConn struct{ net.Conn }

func (c unfailingConn) Write(p []byte) (int, error) {
	if _, err := c.Conn.Write(p); err != nil {
		c.Close()
	}
	return len(p), nil
}
