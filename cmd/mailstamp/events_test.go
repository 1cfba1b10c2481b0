//go:build unix

package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

// eventPatience is a second until the outbox is looked at, a vanished sender's turn of 20 seconds, and room for the machine.
const eventPatience = 90 * time.Second

// TestEventsOut: the CRM is told each type of event, in the contract's shape, verified by the signature; also what was committed
// when the worker was killed while it told it; and nothing twice but under the same id.
func TestEventsOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "anna", "ben")
	told := testenv.NewEventServer(t)
	told.Trust(o.crm.WebhookSecret)
	if out := o.program.Run(t, "account", "set", o.crm.Account, "--events-url", told.URL); !strings.Contains(string(out), `"events_url":"`+told.URL+`"`) {
		t.Fatalf("account set printed %s", out)
	}
	await := func(kind string, n int) []testenv.ReceivedEvent {
		t.Helper()
		testenv.Eventually(t, eventPatience, func() error {
			if got := len(told.Taken(kind)); got < n {
				return fmt.Errorf("%d events %s, want %d", got, kind, n)
			}
			return nil
		})
		return told.Taken(kind)
	}
	anna := testenv.Party{Address: o.users["anna"].Address}
	gone := "gone@" + o.mail.Domain(t)
	card := func(kind, id string, audience any) {
		o.tell("card.upserted", map[string]any{"kind": kind, "id": id, "name": "L", "owner": "anna", "collaborators": []string{},
			"audience": audience, "addresses": []map[string]string{{"address": gone}}})
	}
	card("lead", "l", []string{"anna"})
	at := time.Now().Truncate(time.Second)
	sent := testenv.Letter{MessageID: "first@us.test", Date: at, From: anna, To: []testenv.Party{{Address: gone}}, Subject: "Canary", Text: "Canary.\n"}
	o.mail.Append(t, o.users["anna"], "Sent", nil, at, sent.Bytes())
	o.connect("anna")
	o.awaitLive("anna")
	await("mailbox.synced", 1)
	await("message.stored", 1)
	await("thread.stamped", 1)

	// Killed while the CRM does not answer.
	asked, answer := make(chan struct{}, 100), make(chan struct{})
	told.AnswerBy(func(http.ResponseWriter, testenv.ReceivedEvent) {
		asked <- struct{}{}
		<-answer
		panic(http.ErrAbortHandler) // it never answered
	})
	o.tell("share.changed", map[string]any{"user": "anna", "card": map[string]string{"kind": "lead", "id": "l"}, "address": gone, "state": "shared"})
	<-asked
	o.worker.Kill(t)
	close(answer)
	told.AnswerBy(nil)
	o.worker.Start(t)
	if e := await("thread.stamped", 2)[1]; e.Data["visible"] != true || e.Data["reason"] != "shared" {
		t.Errorf("after the kill the CRM is told %v", e.Data)
	}

	o.mail.Submit(t, testenv.Envelope{From: anna.Address, To: []string{gone}}, sent.Bytes())
	await("delivery.changed", 1)
	card("contact", "c", "everyone")
	o.tell("lead.converted", map[string]any{"lead": "l", "contact": "c"})
	await("share.held", 1)
	a := o.crm.Service(o).Do(o, http.MethodPut, "/mailboxes/box-anna", map[string]any{"user": "anna", "host": o.mail.Host, "port": o.mail.IMAPSPort,
		"tls": "tls", "username": o.users["anna"].Username, "auth": map[string]string{"password": "wrong"}})
	if a.Status/100 != 2 {
		t.Fatalf("PUT mailbox: %d %s", a.Status, a.Body)
	}
	await("mailbox.needs_auth", 1)

	message := o.feed("anna", "contact/c")[0]
	for kind, want := range map[string]string{
		"thread.stamped":     `{"address":"GONE","author":"anna","card":{"id":"l","kind":"lead"},"messages":1,"reason":"shared","threads":1,"visible":true}`,
		"message.stored":     `{"author":"anna","cards":[{"id":"l","kind":"lead"}],"message":"MESSAGE","thread":"THREAD"}`,
		"delivery.changed":   `{"author":"anna","class":"unknown_user","code":"5.1.1","hard":true,"message":"MESSAGE","recipient":"GONE","status":"bounced"}`,
		"share.held":         `{"address":"GONE","author":"anna","card":{"id":"c","kind":"contact"}}`,
		"mailbox.synced":     `{"mailbox":"box-anna","user":"anna"}`,
		"mailbox.needs_auth": `{"mailbox":"box-anna","user":"anna"}`,
	} {
		want = strings.NewReplacer("GONE", gone, "MESSAGE", message.Message, "THREAD", fmt.Sprint(message.raw["thread"])).Replace(want)
		got := told.Taken(kind)
		found := slices.ContainsFunc(got, func(e testenv.ReceivedEvent) bool {
			data := maps.Clone(e.Data)
			delete(data, "version")
			text, err := json.Marshal(data)
			return err == nil && string(text) == want && e.Data["version"].(float64) > 0
		})
		if !found {
			t.Errorf("no %s says %s:\n%v", kind, want, got)
		}
		if kind == "message.stored" || strings.HasPrefix(kind, "mailbox.needs") || kind == "share.held" {
			if len(got) != 1 {
				t.Errorf("%d times %s: %v", len(got), kind, got)
			}
		}
	}
	ids := map[string]bool{}
	for _, e := range told.Taken("") {
		if ids[e.ID] {
			t.Errorf("%s was taken twice", e.ID)
		}
		ids[e.ID] = true
		if text := fmt.Sprint(e); strings.Contains(text, "Canary") {
			t.Errorf("an event has content: %s", text)
		}
	}
	list := o.program.Run(t, "events", "list", o.crm.Account, "--state", "delivered")
	if lines := bytes.Count(list, []byte("\n")); lines != len(ids) {
		t.Errorf("%d events are listed as delivered, %d were taken", lines, len(ids))
	}
	for id := range ids {
		if !bytes.Contains(list, []byte(id)) {
			t.Errorf("%s is not listed as delivered", id)
		}
	}
	if out, _ := o.program.Try(t, "doctor"); !strings.Contains(string(out), "events of "+o.crm.Account+": 0 wait") {
		t.Errorf("doctor says\n%s", out)
	}
}
