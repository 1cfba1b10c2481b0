package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mailstamp/mailstamp/jobs/webhook"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// events are one of each type of API.md, in an order in which each has an effect, with a field that nobody knows; and what is
// wrong with it when that member is left out. VERSION stands for the version.
var events = []struct{ data, kind, needs string }{
	{`{"id":"uma","version":VERSION,"name":"Uma","addresses":["uma@us.example"],"active":true}`, "user.upserted", "id"},
	{`{"id":"ben","version":VERSION,"name":"Ben","addresses":[],"active":true}`, "user.upserted", "version"},
	{`{"kind":"lead","id":"l","version":VERSION,"name":"L","owner":"uma","collaborators":["not known yet"],"audience":["ben"],"addresses":[{"address":"ada@customer.example","label":"Work"}]}`, "card.upserted", "kind"},
	{`{"kind":"contact","id":"c","version":VERSION,"name":"C","owner":null,"collaborators":[],"audience":"everyone","addresses":[{"address":"ada@customer.example","label":"Work"}]}`, "card.upserted", "id"},
	{`{"kind":"contact","id":"c2","version":VERSION,"name":"C2","owner":null,"collaborators":[],"audience":"everyone","addresses":[]}`, "card.upserted", "version"},
	{`{"kind":"deal","id":"d","version":VERSION,"name":"D","owner":"ben","collaborators":[],"audience":"everyone","contacts":[{"id":"c","primary":true},{"id":"later","primary":false}]}`, "card.upserted", "id"},
	{`{"user":"uma","version":VERSION,"lead":"everyone","contact":"owner","deal":"owner_or_collaborator"}`, "setting.changed", "user"},
	{`{"user":"uma","version":VERSION,"card":{"kind":"contact","id":"c"},"address":"ada@customer.example","state":"shared"}`, "share.changed", "card"},
	{`{"user":null,"version":VERSION,"entries":["a@b.example","@c.example",{"card":{"kind":"lead","id":"unknown"}}]}`, "blocklist.changed", "user"},
	{`{"user":"ben","version":VERSION,"entries":[]}`, "blocklist.changed", "entries"},
	{`{"version":VERSION,"handover":"author","deletion":"keep"}`, "policy.changed", "version"},
	{`{"winner":"c","losers":["c2"],"version":VERSION_AFTER}`, "contact.merged", "losers"},
	{`{"lead":"l","contact":"c","deal":"d","version":VERSION_AFTER}`, "lead.converted", "contact"},
	{`{"kind":"deal","id":"d","version":VERSION_AFTER}`, "card.deleted", "kind"},
	{`{"id":"ben","version":VERSION_AFTER}`, "user.deleted", "id"},
}

func event(kind, data string, version int) string {
	data = strings.NewReplacer("VERSION_AFTER", fmt.Sprint(version+1), "VERSION", fmt.Sprint(version)).Replace(data)
	return fmt.Sprintf(`{"type":%q,"timestamp":"2026-03-01T00:00:00Z","unknown":[1],"data":{"unknown":{"a":1},%s}`, kind, data[1:])
}

