//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"regexp"
	"sync"
	"time"
)

// tripCounter stands between an IMAP client and its server, in plain text, and counts round trips after the login: how often
// the client says something after the server has. The IDLE in which a mailbox rests is none.
type tripCounter struct {
	host string
	port int

	mu    sync.Mutex
	conns []*trip
}

// trip is one connection's count.
type trip struct {
	login    string // the tag of LOGIN or AUTHENTICATE
	in       bool   // it was answered OK
	answered bool   // the server has spoken since the client did
	idles    bool
	trips    int
	began    time.Time
	took     time.Duration // until it first idled, else until it ended
	commands []string      // for a person to read
}

// newTripCounter listens on loopback until the benchmark ends.
func newTripCounter(b *bench, server string) *tripCounter {
	b.Helper()
	c := &tripCounter{}
	c.host, c.port = listen(b, func(client net.Conn) { c.serve(client, server) })
	return c
}

func (c *tripCounter) serve(client net.Conn, address string) {
	server, err := net.Dial("tcp", address)
	if err != nil {
		return // the client sees the connection end
	}
	defer server.Close()
	t := &trip{began: time.Now()}
	c.mu.Lock()
	c.conns = append(c.conns, t)
	c.mu.Unlock()
	pass := func(to, from net.Conn, note func([]byte)) {
		defer to.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			c.mu.Lock()
			note(buf[:n])
			c.mu.Unlock()
			if err != nil {
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
	}
	var both sync.WaitGroup
	both.Go(func() { pass(client, server, t.serverSaid) })
	pass(server, client, t.clientSaid)
	c.mu.Lock()
	t.rest()
	c.mu.Unlock()
	both.Wait()
}

var loginCommand = regexp.MustCompile(`(?im)^(\S+) (?:LOGIN|AUTHENTICATE) `)
var idleCommand = regexp.MustCompile(`(?i)^\S+ IDLE\r\n$`)

func (t *trip) clientSaid(data []byte) {
	switch {
	case len(data) == 0:
	case !t.in:
		if m := loginCommand.FindSubmatch(data); m != nil {
			t.login = string(m[1])
		}
	case idleCommand.Match(data):
		t.idles = true
		t.rest()
	case t.idles:
	default:
		t.commands = append(t.commands, string(data))
		if t.answered {
			t.trips++
			t.answered = false
		}
	}
}

func (t *trip) serverSaid(data []byte) {
	if len(data) == 0 {
		return
	}
	t.answered = true
	t.in = t.in || t.login != "" && bytes.Contains(data, []byte(t.login+" OK"))
}

func (t *trip) rest() {
	if t.took == 0 {
		t.took = time.Since(t.began)
	}
}

// idle is nil once as many connections rested as are given.
func (c *tripCounter) idle(connections int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.conns {
		if t.idles {
			connections--
		}
	}
	if connections > 0 {
		return errors.New("too few connections idle")
	}
	return nil
}

// times are how long the connections took until they rested or ended.
func (c *tripCounter) times() (took []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.conns {
		if t.took > 0 {
			took = append(took, t.took)
		}
	}
	return took
}

// counted sums up all connections.
func (c *tripCounter) counted() (trips int, commands []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, t := range c.conns {
		trips += t.trips
		for _, command := range t.commands {
			commands = append(commands, fmt.Sprintf("%d: %s", n, command))
		}
	}
	return trips, commands
}
