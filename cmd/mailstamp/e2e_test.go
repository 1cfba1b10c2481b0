//go:build unix

package main_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

const (
	// syncPatience is how long a first sync may take on a busy machine.
	syncPatience = 60 * time.Second
	// freshness is what the product promises for new mail and for a change that widens, and some room for the machine.
	freshness = 2 * time.Second
)

// office is one account as its CRM, its mail server and its users see it: the built program on real servers.
type office struct {
	*testing.T
	mail    *testenv.MailServer
	program *testenv.Program
	worker  *testenv.Worker
	crm     *testenv.CRM
	users   map[string]testenv.User
	version int64
}

func newOffice(t *testing.T, users ...string) *office {
	t.Helper()
	o := &office{T: t, mail: testenv.Mail(t), users: map[string]testenv.User{}}
	o.program = testenv.NewProgram(t, "MAILSTAMP_ALLOW_PRIVATE_IMAP="+o.mail.Host, "MAILSTAMP_ALLOW_PRIVATE_CRM=127.0.0.1")
	o.program.TrustCA(t, o.mail.CACert)
	o.program.Migrate(t)
	credentials := o.program.AddAccount(t, t.Name())
	o.worker = o.program.StartWorker(t)
	o.crm = testenv.NewCRM(t, o.worker.URL, credentials)
	for _, name := range users {
		u := o.mail.NewUser(t, name)
		o.users[name] = u
		o.tell("user.upserted", map[string]any{"id": name, "name": name, "addresses": []string{u.Address}, "active": true})
	}
	return o
}

// tell sends one event with a version higher than any before and returns its status.
func (o *office) tell(kind string, data map[string]any) string {
	o.Helper()
	return o.crm.Tell(o, o.event(kind, data))[0]
}

func (o *office) event(kind string, data map[string]any) testenv.Event {
	o.version++
	data["version"] = o.version
	return testenv.Event{Type: kind, Data: data}
}

func (o *office) connect(user string) {
	o.Helper()
	a := o.crm.Service(o).Do(o, http.MethodPut, "/mailboxes/box-"+user, map[string]any{
		"user": user, "host": o.mail.Host, "port": o.mail.IMAPSPort, "tls": "tls",
		"username": o.users[user].Username, "auth": map[string]string{"password": o.users[user].Password},
	})
	if a.Status/100 != 2 {
		o.Fatalf("PUT mailbox: %d %s", a.Status, a.Body)
	}
}

func (o *office) awaitLive(user string) {
	o.Helper()
	testenv.Eventually(o, syncPatience, func() error {
		var box struct{ State, Problem string }
		o.crm.Service(o).GetJSON(o, "/mailboxes/box-"+user, &box)
		if box.State != "live" {
			return fmt.Errorf("the mailbox is %s (%s)", box.State, box.Problem)
		}
		return nil
	})
}

type feedItem struct {
	Message, Subject, Padlock, Author, Direction string
	SharedBy                                     []string `json:"shared_by"`
	Actions                                      []string
	raw                                          map[string]any
}

// feed of a card for a viewer, newest first.
func (o *office) feed(viewer, card string) []feedItem {
	o.Helper()
	a := o.crm.As(o, viewer).Get(o, "/cards/"+card+"/feed")
	if a.Status != http.StatusOK {
		o.Fatalf("feed of %s for %s: %d %s", card, viewer, a.Status, a.Body)
	}
	var typed struct{ Items []feedItem }
	var raw struct{ Items []map[string]any }
	a.JSON(o, &typed)
	a.JSON(o, &raw)
	for i := range typed.Items {
		typed.Items[i].raw = raw.Items[i]
	}
	return typed.Items
}

func (o *office) subjects(viewer, card string) []string {
	o.Helper()
	var out []string
	for _, item := range o.feed(viewer, card) {
		out = append(out, item.Subject)
	}
	return out
}

// shows expects a feed now: what narrows is effective in the first read after its answer.
func (o *office) shows(viewer, card string, want ...string) {
	o.Helper()
	if got := o.subjects(viewer, card); !slices.Equal(got, want) {
		o.Errorf("%s sees %q on %s, want %q", viewer, got, card, want)
	}
}