// TestEveryEvent: each type is forecast and applied, told again it is stale and delivered again a duplicate; without a member that
// it needs it is refused with its place in the batch, of which nothing is applied.
func TestEveryEvent(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for i, e := range events {
		var forecast map[string]map[string]any
		body := event(e.kind, e.data, 5)
		b.want(200, "POST", "/v1/preview", "service", body, &forecast)
		for _, side := range []string{"gain", "lose"} {
			if len(forecast) != 2 || forecast[side]["viewers"] == nil || forecast[side]["messages"] == nil || forecast[side]["cards"] == nil {
				t.Errorf("%s: forecast %v", e.kind, forecast)
			}
		}
		id := fmt.Sprint("e", i)
		for _, step := range []struct{ id, want string }{{id, "applied"}, {id, "duplicate"}, {id + "again", "stale"}} {
			w := b.deliver(b.acc, step.id, body)
			if got := w.Body.String(); w.Code != 200 || got != `{"results":[{"status":"`+step.want+`"}]}` {
				t.Errorf("%s: %d %s, want %s", body, w.Code, got, step.want)
			}
		}
		if w := b.deliver(b.acc, id+"older", event(e.kind, e.data, 4)); w.Body.String() != `{"results":[{"status":"stale"}]}` {
			t.Errorf("%s of an older version: %d %s", e.kind, w.Code, w.Body)
		}
		var whole struct{ Data map[string]json.RawMessage }
		if err := json.Unmarshal([]byte(event(e.kind, e.data, 9)), &whole); err != nil {
			t.Fatal(err)
		}
		delete(whole.Data, e.needs)
		data, _ := json.Marshal(whole.Data)
		marker := event("user.upserted", `{"id":"marker","version":VERSION,"name":"","addresses":[]}`, 1)
		w := b.deliver(b.acc, id+"bad", fmt.Sprintf(`[%s,{"type":%q,"timestamp":"2026-03-01T00:00:00Z","data":%s}]`, marker, e.kind, data))
		var p problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if w.Code != 422 || p.Code != "invalid_event" || p.Index == nil || *p.Index != 1 || p.Detail == "" ||
			w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s without %s: %d %s", e.kind, e.needs, w.Code, w.Body)
		}
	}
	if w := b.deliver(b.acc, "marker", event("user.upserted", `{"id":"marker","version":VERSION,"name":"","addresses":[]}`, 1)); !strings.Contains(w.Body.String(), "applied") {
		t.Errorf("a refused batch left something: %s", w.Body)
	}
	for _, c := range []struct {
		body, want string
		status     int
	}{
		{`{"type":"sync.requested","timestamp":"2026-03-01T00:00:00Z","data":{"mailbox":"m"}}`, `{"results":[{"status":"applied"}]}`, 200},
		{`{"type":"sync.requested","data":{"user":"uma"}}`, `{"results":[{"status":"applied"}]}`, 200},
		{`{"type":"sync.requested","data":{}}`, `"index":0`, 422},
		{`{"type":"mail.exploded","data":{}}`, `"detail":"unknown type of event`, 422},
		{`[]`, `{"results":[]}`, 200}, {`nonsense`, `"code":"invalid_event"`, 422}, {``, `"code":"invalid_event"`, 422},
		{`[` + strings.Repeat(`{"type":"sync.requested","data":{"user":"u"}},`, webhook.MaxEvents-1) + `{"type":"sync.requested","data":{"user":"u"}}]`, `"applied"`, 200},
		{`{"type":"share.changed","data":{"user":"uma","version":1,"card":{"kind":"lead","id":"x"},"address":"a@b.example","state":"open"}}`, `"code":"invalid_event"`, 422},
	} {
		w := b.deliver(b.acc, fmt.Sprintf("c%x", len(c.body)), c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%.80s: %d %s, want %d %s", c.body, w.Code, w.Body, c.status, c.want)
		}
	}
	b.want(200, "POST", "/v1/preview", "service", `{"type":"sync.requested","data":{"user":"uma"}}`, nil)
	b.want(422, "POST", "/v1/preview", "service", `{"type":"sync.requested","data":{}}`, nil)
}

// TestIDsAreCharacters: an id has at most 128 characters, however many bytes they take.
func TestIDsAreCharacters(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	long := strings.Repeat("ü", 128)
	b.tell(b.acc, userEvent(long), cardEvent(rules.Lead, long, nil, cust))
	b.want(200, "GET", "/v1/cards/lead/"+url.PathEscape(long)+"/feed", long, "", nil)
	b.want(200, "PUT", "/v1/mailboxes/"+url.PathEscape(long), "service", `{"user":"`+long+`","host":"h"}`, nil)
	for _, id := range []string{long + "x", strings.Repeat("x", 129), ""} {
		e := event("user.upserted", `{"id":"`+id+`","version":VERSION,"name":"","addresses":[]}`, 1)
		if w := b.deliver(b.acc, fmt.Sprintf("id%d", len(id)), e); w.Code != 422 {
			t.Errorf("an id of %d bytes: %d %s", len(id), w.Code, w.Body)
		}
		if id != "" {
			b.want(404, "GET", "/v1/cards/lead/"+url.PathEscape(id)+"/feed", long, "", nil)
			b.want(422, "PUT", "/v1/mailboxes/"+url.PathEscape(id), "service", `{"user":"u","host":"h"}`, nil)
		}
	}
	for _, odd := range []string{"..", "a/../b", "a//b", "?x=1", "%2e", "a b", "#"} { // an id is opaque, also to the router
		b.tell(b.acc, cardEvent(rules.Contact, odd, nil))
		b.want(200, "GET", "/v1/cards/contact/"+strings.ReplaceAll(url.PathEscape(odd), ".", "%2E")+"/feed", long, "", nil)
	}
}

