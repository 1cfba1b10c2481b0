package console

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/jobs/notify"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

func contains(t *testing.T, page, what string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("%s: %q is missing in\n%s", what, text, page)
		}
	}
}

func lacks(t *testing.T, page, what string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			t.Errorf("%s: %q must not be there\n%s", what, text, page)
		}
	}
}

func TestHome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	contains(t, w.get(t, "/", 200), "home", "Who is looking?", `href="/as/ben/"`, "Clara Weiss", "Test &amp; Co", "acts as any user")
	page := w.get(t, "/as/clara/", 200)
	contains(t, page, "clara's home", "Henrik &lt;script&gt;", `href="/as/clara/card/contact/henrik%2F1%20%3F"`, "Service")
	lacks(t, page, "clara's home", "New light")
	w.get(t, "/as/nobody/", 404)
	w.get(t, "/elsewhere", 404)
	w.get(t, "/?account=acc_unknown", 404)
}

// TestStaticFiles: a browser keeps them, and asks whether they are still the same.
func TestStaticFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodGet, "/static/console.css", nil)
	first := w.do(t, r, http.StatusOK)
	r.Header.Set("If-None-Match", first.Header().Get("Etag"))
	again := w.do(t, r, http.StatusNotModified)
	if again.Body.Len() != 0 || again.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("asked again: %d bytes, %v", again.Body.Len(), again.Header())
	}
}

func TestAccountsToChooseFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, err := w.d.NewAccount(t.Context(), "Other")
	if err != nil {
		t.Fatal(err)
	}
	page := w.get(t, "/", 200)
	contains(t, page, "home", "/?account="+other.PublicID, "/?account="+w.acc.PublicID)
	lacks(t, page, "home", "Clara")
	w.get(t, "/as/anna/", 404) // of which account?
	w.get(t, "/mailboxes", 404)
	contains(t, w.get(t, "/as/clara/?account="+w.acc.PublicID, 200), "clara's home", "Service", "?account="+w.acc.PublicID)
	w.get(t, "/as/clara/?account="+other.PublicID, 404)
}

func TestCardAsAuthorColleagueAndOutsider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.post(t, path("anna", henrik, "/share"), 303, "address", work, "state", "shared")

	anna := w.get(t, path("anna", deal, ""), 200)
	contains(t, anna, "anna's deal", "Letter &lt;script&gt;", "Answer", "Off the record", "not read yet", "Bounced",
		`class="lock open"`, `class="lock closed"`, "Shared on the contact", private)
	ben := w.get(t, path("ben", deal, ""), 200)
	contains(t, ben, "ben's deal", "Letter &lt;script&gt;", "Answer", "by Anna", "Bounced", `class="lock open"`)
	lacks(t, ben, "ben's deal", "Off the record", "not read yet", private, "boss@elsewhere.example", `"lock closed"`, "/share\" title")
	for _, sub := range []string{"", "/threads", "/share"} {
		lacks(t, w.get(t, path("clara", deal, sub), 404), "clara's deal", "Letter", "New light", work)
	}
	contains(t, w.get(t, path("clara", second, ""), 200), "clara's other deal", "Letter")

	page := w.get(t, path("anna", deal, "/threads"), 200)
	contains(t, page, "anna's threads", "Off the record", "Only you", "1 message, 0 shared", private)
	page = w.get(t, path("ben", deal, "/threads"), 200)
	contains(t, page, "ben's threads", "Answer", "1 message")
	lacks(t, page, "ben's threads", "Off the record", private, "0 shared")

	w.get(t, path("anna", deal, "?cursor=nonsense"), 400)
	w.get(t, path("anna", visibility.CardRef{Kind: "company", ID: "x"}, ""), 404)
	w.get(t, path("anna", visibility.CardRef{Kind: "deal", ID: "unknown"}, ""), 404)
}

func TestCardTurnsPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range feedItems {
		w.store(mail{from: work, to: "anna@us.example", subject: "Mail " + strings.Repeat("i", i+1), text: "x"})
	}
	page := w.get(t, path("anna", henrik, ""), 200)
	lacks(t, page, "first page", "Off the record")
	_, next, ok := strings.Cut(page, `<a class="button" href="/as/anna/card/contact/henrik%2F1%20%3F?cursor=`)
	if !ok {
		t.Fatalf("no way to the next page in\n%s", page)
	}
	next, _, _ = strings.Cut(next, `"`)
	contains(t, w.get(t, path("anna", henrik, "?cursor="+next), 200), "second page", "Off the record", "Back to the newest")
	w.get(t, path("ben", henrik, "?cursor="+next), 400) // the cursor was anna's
}

func TestMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{w.letter, w.answer, w.secret} {
		lacks(t, w.get(t, "/as/ben/message/"+id, 404), "hidden message", "Letter", "Answer", "record")
		w.get(t, "/as/ben/message/"+id+"/html", 404)
		w.get(t, "/as/ben/message/"+id+"/attachments/1", 404)
	}
	w.post(t, path("anna", henrik, "/share"), 303, "address", work, "state", "shared")
	w.exec(`insert into delivery_events (account_id, message_id, address, evidence, source, status, class, code, hard, at, reporter, passage)
		select account_id, message_id, address, '\x00', 'dsn', 'bounced', class, code, true, at, 'mx.elsewhere.example', 'Nobody <here> by that name' from deliveries`)

	page := w.get(t, "/as/anna/message/"+w.answer+"?card=deal:deal", 200)
	contains(t, page, "anna's answer", "Dear Henrik", "boss@elsewhere.example", "only you know", "Bounced", "unknown user (5.1.1)", "<b>reply</b>",
		"What was said of it", "Delivery report by mx.elsewhere.example", "for good", "Nobody &lt;here&gt; by that name", "only you see these words")
	page = w.get(t, "/as/ben/message/"+w.answer+"?card=deal:deal", 200)
	contains(t, page, "ben's view of it", "Dear Henrik", "Bounced", "<b>forward</b>", "belongs to Anna", "What was said of it", "Delivery report", "for good")
	lacks(t, page, "ben's view of it", "boss@", "only you know", "<b>reply</b>", "mx.elsewhere", "by that name", "only you see")
	w.get(t, "/as/clara/message/"+w.answer+"?card=deal:deal", 404)

	page = w.get(t, "/as/ben/message/"+w.letter+"?card=deal:deal", 200)
	contains(t, page, "the letter", `sandbox=""`, "/html?card=deal%3Adeal", "Dear Anna &lt;script&gt;", "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;&#39;&#34;&gt;&amp;amp;.csv", "1 KB")
	rec := w.do(t, httptest.NewRequest(http.MethodGet, "/as/ben/message/"+w.letter+"/html", nil), 200)
	contains(t, rec.Body.String(), "the HTML", "<b>Anna</b>")
	lacks(t, rec.Body.String(), "the HTML", "track.example", "alert")
	contains(t, rec.Header().Get("Content-Security-Policy"), "its policy", "sandbox;", "default-src 'none'")
	w.get(t, "/as/ben/message/"+w.answer+"/html", 404) // plain text has none

	rec = w.do(t, httptest.NewRequest(http.MethodGet, "/as/ben/message/"+w.letter+"/attachments/1", nil), 200)
	contains(t, rec.Header().Get("Content-Disposition"), "the attachment", "attachment; filename=")
	if rec.Body.String() != "a,b\n1,2\n" || rec.Header().Get("Content-Type") != "application/octet-stream" {
		t.Errorf("attachment: %q as %s", rec.Body, rec.Header().Get("Content-Type"))
	}
	w.get(t, "/as/ben/message/"+w.letter+"/attachments/2", 404)
	w.get(t, "/as/ben/message/"+w.letter+"/attachments/one", 404)
	w.get(t, "/as/ben/message/nonsense", 404)
}

func TestThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.get(t, path("anna", deal, "/threads"), 200)
	_, link, _ := strings.Cut(page, `<h3><a href="`)
	link, _, _ = strings.Cut(link, `"`)
	contains(t, w.get(t, link, 200), "anna's thread", "Off the record", "Nobody knows")
	lacks(t, w.get(t, strings.Replace(link, "/as/anna/", "/as/ben/", 1), 404), "ben's", "Off the record", "Nobody knows")
}

