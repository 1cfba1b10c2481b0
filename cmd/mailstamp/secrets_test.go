//go:build unix

package main_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/mailstamp/mailstamp/testenv"
)

// another gives one more user a mailbox on the server, with one mail of the customer, by a CRM of choice.
func (o *localOffice) another(crm *testenv.CRM, user string) {
	o.Helper()
	if err := o.server.AddUser(user, localPassword+user); err != nil {
		o.Fatal(err)
	}
	address := user + "@corp.example"
	l := o.writer.Letter(testenv.Party{Address: "kim@customer.example"}, testenv.Party{Address: address})
	if _, err := o.server.Append(user, "INBOX", nil, l.Date, l.Bytes()); err != nil {
		o.Fatal(err)
	}
	crm.Tell(o, testenv.Event{Type: "user.upserted", Data: map[string]any{"id": user, "version": 1, "addresses": []string{address}}})
	a := crm.Service(o).Do(o, http.MethodPut, "/mailboxes/"+user, map[string]any{
		"user": user, "host": o.server.Host(), "port": o.server.Port(), "tls": "none", "username": user, "window_months": 1200,
		"auth": map[string]string{"password": localPassword + user},
	})
	if a.Status/100 != 2 {
		o.Fatalf("PUT mailbox: %d %s", a.Status, a.Body)
	}
}

// comes waits until a mailbox is in a state, with a problem's code or "".
func (o *localOffice) comes(mailbox, state, code string) {
	o.Helper()
	testenv.Eventually(o, syncPatience, func() error {
		var h boxHealth
		if o.crm.Service(o).GetJSON(o, "/mailboxes/"+mailbox, &h); h.State != state || h.ProblemCode != code {
			return fmt.Errorf("mailbox %s is %s (%q), want %s (%q)", mailbox, h.State, h.ProblemCode, state, code)
		}
		return nil
	})
}

// TestS04SwappedSecretsStopTheirMailboxesOnly: whoever can write in the database puts one mailbox's login into another's row.
// Neither is used; both say so, and a PUT heals them; the others go on.
func TestS04SwappedSecretsStopTheirMailboxesOnly(t *testing.T) {
	t.Parallel()
	o := newLocalOffice(t)
	o.letters("INBOX", 1)
	o.connect()
	o.another(o.crm, "bob")
	o.another(o.crm, "eve")
	for _, box := range []string{"box", "bob", "eve"} {
		o.comes(box, "live", "")
	}
	o.worker.Stop(t)
	o.exec(`update mailboxes m set sealed_auth = o.sealed_auth from mailboxes o
		where m.crm_id in ('bob', 'eve') and o.crm_id in ('bob', 'eve') and o.id <> m.id`)
	o.letters("INBOX", 1)
	o.worker.Start(t)
	o.shows(2, syncPatience)
	for _, box := range []string{"bob", "eve"} {
		o.comes(box, "error", "secret_unreadable")
	}
	o.comes("box", "live", "")
	o.crm.Service(t).Do(t, http.MethodPut, "/mailboxes/bob", map[string]any{
		"user": "bob", "host": o.server.Host(), "port": o.server.Port(), "tls": "none", "username": "bob", "window_months": 1200,
		"auth": map[string]string{"password": localPassword + "bob"},
	})
	o.comes("bob", "live", "")
	o.comes("eve", "error", "secret_unreadable")
}

// TestS04KeysRotatedWhileSyncing: the keys are rotated in the middle of a back-fill. A worker that runs on logs in with what
// another sealed with the new key, and one that is started anew with what the old key sealed.
func TestS04KeysRotatedWhileSyncing(t *testing.T) {
	t.Parallel()
	const mails = 600
	gate, options := newGate()
	o := newLocalOfficeOn(t, options)
	o.letters("INBOX", mails)
	o.connect()
	testenv.Eventually(t, syncPatience, func() error {
		if h := o.health(); h.Progress.Done == 0 {
			gate.let(4 << 10)
			return fmt.Errorf("the mailbox is %s", h.State)
		}
		return nil
	})
	o.program.Run(t, "keyset", "rotate")
	if h := o.health(); h.State != "backfilling" {
		t.Fatalf("the mailbox is %s: the rotation came too late", h.State)
	}
	second := o.program.StartWorker(t)
	o.another(testenv.NewCRM(t, second.URL, o.crm.Credentials), "bob")
	second.Stop(t) // what it sealed is for the first to open
	gate.open()
	o.await(syncPatience, "live", mails)
	o.comes("bob", "live", "")
	o.worker.Stop(t)
	o.letters("Sent", 1)
	o.worker.Start(t)
	o.await(syncPatience, "live", mails+1)
	o.comes("bob", "live", "")
}
