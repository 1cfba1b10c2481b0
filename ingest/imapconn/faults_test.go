package imapconn_test

import (
	"crypto/sha256"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/ingest/uidset"
	"github.com/mailstamp/mailstamp/testenv"
)

// F20, F21: a connection that is cut at any byte loses and doubles nothing:
// what was not delivered is asked again on the next one.
func TestF20_CutAnywhereAndResume(t *testing.T) {
	t.Parallel()
	var cut atomic.Int64 // for the next connection; 0 for none
	l := newLocal(t, imaplocal.Options{Wrap: func(ln net.Listener) net.Listener {
		return testenv.FaultyListener(ln, func(int) testenv.Fault { return testenv.Fault{CutAfter: cut.Swap(0)} })
	}})
	truth := map[uint32][32]byte{}
	for i := range 2 { // a small dialogue, so that it can be cut at each of its bytes
		raw := mail(fmt.Sprint("mail ", i))
		uid, err := l.Append("ann", "INBOX", nil, time.Time{}, raw)
		if err != nil {
			t.Fatal(err)
		}
		truth[uid] = sha256.Sum256(raw)
	}
	run := func() (cuts int) {
		got := map[uint32][32]byte{}
		for left := uidset.Between(1, 2); len(left) > 0; {
			err := func() error {
				c, err := imapconn.Dial(t.Context(), l.cfg)
				if err != nil {
					return err
				}
				defer c.Close()
				if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
					return err
				}
				_, err = c.FetchBodies(t.Context(), left, 1<<20, func(b imapconn.BodyItem) error {
					if _, twice := got[b.UID]; twice {
						t.Errorf("UID %d twice", b.UID)
					}
					got[b.UID] = sha256.Sum256(b.Raw)
					left = left.Subtract(uidset.Of(b.UID))
					return b.Err
				})
				return err
			}()
			if err != nil {
				if cuts++; cuts > 1 {
					t.Fatalf("cut once, failed twice: %v", err)
				}
				if k := imapconn.KindOf(err); k != imapconn.KindClosed || !imapconn.Broken(err) {
					t.Errorf("cut told as %v", err)
				}
			}
		}
		for uid, sum := range truth {
			if got[uid] != sum {
				t.Errorf("UID %d is not what the server has", uid)
			}
		}
		return cuts
	}
	for at := int64(1); ; at++ {
		cut.Store(at)
		if run() == 0 {
			if at < 700 {
				t.Errorf("nothing was cut at %d", at)
			}
			return
		}
		if t.Failed() {
			t.Fatalf("cut after %d bytes", at)
		}
	}
}

// F22: a server that freezes without a word is found within the response time
// and the next connection goes on.
func TestF22_FreezeMidFetchOverTCP(t *testing.T) {
	t.Parallel()
	l := newLocal(t, imaplocal.Options{Wrap: func(ln net.Listener) net.Listener {
		return testenv.FaultyListener(ln, func(n int) testenv.Fault {
			if n == 0 {
				return testenv.Fault{FreezeAfter: 1200}
			}
			return testenv.Fault{}
		})
	}})
	for range 20 {
		l.append(t, "INBOX", "mail")
	}
	l.cfg.Limits.Response = 300 * time.Millisecond
	fetch := func() (n int, err error) {
		c := l.dial(t)
		if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
			return 0, err
		}
		_, err = c.FetchHeaders(t.Context(), uidset.Between(1, 20), func(imapconn.HeaderItem) error { n++; return nil })
		return n, err
	}
	start := time.Now()
	if n, err := fetch(); imapconn.KindOf(err) != imapconn.KindTimeout || n >= 20 {
		t.Errorf("%d headers, %v", n, err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("found after %v", took)
	}
	if n, err := fetch(); err != nil || n != 20 {
		t.Errorf("afterwards %d headers, %v", n, err)
	}
}

// With 40 ms there and back, a mailbox is not read one round trip per message.
func TestRoundTripsAreFew(t *testing.T) {
	t.Parallel()
	l := newLocal(t, imaplocal.Options{Wrap: func(ln net.Listener) net.Listener {
		return testenv.FaultyListener(ln, func(int) testenv.Fault { return testenv.Fault{Latency: 40 * time.Millisecond} })
	}})
	for i := range 1000 {
		l.append(t, "INBOX", fmt.Sprint(i))
	}
	c := l.dial(t)
	if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
		t.Fatal(err)
	}
	before, start, n := c.RoundTrips(), time.Now(), 0
	if _, err := c.FetchHeaders(t.Context(), uidset.Between(1, 1000), func(imapconn.HeaderItem) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	if trips := c.RoundTrips() - before; n != 1000 || trips > 5 {
		t.Errorf("%d headers in %d round trips, %v", n, trips, time.Since(start))
	}
	t.Logf("1,000 headers at 40 ms: %v", time.Since(start))
}
