package imapconn

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// said is a connection on which the server has said everything already.
type said struct {
	io.Reader
	net.Conn
}

func (s said) Read(p []byte) (int, error)      { return s.Reader.Read(p) }
func (s said) Write(p []byte) (int, error)     { return len(p), nil }
func (s said) Close() error                    { return nil }
func (s said) SetReadDeadline(time.Time) error { return nil }
func (said) SetWriteDeadline(time.Time) error  { return nil }

// forLibrary is all that the library is ever told.
var forLibrary = regexp.MustCompile(`^(\* OK \[CAPABILITY [A-Za-z0-9+ -]*\] ready|\* CAPABILITY [A-Za-z0-9+ -]*|\+ [!-~]*|T1 (OK|NO|BAD) [ -~]*)\r\n$`)

// FuzzGuard feeds the guard whatever: it ends, keeps within its bounds, tells
// the library only lines of its own making, and hands on no message whose
// content is not as long as announced.
func FuzzGuard(f *testing.F) {
	for _, seed := range []string{
		msg(1, "Subject: x\r\n\r\n"), msg(2, "") + "\r\nT1 OK done",
		"* 1 FETCH (BODY[HEADER] {2}\r\nh1 UID 1)\r\n* 1 FETCH (UID 1 FLAGS ($x \\* \"q\"))\r\n* 3 FETCH (UID 3 BODY[HEADER] NIL)",
		"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (A \"b]\")]<0> {1}\r\n) X ((\"\\\"\") {3+}\r\n))) ~{1}\r\n( NIL))",
		"* 2 FETCH (UID 2 BODY[HEADER] {-1}\r\n", "* 2 FETCH (UID 2 BODY[HEADER] {9223372036854775808}\r\n", "* 2 FETCH (UID 2 BODY[HEADER] {9}\r\nh1)",
		"* SEARCH 1 2 3 (MODSEQ 5)\r\n* ESEARCH (TAG \"T1\") UID ALL 1:3,9 MODSEQ 7\r\n* VANISHED (EARLIER) 1:4294967295,7",
		"* LIST (\\Sent) \"/\" \"a\\\"b\"\r\n* LIST () NIL {3}\r\na&b (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n* STATUS inbox (MESSAGES 1 UIDNEXT 99999999999 X (1 2) HIGHESTMODSEQ 5)",
		"* OK [UIDVALIDITY 3] x\r\n* OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+] y\r\n* NO [ALERT\r\n* BYE [UNAVAILABLE] bye\r\n",
		"* CAPABILITY IMAP4rev2 IDLE\r\n+ idling\r\n+\r\n* FLAGS (\r\n* XYZ {4}\r\nabcd tail \"open\r\nT1 NO [THROTTLED x] later\r\n", "T2 OK\r\n", "\r\n \r\n*\r\n* 1\r\n* 1 \r\n",
		"* ENABLED CONDSTORE QRESYNC\r\n* VANISHED (EARLIER) 41,43:116\r\n* 49 FETCH (UID 117 FLAGS (\\Seen) MODSEQ (90060115194045001))\r\n* VANISHED 405,407\r\n* OK [CLOSED]\r\n* VANISHED (TAG x) 9:",
		"* 1 FETCH (UID 1" + strings.Repeat("(", 100) + "\r\n",
	} {
		f.Add([]byte(seed + "\r\n"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		feedGuard(t, data, false)
		feedGuard(t, data, true)
	})
}

func feedGuard(t *testing.T, data []byte, changing bool) {
	const greeting = "* OK [CAPABILITY IMAP4rev1] hi\r\n"
	g := newGuard(said{Reader: io.MultiReader(strings.NewReader(greeting), bytes.NewReader(data))}, Limits{}.withDefaults(), slog.New(slog.DiscardHandler))
	events := make(chan fetchData)
	col := &collector{searching: true, changing: changing, fetching: events, done: make(chan struct{})}
	col.header.Store(64)
	col.body.Store(32)
	g.collect(col)
	if _, err := g.Write([]byte("T1 UID FETCH 1:9 (UID)\r\n")); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for fd := range events {
			if fd.uid == 0 || fd.err == nil && int64(len(fd.content)) != fd.length || fd.length > 64 && fd.err == nil || len(fd.content) > len(data) {
				t.Errorf("message %+v", fd)
			}
		}
	}()
	r := bufio.NewReader(g.attach())
	go g.run()
	for {
		line, err := r.ReadString('\n')
		if line != "" && !forLibrary.MatchString(line) {
			t.Errorf("the library is told %q", line)
		}
		if err != nil {
			break
		}
	}
	close(events)
	<-drained
	if g.failure() == nil {
		t.Error("ended without a reason")
	}
	if len(col.lists) > maxFolders || len(col.uids) > maxRanges || len(g.lx.text) > maxTextLine {
		t.Errorf("kept %d folders, %d ranges, %d bytes", len(col.lists), len(col.uids), len(g.lx.text))
	}
	for _, r := range col.uids.Normalize() {
		if r.First == 0 || r.First > r.Last {
			t.Errorf("UIDs %v", col.uids)
		}
	}
	for _, set := range []uidset.Set{col.changes.Vanished, col.changes.Changed} {
		if len(set) > maxRanges || changing == false && len(set) > 0 {
			t.Errorf("changes %v", set)
		}
		set.Normalize()
	}
}

// What the library writes is followed across any cutting of the bytes.
func TestGuardFollowsWhatIsWritten(t *testing.T) {
	t.Parallel()
	written := "T1 LOGIN {3}\r\nann {5+}\r\ns\r\nT9\r\nT2 IDLE\r\nDONE\r\nT3 uid fetch 1:3 (UID)\r\nT4 SEARCH \"{7}\"\r\nT5 NOOP\r\n"
	for size := 1; size < len(written); size++ {
		g := newGuard(said{Reader: strings.NewReader("")}, Limits{}.withDefaults(), slog.New(slog.DiscardHandler))
		for rest := written; rest != ""; {
			n := min(size, len(rest))
			if _, err := g.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		var got []string
		for _, p := range g.pending {
			got = append(got, p.tag+" "+p.name)
		}
		if s := strings.Join(got, ", "); s != "T1 LOGIN, T2 IDLE, T3 UID FETCH, T4 SEARCH, T5 NOOP" {
			t.Fatalf("in pieces of %d: %s", size, s)
		}
	}
}