// soonShows expects a feed within the time promised for what widens and for new mail.
func (o *office) soonShows(viewer, card string, want ...string) {
	o.Helper()
	testenv.Eventually(o, freshness, func() error {
		if got := o.subjects(viewer, card); !slices.Equal(got, want) {
			return fmt.Errorf("%s sees %q on %s, want %q", viewer, got, card, want)
		}
		return nil
	})
}

func (o *office) refuses(viewer, path string) {
	o.Helper()
	a := o.crm.As(o, viewer).Get(o, path)
	nothing := o.crm.As(o, viewer).Get(o, "/cards/contact/no-such-card/feed")
	if a.Status != http.StatusNotFound || string(a.Body) != string(nothing.Body) {
		o.Errorf("%s for %s: %d %s; what does not exist is %d %s", path, viewer, a.Status, a.Body, nothing.Status, nothing.Body)
	}
}

func (o *office) set(user, kind, value string) {
	o.Helper()
	o.tell("setting.changed", map[string]any{"user": user, kind: value})
}

func (o *office) share(user, kind, id, address, state string, answers ...string) {
	o.Helper()
	data := map[string]any{"user": user, "card": map[string]string{"kind": kind, "id": id}, "address": address, "state": state}
	for _, answer := range answers {
		data[strings.TrimSuffix(answer, "=no")] = !strings.HasSuffix(answer, "=no")
	}
	o.tell("share.changed", data)
}

