package ingest

import (
	"bytes"
	"context"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/testenv"
)

// The tests of this file interrupt the life of one mailbox wherever it can be interrupted, again and again, and want the
// state in which an undisturbed one ends (I5): a first sync, then changes of every kind, then a second sync.

// begin is what the first sync finds.
func (b *bundle) begin() {
	b.noteStamps()
	b.furnish()
	b.append("ann-box", "INBOX", mail{id: "m4@x", from: "joe@acme.example", to: "ann@firm.example", subject: "To be moved", body: "x"})
	b.append("ann-box", "INBOX", mail{id: "m5@x", from: "someone@else.example", to: "ann@firm.example", subject: "Wanted later", body: "x"})
	b.append("ann-box", "INBOX", mail{id: "m6@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Read later", body: "x"})
	b.append("ann-box", "Archive", mail{id: "m6@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Same id", body: "another"})
}

// change is what the second one finds.
func (b *bundle) change() {
	must(b.t, b.server.Expunge("ann-box", "INBOX", 1))
	_, err := b.server.Move("ann-box", "INBOX", 4, "Archive")
	must(b.t, err)
	must(b.t, b.server.SetFlags("ann-box", "INBOX", []string{`\Seen`}, 6))
	b.append("ann-box", "INBOX", mail{id: "m7@x", from: "joe@acme.example", to: "ann@firm.example", subject: "News", body: "x"})
	b.append("ann-box", "Sent", mail{id: "m8@x", from: "ann@firm.example", to: "joe@acme.example", subject: "Re: News", refs: "m7@x", body: "x"})
	b.card("else", "someone@else.example")
}

// interruptible is a database for the tests below, with a table of what was stamped.
func interruptible(t *testing.T, d *db.DB) *db.DB {
	_, err := d.Pool.Exec(t.Context(), `create table stamped (account_id bigint not null, address_id bigint not null)`)
	must(t, err)
	return d
}

