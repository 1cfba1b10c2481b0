//go:build unix

package main_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

// reportPatience is how long Postfix and Exim take to report, and the product to show it, on a busy machine.
const reportPatience = 30 * time.Second

// recipient is what the API says of one recipient.
type recipient struct {
	Address, Status string
	Class, Code     *string
}

func (r recipient) String() string {
	s := r.Status
	for _, p := range []*string{r.Class, r.Code} {
		if p != nil {
			s += " " + *p
		}
	}
	return s
}

// statusOf is what the feed of a card says to a viewer of a message's recipients: "message: worst" and each one.
func (o *office) statusOf(viewer, card, subject string) (worst string, each map[string]string) {
	o.Helper()
	for _, item := range o.feed(viewer, card) {
		if item.Subject != subject {
			continue
		}
		var d struct {
			Status     string
			Recipients []recipient
		}
		text, err := json.Marshal(item.raw["delivery"])
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err != nil {
			o.Fatal(err)
		}
		each = map[string]string{}
		for _, r := range d.Recipients {
			each[r.Address] = r.String()
		}
		return d.Status, each
	}
	return "", nil
}

// awaitStatus expects the status of a message's only recipient for several viewers.
func (o *office) awaitStatus(tb testing.TB, viewers []string, card, subject, address, want string) {
	tb.Helper()
	for _, viewer := range viewers {
		testenv.Eventually(tb, reportPatience, func() error {
			if _, each := o.statusOf(viewer, card, subject); each[address] != want {
				return fmt.Errorf("%s sees %q of %q, want %q", viewer, each, subject, want)
			}
			return nil
		})
	}
}

// TestDeliveryStatusOfRealReports: what a user sent really goes to Postfix and to Exim, what they report reaches the card, for
// the author and a colleague, and the colleague gets no word of the report itself.
func TestDeliveryStatusOfRealReports(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "anna", "ben")
	exim := testenv.Exim(t)
	anna := testenv.Party{Name: "Anna", Address: o.users["anna"].Address}
	domain := o.mail.Domain(t)
	full := o.mail.NewUserWithQuota(t, "full", "1K")
	o.mail.Append(t, full, "INBOX", nil, time.Now(), slices.Repeat([]byte("Subject: x\r\n"), 70))
	reader := o.mail.NewUser(t, "reader")
	padding := strings.Repeat("A line of the offer.\n", 40)

	cases := []struct{ name, to, notify, want string }{
		{"unknown user", "nobody@" + domain, "", "bounced unknown_user 5.1.1"},
		{"mailbox full", full.Address, "", "bounced mailbox_full 5.2.2"},
		{"no host", "x@nowhere.test", "", "bounced host_unknown 5.4.4"},
		{"policy", "x@strict.test", "", "bounced policy 5.7.1"},
		{"delay", "x@slow.test", "", "delayed unreachable 4.4.1"},
		{"success", reader.Address, "SUCCESS,FAILURE", "relayed 2.0.0"},
		{"exim unknown user", "x@exim.test", "", "bounced unknown_user 5.1.1"},
		{"exim mailbox full", "full@exim.test", "", "bounced mailbox_full 5.2.2"},
		{"exim policy", "strict@exim.test", "", "bounced policy 5.7.1"},
		{"exim no host", "y@nowhere.test", "", "bounced host_unknown 5.0.0"},
		{"exim delay", "y@slow.test", "", "delayed unreachable 4.0.0"},
	}
	addresses := []map[string]string{}
	for _, c := range cases {
		addresses = append(addresses, map[string]string{"address": c.to})
	}
	o.tell("card.upserted", map[string]any{"kind": "contact", "id": "all", "name": "All", "owner": "anna", "collaborators": []string{},
		"audience": []string{"anna", "ben"}, "addresses": addresses})
	o.set("anna", "contact", "everyone")
	o.connect("anna")
	o.awaitLive("anna")
	now := time.Now().Truncate(time.Second)
	for i, c := range cases {
		l := testenv.Letter{MessageID: fmt.Sprintf("sent-%d@%s", i, domain), Date: now.Add(time.Duration(i-20) * time.Second), From: anna,
			To: []testenv.Party{{Address: c.to}}, Subject: c.name, Text: padding}
		o.mail.Append(t, o.users["anna"], "Sent", []string{`\Seen`}, l.Date, l.Bytes())
		env := testenv.Envelope{From: anna.Address, To: []string{c.to}, Notify: c.notify}
		if strings.HasPrefix(c.name, "exim") {
			exim.Submit(t, env, l.Bytes())
		} else {
			o.mail.Submit(t, env, l.Bytes())
		}
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o.awaitStatus(t, []string{"anna", "ben"}, "contact/all", c.name, c.to, c.want)
		})
	}

	// The reader's program says that it was displayed; the reader answers.
	mdn := func(id string) []byte {
		return []byte(strings.ReplaceAll(fmt.Sprintf("From: <%[1]s>\nTo: <%[2]s>\nSubject: Read: success\nMessage-ID: <%[3]s>\nDate: %[4]s\n"+
			"References: <sent-5@%[5]s>\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=disposition-notification; boundary=M\n\n"+
			"--M\nContent-Type: text/plain\n\nYour message was displayed. A word for Anna alone.\n--M\nContent-Type: message/disposition-notification\n\n"+
			"Reporting-UA: reader.test; Mail 1.0\nFinal-Recipient: rfc822; %[1]s\nOriginal-Message-ID: <sent-5@%[5]s>\n"+
			"Disposition: manual-action/MDN-sent-manually; displayed\n\n--M--\n",
			reader.Address, anna.Address, id, now.Format(time.RFC1123Z), domain), "\n", "\r\n"))
	}
	o.mail.Send(t, reader.Address, []string{anna.Address}, mdn("mdn@reader.test"))
	o.awaitStatus(t, []string{"anna", "ben"}, "contact/all", "success", reader.Address, "displayed")
	vacation := testenv.Letter{MessageID: "away@reader.test", InReplyTo: "sent-5@" + domain, Date: now.Add(time.Second), From: testenv.Party{Address: reader.Address},
		To: []testenv.Party{anna}, Subject: "Out of office", Text: "Away.\n", Header: []string{"Auto-Submitted: auto-replied"}}
	o.mail.Send(t, reader.Address, []string{anna.Address}, vacation.Bytes())
	testenv.Eventually(t, reportPatience, func() error {
		if !slices.Contains(o.subjects("ben", "contact/all"), "Out of office") {
			return fmt.Errorf("the automatic answer is not there")
		}
		return nil
	})
	o.awaitStatus(t, []string{"ben"}, "contact/all", "success", reader.Address, "displayed")
	answer := vacation
	answer.MessageID, answer.Subject, answer.Header, answer.Date = "yes@reader.test", "Re: success", nil, now.Add(2*time.Second)
	o.mail.Send(t, reader.Address, []string{anna.Address}, answer.Bytes())
	o.awaitStatus(t, []string{"anna", "ben"}, "contact/all", "success", reader.Address, "replied")

	// Nobody sees a report as a mail; its words are in the author's history alone.
	for _, viewer := range []string{"anna", "ben"} {
		for _, item := range o.feed(viewer, "contact/all") {
			if strings.Contains(item.Subject, "Read:") || strings.Contains(strings.ToLower(item.Subject), "undeliver") || strings.Contains(item.Subject, "failed") {
				t.Errorf("%s sees the report %q", viewer, item.Subject)
			}
			if item.Subject != "unknown user" {
				continue
			}
			text := string(o.crm.As(o, viewer).Get(o, "/messages/"+item.Message).Body)
			if strings.Contains(text, `"passage":`) != (viewer == "anna") || !strings.Contains(text, `"history"`) {
				t.Errorf("%s gets of the report: %s", viewer, text)
			}
		}
	}
}

