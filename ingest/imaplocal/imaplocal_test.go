package imaplocal

import (
	"io"
	"net"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailstamp/mailstamp/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestClosesAtOnce: a server is closed without an error also where it has not begun to listen.
func TestClosesAtOnce(t *testing.T) {
	t.Parallel()
	for range 200 {
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What the server kept is the same after a start: UIDVALIDITY, UIDs, flags,
// dates, bytes, and the UIDs that come next.
func TestKeepsMailBetweenStarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start := func() *Server {
		t.Helper()
		s, err := New(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AddUser("../ann@x.example", "secret"); err != nil {
			t.Fatal(err)
		}
		return s
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ann, at := "../ann@x.example", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := start()
	for i := range 6 {
		_, err := s.Append(ann, "INBOX", []string{`\Seen`}, at, []byte{'a' + byte(i)})
		must(err)
	}
	must(s.Expunge(ann, "INBOX", 1, 3, 6))
	must(s.SetFlags(ann, "INBOX", nil, 4))
	must(s.CreateFolder(ann, "gone"))
	must(s.DeleteFolder(ann, "gone"))
	must(s.CreateFolder(ann, "Old/Böx"))
	if uid, err := s.Move(ann, "INBOX", 5, "Old/Böx"); err != nil || uid != 1 {
		t.Fatalf("moved to %d, %v", uid, err)
	}
	must(s.CreateFolder(ann, "gone"))
	must(s.DeleteFolder(ann, "gone"))
	before, err := s.Messages(ann)
	must(err)
	must(s.Close())

	s = start()
	after, err := s.Messages(ann)
	must(err)
	if len(before) != 3 || !reflect.DeepEqual(before, after) {
		t.Errorf("kept\n%+v\nwas\n%+v", after, before)
	}
	if uid, err := s.Append(ann, "INBOX", nil, at, []byte("new")); err != nil || uid != 7 {
		t.Errorf("next UID %d, %v; want 7", uid, err)
	}
	must(s.CreateFolder(ann, "made"))
	_, err = s.Append(ann, "made", nil, at, []byte("x"))
	must(err)
	after, err = s.Messages(ann)
	must(err)
	if v := after[len(after)-1].UIDValidity; v != 10 {
		t.Errorf("UIDVALIDITY of a new folder %d, want 10: never one that was used", v)
	}
	must(s.Close())
}

// A connection that is lost while the body of a message is written ends.
func TestEndsAfterACutBody(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Wrap: func(ln net.Listener) net.Listener {
		return testenv.FaultyListener(ln, func(int) testenv.Fault { return testenv.Fault{CutAfter: 10_000} })
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddUser("ann", "secret"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append("ann", "INBOX", nil, time.Now(), append([]byte("Subject: long\r\n\r\n"), make([]byte, 99_983)...)); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", net.JoinHostPort(s.Host(), strconv.Itoa(s.Port())))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(c, "a LOGIN ann secret\r\nb EXAMINE INBOX\r\nc FETCH 1 BODY.PEEK[]\r\n"); err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(c); !strings.Contains(string(said), "FETCH (UID 1 BODY[] {100000}") {
		t.Fatalf("before the cut the server said\n%.2000q, %v", said, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Close() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the connection has no end")
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"} {
		if s, err := New(Options{Addr: addr}); err == nil {
			s.Close()
			t.Errorf("listens on %s", addr)
		}
	}
}
