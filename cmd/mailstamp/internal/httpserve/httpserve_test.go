package httpserve

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// observed is a handler behind an observer, with what that wrote and measured.
func observed(t *testing.T, next http.Handler) (handler http.Handler, log *bytes.Buffer, metrics *prometheus.Registry) {
	t.Helper()
	log, metrics = &bytes.Buffer{}, prometheus.NewRegistry()
	o, err := NewObserver(slog.New(slog.NewTextHandler(log, nil)), metrics)
	if err != nil {
		t.Fatal(err)
	}
	return o.Wrap(Public, next), log, metrics
}

// TestRequestLogHoldsNoSecret guards S10: routes are named by pattern, and nothing of query, headers or body is logged.
func TestRequestLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/cards/{kind}/{id}", func(w http.ResponseWriter, r *http.Request) {
		if RequestID(r.Context()) == "" {
			t.Error("the request has no id")
		}
		w.WriteHeader(http.StatusTeapot)
	})
	mux.HandleFunc("POST /panic", func(http.ResponseWriter, *http.Request) { panic("canary") })
	handler, log, metrics := observed(t, mux)
	for _, target := range []string{"GET /v1/cards/canary/canary?token=canary", "POST /panic?canary", "CANARY /canary"} {
		method, path, _ := strings.Cut(target, " ")
		r := httptest.NewRequest(method, path, strings.NewReader("canary"))
		r.Header.Set("Authorization", "Bearer canary")
		r.Header.Set("X-Request-Id", "canary")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Header().Get("X-Request-Id") == "canary" {
			t.Error("the client chose the request's id")
		}
	}
	if strings.Contains(strings.ToLower(log.String()), "canary") {
		t.Errorf("a canary is in the log:\n%s", log)
	}
	for _, want := range []string{`route="GET /v1/cards/{kind}/{id}" status=418`, `route="POST /panic" status=500`, "panic=string"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("not logged: %s\n%s", want, log)
		}
	}
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(families); strings.Contains(strings.ToLower(text), "canary") || !strings.Contains(text, "{kind}") {
		t.Errorf("metrics: %s", text)
	}
}

func private(address string, h PrivateHandlers, names ...string) http.Handler {
	h.Console, h.Jobs, h.Metrics = http.NotFoundHandler(), http.NotFoundHandler(), prometheus.NewRegistry()
	return NewPrivate(address, names, h)
}

// TestHealth: a process that cannot work now is alive but not ready, one that hangs is neither; each says why.
func TestHealth(t *testing.T) {
	t.Parallel()
	well := Check{"well", func(context.Context) error { return nil }}
	away := Check{"database", func(context.Context) error { return errors.New("it does not answer") }}
	hangs := Check{"jobs", func(context.Context) error { return errors.New("1 jobs hang") }}
	for _, c := range []struct {
		h           PrivateHandlers
		path, wants string
	}{
		{PrivateHandlers{Alive: []Check{well}, Ready: []Check{well, away}}, "/healthz", `200 {"alive":true}`},
		{PrivateHandlers{Alive: []Check{well}, Ready: []Check{well, away}}, "/readyz", `503 {"problems":{"database":"it does not answer"},"ready":false}`},
		{PrivateHandlers{Alive: []Check{hangs, well}}, "/healthz", `503 {"alive":false,"problems":{"jobs":"1 jobs hang"}}`},
	} {
		w := httptest.NewRecorder()
		private("127.0.0.1:0", c.h).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+c.path, nil))
		if got := fmt.Sprintf("%d %s", w.Code, w.Body); got != c.wants+"\n" {
			t.Errorf("%s: %q, want %q", c.path, got, c.wants)
		}
	}
}

