package ingest

import (
	"bufio"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/message"
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

// S06, F34: bombs that come through the whole way cost themselves only: each is put aside with its reason, or stored within the
// bounds; their neighbours are stored, and memory is as before.
func TestS06BombsCostThemselvesOnly(t *testing.T) {
	// Not parallel: it measures the process's memory.
	repeat := func(unit string, bytes int) string { return strings.Repeat(unit, bytes/len(unit)+1) }
	text := func(headers string) string { return "Content-Type: text/plain" + headers + "\r\n" }
	bombs := []struct{ name, head, body, want string }{
		{"200,000 parts", "Content-Type: multipart/mixed; boundary=b\r\n", strings.Repeat("--b\r\n\r\nx\r\n", 200_000), "quarantined " + message.ReasonTooManyParts},
		{"header of 20 MB", "X-Long: " + repeat("x", 20<<20) + "\r\n", "x", "quarantined " + message.ReasonTooLarge},
		{"line of 10 MB", "", repeat("x", 10<<20), "stored"},
		{"charset", text("; charset=utf-7"), repeat("+A-", 4<<20), "stored"},
		{"unknown charset", text("; charset=" + repeat("x", 500)), repeat("\xff\xfe", 4<<20), "stored"},
		{"base64", text("\r\nContent-Transfer-Encoding: base64"), repeat("QUFB", 12<<20), "stored"},
		{"broken base64", text("\r\nContent-Transfer-Encoding: base64"), repeat("%=%=", 4<<20), "stored"},
		{"quoted-printable", text("\r\nContent-Transfer-Encoding: quoted-printable"), repeat("=41=\r\n", 12<<20), "stored"},
		{"HTML", "Content-Type: text/html\r\n", repeat("<b><i x=y>", 4<<20), "stored"},
	}
	b := office(t)
	var want []string
	for i, bomb := range bombs {
		uid := b.append("ann-box", "INBOX", mail{id: fmt.Sprintf("bomb%d@x", i), from: "joe@acme.example", to: "ann@firm.example", subject: bomb.name, extra: bomb.head, body: bomb.body})
		want = append(want, fmt.Sprintf("INBOX/%d %s", uid, bomb.want))
		uid = b.append("ann-box", "INBOX", mail{id: fmt.Sprintf("next%d@x", i), from: "joe@acme.example", to: "ann@firm.example", body: "x"})
		want = append(want, fmt.Sprintf("INBOX/%d stored", uid))
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.sync("ann-box")
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
	b.checkLedger("ann-box")
	ledger := b.ledger("ann-box")
	for _, w := range want {
		if !slices.Contains(ledger, w) {
			t.Errorf("no %q in the ledger: %q", w, ledger)
		}
	}
	if got := b.one(`select max(length(text)) <= $1 and max(length(html)) <= $2 from message_bodies`, message.DefaultLimits.TextBytes, message.DefaultLimits.HTMLBytes); got != "t" {
		t.Error("a body is stored beyond the bounds")
	}
}