// TestTokenTimes: a token that has expired proves nothing, by not even a second; nor one that lasts for more than an hour.
func TestTokenTimes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann"))
	for in, status := range map[time.Duration]int{-time.Second: 401, time.Minute: 200, time.Hour: 200, time.Hour + time.Minute: 401} {
		w := b.call("GET", "/v1/settings", token(b.acc, "ann", func(c jwt.MapClaims) { c["exp"] = time.Now().Add(in).Unix() }), "")
		if w.Code != status {
			t.Errorf("a token that expires in %s: %d, want %d", in, w.Code, status)
		}
	}
}

// TestEveryErrorIsAProblem: whatever is wrong, the answer is a problem document with a code.
func TestEveryErrorIsAProblem(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann"), cardEvent(rules.Lead, "1", nil, cust))
	for _, c := range []struct {
		method, path, sub, body string
		status                  int
		code                    string
	}{
		{"GET", "/", "", "", 404, "not_found"}, {"GET", "/nothing", "ann", "", 404, "not_found"}, {"GET", "/v1/nothing", "ann", "", 404, "not_found"},
		{"GET", "/v1/nothing", "", "", 401, "unauthorized"}, {"GET", "/v1/settings/", "ann", "", 404, "not_found"},
		{"DELETE", "/v1/settings", "ann", "", 405, "method_not_allowed"}, {"PATCH", "/v1/shares", "ann", "", 405, "method_not_allowed"},
		{"GET", "/webhooks/" + b.acc.PublicID, "", "", 405, "method_not_allowed"}, {"GET", "/webhooks/", "", "", 404, "not_found"},
		{"POST", "/webhooks/" + b.acc.PublicID, "", "{}", 401, "unauthorized"}, {"POST", "/webhooks/acc_none", "", "{}", 401, "unauthorized"},
		{"GET", "/v1/cards/lead/1/feed?limit=abc", "ann", "", 400, "invalid_limit"}, {"GET", "/v1/cards/lead/1/threads?limit=0", "ann", "", 400, "invalid_limit"},
		{"GET", "/v1/cards/lead/1/threads?limit=201", "ann", "", 400, "invalid_limit"}, {"GET", "/v1/audit?limit=1e3", "service", "", 400, "invalid_limit"},
		{"GET", "/v1/audit?cursor=AAAA", "service", "", 400, "invalid_cursor"}, {"GET", "/v1/reports/unmatched?limit=0", "service", "", 400, "invalid_limit"},
		{"PUT", "/v1/settings", "ann", `"x"`, 400, "invalid_json"}, {"PUT", "/v1/shares", "ann", `{"card":"lead:1"}`, 400, "invalid_json"},
		{"GET", "/v1/explain?card=lead&message=x", "ann", "", 400, "invalid_card"}, {"GET", "/v1/explain?card=lead:1", "ann", "", 400, "invalid_request"},
		{"GET", "/v1//settings", "ann", "", 404, "not_found"}, {"GET", "/v1/cards/../settings", "ann", "", 404, "not_found"},
		{"DELETE", "/v1/mailboxes/mb1?mode=erase", "service", "", 400, "invalid_mode"},
	} {
		bearer := ""
		if c.sub != "" {
			bearer = token(b.acc, c.sub)
		}
		w := b.call(c.method, c.path, bearer, c.body)
		var p problem
		err := json.Unmarshal(w.Body.Bytes(), &p)
		if err != nil || w.Code != c.status || p.Code != c.code || p.Status != c.status || p.Type == "" || p.Title == "" ||
			w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s as %q: %d %s, want %d %s", c.method, c.path, c.sub, w.Code, w.Body, c.status, c.code)
		}
	}
}