// TestMainJob is the product's one story, from a mailbox to what a colleague sees on a card, on real servers.
func TestMainJob(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "anna", "ben", "carl")
	const kim, home = "kim@customer.test", "kim@home.test"
	now := time.Now().Add(-time.Hour).Truncate(time.Second)
	anna := testenv.Party{Name: "Anna", Address: o.users["anna"].Address}
	customer := testenv.Party{Name: "Kim", Address: kim}

	card := func(owner string) {
		o.tell("card.upserted", map[string]any{"kind": "contact", "id": "kim", "name": "Kim", "owner": owner, "collaborators": []string{},
			"audience": []string{"anna", "ben"}, "addresses": []map[string]string{{"address": kim}, {"address": home}}})
	}
	card("anna")
	o.tell("card.upserted", map[string]any{"kind": "deal", "id": "roof", "name": "Roof", "owner": "anna", "collaborators": []string{},
		"audience": []string{"anna", "ben"}, "contacts": []map[string]any{{"id": "kim", "primary": true}}})

	// A customer's mail arrives by SMTP, the user's answer lies in Sent; one to the second address; one that is nobody's business.
	offer := testenv.Letter{MessageID: "offer@customer.test", Date: now, From: customer, To: []testenv.Party{anna}, Subject: "Offer?", Text: "How much?\n"}
	answer := testenv.Letter{MessageID: "answer@us.test", InReplyTo: "offer@customer.test", References: []string{"offer@customer.test"},
		Date: now.Add(time.Minute), From: anna, To: []testenv.Party{customer}, Bcc: []testenv.Party{{Address: "boss@elsewhere.test"}},
		Subject: "Re: Offer?", Text: "A fair price.\n"}
	private := testenv.Letter{MessageID: "home@home.test", Date: now.Add(2 * time.Minute), From: testenv.Party{Name: "Kim", Address: home},
		To: []testenv.Party{anna}, Subject: "From home", Text: "Hi.\n"}
	dentist := testenv.Letter{MessageID: "tooth@dentist.test", Date: now.Add(3 * time.Minute), From: testenv.Party{Address: "dr@dentist.test"},
		To: []testenv.Party{anna}, Subject: "Your tooth", Text: "Tuesday.\n"}
	for _, l := range []testenv.Letter{offer, private, dentist} {
		o.mail.Send(t, l.From.Address, []string{anna.Address}, l.Bytes())
	}
	o.mail.Append(t, o.users["anna"], "Sent", []string{`\Seen`}, answer.Date, answer.Bytes())
	o.connect("anna")
	o.connect("ben")
	o.awaitLive("anna")
	o.awaitLive("ben")

	// Hidden by default; the author sees all that matches and nothing else; the outsider gets 404.
	o.soonShows("anna", "contact/kim", "From home", "Re: Offer?", "Offer?")
	o.shows("ben", "contact/kim")
	o.refuses("carl", "/cards/contact/kim/feed")

	// Share: the colleague sees it, the second address stays hidden, the deal shows it by the contact.
	o.share("anna", "contact", "kim", kim, "shared")
	o.soonShows("ben", "contact/kim", "Re: Offer?", "Offer?")
	o.soonShows("ben", "deal/roof", "Re: Offer?", "Offer?")
	o.refuses("carl", "/cards/contact/kim/feed")

	// The author alone gets seen, bcc and reply.
	for viewer, own := range map[string]bool{"anna": true, "ben": false} {
		for _, item := range o.feed(viewer, "contact/kim") {
			if item.Subject == "From home" {
				continue
			}
			_, seen := item.raw["seen"]
			_, bcc := item.raw["bcc"]
			if reply := slices.Contains(item.Actions, "reply"); seen != own || bcc != own || reply != own {
				t.Errorf("%s gets seen %v, bcc %v, reply %v of Anna's mail", viewer, seen, bcc, reply)
			}
			if item.Padlock != "open" || item.Author != "anna" || !slices.Equal(item.SharedBy, []string{"anna"}) {
				t.Errorf("%s: padlock %s, author %s, shared by %v", viewer, item.Padlock, item.Author, item.SharedBy)
			}
			if strings.Contains(fmt.Sprint(item.raw), "boss@elsewhere.test") != (own && item.Subject == "Re: Offer?") {
				t.Errorf("%s, %s: the blind copy is in the wrong hands: %v", viewer, item.Subject, item.raw)
			}
			o.refuses("carl", "/messages/"+item.Message)
		}
	}

	// Unshare: the question first; gone in the first read after the answer.
	refused := o.crm.Deliver(t, o.event("share.changed", map[string]any{"user": "anna", "card": map[string]string{"kind": "contact", "id": "kim"},
		"address": kim, "state": "private"}))
	if refused.Status != http.StatusConflict || refused.Code() != "choice_required" {
		t.Errorf("unshare without an answer: %d %s", refused.Status, refused.Body)
	}
	o.shows("ben", "contact/kim", "Re: Offer?", "Offer?")
	o.share("anna", "contact", "kim", kim, "private", "also_deals")
	o.shows("ben", "contact/kim")
	o.shows("ben", "deal/roof")

	// On the deal alone: the contact does not follow.
	o.share("anna", "deal", "roof", kim, "shared")
	o.soonShows("ben", "deal/roof", "Re: Offer?", "Offer?")
	o.shows("ben", "contact/kim")
	o.share("anna", "deal", "roof", kim, "private")
	o.shows("ben", "deal/roof")

	// The four settings.
	o.share("anna", "contact", "kim", kim, "none")
	o.set("anna", "contact", "everyone")
	o.soonShows("ben", "contact/kim", "From home", "Re: Offer?", "Offer?")
	o.set("anna", "contact", "nobody")
	o.shows("ben", "contact/kim")
	o.set("anna", "contact", "owner")
	o.soonShows("ben", "contact/kim", "From home", "Re: Offer?", "Offer?")
	o.set("anna", "contact", "owner_or_collaborator")
	o.soonShows("ben", "contact/kim", "From home", "Re: Offer?", "Offer?")

	// Handover: the new owner's setting decides, even for what the former owner wrote.
	card("ben")
	o.shows("ben", "contact/kim")
	o.set("ben", "contact", "owner")
	o.soonShows("ben", "contact/kim", "From home", "Re: Offer?", "Offer?")
	o.set("ben", "contact", "nobody")
	o.shows("ben", "contact/kim")
	card("anna")
	o.soonShows("ben", "contact/kim", "From home", "Re: Offer?", "Offer?")

	// New mail shows up by IDLE.
	news := testenv.Letter{MessageID: "news@customer.test", Date: now.Add(10 * time.Minute), From: customer, To: []testenv.Party{anna},
		Subject: "One more thing", Text: "Really.\n"}
	o.mail.Send(t, kim, []string{anna.Address}, news.Bytes())
	o.soonShows("ben", "contact/kim", "One more thing", "From home", "Re: Offer?", "Offer?")

	// A second, slow evaluator agrees with every stamp.
	if out := string(o.program.Run(t, "verify")); !strings.Contains(out, ": 0 differences") {
		t.Errorf("verify:\n%s", out)
	}

	// Nothing of the unmatched mail is anywhere.
	if strings.Contains(o.worker.Log(), "tooth") || strings.Contains(o.worker.Log(), "dr@dentist.test") {
		t.Error("the log tells of unmatched mail")
	}
}
