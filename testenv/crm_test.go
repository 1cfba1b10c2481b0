package testenv

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// What the CRM sends is checked by the libraries that define it.
func TestCRMSignsAsTheContractSays(t *testing.T) {
	t.Parallel()
	c := Credentials{Account: "acc_1", WebhookSecret: "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=", TokenKey: "key"}
	wh, err := standardwebhooks.NewWebhook(c.WebhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks/acc_1", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = wh.Verify(body, r.Header)
		}
		var batch []struct {
			Type      string
			Timestamp time.Time
			Data      map[string]any
		}
		if err == nil {
			err = json.Unmarshal(body, &batch)
		}
		if err != nil || len(batch) != 2 || batch[1].Type != "card.deleted" || batch[1].Data["id"] != "l1" || time.Since(batch[0].Timestamp) > time.Minute {
			t.Errorf("the delivery %s: %v", body, err)
		}
		io.WriteString(w, `{"results":[{"status":"applied"},{"status":"stale"}]}`)
	})
	mux.HandleFunc("GET /v1/settings", func(w http.ResponseWriter, r *http.Request) {
		token, err := jwt.Parse(r.Header.Get("Authorization")[len("Bearer "):], func(*jwt.Token) (any, error) { return []byte("key"), nil },
			jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("acc_1"), jwt.WithAudience("mailstamp"), jwt.WithExpirationRequired(), jwt.WithSubject("u1"))
		if err != nil || !token.Valid {
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"code":"unauthorized"}`)
			return
		}
		io.WriteString(w, `{"lead":"nobody"}`)
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	crm := NewCRM(t, server.URL, c)
	got := crm.Tell(t, Event{Type: "user.deleted", Data: map[string]any{"id": "u1"}}, Event{Type: "card.deleted", Data: map[string]any{"id": "l1"}})
	if len(got) != 2 || got[0] != "applied" || got[1] != "stale" {
		t.Errorf("statuses %v", got)
	}
	var settings struct{ Lead string }
	crm.As(t, "u1").GetJSON(t, "/settings", &settings)
	if settings.Lead != "nobody" {
		t.Errorf("settings %v", settings)
	}
	for name, caller := range map[string]*Caller{"another user": crm.As(t, "u2"), "the service": crm.Service(t), "nonsense": crm.WithToken("x.y.z")} {
		if a := caller.Get(t, "/settings"); a.Status != http.StatusUnauthorized || a.Code() != "unauthorized" {
			t.Errorf("%s: %d %q", name, a.Status, a.Code())
		}
	}
}
