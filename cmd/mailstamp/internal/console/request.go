package console

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/httpserve"
	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// request is one page being made: who looks, at what, and what the frame around every page shows.
type request struct {
	*console
	*http.Request
	w http.ResponseWriter

	account  *db.Account
	accounts []*db.Account
	users    []feed.User
	viewer   *feed.User
	ref      visibility.CardRef // of the path or the query; zero when neither names one
	cards    []feed.CardSummary // that the viewer can open
	refresh  int                // seconds until the page is made again, for a browser without script; 0 never
}

// prepare finds account, viewer and card.
func (r *request) prepare() error {
	ctx := r.Context()
	var err error
	if r.accounts, err = r.Accounts(ctx); err != nil {
		return err
	}
	if r.account, err = r.chooseAccount(); err != nil {
		return err
	}
	if r.account == nil {
		if r.Request.URL.Path != "/" {
			return visibility.ErrNotFound
		}
		return nil // home says that there is none, or lists them
	}
	if r.users, err = r.Feed.Users(ctx, r.account); err != nil {
		return err
	}
	if id := r.PathValue("viewer"); id != "" {
		if r.viewer = r.user(id); r.viewer == nil {
			return visibility.ErrNotFound
		}
		if r.cards, err = r.Feed.Cards(ctx, r.account, id); err != nil {
			return err
		}
	}
	if kind := rules.Kind(r.PathValue("kind")); kind != "" {
		r.ref = visibility.CardRef{Kind: kind, ID: r.PathValue("id")}
	} else if kind, id, ok := strings.Cut(r.URL.Query().Get("card"), ":"); ok {
		r.ref = visibility.CardRef{Kind: rules.Kind(kind), ID: id}
	}
	if r.ref.Kind != "" && !r.ref.Kind.Valid() {
		return visibility.ErrNotFound
	}
	return nil
}

func (r *request) chooseAccount() (*db.Account, error) {
	id := r.URL.Query().Get("account")
	for _, acc := range r.accounts {
		if acc.PublicID == id || (id == "" && len(r.accounts) == 1) {
			return acc, nil
		}
	}
	if id != "" {
		return nil, visibility.ErrNotFound
	}
	return nil, nil
}

// user finds an active user, or nil.
func (r *request) user(id string) *feed.User {
	for i := range r.users {
		if r.users[i].ID == id {
			return &r.users[i]
		}
	}
	return nil
}

// nameOf is a user's name by id, the id itself for one who is gone; the CRM and Mailstamp act too.
func (r *request) nameOf(id string) string {
	if u := r.user(id); u != nil {
		return u.Name
	}
	switch id {
	case "crm":
		return "the CRM"
	case "mailstamp":
		return "Mailstamp"
	}
	return id
}

// cut is the part of a list that the address of the page names.
func (r *request) cut() feed.Cut {
	return feed.Cut{Limit: feedItems, Cursor: r.URL.Query().Get("cursor")}
}

// pager makes the addresses of the next page of a list, and of the first when this is another.
func (r *request) pager(cut feed.Cut, cursor *string, path ...string) (next, first string) {
	if cut.Cursor != "" {
		first = r.Link(path...)
	}
	if cursor != nil {
		next = r.Link(append(path, "?", "cursor", *cursor)...)
	}
	return next, first
}

// cardRef is the card that the query names, or nil.
func (r *request) cardRef() *visibility.CardRef {
	if r.ref.Kind == "" {
		return nil
	}
	return &r.ref
}

// Link makes the address of a page from its path's parts, escaped, and pairs of query parameters after "?".
func (r *request) Link(parts ...string) string {
	var path strings.Builder
	query := url.Values{}
	if len(r.accounts) > 1 && r.account != nil {
		query.Set("account", r.account.PublicID)
	}
	for i, part := range parts {
		if part == "?" {
			for rest := parts[i+1:]; len(rest) > 1; rest = rest[2:] {
				if rest[1] != "" {
					query.Set(rest[0], rest[1])
				}
			}
			break
		}
		path.WriteString("/" + url.PathEscape(part))
	}
	if path.Len() == 0 {
		path.WriteString("/")
	}
	if len(query) == 0 {
		return path.String()
	}
	return path.String() + "?" + query.Encode()
}

// Home is the page of a user.
func (r *request) Home(viewer string) string { return r.Link("as", viewer, "") }

// Card is a card's page as a viewer, "" for the one who looks now; sub is "", "threads" or "share".
func (r *request) Card(viewer string, card visibility.CardRef, sub string) string {
	parts := []string{"as", r.viewerOr(viewer), "card", string(card.Kind), card.ID}
	if sub != "" {
		parts = append(parts, sub)
	}
	return r.Link(parts...)
}

// Message is a message's page on a card.
func (r *request) Message(id string, card visibility.CardRef) string {
	return r.Link("as", r.viewerOr(""), "message", id, "?", "card", cardParam(card))
}

// MessageHTML is the address of the frame with a message's HTML.
func (r *request) MessageHTML(id string, card visibility.CardRef) string {
	return r.Link("as", r.viewerOr(""), "message", id, "html", "?", "card", cardParam(card))
}

// Attachment is the address of an attachment's bytes.
func (r *request) Attachment(id string, n int) string {
	return r.Link("as", r.viewerOr(""), "message", id, "attachments", strconv.Itoa(n))
}

// Why is the page that says why a user sees a message on a card; of is "" for the one who looks now.
func (r *request) Why(id string, card visibility.CardRef, of string) string {
	return r.Link("as", r.viewerOr(""), "message", id, "why", "?", "card", cardParam(card), "of", of)
}

// Thread is a thread's page on a card.
func (r *request) Thread(id string, card visibility.CardRef) string {
	return r.Link("as", r.viewerOr(""), "thread", id, "?", "card", cardParam(card))
}

func cardParam(card visibility.CardRef) string {
	if card.Kind == "" {
		return ""
	}
	return string(card.Kind) + ":" + card.ID
}

func (r *request) viewerOr(id string) string {
	if id == "" && r.viewer != nil {
		return r.viewer.ID
	}
	return id
}

// render sends a page. It is made whole first, so that an error in it is an error page and not half a page.
func (r *request) render(status int, name, title string, data any) {
	var page bytes.Buffer
	err := pages[name].ExecuteTemplate(&page, "layout", frame{request: r, Title: title, Data: data, Status: status})
	if err != nil {
		r.Log.ErrorContext(r.Context(), "console page not rendered", "request", httpserve.RequestID(r.Context()), "page", name, "error", err)
		http.Error(r.w, "The page could not be rendered.", http.StatusInternalServerError)
		return
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.w.WriteHeader(status)
	page.WriteTo(r.w) // the client is gone on an error; there is nobody to tell
}

// seeOther leads the browser on after a POST.
func (r *request) seeOther(to string) error {
	http.Redirect(r.w, r.Request, to, http.StatusSeeOther)
	return nil
}
