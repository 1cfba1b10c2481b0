package console

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/testenv/browser"
	"github.com/mailstamp/mailstamp/visibility"
)

// gate lets a mail server send so many bytes and then holds it until it is opened.
type gate struct {
	net.Listener
	mu   sync.Mutex
	left int
	open chan struct{}
}

func (g *gate) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return gatedConn{conn, g}, nil
}

type gatedConn struct {
	net.Conn
	g *gate
}

func (c gatedConn) Write(b []byte) (int, error) {
	c.g.mu.Lock()
	c.g.left -= len(b)
	over := c.g.left < 0
	c.g.mu.Unlock()
	if over {
		<-c.g.open
	}
	return c.Conn.Write(b)
}

// TestProgressOfABackFillIsLive watches a real back-fill on the page of mailboxes: with script without a reload, without
// script by reloading itself.
func TestProgressOfABackFillIsLive(t *testing.T) {
	t.Parallel()
	const covers = "the live progress of a back-fill"
	windows := []*browser.Window{browser.Open(t, covers, browser.Look{}), browser.Open(t, covers, browser.Look{NoScript: true})}
	const messages, held = 2000, 1500 // batches of 500, the next one is read ahead
	g := &gate{open: make(chan struct{})}
	server, err := imaplocal.New(imaplocal.Options{Wrap: func(ln net.Listener) net.Listener {
		g.Listener = ln
		return g
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	if err := server.AddUser("anna", "secret"); err != nil {
		t.Fatal(err)
	}
	writer := testenv.NewWriter(1)
	for i := range messages {
		letter := writer.Letter(testenv.Party{Name: "Henrik", Address: work}, testenv.Party{Name: "Anna", Address: "anna@us.example"}).Bytes()
		if i < held { // the headers are asked for as well
			g.left += len(letter)
		}
		if _, err := server.Append("anna", "INBOX", nil, time.Now(), letter); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t)
	allow, err := safedial.ParseAllow("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	options := ingest.Options{DB: w.d, Stamper: ingest.StamperFunc(visibility.Correspond), Dialer: &safedial.Dialer{Allow: allow},
		Timing: ingest.Timing{Pass: time.Second, Acquire: 50 * time.Millisecond}}
	boxes := ingest.NewMailboxes(options)
	w.deps.Mailboxes = boxes
	w.Handler = New(w.deps)
	_, err = boxes.Put(t.Context(), w.acc, "box", ingest.MailboxConfig{User: "anna", Host: server.Host(), Port: server.Port(), TLS: "none",
		Username: "anna", Auth: ingest.MailboxAuth{Password: "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	supervisor := ingest.NewSupervisor(options)
	if err := supervisor.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	release := func() { once.Do(func() { close(g.open) }) }
	defer func() {
		release()
		if err := supervisor.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()

	pages := w.serve()
	for _, window := range windows {
		window.Go(pages + "/mailboxes")
		browser.Ask[bool](window, "window.same = true")
	}
	for _, window := range windows {
		window.Poll(fmt.Sprintf(`(bar => bar?.max === %d && bar.value > 0 && bar.value < bar.max)(document.querySelector("progress"))`, messages))
	}
	release()
	for i, window := range windows {
		window.Poll(`document.querySelector(".mailbox .state.live") !== null && !document.querySelector("progress")`)
		contains(t, window.Text("main"), "the page", "Everything is in step", fmt.Sprint(messages))
		if same := browser.Ask[bool](window, "window.same === true"); same != (i == 0) {
			t.Errorf("window %d: the page is the same: %v", i, same)
		}
	}
}