// TestUnshareOnContactAsks drives the first question: both answers, and none.
func TestUnshareOnContactAsks(t *testing.T) {
	t.Parallel()
	for _, answer := range []struct {
		also      string
		dealShows bool
	}{{"yes", false}, {"no", true}} {
		t.Run(answer.also, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			dialog := path("anna", henrik, "/share")
			w.post(t, dialog, 303, "address", work, "state", "shared")
			page := w.post(t, dialog, 409, "address", work, "state", "private").Body.String()
			contains(t, page, "question", "Also on 2 deals?", "New light", "Service", `name="also_deals" value="yes"`, `name="also_deals" value="no"`, "Nothing has changed yet")
			contains(t, w.get(t, path("ben", henrik, ""), 200), "before the answer", "Answer")
			w.post(t, dialog, 303, "address", work, "state", "private", "also_deals", answer.also)
			lacks(t, w.get(t, path("ben", henrik, ""), 200), "after the answer", "Answer")
			if got := strings.Contains(w.get(t, path("ben", deal, ""), 200), "Answer"); got != answer.dealShows {
				t.Errorf("deal shows it: %v, want %v", got, answer.dealShows)
			}
		})
	}
}

// TestUnshareOnDealAsks drives the second question.
func TestUnshareOnDealAsks(t *testing.T) {
	t.Parallel()
	for _, answer := range []struct {
		also         string
		contactShows bool
	}{{"yes", false}, {"no", true}} {
		t.Run(answer.also, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.post(t, path("anna", henrik, "/share"), 303, "address", work, "state", "shared")
			page := w.post(t, path("anna", deal, "/share"), 409, "address", work, "state", "private").Body.String()
			contains(t, page, "question", "Also on the contact?", "Henrik &lt;script&gt;", `name="also_contact" value="yes"`, `name="also_contact" value="no"`)
			contains(t, w.get(t, path("ben", deal, ""), 200), "before the answer", "Answer")
			w.post(t, path("anna", deal, "/share"), 303, "address", work, "state", "private", "also_contact", answer.also)
			lacks(t, w.get(t, path("ben", deal, ""), 200), "after the answer", "Answer")
			if got := strings.Contains(w.get(t, path("ben", henrik, ""), 200), "Answer"); got != answer.contactShows {
				t.Errorf("contact shows it: %v, want %v", got, answer.contactShows)
			}
		})
	}
}

func TestShareDialog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dialog := path("anna", deal, "/share")
	contains(t, w.get(t, dialog, 200), "dialog", work, private, "None of it is shared", "Your setting is “nobody”")
	to := w.post(t, dialog, 303, "address", private, "state", "shared").Header().Get("Location")
	page := w.get(t, to, 200)
	contains(t, page, "dialog after", "Some of it is shared", "Shared. Everybody who can open this card", `value="shared" aria-pressed="true"`)
	contains(t, w.get(t, path("ben", deal, ""), 200), "ben after", "Off the record")
	page = w.get(t, path("ben", deal, "/share"), 200)
	contains(t, page, "ben's dialog", "there is nothing to share", private, "Shared by hand")
	lacks(t, page, "ben's dialog", work, "<form")
	w.post(t, dialog, 303, "address", private, "state", "none")
	lacks(t, w.get(t, path("ben", deal, ""), 200), "ben after the reset", "Off the record")

	w.post(t, path("clara", deal, "/share"), 404, "address", work, "state", "shared")
	w.post(t, dialog, 422, "address", "other@work.example", "state", "shared")
	w.post(t, dialog, 400, "address", work, "state", "everything")
	w.post(t, dialog, 400, "address", work, "state", "private", "also_contact", "perhaps")
}

