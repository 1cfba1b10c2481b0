package webhook

import (
	"bytes"
	"net"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/visibility"
)

// TestV07CommitOutcomeUnknown: the connection is lost after the server has committed and before it said so. The CRM gets an
// error, delivers again, and the effect is there once.
func TestV07CommitOutcomeUnknown(t *testing.T) {
	b := setup(t)
	u, err := url.Parse(b.db.Pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	proxy := newCommitCutter(t, u.Host)
	u.Host = proxy.address
	keyset, err := seal.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.Load(string(keyset))
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), u.String(), sealer)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	far := New(d)
	if b.acc, err = d.NewAccount(t.Context(), "Far"); err != nil { // sealed with d's keys
		t.Fatal(err)
	}

	body := user("anna", 1)
	header := b.sign("once", time.Now(), body)
	proxy.armed.Store(true)
	if _, err := far.Receive(t.Context(), b.acc, header, []byte(body)); err == nil {
		t.Fatal("the answer was lost, and the delivery was acknowledged")
	}
	if n := b.count("select count(*) from users where crm_id = 'anna' and version = 1"); n != 1 {
		t.Fatalf("the proxy was to cut after the commit; %d users", n)
	}
	audited := b.count("select count(*) from audit_log")
	statuses, err := far.Receive(t.Context(), b.acc, header, []byte(body))
	if err != nil || !slices.Equal(statuses, []visibility.Status{Duplicate}) {
		t.Errorf("the second delivery: %v, %v; want duplicate", statuses, err)
	}
	if n := b.count("select count(*) from audit_log"); n != audited {
		t.Errorf("the trail grew from %d to %d entries", audited, n)
	}
}

// commitCutter stands before a server. Armed, it lets the next COMMIT through and loses the connection instead of the answer.
type commitCutter struct {
	address string
	armed   atomic.Bool
}

func newCommitCutter(t *testing.T, server string) *commitCutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &commitCutter{address: listener.Addr().String()}
	var open sync.WaitGroup
	open.Add(1)
	go func() {
		defer open.Done()
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed: the end
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			open.Add(1)
			go func() {
				defer open.Done()
				c.carry(client, upstream)
			}()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		open.Wait()
	})
	return c
}

// carry passes bytes both ways until either side ends, or the answer to a commit is to be lost.
func (c *commitCutter) carry(client, server net.Conn) {
	var cut atomic.Bool
	done := make(chan struct{})
	go func() { // server → client
		defer close(done)
		defer client.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := server.Read(buf)
			if err != nil || cut.Load() {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			break
		}
		if bytes.Contains(buf[:n], []byte("commit\x00")) && c.armed.CompareAndSwap(true, false) {
			cut.Store(true)
		}
		if _, err := server.Write(buf[:n]); err != nil {
			break
		}
	}
	<-done
	server.Close()
}