// noteStamps has the stamper write down what it is asked for, in the transaction that asks.
func (b *bundle) noteStamps() {
	b.opts.Stamper = StamperFunc(func(ctx context.Context, tx *db.Tx, _ int64, addresses []int64) error {
		if err := tx.LockAccount(ctx, db.Shared); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into stamped select $1, unnest($2::bigint[])`, tx.AccountID, addresses)
		return err
	})
}

// end is the state to compare, with what was stamped and what the CRM is told on the way.
func (b *bundle) end() string {
	b.t.Helper()
	all := b.rows(`select 'stamped', a.address from stamped s join addresses a on a.account_id = s.account_id and a.id = s.address_id order by a.address`)
	all = append(all, b.rows(`select 'told', o.type, encode(m.identity, 'hex'), o.status from outbox o join messages m on m.id = o.message_id order by m.identity, o.type`)...)
	return unhash(b.content()) + "\n" + strings.Join(all, "\n")
}

// checkEnd compares the end with that of an undisturbed life: nothing is lost, nothing doubled, nobody told or stamped twice,
// and nothing is left to do.
func (b *bundle) checkEnd(want string) {
	b.t.Helper()
	if got := b.end(); got != want {
		b.t.Errorf("the end differs:\n%s", diff(want, got))
	}
	if n := b.writtenIn(func() { b.sync("ann-box") }); n != 0 {
		b.t.Errorf("a further sync wrote %d times", n)
	}
	b.checkLedger("ann-box")
}

// cutEveryEnv has the dialogue cut after each so many bytes; 1 is every byte (make cuts).
const (
	cutEveryEnv = "MAILSTAMP_CUT_EVERY"
	cutEvery    = 250
)

// F20, F21: the connection is cut after each byte of what the server says: of its answers, its literals, its OK. The next one
// is sound, and the same worker goes on.
func TestF20F21CutAfterEveryByte(t *testing.T) {
	t.Parallel()
	every := cutEvery
	if s := os.Getenv(cutEveryEnv); s != "" {
		var err error
		every, err = strconv.Atoi(s)
		must(t, err)
	}
	d := interruptible(t, testenv.DB(t))
	// live is a mailbox's life in which the first connection of either sync is cut after so many bytes; 0 is never. It returns
	// what the server said on them.
	live := func(cuts [2]int, check func(*bundle)) (said [2][]byte) {
		t.Helper()
		heard := &hearing{}
		b := bundleServed(t, d, imaplocal.Options{Wrap: func(ln net.Listener) net.Listener {
			heard.Listener = ln
			return heard
		}})
		defer b.server.Close()
		b.begin()
		for i, cut := range cuts {
			if i == 1 {
				b.change()
			}
			heard.begin(cut)
			l := b.loopOf("ann-box")
			if err := b.trySync(l); err != nil {
				if imapconn.KindOf(err) != imapconn.KindClosed || cut == 0 {
					t.Errorf("a cut is told as %v", err)
				}
				if err := b.trySync(l); err != nil {
					t.Errorf("over the next connection: %v", err)
				}
			}
			said[i] = heard.said()
		}
		check(b)
		return said
	}
	var want string
	said := live([2]int{}, func(b *bundle) { want = b.end() })
	first, second := cutsOf(said[0], every), cutsOf(said[1], every)
	for i := range max(len(first), len(second)) {
		at := [2]int{nth(first, i), nth(second, i)}
		live(at, func(b *bundle) { b.checkEnd(want) })
		if t.Failed() {
			t.Fatalf("cut after byte %d of the first sync's %d and byte %d of the second's %d", at[0], len(said[0]), at[1], len(said[1]))
		}
	}
	t.Logf("%d and %d bytes, cut at %d and %d of them", len(said[0]), len(said[1]), len(first), len(second))
}

// nth is a place to interrupt at; 0, never, when there are no more.
func nth(places []int, i int) int {
	if i < len(places) {
		return places[i]
	}
	return 0
}

// cutsOf are the places at which to cut a dialogue: each so many bytes, and just before and after the ends of all lines that
// a literal follows, or that end one, or an answer.
func cutsOf(said []byte, every int) (at []int) {
	end := 0
	for line := range bytes.Lines(said) {
		end += len(line)
		literal := bytes.HasSuffix(line, []byte("}\r\n")) || bytes.HasPrefix(said[end:], []byte(")"))
		answer := line[0] == 'T' && line[1] >= '0' && line[1] <= '9'
		if literal || answer {
			at = append(at, end-1, end)
		}
	}
	for n := every; n < len(said); n += every {
		at = append(at, n)
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// hearing is a listener that keeps what its server says on the first connection since begin, and cuts that.
type hearing struct {
	net.Listener
	mu   sync.Mutex
	cut  int
	kept *bytes.Buffer // nil but for the next connection
	last *bytes.Buffer
}

func (h *hearing) begin(cut int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut, h.kept = cut, &bytes.Buffer{}
	h.last = h.kept
}

func (h *hearing) said() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.last.Bytes())
}

func (h *hearing) Accept() (net.Conn, error) {
	c, err := h.Listener.Accept()
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kept == nil {
		return c, nil
	}
	h.kept = nil
	return heardConn{testenv.FaultyConn(c, testenv.Fault{CutAfter: int64(h.cut)}), h}, nil
}

type heardConn struct {
	net.Conn
	h *hearing
}

func (c heardConn) Write(p []byte) (int, error) {
	c.h.mu.Lock()
	c.h.last.Write(p)
	c.h.mu.Unlock()
	return c.Conn.Write(p)
}

// F38: the worker is killed before each statement of its transactions, COMMIT and what follows it among them, and another
// goes on.
func TestF38KilledBeforeEveryStatement(t *testing.T) {
	t.Parallel()
	url, keys := testenv.PostgresURL(t), newKeys(t)
	proxy := testenv.NewDatabaseProxy(t, url)
	d, killed := interruptible(t, openDB(t, url, keys)), openDB(t, proxy.URL, keys)
	// live is a mailbox's life in which either sync's worker is killed before a statement, counted from 1; 0 is never.
	live := func(kills [2]int, check func(*bundle)) (statements [2]int) {
		t.Helper()
		b := bundleOn(t, d)
		defer b.server.Close()
		b.begin()
		for i, kill := range kills {
			if i == 1 {
				b.change()
			}
			l := b.loopOf("ann-box")
			l.s.o.DB = killed
			var n atomic.Int64
			proxy.AtStatement(func() bool { return n.Add(1) == int64(kill) })
			err := b.trySync(l)
			proxy.AtStatement(func() bool { return false })
			statements[i] = int(n.Load())
			if err == nil {
				continue
			}
			if kill == 0 || statements[i] < kill {
				t.Fatalf("nothing was killed, and yet: %v", err)
			}
			proxy.Away(false)
			killed.Pool.Reset()
			b.sync("ann-box")
		}
		check(b)
		return statements
	}
	var want string
	total := live([2]int{}, func(b *bundle) { want = b.end() })
	for i := 1; i <= max(total[0], total[1]); i++ {
		live([2]int{i, i}, func(b *bundle) { b.checkEnd(want) })
		if t.Failed() {
			t.Fatalf("killed before statement %d of the first sync's %d and the second's %d", i, total[0], total[1])
		}
	}
	t.Logf("killed before each of %d and %d statements", total[0], total[1])
}
