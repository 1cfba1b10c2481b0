//go:build unix

package main_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

// drainPatience is the worker's own bound (drainTimeout, closeTimeout) and some room for a busy machine.
const drainPatience = 20 * time.Second

// TestDrain stops the worker as an operator does, in the middle of a back-fill and of a stream of events: it ends well and
// in time, every event that it acknowledged holds, and after the next start nothing is missing.
func TestDrain(t *testing.T) {
	t.Parallel()
	const mails = 800
	o := newOffice(t, "anna")
	anna := testenv.Party{Name: "Anna", Address: o.users["anna"].Address}
	writer := testenv.NewWriter(6)
	letters := make([][]byte, mails)
	for n := range letters {
		letters[n] = writer.Letter(testenv.Party{Name: "Kim", Address: fmt.Sprintf("kim%d@customer.test", n%20)}, anna).Bytes()
	}
	o.mail.Fill(t, o.users["anna"], "INBOX", true, letters...)
	card := func(n int64) map[string]any {
		return map[string]any{"kind": "contact", "id": fmt.Sprint("c", n), "name": "C", "owner": "anna", "audience": "everyone",
			"addresses": []map[string]string{{"address": fmt.Sprintf("kim%d@customer.test", n%20)}}}
	}
	var acknowledged atomic.Int64
	refused := make(chan struct{})
	o.tell("card.upserted", card(0))
	o.connect("anna")
	go func() {
		defer close(refused)
		for n := int64(1); ; n++ {
			data := card(n)
			data["version"] = 1000 + n
			if err := o.crm.TryTell(t, testenv.Event{Type: "card.upserted", Data: data}); err != nil {
				return // the listener is closed
			}
			acknowledged.Store(n)
		}
	}()
	testenv.Eventually(t, syncPatience, func() error {
		var box struct{ Progress struct{ Done, Total int } }
		o.crm.Service(o).GetJSON(o, "/mailboxes/box-anna", &box)
		if box.Progress.Done < mails/10 {
			return fmt.Errorf("%d of %d done", box.Progress.Done, box.Progress.Total)
		}
		return nil
	})
	signalled := time.Now()
	o.worker.Signal(t, syscall.SIGTERM)
	if err := o.worker.Ended(t, drainPatience); err != nil {
		t.Errorf("the worker ended with %v", err)
	}
	t.Logf("drained in %s, with %d events acknowledged", time.Since(signalled).Round(time.Millisecond), acknowledged.Load())
	<-refused

	o.worker.Start(t)
	o.awaitLive("anna")
	for n := range acknowledged.Load() + 1 {
		if a := o.crm.As(t, "anna").Get(t, fmt.Sprintf("/cards/contact/c%d/feed?limit=1", n)); a.Status != 200 {
			t.Fatalf("card %d was acknowledged; its feed answers %d", n, a.Status)
		}
	}
	var box struct {
		Folders []struct {
			Name                                            string
			Stored, Indexed, Skipped, Quarantined, OnServer int `json:",omitempty"`
		}
	}
	o.crm.Service(o).GetJSON(o, "/mailboxes/box-anna", &box)
	stored := 0
	for _, f := range box.Folders {
		stored += f.Stored + f.Indexed
	}
	if stored != mails {
		t.Errorf("%d messages are known, want %d: %+v", stored, mails, box.Folders)
	}
	o.worker.Stop(t)
	if out := string(o.program.Run(t, "verify")); !strings.Contains(out, ": 0 differences\n") {
		t.Errorf("verify:\n%s", out)
	}
}

// TestSecondSignal: while it waits for a request that does not end, the worker is alive, not ready, and says so; a second
// signal ends it at once.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	p := testenv.NewProgram(t)
	p.Migrate(t)
	acme := p.AddAccount(t, "Acme")
	w := p.StartWorker(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "POST /webhooks/%s HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n", acme.Account); err != nil {
		t.Fatal(err)
	}
	// The answer "continue" says that the handler reads the body, which never comes.
	if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 100"))); err != nil {
		t.Fatal(err)
	}
	w.Signal(t, syscall.SIGTERM)
	awaitHealth(t, w, "/readyz", 503, `{"problems":{"process":"it is draining: no more work is taken"},"ready":false}`)
	awaitHealth(t, w, "/healthz", 200, `{"alive":true}`)
	w.Signal(t, syscall.SIGTERM)
	var ended *exec.ExitError
	if err := w.Ended(t, 5*time.Second); !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("after the second signal the worker ended with %v", err)
	}
}