// TestHeldShareIsConfirmed: a share that came with a conversion shows to nobody until its author says so again.
func TestHeldShareIsConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const address = "kim@fair.example"
	lead, contact := visibility.CardRef{Kind: rules.Lead, ID: "kim"}, visibility.CardRef{Kind: rules.Contact, ID: "kim"}
	anna, addresses := "anna", []visibility.CardAddress{{Address: address}}
	w.tell(&visibility.CardUpserted{Kind: lead.Kind, ID: lead.ID, Version: 1, Name: "Kim", Owner: &anna, Addresses: addresses})
	w.store(mail{from: address, to: "anna@us.example", subject: "From the fair", text: "Hello"})
	w.post(t, path("anna", lead, "/share"), 303, "address", address, "state", "shared")
	w.tell(&visibility.CardUpserted{Kind: contact.Kind, ID: contact.ID, Version: 1, Name: "Kim", Owner: &anna, Addresses: addresses,
		Audience: visibility.Audience{Everyone: true}},
		&visibility.LeadConverted{Lead: lead.ID, Contact: contact.ID, Version: 2})
	page := w.get(t, path("anna", contact, "/share"), 200)
	contains(t, page, "dialog", "Held: you shared it on a card that fewer people can open", `value="shared" aria-pressed="false"`)
	contains(t, w.get(t, path("anna", contact, ""), 200), "card", "Held until you confirm")
	lacks(t, w.get(t, path("ben", contact, ""), 200), "ben before", "From the fair")
	w.post(t, path("anna", contact, "/share"), 303, "address", address, "state", "shared")
	contains(t, w.get(t, path("ben", contact, ""), 200), "ben after", "From the fair")
	lacks(t, w.get(t, path("anna", contact, "/share"), 200), "dialog after", "Held:")
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, to := range []string{path("anna", deal, "/share"), "/as/anna/settings"} {
		r := httptest.NewRequest(http.MethodPost, to, strings.NewReader("address="+work+"&state=shared&deal=everyone"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w.do(t, r, http.StatusForbidden)
	}
	lacks(t, w.get(t, path("ben", deal, ""), 200), "ben after", "Letter")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.get(t, "/as/anna/settings", 200)
	if n := strings.Count(page, `type="radio"`); n != 12 {
		t.Errorf("%d options, want four for each of three kinds", n)
	}
	contains(t, page, "settings", `name="deal" value="nobody" checked`)
	to := w.post(t, "/as/anna/settings", 303, "lead", "owner", "contact", "owner_or_collaborator", "deal", "everyone").Header().Get("Location")
	contains(t, w.get(t, to, 200), "settings after", "Saved.", `name="lead" value="owner" checked`,
		`name="contact" value="owner_or_collaborator" checked`, `name="deal" value="everyone" checked`)
	w.restamp()
	contains(t, w.get(t, path("ben", deal, ""), 200), "ben after", "Letter", "Off the record")
	w.post(t, "/as/anna/settings", 303, "deal", "nobody")
	lacks(t, w.get(t, path("ben", deal, ""), 200), "ben at once", "Letter", "Off the record") // G1: no job ran yet
	w.post(t, "/as/anna/settings", 400, "deal", "anybody")
	w.post(t, "/as/anna/settings", 400)
}

func TestMailboxes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.get(t, "/mailboxes", 200)
	contains(t, page, "mailboxes", `<noscript><meta http-equiv="refresh" content="1"></noscript>`, `data-live="1"`, "1 mailbox is in need of somebody", `<progress max="120" value="30">`, "30 of 120 messages (25 %)", "Reading older mail",
		"Needs a new password", "The server refuses the password", "gives a new secret", "INBOX &lt;script&gt;")
}

func TestWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.post(t, path("anna", henrik, "/share"), 303, "address", work, "state", "shared")
	page := w.get(t, "/as/anna/message/"+w.letter+"/why?card=deal:deal&of=ben", 200)
	contains(t, page, "why ben sees it", "Ben Okafor sees this", "Visible", "Shared on the contact", ">R3<", "<td>Anna &lt;script&gt;", "Henrik &lt;script&gt;")
	page = w.get(t, "/as/anna/message/"+w.letter+"/why?card=deal:deal&of=clara", 200)
	contains(t, page, "why clara does not", "Clara Weiss does not see this", "Hidden", "cannot open the card")
	page = w.get(t, "/as/anna/message/"+w.secret+"/why?card=deal:deal&of=ben", 200)
	contains(t, page, "why ben does not", "Ben Okafor does not see this", ">R4<", "is “nobody”")
	lacks(t, w.get(t, "/as/ben/message/"+w.secret+"/why?card=deal:deal", 404), "ben's question", "Off the record", "R4")
	w.get(t, "/as/anna/message/"+w.letter+"/why?card=deal:deal&of=nobody", 404)
}

func TestPreviewOfSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.post(t, "/as/anna/settings", 200, "lead", "nobody", "contact", "nobody", "deal", "everyone", "preview", "1").Body.String()
	contains(t, page, "preview", "Not saved yet", "3 messages", "to 2 colleagues", "New light", "Service", `name="deal" value="everyone" checked`)
	lacks(t, w.get(t, path("ben", deal, ""), 200), "ben after a preview", "Letter")
	contains(t, w.get(t, "/as/anna/settings", 200), "settings after a preview", `name="deal" value="nobody" checked`)
	page = w.post(t, "/as/anna/settings", 200, "lead", "everyone", "contact", "nobody", "deal", "nobody", "preview", "1").Body.String()
	contains(t, page, "preview without effect", "nothing that anybody sees now")
}

func TestBlockLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	contains(t, w.get(t, "/as/anna/blocked", 200), "none", "Nobody is blocked")
	anna := "anna"
	w.tell(&visibility.BlocklistChanged{User: &anna, Version: 4, Entries: []visibility.BlockEntry{{Address: "doctor@home.example"}, {Card: &second}}},
		&visibility.BlocklistChanged{Version: 2, Entries: []visibility.BlockEntry{{Domain: "ads.example"}}})
	contains(t, w.get(t, "/as/anna/blocked", 200), "anna's", "doctor@home.example", "Service", "@ads.example", "Version 4", "Version 2")
	lacks(t, w.get(t, "/as/ben/blocked", 200), "ben's", "doctor@home.example", "Version 4")
}

func TestTrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.post(t, path("anna", henrik, "/share"), 303, "address", work, "state", "shared")
	contains(t, w.get(t, "/trail", 200), "trail", "Share changed", "by Anna", "shown", "Check the whole trail", "Card told")
	page := w.get(t, "/trail?check=1", 200)
	contains(t, page, "trail checked", "The trail is whole:", "<code>")
	w.deps.VerifyTrail = func(context.Context, *db.Account) (db.AuditHead, error) {
		return db.AuditHead{}, fmt.Errorf("%w: entry 2 is missing", db.ErrTampered)
	}
	w.Handler = New(w.deps)
	contains(t, w.get(t, "/trail?check=1", 200), "trail with a hole", "not whole", "entry 2 is missing")
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	contains(t, w.get(t, "/events", 200), "without a URL", "is told nothing", "Nothing to tell")
	if err := notify.SetURL(t.Context(), w.d, w.acc, "https://crm.example/events"); err != nil {
		t.Fatal(err)
	}
	w.post(t, path("anna", henrik, "/share"), 303, "address", work, "state", "shared")
	contains(t, w.get(t, "/events", 200), "events", "https://crm.example/events", "thread.stamped", "Waiting", "Tried again")
	w.exec("insert into outbox_attempts (account_id, event_id, n, at, status, ms) select account_id, id, 1, now(), 502, 12 from outbox")
	w.exec("update outbox set state = 'failed'")
	page := w.get(t, "/events?state=failed", 200)
	contains(t, page, "events given up", "Given up", "1 attempt", "answered 502", "again that were given up")
	_, id, _ := strings.Cut(page, `name="id" value="`)
	id, _, _ = strings.Cut(id, `"`)
	contains(t, w.get(t, w.post(t, "/events/replay", 303, "id", id).Header().Get("Location"), 200), "events after", "Due again", "Waiting", "Given up")
	w.post(t, "/events/replay", 303)
	lacks(t, w.get(t, "/events?state=failed", 200), "events given up", "thread.stamped")
	w.post(t, "/events/replay", 404, "id", "evt_nonsense")
	w.get(t, "/events?state=lost", 400)
}

func TestReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	contains(t, w.get(t, "/reports", 200), "reports", "Every report is tied to its message.")
	w.exec(`insert into reports (account_id, author_id, digest, n, kind, status, class, code, hard, at, original, recipients)
		select account_id, id, '\x00', 1, 'dsn', 'bounced', 'unknown_user', '5.1.1', true, now(), substr(sha256('x'), 1, 16), '{}' from users where crm_id = 'anna'`)
	contains(t, w.get(t, "/reports", 200), "reports", "Anna", "Delivery report", "Bounced", "5.1.1", "message id")
}

func TestWhen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 14, 30, 0, 0, time.UTC)
	for want, ago := range map[string]time.Duration{
		"just now": 10 * time.Second, "59 min ago": 59 * time.Minute, "13:29": 61 * time.Minute, "Yesterday, 23:30": 15 * time.Hour,
		"Monday, 14:30": 48 * time.Hour, "1 Feb, 14:30": 31 * 24 * time.Hour, "4 Mar 2025": 365 * 24 * time.Hour, "5 Mar 2026, 14:30": -24 * time.Hour,
	} {
		if got := whenAt(now.Add(-ago), now); got != want {
			t.Errorf("%v ago is %q, want %q", ago, got, want)
		}
	}
}

// TestDatabaseAway guards that an error page tells nothing of its cause.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.d.Close()
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path("anna", deal, ""), nil))
	if rec.Code < 500 {
		t.Fatalf("status %d", rec.Code)
	}
	lacks(t, rec.Body.String(), "error page", "pool", "postgres", "account")
}
