// Package console serves the pages of the private listener: a card's mail as any user sees it, messages and who sees them
// why, the share dialog with both questions, settings with a preview of a change, block lists, how the mailboxes are,
// delivery reports, events to the CRM and the trail. Pages are rendered on the server and need no script; with it (static/console.js) the share
// dialog opens over the card, what moves is kept current, and j and k walk through a list.
//
// It is a tool for whoever runs Mailstamp and for demonstrations: there is no login, and it acts as whichever user the
// path names. That is why it is mounted on the private listener only, and every page says so.
//
// Invariants:
//
//   - It decides nothing and holds no data: what a viewer sees is package feed's to say, and it shows what that returns
//     and nothing else. It speaks no SQL.
//   - Whatever changes something is a POST from its own pages (http.CrossOriginProtection).
//   - The Content-Security-Policy allows no script but our one file, no foreign host, nothing inline. The HTML of a mail,
//     though sanitised already, is shown in a frame that is sandboxed by its attribute and by its own answer's policy.
//
// The account is named by the query parameter account, and may be left out where there is only one. Whoever sees a message
// here may ask about everybody why they see it or not, since the operator may. Block lists are shown and not changed: they
// are the CRM's, which tells each as a whole with a version, so a change made here would be undone by its next one.
package console

import (
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/httpserve"
	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/jobs/notify"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

const (
	// maxFormBytes of a POST: an address, a card and a few choices.
	maxFormBytes = 16 << 10
	// feedItems on a page: what fits on three or four screens.
	feedItems = 50
)

// Deps are what the pages ask.
type Deps struct {
	Accounts  func(ctx context.Context) ([]*db.Account, error)
	Feed      Feed
	Mailboxes Mailboxes
	Events    Events
	// VerifyTrail reads an account's whole trail and returns its head; db.ErrTampered.
	VerifyTrail func(ctx context.Context, acc *db.Account) (db.AuditHead, error)
	Log         *slog.Logger
}

// Feed is what a viewer sees and may do (package visibility/feed).
type Feed interface {
	Users(ctx context.Context, acc *db.Account) ([]feed.User, error)
	Cards(ctx context.Context, acc *db.Account, viewer string) ([]feed.CardSummary, error)
	Feed(ctx context.Context, acc *db.Account, viewer string, card visibility.CardRef, cut feed.Cut) (feed.Page[feed.Item], error)
	Threads(ctx context.Context, acc *db.Account, viewer string, card visibility.CardRef, cut feed.Cut) (feed.Page[feed.ThreadSummary], error)
	Conversations(ctx context.Context, acc *db.Account, viewer string, card visibility.CardRef) (feed.Conversations, error)
	Thread(ctx context.Context, acc *db.Account, viewer, thread string, card *visibility.CardRef, cut feed.Cut) (feed.Thread, error)
	Message(ctx context.Context, acc *db.Account, viewer, message string, card *visibility.CardRef) (feed.FullItem, error)
	Attachment(ctx context.Context, acc *db.Account, viewer, message string, n int) (int64, feed.Attachment, error)
	Share(ctx context.Context, acc *db.Account, viewer string, e visibility.ShareChanged) (feed.Conversation, error)
	Settings(ctx context.Context, acc *db.Account, viewer string) (feed.Settings, error)
	ChangeSettings(ctx context.Context, acc *db.Account, viewer string, e visibility.SettingChanged) (feed.Settings, error)
	Preview(ctx context.Context, acc *db.Account, viewer string, e visibility.Event, at time.Time) (visibility.Forecast, error)
	Explain(ctx context.Context, acc *db.Account, asker, viewer, message string, card visibility.CardRef) (visibility.Explanation, error)
	Blocklists(ctx context.Context, acc *db.Account, viewer string) (feed.Blocklists, error)
	UnmatchedReports(ctx context.Context, acc *db.Account, cut feed.Cut) (feed.Page[feed.UnmatchedReport], error)
	Audit(ctx context.Context, acc *db.Account, cut feed.Cut) (feed.Page[feed.AuditEntry], error)
}

// Mailboxes is how the mailboxes are (package ingest).
type Mailboxes interface {
	List(ctx context.Context, acc *db.Account) ([]ingest.Health, error)
	OpenAttachment(ctx context.Context, acc *db.Account, messageID int64, n int) (message.Attachment, io.ReadCloser, error)
}

//go:embed static
var static embed.FS

// pagePolicy allows our style sheet, script, forms and frames, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// mailPolicy is for the HTML of a mail: no script, no form, no origin, nothing from elsewhere.
const mailPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

type console struct{ Deps }

// New makes the handler, to be mounted at "/" of the private listener.
func New(deps Deps) http.Handler {
	c := &console{deps}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", staticFiles())
	mux.Handle("GET /{$}", c.page(c.home))
	mux.Handle("GET /mailboxes", c.page(c.mailboxes))
	mux.Handle("GET /reports", c.page(c.reports))
	mux.Handle("GET /trail", c.page(c.trail))
	mux.Handle("GET /events", c.page(c.events))
	mux.Handle("POST /events/replay", c.page(c.replay))
	mux.Handle("GET /as/{viewer}/{$}", c.page(c.home))
	mux.Handle("GET /as/{viewer}/settings", c.page(c.settings))
	mux.Handle("POST /as/{viewer}/settings", c.page(c.changeSettings))
	mux.Handle("GET /as/{viewer}/blocked", c.page(c.blocked))
	mux.Handle("GET /as/{viewer}/card/{kind}/{id}", c.page(c.card))
	mux.Handle("GET /as/{viewer}/card/{kind}/{id}/threads", c.page(c.threads))
	mux.Handle("GET /as/{viewer}/card/{kind}/{id}/share", c.page(c.shareDialog))
	mux.Handle("POST /as/{viewer}/card/{kind}/{id}/share", c.page(c.share))
	mux.Handle("GET /as/{viewer}/thread/{thread}", c.page(c.thread))
	mux.Handle("GET /as/{viewer}/message/{message}", c.page(c.message))
	mux.Handle("GET /as/{viewer}/message/{message}/html", c.page(c.messageHTML))
	mux.Handle("GET /as/{viewer}/message/{message}/why", c.page(c.why))
	mux.Handle("GET /as/{viewer}/message/{message}/attachments/{n}", c.page(c.attachment))
	mux.Handle("/", c.page(func(*request) error { return visibility.ErrNotFound }))
	return http.NewCrossOriginProtection().Handler(mux)
}

// staticFiles serves what pages refer to. Browsers keep it and ask each time whether it is another program's by now: one tag for
// all files, since embedded ones have no time.
func staticFiles() http.Handler {
	sum := sha256.New()
	err := fs.WalkDir(static, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := static.ReadFile(path)
		sum.Write(content)
		return err
	})
	if err != nil {
		panic(err) // embedded
	}
	tag := fmt.Sprintf(`"%x"`, sum.Sum(nil)[:16])
	files := http.FileServerFS(static)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Etag", tag)
		files.ServeHTTP(w, r)
	})
}

