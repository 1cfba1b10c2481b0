package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

const cust = "ada@customer.example"

func TestTokens(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	other := b.account()
	b.tell(b.acc, userEvent("ann"))
	with := func(name string, value any) string {
		return token(b.acc, "ann", func(c jwt.MapClaims) { c[name] = value })
	}
	signed := func(method jwt.SigningMethod, key any) string {
		s, err := jwt.NewWithClaims(method, jwt.MapClaims{"iss": b.acc.PublicID, "aud": "mailstamp", "sub": "ann",
			"exp": time.Now().Add(time.Minute).Unix()}).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	extended := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": b.acc.PublicID, "aud": "mailstamp", "sub": "ann",
		"exp": time.Now().Add(time.Minute).Unix()})
	extended.Header["crit"] = []string{"b64"}
	critical, err := extended.SignedString(b.acc.TokenKey)
	if err != nil {
		t.Fatal(err)
	}
	foreign := &db.Account{PublicID: b.acc.PublicID, TokenKey: other.TokenKey}
	var reference string
	for what, bad := range map[string]string{
		"none": "", "garbage": "a.b.c", "alg none": signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType),
		"HS512": signed(jwt.SigningMethodHS512, b.acc.TokenKey), "another account's key": token(foreign, "ann"),
		"wrong audience": with("aud", "elsewhere"), "no audience": with("aud", nil), "no such account": with("iss", "acc_none"),
		"NUL in the account": with("iss", "a\x00b"), "expired": with("exp", time.Now().Add(-2*time.Minute).Unix()),
		"no expiry": with("exp", nil), "two hours": with("exp", time.Now().Add(2*time.Hour).Unix()),
		"not yet": with("nbf", time.Now().Add(10*time.Minute).Unix()), "nobody": with("sub", ""), "another scope": token(b.acc, "", func(c jwt.MapClaims) { c["scope"] = "admin" }),
		"an extension that must be known": critical,
		"too long":                        with("pad", strings.Repeat("x", 20_000)),
	} {
		w := b.call("GET", "/v1/settings", bad, "")
		if w.Code != http.StatusUnauthorized || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
		if reference == "" {
			reference = w.Body.String()
		}
		if w.Body.String() != reference {
			t.Errorf("%s is told apart: %s", what, w.Body)
		}
	}
	if w := b.call("GET", "/v1/settings", with("aud", []string{"x", "mailstamp"}), ""); w.Code != http.StatusOK {
		t.Errorf("one audience of several: %d %s", w.Code, w.Body)
	}
	twice := httptest.NewRequest("GET", "/v1/settings", nil)
	twice.Header["Authorization"] = []string{"Bearer " + token(b.acc, "ann"), "Bearer " + token(b.acc, "ann")}
	refused := httptest.NewRecorder()
	if b.door.ServeHTTP(refused, twice); refused.Code != http.StatusUnauthorized || refused.Body.String() != reference {
		t.Errorf("two tokens: %d %s", refused.Code, refused.Body)
	}
	b.log.Lock()
	defer b.log.Unlock()
	if strings.Contains(b.log.String(), "eyJ") {
		t.Error("a token stands in the log")
	}
}