// TestReportBeforeItsMessage: the bounce is in the mailbox before the sent copy is; a forged one changes nothing.
func TestReportBeforeItsMessage(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "anna", "ben")
	anna := testenv.Party{Address: o.users["anna"].Address}
	gone := "gone@" + o.mail.Domain(t)
	good := o.mail.NewUser(t, "good").Address
	o.tell("card.upserted", map[string]any{"kind": "lead", "id": "l", "name": "L", "owner": "anna", "collaborators": []string{},
		"audience": []string{"anna", "ben"}, "addresses": []map[string]string{{"address": gone}, {"address": good}}})
	o.set("anna", "lead", "everyone")
	at := time.Now().Truncate(time.Second)
	sent := testenv.Letter{MessageID: "first@us.test", Date: at, From: anna, To: []testenv.Party{{Address: gone}}, Subject: "First", Text: "Hello.\n"}
	fine := testenv.Letter{MessageID: "fine@us.test", Date: at, From: anna, To: []testenv.Party{{Address: good}}, Subject: "Fine", Text: "Hello.\n"}
	o.mail.Submit(t, testenv.Envelope{From: anna.Address, To: []string{gone}}, sent.Bytes())
	o.mail.Await(t, o.users["anna"], "INBOX", 1)
	o.connect("anna")
	o.awaitLive("anna")
	o.mail.Append(t, o.users["anna"], "Sent", nil, at, sent.Bytes())
	o.mail.Append(t, o.users["anna"], "Sent", nil, at, fine.Bytes())
	// Sent is not the folder that is listened to: the next mail in INBOX makes the loop look, and it is the forged one.
	forge := func(id, original, returned string) {
		raw := fmt.Sprintf("From: MAILER-DAEMON@evil.test\nTo: %[1]s\nSubject: Undelivered Mail Returned to Sender\nMessage-ID: <%[2]s>\nDate: %[3]s\n"+
			"Auto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=R\n\n"+
			"--R\nContent-Type: text/plain\n\nSorry.\n--R\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; evil.test\n\n"+
			"Final-Recipient: rfc822; %[4]s\nAction: failed\nStatus: 5.1.1\n\n--R\nContent-Type: text/rfc822-headers\n\nFrom: %[1]s\n%[5]s\n\n--R--\n",
			anna.Address, id, at.Format(time.RFC1123Z), original, returned)
		o.mail.Submit(t, testenv.Envelope{To: []string{anna.Address}}, []byte(strings.ReplaceAll(raw, "\n", "\r\n")))
	}
	forge("f1@evil.test", good, "Message-ID: <guess@us.test>") // right recipient, wrong message
	forge("f2@evil.test", good, "Subject: something")          // right recipient, no message
	forge("f3@evil.test", gone, "Message-ID: <fine@us.test>")  // right message, a recipient it was not sent to
	o.awaitStatus(t, []string{"anna", "ben"}, "lead/l", "First", gone, "bounced unknown_user 5.1.1")
	var list struct {
		Items []struct{ Names, Author string }
	}
	testenv.Eventually(t, reportPatience, func() error {
		o.crm.Service(o).GetJSON(o, "/reports/unmatched", &list)
		if len(list.Items) != 3 {
			return fmt.Errorf("%d reports are unmatched, want 3", len(list.Items))
		}
		return nil
	})
	o.awaitStatus(t, []string{"anna", "ben"}, "lead/l", "Fine", good, "sent")
}
