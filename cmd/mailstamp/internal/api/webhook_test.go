package api

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/jobs/webhook"
)

func (b *bundle) deliver(acc *db.Account, id, body string) *httptest.ResponseRecorder {
	b.Helper()
	signer, err := standardwebhooks.NewWebhook(acc.WebhookSecret)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	signature, err := signer.Sign(id, now, []byte(body))
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/webhooks/"+acc.PublicID, strings.NewReader(body))
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("webhook-signature", signature)
	w := httptest.NewRecorder()
	b.door.ServeHTTP(w, r)
	return w
}

func TestWebhookDoor(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	user := `{"type":"user.upserted","timestamp":"2026-03-01T00:00:00Z","data":{"id":"ann","version":1,"name":"Ann","addresses":[],"active":true}}`
	for _, c := range []struct {
		what   string
		answer *httptest.ResponseRecorder
		status int
		body   string
	}{
		{"a new event", b.deliver(b.acc, "m1", user), 200, `{"results":[{"status":"applied"}]}`},
		{"the same again", b.deliver(b.acc, "m1", user), 200, `{"results":[{"status":"duplicate"}]}`},
		{"an older version", b.deliver(b.acc, "m2", "["+user+"]"), 200, `{"results":[{"status":"stale"}]}`},
		{"another secret", b.deliver(&db.Account{PublicID: b.acc.PublicID, WebhookSecret: b.account().WebhookSecret}, "m3", user), 401, `"code":"unauthorized"`},
		{"no such account", b.deliver(&db.Account{PublicID: "acc_none", WebhookSecret: b.acc.WebhookSecret}, "m4", user), 401, `"code":"unauthorized"`},
		{"nonsense", b.deliver(b.acc, "m5", `[`+user+`,{"type":"x","data":{}}]`), 422, `"index":1`},
		{"a version of 0", b.deliver(b.acc, "m6", `{"type":"setting.changed","timestamp":"2026-03-01T00:00:00Z","data":{"user":"ann","version":0,"lead":"everyone"}}`), 422, `"code":"invalid_event"`},
		{"too many", b.deliver(b.acc, "m7", "["+strings.Repeat(user+",", webhook.MaxEvents)+user+"]"), 413, `"code":"too_large"`},
		{"too large", b.deliver(b.acc, "m8", strings.Repeat(" ", webhook.MaxBody+1)), 413, `"code":"too_large"`},
	} {
		if c.answer.Code != c.status || !strings.Contains(c.answer.Body.String(), c.body) {
			t.Errorf("%s: %d %s, want %d %s", c.what, c.answer.Code, c.answer.Body, c.status, c.body)
		}
	}
	if w := b.call("GET", "/webhooks/"+b.acc.PublicID, "", ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
}
