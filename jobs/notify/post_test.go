package notify

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

// TestS02EventsStayOutside: no event goes where the operator did not allow it, by name, number or redirect; and no answer costs
// more than its bound.
func TestS02EventsStayOutside(t *testing.T) {
	b := setup(t)
	b.turn(b.acc)
	port := b.crm.URL[strings.LastIndexByte(b.crm.URL, ':')+1:]
	results := func(n *Notifier, url string) (status int, class string) {
		t.Helper()
		r := n.poster.post(t.Context(), destination{url: url, secrets: []string{b.acc.WebhookSecret}}, event{webhookID: "evt_1", body: []byte(`{}`)}, time.Now)
		return r.status, r.class
	}
	closed := b.notifier()
	tries := b.crm.Tries()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1", "169.254.169.254"} {
		for _, scheme := range []string{"http", "https"} {
			if _, class := results(closed, scheme+"://"+host+":"+port); class != "forbidden" {
				t.Errorf("%s to %s: %q", scheme, host, class)
			}
		}
	}
	if _, class := results(closed, "http://192.0.2.1/"); class != "forbidden" {
		t.Errorf("plain http to the internet: %q", class)
	}
	if b.crm.Tries() != tries {
		t.Error("something was sent")
	}
	b.crm.AnswerBy(func(w http.ResponseWriter, _ testenv.ReceivedEvent) {
		w.Header().Set("Location", b.crm.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	if status, _ := results(b.n, b.crm.URL); status != http.StatusTemporaryRedirect || b.crm.Tries() != tries+1 {
		t.Errorf("a redirect: %d, and %d posts", status, b.crm.Tries()-tries)
	}
	b.crm.AnswerBy(func(w http.ResponseWriter, _ testenv.ReceivedEvent) {
		for i := range 100 {
			w.Header().Set("X-"+strconv.Itoa(i), strings.Repeat("x", 1000))
		}
	})
	if _, class := results(b.n, b.crm.URL); class != "broken" {
		t.Errorf("a header of 100 KB: %q", class)
	}
	b.crm.AnswerBy(func(w http.ResponseWriter, _ testenv.ReceivedEvent) {
		for range 1000 {
			if _, err := w.Write(make([]byte, 10_000)); err != nil {
				return
			}
		}
		t.Error("10 MB were read")
	})
	if status, _ := results(b.n, b.crm.URL); status != http.StatusOK {
		t.Errorf("a long answer: %d", status)
	}
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	if _, class := results(b.n, secure.URL); class != "tls" {
		t.Errorf("https to a server whose certificate nobody vouches for: %q", class)
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://crm.example/events?a=b", "http://crm.internal:8080"} {
		if err := CheckURL(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{"", "crm.example", "ftp://crm.example", "https://", "https://u:p@crm.example", "https://crm.example/#x",
		"https:///x", "file:///etc/passwd", "https://crm.example/" + strings.Repeat("x", maxURL)} {
		if CheckURL(url) == nil {
			t.Errorf("%s is taken", url)
		}
	}
}
