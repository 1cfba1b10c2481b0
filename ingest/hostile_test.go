package ingest

import (
	"bufio"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// hostileServer is a server of a few lines that is well until it is asked for mail: then it says what it likes.
func hostileServer(t *testing.T, fetch func(w *bufio.Writer, tag string) (goOn bool)) (host string, port int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var wg sync.WaitGroup
	serve := func(c net.Conn) {
		defer c.Close()
		r, w := bufio.NewReader(c), bufio.NewWriter(c)
		fmt.Fprint(w, "* OK [CAPABILITY IMAP4rev1 LIST-STATUS] hi\r\n")
		for w.Flush() == nil {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			tag, command, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
			switch {
			case strings.HasPrefix(command, "LIST"):
				fmt.Fprint(w, "* LIST () \"/\" INBOX\r\n* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)\r\n")
			case strings.HasPrefix(command, "EXAMINE"):
				fmt.Fprint(w, "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 4] x\r\n")
			case strings.HasPrefix(command, "UID SEARCH"):
				fmt.Fprint(w, "* SEARCH 1 2 3\r\n")
			case strings.HasPrefix(command, "UID FETCH"):
				if !fetch(w, tag) {
					return
				}
			}
			fmt.Fprintf(w, "%s OK done\r\n", tag)
		}
	}
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { serve(c) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
	})
	return "127.0.0.1", ln.Addr().(*net.TCPAddr).Port
}

// until writes block again and again, at most megabytes of it, until the client hangs up.
func until(w *bufio.Writer, block string, megabytes int) {
	for range megabytes << 20 / len(block) {
		if _, err := w.WriteString(block); err != nil {
			return
		}
	}
}

// S07: a hostile server costs its own mailbox. The process, its memory and its other mailboxes are unharmed.
func TestS07HostileServersHarmNobodyElse(t *testing.T) {
	// Not parallel: it measures the process's memory.
	const good = "* 2 FETCH (UID 2 FLAGS () INTERNALDATE \"01-Oct-2026 09:00:00 +0000\" RFC822.SIZE 60 BODY[HEADER] {51}\r\nFrom: news@letter.example\r\nTo: ann@firm.example\r\n\r\n)\r\n"
	parens, line := strings.Repeat("(", 64<<10), strings.Repeat("x", 64<<10)
	b := newBundle(t)
	b.opts.Limits = imapconn.Limits{Response: 2 * time.Second}
	b.opts.Timing.FirstRetry = time.Second // a few times are enough
	b.card("acme", "joe@acme.example")
	want := map[string]string{}
	for name, c := range map[string]struct {
		fetch func(w *bufio.Writer, tag string) bool
		state string // and what stands in the ledger
	}{
		"parentheses": {func(w *bufio.Writer, _ string) bool {
			fmt.Fprint(w, "* 1 FETCH (UID 1 BODYSTRUCTURE ")
			until(w, parens, 2)
			fmt.Fprint(w, ")\r\n"+good)
			return true
		}, "live 2"},
		"3 GB announced": {func(w *bufio.Writer, _ string) bool {
			fmt.Fprint(w, "* 1 FETCH (UID 1 BODY[HEADER] {3221225472}\r\n")
			until(w, line, 64)
			return false
		}, "error"},
		"cut literal": {func(w *bufio.Writer, _ string) bool {
			fmt.Fprint(w, "* 1 FETCH (UID 1 BODY[HEADER] {1000}\r\nshort")
			return false
		}, "error"},
		"literal is longer": {func(w *bufio.Writer, _ string) bool {
			fmt.Fprint(w, "* 1 FETCH (UID 1 BODY[HEADER] {3}\r\nlonger)\r\n"+good)
			return true
		}, "error"},
		"unknown responses": {func(w *bufio.Writer, _ string) bool {
			for range 5_000 {
				fmt.Fprint(w, "* XYZZY {3}\r\na)( \"open\r\n* 5 FROBNICATE\r\n")
			}
			fmt.Fprint(w, good)
			return true
		}, "live 2"},
		"NUL": {func(w *bufio.Writer, _ string) bool {
			fmt.Fprint(w, "* \x00\x00\r\n* 1 FETCH (\x00UID 1)\r\n"+good)
			return true
		}, "live 2"},
		"never ending": {func(w *bufio.Writer, _ string) bool {
			fmt.Fprint(w, "* 1 FETCH (UID 1 FLAGS (")
			until(w, line, 80)
			return false
		}, "error"},
		"silence": {func(w *bufio.Writer, _ string) bool {
			_ = w.Flush()
			<-t.Context().Done() // it is the server's answer
			return false
		}, "error"},
	} {
		user := strings.ReplaceAll(name, " ", "-")
		b.user(user, user+"@firm.example")
		cfg := b.config(user, user)
		cfg.Host, cfg.Port = hostileServer(t, c.fetch)
		_, err := b.boxes.Put(b.ctx, b.acc, user, cfg)
		must(t, err)
		want[user] = c.state
	}
	b.user("ann", "ann@firm.example")
	b.mailbox("ann-box", "ann")
	for i := range 20 {
		b.append("ann-box", "INBOX", mail{id: fmt.Sprintf("%d@x", i), from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.start()
	b.await("live", `select state from mailboxes where crm_id = 'ann-box'`)
	b.await("20", countMessages)
	for user, state := range want {
		b.await(state, `select m.state || coalesce(' ' || string_agg(l.uid::text, ' ' order by l.uid) filter (where l.disposition = 'indexed'), '')
			from mailboxes m left join folders f on f.mailbox_id = m.id left join ledger l on l.folder_id = f.id where m.crm_id = $1 group by m.state`, user)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
}
