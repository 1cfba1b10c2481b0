//go:build unix

package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/testenv"
)

// collector takes traces as an OpenTelemetry collector does.
type collector struct {
	mu    sync.Mutex
	raw   bytes.Buffer
	spans map[string]*tracepb.Span // by id
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var data tracepb.TracesData // as ExportTraceServiceRequest on the wire
	if err == nil {
		err = proto.Unmarshal(body, &data)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, fmt.Sprint(err, r.URL.Path), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(body)
	for _, resource := range data.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans[string(s.SpanId)] = s
			}
		}
	}
}

// path of a span: the names from the root of its trace down to it.
func (c *collector) path(s *tracepb.Span) []string {
	var names []string
	for ; s != nil; s = c.spans[string(s.ParentSpanId)] {
		names = append([]string{s.Name}, names...)
	}
	return names
}

// has says that there is a path with these names, others between them.
func (c *collector) has(names ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var near []string
	for _, s := range c.spans {
		if s.Name != names[len(names)-1] {
			continue
		}
		path, left := c.path(s), names
		for _, name := range path {
			if len(left) > 0 && name == left[0] {
				left = left[1:]
			}
		}
		if len(left) == 0 {
			return nil
		}
		near = append(near, strings.Join(path, " → "))
	}
	return fmt.Errorf("no trace leads through %q; those that end so: %q", names, near)
}

// TestTrace follows a webhook to the stamp, and a mail from the server to its stamp, each by one trace, in which no content
// and no address can be read (S10).
func TestTrace(t *testing.T) {
	t.Parallel()
	c := &collector{spans: map[string]*tracepb.Span{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	mail, err := imaplocal.New(imaplocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mail.Close() })
	if err := mail.AddUser("canary-login", "canary-password"); err != nil {
		t.Fatal(err)
	}
	const letter = "From: Kim Canary <kim@canary.example>\r\nTo: ada@corp.example\r\nSubject: canary\r\nMessage-ID: <canary@canary>\r\n\r\ncanary\r\n"
	if _, err := mail.Append("canary-login", "INBOX", nil, time.Now(), []byte(letter)); err != nil {
		t.Fatal(err)
	}

	p := testenv.NewProgram(t, "MAILSTAMP_ALLOW_PRIVATE_IMAP=127.0.0.1", "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL, "OTEL_BSP_SCHEDULE_DELAY=100")
	p.Migrate(t)
	acme := p.AddAccount(t, "Acme")
	w := p.StartWorker(t)
	crm := testenv.NewCRM(t, w.URL, acme)
	crm.Tell(t,
		testenv.Event{Type: "user.upserted", Data: map[string]any{"id": "ada", "version": 1, "name": "Canary", "addresses": []string{"ada@corp.example"}, "active": true}},
		testenv.Event{Type: "card.upserted", Data: map[string]any{"kind": "lead", "id": "canary-card", "version": 1, "name": "Canary", "owner": "ada", "audience": "everyone",
			"addresses": []map[string]string{{"address": "kim@canary.example"}}}})
	put := crm.Service(t).Do(t, http.MethodPut, "/mailboxes/canary-box", map[string]any{"user": "ada", "host": mail.Host(), "port": mail.Port(), "tls": "none",
		"username": "canary-login", "auth": map[string]string{"password": "canary-password"}})
	if put.Status/100 != 2 {
		t.Fatalf("PUT mailbox: %d %s", put.Status, put.Body)
	}
	const patience = 30 * time.Second
	testenv.Eventually(t, patience, func() error { return c.has("sync pass", "store", "stamp") })
	testenv.Eventually(t, patience, func() error { return c.has("sync pass", "fetch") })
	crm.Tell(t, testenv.Event{Type: "setting.changed", Data: map[string]any{"user": "ada", "version": 1, "lead": "everyone"}})
	testenv.Eventually(t, patience, func() error {
		return c.has("POST /webhooks/{account}", "apply events", "job restamp", "restamp chunk")
	})
	testenv.Eventually(t, patience, func() error { return c.has("apply events", "job restamp", "sql FinishSetting") })
	crm.As(t, "ada").Get(t, "/cards/lead/canary-card/feed?canary")
	checkMetrics(t, w)
	w.Stop(t) // sends the rest
	if err := c.has("GET /v1/cards/{kind}/{id}/feed"); err != nil {
		t.Errorf("what was left at the end was not sent: %v", err)
	}
	if i := bytes.Index(bytes.ToLower(c.raw.Bytes()), []byte("canary")); i >= 0 {
		t.Errorf("a canary is in the traces: %q", c.raw.Bytes()[max(0, i-80):i+40])
	}
}

// TestCollectorAway: a collector that is away costs nothing but the spans.
func TestCollectorAway(t *testing.T) {
	t.Parallel()
	p := testenv.NewProgram(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_BSP_SCHEDULE_DELAY=10")
	p.Migrate(t)
	acme := p.AddAccount(t, "Acme")
	w := p.StartWorker(t)
	testenv.NewCRM(t, w.URL, acme).Tell(t, testenv.Event{Type: "user.upserted", Data: map[string]any{"id": "ada", "version": 1, "addresses": []string{}}})
	w.Stop(t)
}
