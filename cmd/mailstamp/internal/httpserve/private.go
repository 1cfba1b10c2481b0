package httpserve

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Names of the listeners in logs and metrics.
const (
	Public  = "public"
	Private = "private"
)

// checkTimeout bounds one look at how the process is.
const checkTimeout = 3 * time.Second

// Check is a named condition; nil is well.
type Check struct {
	Name string
	Run  func(context.Context) error
}

// PrivateHandlers are what the private listener leads to.
type PrivateHandlers struct {
	Console http.Handler // at /
	Jobs    http.Handler // at /jobs/
	Metrics prometheus.Gatherer
	Alive   []Check // at /healthz: where one fails, only a new process helps
	Ready   []Check // at /readyz: while one fails, others shall be asked instead
}

// NewPrivate makes the handler of the private listener at address. Where names are given it answers to them, to localhost and to
// IP addresses only.
func NewPrivate(address string, names []string, h PrivateHandlers) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", checked("alive", h.Alive))
	mux.HandleFunc("GET /readyz", checked("ready", h.Ready))
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.Metrics, promhttp.HandlerOpts{}))
	mux.Handle("/jobs/", h.Jobs)
	mux.Handle("/", h.Console)
	return ownPagesOnly(address, names, mux)
}

// checked answers whether all is well, and with every check that fails and why.
func checked(what string, checks []Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
		defer cancel()
		problems := map[string]string{}
		for _, check := range checks {
			if err := check.Run(ctx); err != nil {
				problems[check.Name] = err.Error()
			}
		}
		answer := map[string]any{what: len(problems) == 0}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if len(problems) > 0 {
			answer["problems"] = problems
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(answer) // who asked may be gone
	}
}

// ownPagesOnly keeps other sites' pages, open in an operator's browser, from using the private listener, which asks nobody
// who they are: their requests that change something are refused by origin, and a name of theirs that resolves to the listener
// (DNS rebinding) is refused by Host: on a loopback listener, and wherever names are given.
func ownPagesOnly(address string, names []string, next http.Handler) http.Handler {
	host, _, err := net.SplitHostPort(address)
	ours := err == nil && Loopback(host)
	if ours || len(names) > 0 {
		inner := next
		next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name := r.Host
			if host, _, err := net.SplitHostPort(name); err == nil {
				name = host
			}
			_, notIP := netip.ParseAddr(trimBrackets(name))
			named := func(ours string) bool { return strings.EqualFold(ours, name) }
			if !Loopback(name) && (ours || notIP != nil) && !slices.ContainsFunc(names, named) {
				http.Error(w, "this listener does not answer to that name (MAILSTAMP_ADMIN_HOSTS)", http.StatusForbidden)
				return
			}
			inner.ServeHTTP(w, r)
		})
	}
	return http.NewCrossOriginProtection().Handler(next)
}

// Loopback says that only this machine reaches the host.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(trimBrackets(host))
	return err == nil && ip.Unmap().IsLoopback()
}

func trimBrackets(host string) string {
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		return host[1 : len(host)-1]
	}
	return host
}