// TestDeniedIsOneAnswer is S09: every object by everybody; what is denied is the same bytes.
func TestDeniedIsOneAnswer(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	twin := b.account()
	ids := map[*db.Account]map[string]string{}
	for _, acc := range []*db.Account{b.acc, twin} {
		b.tell(acc, userEvent("ann", "ann@us.example"), userEvent("bob"), userEvent("out"),
			cardEvent(rules.Lead, "1", []string{"ann", "bob"}, cust, "hidden@customer.example"))
		shown, shownThread := b.store(acc, "ann", "shown", cust)
		hidden, hiddenThread := b.store(acc, "ann", "hidden", "hidden@customer.example")
		b.tell(acc, &visibility.ShareChanged{User: "ann", Version: 1, Card: visibility.CardRef{Kind: rules.Lead, ID: "1"}, Address: cust, State: "shared"})
		ids[acc] = map[string]string{"shown": shown, "shownThread": shownThread, "hidden": hidden, "hiddenThread": hiddenThread}
	}
	b.mails.content, b.mails.raw = "bytes", "Subject: x\r\n\r\nbody"
	var erasure jobs.Erasure
	b.want(202, "POST", "/v1/erase", "service", `{"address":"nobody@gone.example"}`, &erasure)
	id := ids[b.acc]
	share := `{"card":{"kind":"lead","id":"%s"},"address":"ada@customer.example","state":"shared"}`
	type call struct {
		method, path, body string
		allowed            string // subs in b.acc who get an answer
	}
	calls := []call{
		{"GET", "/v1/cards/lead/1/feed", "", "ann bob"}, {"GET", "/v1/cards/lead/1/threads", "", "ann bob"},
		{"GET", "/v1/cards/lead/1/conversations", "", "ann bob"}, {"GET", "/v1/cards/lead/2/feed", "", ""},
		{"GET", "/v1/cards/deal/1/feed", "", ""}, {"GET", "/v1/cards/nonsense/1/feed", "", ""}, {"GET", "/v1/cards/lead/%00/feed", "", ""},
		{"GET", "/v1/threads/" + id["shownThread"], "", "ann bob"}, {"GET", "/v1/threads/" + id["hiddenThread"], "", "ann"},
		{"GET", "/v1/messages/" + id["shown"], "", "ann bob"}, {"GET", "/v1/messages/" + id["hidden"], "", "ann"},
		{"GET", "/v1/messages/" + id["shownThread"], "", ""}, {"GET", "/v1/messages/1", "", ""}, {"GET", "/v1/messages/%ff", "", ""},
		{"GET", "/v1/messages/" + id["shown"] + "?card=lead:1", "", "ann bob"}, {"GET", "/v1/messages/" + id["shown"] + "?card=lead:2", "", ""},
		{"GET", "/v1/messages/" + id["shown"] + "/attachments/1", "", "ann bob"}, {"GET", "/v1/messages/" + id["hidden"] + "/attachments/1", "", "ann"},
		{"GET", "/v1/messages/" + id["shown"] + "/attachments/2", "", ""}, {"GET", "/v1/messages/" + id["shown"] + "/attachments/x", "", ""},
		{"POST", "/v1/messages/" + id["shown"] + "/forward", "", "ann bob"}, {"POST", "/v1/messages/" + id["hidden"] + "/forward", "", "ann"},
		{"GET", "/v1/explain?card=lead:1&message=" + id["shown"], "", "ann bob"}, {"GET", "/v1/explain?card=lead:1&message=" + id["hidden"], "", "ann"},
		{"GET", "/v1/explain?card=lead:1&viewer=bob&message=" + id["hidden"], "", "ann service"},
		{"GET", "/v1/explain?card=lead:1&viewer=ann&message=" + id["shown"], "", "ann service"},
		{"PUT", "/v1/shares", fmt.Sprintf(share, "1"), "ann bob"}, {"PUT", "/v1/shares", fmt.Sprintf(share, "2"), ""},
		{"GET", "/v1/settings", "", "ann bob out"},
		{"GET", "/v1/mailboxes/mb1", "", "service"}, {"GET", "/v1/mailboxes/mb2", "", ""}, {"DELETE", "/v1/mailboxes/mb1", "", "service"},
		{"PUT", "/v1/mailboxes/mb1", `{"user":"ann","host":"h"}`, "service"},
		{"GET", "/v1/audit", "", "service"}, {"GET", "/v1/reports/unmatched", "", "service"}, {"GET", "/v1/nothing", "", ""},
		{"PUT", "/v1/settings", `{"lead":"nobody"}`, "ann bob out"},
		{"POST", "/v1/preview", `{"type":"setting.changed","data":{"lead":"everyone"}}`, "ann bob out"},
		{"POST", "/v1/preview", `{"type":"user.deleted","data":{"id":"ann","version":9}}`, "service"},
		{"POST", "/v1/erase", `{"address":"nobody@gone.example"}`, "service"},
		{"GET", "/v1/erase/" + erasure.Job, "", "service"}, {"GET", "/v1/erase/" + id["shown"], "", ""}, {"GET", "/v1/erase/none", "", ""},
	}
	router := http.NewServeMux()
	asked := map[string]bool{"GET /v1/openapi.json": true} // everybody's
	for _, r := range routes {
		router.HandleFunc(r.method+" "+r.path, http.NotFound)
	}
	for _, c := range calls {
		_, pattern := router.Handler(httptest.NewRequest(c.method, c.path, nil))
		asked[pattern] = true
	}
	for _, r := range routes {
		if !asked[r.method+" "+r.path] {
			t.Errorf("nobody asks for %s %s", r.method, r.path)
		}
	}
	reference := b.call("GET", "/v1/messages/"+b.acc.Keys.ID("message", 1<<40), token(b.acc, "ann"), "")
	if reference.Code != http.StatusNotFound {
		t.Fatalf("a message that never was: %d %s", reference.Code, reference.Body)
	}
	for _, c := range calls {
		for _, who := range []struct {
			acc *db.Account
			sub string
		}{{b.acc, "ann"}, {b.acc, "bob"}, {b.acc, "out"}, {b.acc, "nobody"}, {b.acc, "service"}, {twin, "ann"}, {twin, "bob"}, {twin, "service"}} {
			if who.acc == twin && !strings.Contains(c.path, "messages/") && !strings.Contains(c.path, "threads/") && !strings.Contains(c.path, "erase/") {
				continue // the twin has cards and settings of its own
			}
			if who.sub == "service" && c.path == "/v1/preview" && c.allowed != "service" {
				continue // it must say of whom
			}
			if who.sub == "service" && strings.Contains(c.path, "explain") && !strings.Contains(c.path, "viewer") {
				continue // it must name a viewer
			}
			w := b.call(c.method, c.path, token(who.acc, who.sub), c.body)
			allowed := who.acc == b.acc && strings.Contains(" "+c.allowed+" ", " "+who.sub+" ")
			if allowed && w.Code/100 != 2 {
				t.Errorf("%s %s as %s: %d %s, want an answer", c.method, c.path, who.sub, w.Code, w.Body)
			}
			if !allowed && (w.Code != http.StatusNotFound || w.Body.String() != reference.Body.String() ||
				fmt.Sprint(w.Header()) != fmt.Sprint(reference.Header())) {
				t.Errorf("%s %s as %s of %s: %d %s %v, want the one 404", c.method, c.path, who.sub, who.acc.Name, w.Code, w.Body, w.Header())
			}
		}
	}
}

