//go:build unix

package main

import (
	"net"
	"sync"
)

// listen serves connections on loopback, each with serve and then closed, until the benchmark ends. Who holds them, like a
// worker, is to be ended before.
func listen(b *bench, serve func(net.Conn)) (host string, port int) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatalf("listen: %v", err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			serving.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	b.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	at := listener.Addr().(*net.TCPAddr)
	return at.IP.String(), at.Port
}