// TestForeignPagesAreKeptOff: neither another site's form nor a name of its own that resolves to loopback reaches the
// private listener.
func TestForeignPagesAreKeptOff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		listen, method, host, origin string
		allowed                      bool
	}{
		{"127.0.0.1:8081", "GET", "localhost:8081", "", true},
		{"127.0.0.1:8081", "GET", "127.0.0.1", "", true},
		{"[::1]:8081", "GET", "[::1]:8081", "", true},
		{"[::1]:8081", "GET", "[::1]", "", true},
		{"127.0.0.1:8081", "POST", "localhost:8081", "http://localhost:8081", true},
		{"127.0.0.1:8081", "POST", "localhost:8081", "", true}, // no browser
		{"127.0.0.1:8081", "GET", "rebound.example:8081", "", false},
		{"localhost:8081", "GET", "localhost.rebound.example", "", false},
		{"127.0.0.1:8081", "GET", "", "", false},
		{"127.0.0.1:8081", "POST", "localhost:8081", "http://evil.example", false},
		{"127.0.0.1:8081", "POST", "localhost:8081", "null", false},
		{"0.0.0.0:8081", "GET", "mailstamp.internal:8081", "", true},
		{"0.0.0.0:8081", "POST", "mailstamp.internal:8081", "http://evil.example", false},
		{":8081 pages.example", "GET", "Pages.example:8081", "", true},
		{":8081 pages.example", "GET", "localhost:8081", "", true}, // published, or forwarded
		{":8081 pages.example", "GET", "10.1.2.3:8081", "", true},  // a probe
		{":8081 pages.example", "GET", "[fd00::1]", "", true},
		{":8081 pages.example", "GET", "rebound.example:8081", "", false},
		{":8081 localhost", "GET", "rebound.example:8081", "", false},
		{":8081 localhost", "GET", "", "", false},
		{"127.0.0.1:8081 pages.example", "GET", "pages.example", "", true}, // a proxy on this machine
		{"127.0.0.1:8081 pages.example", "GET", "10.1.2.3:8081", "", false},
	} {
		listen := strings.Fields(c.listen) // and the names that are given
		r := httptest.NewRequest(c.method, "/nothing", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		private(listen[0], PrivateHandlers{}, listen[1:]...).ServeHTTP(w, r)
		if allowed := w.Code != http.StatusForbidden; allowed != c.allowed {
			t.Errorf("%+v: answered %d", c, w.Code)
		}
	}
}

func start(t *testing.T, handler http.Handler) *Server {
	t.Helper()
	s := New("127.0.0.1:0", handler, slog.New(slog.DiscardHandler))
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestStopDrains: a request under way gets its answer; one that does not end is cut off when the time is over.
func TestStopDrains(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
			return
		}
		<-release
		fmt.Fprint(w, "done")
	}))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	type answer struct {
		body string
		err  error
	}
	ask := func(path string) <-chan answer {
		out := make(chan answer, 1)
		go func() {
			res, err := client.Get("http://" + s.Address() + path)
			if err != nil {
				out <- answer{err: err}
				return
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			out <- answer{string(body), err}
		}()
		<-entered
		return out
	}
	quick, slow := ask("/quick"), ask("/slow")
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error)
	go func() { stopped <- s.Stop(ctx) }()
	close(release)
	if a := <-quick; a.err != nil || a.body != "done" {
		t.Errorf("a request under way: %+v", a)
	}
	cancel()
	if err := <-stopped; err == nil {
		t.Error("nothing says that a request was cut off")
	}
	if a := <-slow; a.err == nil {
		t.Errorf("a request that does not end: %+v", a)
	}
	if err, ended := <-s.Failed(); ended {
		t.Errorf("stopped, and yet failed: %v", err)
	}
}

// TestHeaderLimit: a header that never ends is refused, not held.
func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	s := start(t, http.NotFoundHandler())
	defer s.Stop(context.Background())
	conn, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nX: %s", strings.Repeat("x", 4*maxHeaderBytes)) // cut off
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%v, %v", res, err)
	}
}

// TestAddressInUse names what cannot be listened on.
func TestAddressInUse(t *testing.T) {
	t.Parallel()
	s := start(t, http.NotFoundHandler())
	defer s.Stop(context.Background())
	err := New(s.Address(), http.NotFoundHandler(), slog.New(slog.DiscardHandler)).Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), s.Address()) {
		t.Errorf("%v", err)
	}
}