func TestFeedOverHTTP(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann"), userEvent("bob"), cardEvent(rules.Lead, "a/b c", nil, cust))
	for i := range 3 {
		b.store(b.acc, "ann", fmt.Sprint(i), cust)
	}
	path := "/v1/cards/lead/" + url.PathEscape("a/b c") + "/feed"
	var page feed.Page[feed.Item]
	b.want(200, "GET", path+"?limit=2", "ann", "", &page)
	if len(page.Items) != 2 || page.Next == nil || page.Items[0].Subject != "Subject of 2" || page.Items[0].Card.ID != "a/b c" {
		t.Fatalf("the first page: %+v", page)
	}
	cursor := *page.Next
	b.want(200, "GET", path+"?limit=2&cursor="+cursor, "ann", "", &page)
	if len(page.Items) != 1 || page.Next != nil || page.Items[0].Subject != "Subject of 0" {
		t.Fatalf("the second page: %+v", page)
	}
	for query, code := range map[string]string{"limit=0": "invalid_limit", "limit=201": "invalid_limit", "limit=-1": "invalid_limit",
		"limit=x": "invalid_limit", "limit=": "invalid_limit", "cursor=x": "invalid_cursor", "cursor=" + cursor + "A": "invalid_cursor"} {
		var p problem
		b.want(400, "GET", path+"?"+query, "ann", "", &p)
		if p.Code != code {
			t.Errorf("%s: %s, want %s", query, p.Code, code)
		}
	}
	var p problem
	b.want(400, "GET", path+"?cursor="+cursor, "bob", "", &p)
	b.want(405, "DELETE", path, "ann", "", &p)
	w := b.call("GET", path, token(b.acc, "bob"), "")
	if got := w.Body.String(); got != `{"items":[],"next":null}` {
		t.Errorf("a colleague's feed while hidden: %s", got)
	}
}