// page runs a handler with its account, viewer and card found, and turns its error into a page.
func (c *console) page(handle func(*request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		req := &request{console: c, w: w, Request: r}
		err := req.prepare()
		if err == nil {
			err = handle(req)
		}
		if err != nil {
			req.fail(err)
		}
	})
}

// errBadRequest: the form or the address of the page makes no sense.
var errBadRequest = errors.New("bad request")

// fail shows an error. Of an unexpected one the page tells nothing; the log does.
func (r *request) fail(err error) {
	var invalid *visibility.Invalid
	status, title, text := http.StatusInternalServerError, "Something went wrong", "Nothing was changed. The log says what happened."
	switch {
	case errors.Is(err, visibility.ErrNotFound), errors.Is(err, notify.ErrNoEvent):
		status, title, text = http.StatusNotFound, "Nothing here", "It does not exist, or this user may not see it. Mailstamp never tells the two apart."
	case errors.Is(err, feed.ErrInvalidCursor), errors.Is(err, errBadRequest), errors.As(err, &invalid):
		status, title, text = http.StatusBadRequest, "That request makes no sense", "Nothing was changed. Go back and try once more."
	case errors.Is(err, visibility.ErrCannotShare):
		status, title, text = http.StatusUnprocessableEntity, "This address cannot be shared", "Only addresses on the card that are not blocked can be shared."
	case errors.Is(err, context.Canceled):
		return
	case db.Unavailable(err):
		status, title, text = http.StatusServiceUnavailable, "The database is away", "Mailstamp tries again by itself. Reload this page in a moment."
	}
	if status >= http.StatusInternalServerError {
		r.Log.ErrorContext(r.Context(), "console page failed", "request", httpserve.RequestID(r.Context()), "method", r.Method, "route", r.Pattern, "error", err)
	}
	r.render(status, "error.html", title, struct{ Text string }{text})
}