// TestCursorsOpenWhereTheyWereMade: a cursor is of one list of one viewer on one card.
func TestCursorsOpenWhereTheyWereMade(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann"), userEvent("bob"), cardEvent(rules.Lead, "1", nil, cust), cardEvent(rules.Lead, "2", nil, cust))
	for i := range 3 {
		b.store(b.acc, "ann", fmt.Sprint(i), cust)
	}
	cursors := map[string]string{}
	for _, list := range []string{"1/feed", "1/threads", "2/feed"} {
		var page struct{ Next string }
		b.want(200, "GET", "/v1/cards/lead/"+list+"?limit=1", "ann", "", &page)
		cursors[list] = page.Next
	}
	for made, cursor := range cursors {
		if cursor == "" {
			t.Fatalf("%s gives no cursor", made)
		}
		for _, used := range []string{"1/feed", "1/threads", "2/feed", "2/threads"} {
			for _, sub := range []string{"ann", "bob"} {
				status := 400
				if used == made && sub == "ann" {
					status = 200
				}
				b.want(status, "GET", "/v1/cards/lead/"+used+"?limit=1&cursor="+cursor, sub, "", nil)
			}
		}
		for _, i := range []int{0, len(cursor) / 2, len(cursor) - 1} {
			changed := []byte(cursor)
			changed[i] = "AB"[1-strings.IndexByte("BA", cursor[i])&1]
			if string(changed) != cursor {
				b.want(400, "GET", "/v1/cards/lead/"+made+"?cursor="+string(changed), "ann", "", nil)
			}
		}
	}
}

// TestViewersMissWhatIsTheAuthors: keys that are the author's alone are absent for everybody else, at every level.
func TestViewersMissWhatIsTheAuthors(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann"), userEvent("bob"), cardEvent(rules.Lead, "1", nil, cust))
	id, _ := b.store(b.acc, "ann", "1", cust)
	b.tell(b.acc, &visibility.ShareChanged{User: "ann", Version: 1, Card: visibility.CardRef{Kind: rules.Lead, ID: "1"}, Address: cust, State: "shared"})
	always := []string{"message", "thread", "card", "author", "shared_by", "direction", "date", "from", "to", "cc", "subject", "preview", "attachments", "padlock", "delivery", "actions"}
	for sub, more := range map[string][]string{"ann": {"bcc", "seen"}, "bob": nil} {
		var page struct{ Items []map[string]any }
		b.want(200, "GET", "/v1/cards/lead/1/feed", sub, "", &page)
		var full map[string]any
		b.want(200, "GET", "/v1/messages/"+id, sub, "", &full)
		for _, item := range []map[string]any{page.Items[0], full} {
			for _, key := range append(slices.Clone(always), more...) {
				if _, there := item[key]; !there {
					t.Errorf("%s misses %s", sub, key)
				}
			}
			for _, key := range []string{"bcc", "seen"} {
				if _, there := item[key]; there && !slices.Contains(more, key) {
					t.Errorf("%s has %s", sub, key)
				}
			}
			if got := fmt.Sprint(item["actions"]); got != map[string]string{"ann": "[reply forward]", "bob": "[forward]"}[sub] {
				t.Errorf("%s may %s", sub, got)
			}
		}
	}
}

// lateParts are parts of an attachment, before each of which the time of the whole answer is over.
type lateParts struct {
	listener *listener
	left     []string
}

func (l *lateParts) Read(p []byte) (int, error) {
	if len(l.left) == 0 {
		return 0, io.EOF
	}
	part := l.left[0]
	l.left = l.left[1:]
	l.listener.deadline = time.Unix(1, 0)
	return copy(p, part), nil
}

// listener is a connection that takes nothing after its deadline.
type listener struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (l *listener) SetWriteDeadline(at time.Time) error {
	l.deadline = at
	return nil
}

func (l *listener) Write(p []byte) (int, error) {
	if time.Now().After(l.deadline) {
		return 0, os.ErrDeadlineExceeded
	}
	return l.ResponseRecorder.Write(p)
}

// TestLongDownloads: an answer that takes longer than the listener gives one as a whole is not cut while it goes on.
func TestLongDownloads(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.tell(b.acc, userEvent("ann"), cardEvent(rules.Lead, "1", nil, cust))
	id, _ := b.store(b.acc, "ann", "1", cust)
	w := &listener{ResponseRecorder: httptest.NewRecorder()}
	b.mails.parts = &lateParts{w, []string{"one, ", "two, ", "three"}}
	r := httptest.NewRequest("GET", "/v1/messages/"+id+"/attachments/1", nil)
	r.Header.Set("Authorization", "Bearer "+token(b.acc, "ann"))
	b.door.ServeHTTP(w, r)
	if got := w.Body.String(); got != "one, two, three" {
		t.Errorf("%d, %q", w.Code, got)
	}
}
