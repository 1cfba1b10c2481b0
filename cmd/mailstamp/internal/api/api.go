// Package api is the program's public HTTP door: the read API of /v1 and the CRM's webhooks (API.md). It decodes requests,
// proves the viewer, maps errors to problem documents (RFC 9457) and encodes answers. It decides nothing of its own: what
// a viewer sees is package feed's to say, what an event does is package webhook's.
//
// Invariants:
//
//   - Whatever a viewer may not see, may not do, or does not exist is the same 404, byte for byte; so is a call of the
//     service's for anybody else. Without a valid token everything under /v1 but its description is the same 401.
//   - An answer of 5xx says nothing of its cause; the cause is logged, without tokens, addresses or content.
//   - Every body that is read has a named bound.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

// Deps are what the door leads to.
type Deps struct {
	DB        *db.DB
	Feed      *feed.Service
	Mailboxes Mailboxes
	Erasures  Erasures
	// Receive verifies and applies a delivery of the CRM's; acc is nil for an account that does not exist. See package webhook.
	Receive func(ctx context.Context, acc *db.Account, header http.Header, body []byte) ([]visibility.Status, error)
	Log     *slog.Logger
}

// Mailboxes is what the door asks of package ingest.
type Mailboxes interface {
	Put(ctx context.Context, acc *db.Account, id string, cfg ingest.MailboxConfig) (ingest.Health, error)
	Get(ctx context.Context, acc *db.Account, id string) (ingest.Health, error)
	Delete(ctx context.Context, acc *db.Account, id string, mode ingest.DeleteMode) error
	OpenAttachment(ctx context.Context, acc *db.Account, messageID int64, n int) (message.Attachment, io.ReadCloser, error)
	RawMessage(ctx context.Context, acc *db.Account, messageID int64) (io.ReadCloser, error)
}

// Erasures is what the door asks of package jobs.
type Erasures interface {
	Request(ctx context.Context, acc *db.Account, address string) (jobs.Erasure, error)
	Get(ctx context.Context, acc *db.Account, job string) (jobs.Erasure, error)
}

type api struct {
	Deps
	now    func() time.Time
	tokens *jwt.Parser
}

// route is one call of API.md.
type route struct {
	method, path string
	who          who
	call         func(*api, http.ResponseWriter, *http.Request, caller) error
}

// who may make a call.
type who int

const (
	viewers  who = iota // a user
	services            // the account's service
	both
	anybody // without a token
)

func (w who) admits(c caller) bool {
	switch w {
	case viewers:
		return c.viewer != ""
	case services:
		return c.service
	}
	return true
}

// routes are all calls of /v1, and nothing else is.
var routes = []route{
	{"GET", "/v1/cards/{kind}/{id}/feed", viewers, (*api).cardFeed},
	{"GET", "/v1/cards/{kind}/{id}/threads", viewers, (*api).cardThreads},
	{"GET", "/v1/cards/{kind}/{id}/conversations", viewers, (*api).cardConversations},
	{"GET", "/v1/threads/{id}", viewers, (*api).thread},
	{"GET", "/v1/messages/{id}", viewers, (*api).message},
	{"GET", "/v1/messages/{id}/attachments/{n}", viewers, (*api).attachment},
	{"POST", "/v1/messages/{id}/forward", viewers, (*api).forward},
	{"PUT", "/v1/shares", viewers, (*api).putShare},
	{"GET", "/v1/settings", viewers, (*api).settings},
	{"PUT", "/v1/settings", viewers, (*api).putSettings},
	{"GET", "/v1/explain", both, (*api).explain},
	{"POST", "/v1/preview", both, (*api).preview},
	{"PUT", "/v1/mailboxes/{id}", services, (*api).putMailbox},
	{"GET", "/v1/mailboxes/{id}", services, (*api).mailbox},
	{"DELETE", "/v1/mailboxes/{id}", services, (*api).deleteMailbox},
	{"POST", "/v1/erase", services, (*api).postErase},
	{"GET", "/v1/erase/{job}", services, (*api).erasure},
	{"GET", "/v1/reports/unmatched", services, (*api).unmatchedReports},
	{"GET", "/v1/audit", services, (*api).audit},
	{"GET", "/v1/openapi.json", anybody, (*api).description},
}

// New makes the handler of the public listener.
func New(deps Deps) http.Handler { return newAPI(deps, time.Now) }

func newAPI(deps Deps, now func() time.Time) http.Handler {
	a := &api{Deps: deps, now: now, tokens: newTokenParser(now)}
	byPath := map[string]map[string]route{}
	for _, r := range routes {
		if byPath[r.path] == nil {
			byPath[r.path] = map[string]route{}
		}
		byPath[r.path][r.method] = r
	}
	mux := http.NewServeMux()
	for pattern, methods := range byPath {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { a.dispatch(w, r, methods) })
	}
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		a.dispatch(w, r, nil)
	})
	mux.HandleFunc("/webhooks/{account}", a.webhook)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, errNotFound) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isClean(r.URL.EscapedPath()) { // the router would redirect, which is no answer of ours
			a.fail(w, r, errNotFound)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func isClean(p string) bool {
	clean := path.Clean(p)
	return (p == clean || p == clean+"/") && p != "//"
}

// dispatch makes the call of the request's method; without one there is nothing at the path.
func (a *api) dispatch(w http.ResponseWriter, r *http.Request, methods map[string]route) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	call, exists := methods[method]
	if exists && call.who == anybody {
		a.finish(w, r, call.call(a, w, r, caller{}))
		return
	}
	c, err := a.authenticate(r)
	switch {
	case err != nil:
	case methods == nil:
		err = errNotFound
	case !exists:
		allow := make([]string, 0, len(methods))
		for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			if _, ok := methods[m]; ok {
				allow = append(allow, m)
			}
		}
		w.Header().Set("Allow", strings.Join(allow, ", "))
		err = newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "")
	case !call.who.admits(c):
		err = errNotFound
	default:
		err = call.call(a, w, r, c)
	}
	a.finish(w, r, err)
}

func (a *api) finish(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		a.fail(w, r, err)
	}
}