func TestShareAndSettings(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	deal := cardEvent(rules.Deal, "d", nil)
	deal.Contacts = []visibility.DealContact{{ID: "c", Primary: true}}
	b.tell(b.acc, userEvent("ann"), userEvent("bob", "bob@us.example"), cardEvent(rules.Contact, "c", nil, cust, "bob@us.example"), deal)
	id, _ := b.store(b.acc, "ann", "1", cust)
	put := func(card, state, more string) string {
		return fmt.Sprintf(`{"card":{"kind":%q,"id":%q},"address":"Ada@Customer.example","state":%q,"unknown":1%s}`,
			strings.Split(card, ":")[0], strings.Split(card, ":")[1], state, more)
	}
	seen := func(status int) {
		t.Helper()
		b.want(status, "GET", "/v1/messages/"+id+"?card=contact:c", "bob", "", nil)
	}
	seen(404)
	var conversation feed.Conversation
	b.want(200, "PUT", "/v1/shares", "ann", put("contact:c", "shared", ""), &conversation)
	if !conversation.Visible || conversation.Share != "shared" || conversation.Reason != "shared" || conversation.Address != cust {
		t.Errorf("shared: %+v", conversation)
	}
	seen(200)
	var p problem
	b.want(409, "PUT", "/v1/shares", "ann", put("contact:c", "private", ""), &p)
	if p.Code != "choice_required" || len(p.Cards) != 1 || p.Cards[0].ID != "d" {
		t.Errorf("the question: %+v", p)
	}
	seen(200)
	b.want(200, "PUT", "/v1/shares", "ann", put("contact:c", "private", `,"also_deals":false`), &conversation)
	if conversation.Visible || conversation.Share != "private" {
		t.Errorf("private: %+v", conversation)
	}
	seen(404)
	b.want(200, "GET", "/v1/messages/"+id+"?card=deal:d", "bob", "", nil)

	for body, code := range map[string]string{
		`{"card":{"kind":"contact","id":"c"},"address":"x@y.example","state":"shared"}`:    "address_not_on_card",
		`{"card":{"kind":"contact","id":"c"},"address":"bob@us.example","state":"shared"}`: "address_not_on_card",
		`{"card":{"kind":"contact","id":"c"},"address":"nonsense","state":"shared"}`:       "invalid_event",
		put("contact:c", "open", ""): "invalid_event",
	} {
		b.want(422, "PUT", "/v1/shares", "ann", body, &p)
		if p.Code != code {
			t.Errorf("%s: %s, want %s", body, p.Code, code)
		}
	}
	b.want(400, "PUT", "/v1/shares", "ann", `{"card":`, &p)
	b.want(413, "PUT", "/v1/shares", "ann", `{"address":"`+strings.Repeat("x", maxBody)+`"}`, &p)

	var settings feed.Settings
	b.want(200, "GET", "/v1/settings", "ann", "", &settings)
	if settings != (feed.Settings{Lead: "nobody", Contact: "nobody", Deal: "nobody"}) {
		t.Errorf("the defaults: %+v", settings)
	}
	b.want(200, "PUT", "/v1/settings", "ann", `{"lead":"everyone"}`, &settings)
	b.want(200, "PUT", "/v1/settings", "ann", `{"deal":"owner"}`, &settings)
	if settings != (feed.Settings{Lead: "everyone", Contact: "nobody", Deal: "owner"}) {
		t.Errorf("changed: %+v", settings)
	}
	b.want(422, "PUT", "/v1/settings", "ann", `{"lead":"some"}`, &p)
	b.want(422, "PUT", "/v1/settings", "ann", `{}`, &p)
}

func TestPreview(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann"), userEvent("bob"), cardEvent(rules.Lead, "1", nil, cust))
	id, _ := b.store(b.acc, "ann", "1", cust)
	setting := `{"type":"setting.changed","data":{"user":%q,"version":5,"lead":"everyone"}}`
	var forecast visibility.Forecast
	b.want(200, "POST", "/v1/preview", "ann", fmt.Sprintf(setting, "ann"), &forecast)
	if forecast.Gain.Viewers != 1 || forecast.Gain.Messages != 1 || len(forecast.Gain.Cards) != 1 || forecast.Lose.Viewers != 0 {
		t.Errorf("%+v", forecast)
	}
	var own visibility.Forecast
	b.want(200, "POST", "/v1/preview", "ann", `{"type":"setting.changed","data":{"lead":"everyone"}}`, &own)
	if fmt.Sprint(own) != fmt.Sprint(forecast) {
		t.Errorf("without user and version: %+v", own)
	}
	b.want(404, "POST", "/v1/preview", "bob", fmt.Sprintf(setting, "ann"), nil)
	b.want(404, "POST", "/v1/preview", "bob", `{"type":"user.deleted","data":{"id":"ann","version":2}}`, nil)
	b.want(200, "POST", "/v1/preview", "service", fmt.Sprintf(setting, "ann"), nil)
	b.want(422, "POST", "/v1/preview", "service", `{"type":"nonsense","data":{}}`, nil)
	b.want(404, "GET", "/v1/messages/"+id, "bob", "", nil) // nothing changed
}

func TestAttachment(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann"), cardEvent(rules.Lead, "1", nil, cust))
	id, _ := b.store(b.acc, "ann", "1", cust)
	b.mails.content = "%PDF-"
	w := b.call("GET", "/v1/messages/"+id+"/attachments/1", token(b.acc, "ann"), "")
	if w.Code != 200 || w.Body.String() != "%PDF-" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/pdf", "Content-Disposition": "attachment; filename*=UTF-8''%C3%84ngebot%20%221%22.pdf",
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// What breaks off must not look whole.
	server := httptest.NewServer(b.door)
	defer server.Close()
	b.mails.err = errors.New("the connection is gone")
	r, _ := http.NewRequest("GET", server.URL+"/v1/messages/"+id+"/attachments/1", nil)
	r.Header.Set("Authorization", "Bearer "+token(b.acc, "ann"))
	resp, err := server.Client().Do(r)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("an attachment cut short read as whole")
	}
	server.Client().CloseIdleConnections()
}

