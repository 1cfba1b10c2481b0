package imapconn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
)

// peer is the server's end of a scripted conversation: real bytes, no parser.
type peer struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

// send writes lines, each with CRLF.
func (p *peer) send(lines ...string) {
	for _, l := range lines {
		p.raw(l + "\r\n")
	}
}

func (p *peer) raw(s string) {
	// The client may have hung up: the test sees that on its side.
	_, _ = p.conn.Write([]byte(s))
}

// want reads one command, checks how it goes on after the tag, and returns the
// tag.
func (p *peer) want(prefix string) string {
	line, err := p.r.ReadString('\n')
	if err != nil {
		if prefix != "" {
			p.t.Errorf("server expected %q: %v", prefix, err)
		}
		return "none"
	}
	tag, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	if prefix != "" && !strings.HasPrefix(rest, prefix) && line != prefix+"\r\n" {
		p.t.Errorf("server got %q, expected %q", rest, prefix)
	}
	return tag
}

// answer reads a command and answers it: lines, then OK.
func (p *peer) answer(prefix string, lines ...string) {
	tag := p.want(prefix)
	p.send(lines...)
	p.send(tag + " OK done")
}

// drain reads until the client hangs up.
func (p *peer) drain() {
	for {
		if _, err := p.r.ReadByte(); err != nil {
			return
		}
	}
}

// scripted returns a logged-in Conn whose server speaks script and then reads
// until the client hangs up. INBOX is examined when examined is true.
func scripted(t testing.TB, caps string, examined bool, script func(*peer)) *Conn {
	t.Helper()
	return scriptedWith(t, caps, examined, Limits{}, script)
}

func scriptedWith(t testing.TB, caps string, examined bool, limits Limits, script func(*peer)) *Conn {
	t.Helper()
	client, server := net.Pipe()
	p := &peer{t: t, conn: server, r: bufio.NewReader(server)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer server.Close()
		p.send("* OK [CAPABILITY IMAP4rev1 " + caps + "] hello")
		if examined {
			p.answer("EXAMINE", "* 9 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 100] ok")
		}
		script(p)
		p.drain()
	}()
	c := newConn(client, false, limits.withDefaults(), slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	if err := c.client.WaitGreeting(); err != nil {
		t.Fatal(err)
	}
	if examined {
		if _, err := c.Examine(context.Background(), "INBOX"); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// msg is a FETCH response with a header, as a plain server writes it.
func msg(uid int, header string) string {
	return fmt.Sprintf("* %d FETCH (UID %d FLAGS (\\Seen) INTERNALDATE \"04-Mar-2026 05:06:07 +0000\" RFC822.SIZE 99 BODY[HEADER] {%d}\r\n%s)", uid, uid, len(header), header)
}

// headers fetches and writes what came as "uid=header" and "uid!error".
func headers(c *Conn, uids UIDRanges) (got []string, missing string, err error) {
	m, err := c.FetchHeaders(context.Background(), uids, func(h HeaderItem) error {
		if h.Err != nil {
			got = append(got, fmt.Sprintf("%d!%v", h.UID, h.Err))
			return nil
		}
		got = append(got, fmt.Sprintf("%d=%s", h.UID, h.RawHeader))
		return nil
	})
	return got, m.String(), err
}

func checkHeaders(t *testing.T, c *Conn, uids UIDRanges, want, wantMissing string) {
	t.Helper()
	got, missing, err := headers(c, uids)
	if err != nil || strings.Join(got, " ") != want || missing != wantMissing {
		t.Errorf("got %q, missing %q, %v; want %q, missing %q", strings.Join(got, " "), missing, err, want, wantMissing)
	}
}

func wantKind(t *testing.T, err error, kind Kind, broken bool) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != kind || e.broken != broken {
		t.Fatalf("error %v (broken %v), want %s (broken %v)", err, Broken(err), kind, broken)
	}
	return e
}

const soon = 200 * time.Millisecond