func TestForward(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann", "ann@us.example"), userEvent("bob", "bob@us.example"), cardEvent(rules.Lead, "1", nil, cust))
	id, _ := b.store(b.acc, "ann", "ünï", cust)
	b.want(200, "PUT", "/v1/shares", "ann", `{"card":{"kind":"lead","id":"1"},"address":"ada@customer.example","state":"shared"}`, nil)
	b.mails.raw = "Received: from inside\r\n\tby secret.example\r\nbcc: blind@else.example\r\n ,blind2@else.example\r\nFrom: Ann <ann@us.example>\r\n" +
		"Subject: long\r\n folded\rBcc: blind3@else.example\r\nX-Label: private\r\nX-Gmail-Labels: secret.example\r\nReturn-Path: <secret.example>\r\n" +
		"Delivered-To: secret.example\r\nReferences: <hidden@us.example>\r\nContent-Type: text/plain\r\n\r\nBcc: is body text here\r\n"
	w := b.call("POST", "/v1/messages/"+id+"/forward", token(b.acc, "bob"), "")
	got := w.Body.String()
	if w.Code != 200 || w.Header().Get("Content-Type") != "message/rfc822" {
		t.Fatalf("%d %s", w.Code, got)
	}
	for _, part := range []string{"From: \"Name of bob\" <bob@us.example>\r\n", "Subject: =?utf-8?q?Fwd:_Subject_of_=C3=BCn=C3=AF?=\r\n", "Content-Type: message/rfc822",
		"\r\n\r\nFrom: Ann <ann@us.example>\r\nSubject: long\r\n folded Bcc: blind3@else.example\r\nContent-Type: text/plain\r\n\r\nBcc: is body text here\r\n"} {
		if !strings.Contains(got, part) {
			t.Errorf("the draft lacks %q:\n%s", part, got)
		}
	}
	for _, secret := range []string{"blind@", "blind2@", "\nBcc: b", "\rBcc", "secret.example", "X-Label", "hidden@us.example"} {
		if strings.Contains(got, secret) {
			t.Errorf("the draft holds %q", secret)
		}
	}
	b.mails.raw = "From: Ann <ann@us.example>\r\nSubject: a header and nothing else"
	if w := b.call("POST", "/v1/messages/"+id+"/forward", token(b.acc, "bob"), ""); w.Code != 200 || !strings.Contains(w.Body.String(), "nothing else\r\n\r\n") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = b.call("GET", "/v1/audit?limit=1", token(b.acc, "service"), "")
	var page feed.Page[feed.AuditEntry]
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Items) != 1 || page.Items[0].Act != "message.forwarded" || page.Items[0].Actor != "bob" {
		t.Errorf("the trail: %s", w.Body)
	}
}

func TestMessageIsClean(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann"), cardEvent(rules.Lead, "1", nil, cust))
	id, _ := b.store(b.acc, "ann", "1", cust)
	var item feed.FullItem
	b.want(200, "GET", "/v1/messages/"+id, "ann", "", &item)
	if !strings.Contains(item.HTML, "hi") || strings.Contains(item.HTML, "script") || item.Text != "text" {
		t.Errorf("html %q, text %q", item.HTML, item.Text)
	}
	var p problem
	b.want(400, "GET", "/v1/messages/"+id+"?card=nonsense", "ann", "", &p)
	b.want(400, "GET", "/v1/explain", "ann", "", &p)
}

func TestMailboxes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var p problem
	b.want(422, "PUT", "/v1/mailboxes/mb1", "service", `{"user":"ann"}`, &p)
	if p.Code != "invalid_host" {
		t.Errorf("%+v", p)
	}
	b.want(200, "PUT", "/v1/mailboxes/mb1", "service", `{"user":"ann","host":"imap.example","port":993,"auth":{"password":"s"}}`, nil)
	if b.mails.put.Auth.Password != "s" || b.mails.put.Port != 993 {
		t.Errorf("%+v", b.mails.put)
	}
	b.want(400, "DELETE", "/v1/mailboxes/mb1?mode=erase", "service", "", &p)
	if w := b.call("DELETE", "/v1/mailboxes/mb1?mode=delete", token(b.acc, "service"), ""); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
