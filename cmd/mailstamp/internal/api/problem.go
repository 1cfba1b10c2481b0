package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/httpserve"
	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/jobs/webhook"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

// problem is an answer of RFC 9457. Two answers with the same code and detail are the same bytes.
type problem struct {
	Type   string               `json:"type"`
	Title  string               `json:"title"`
	Status int                  `json:"status"`
	Code   string               `json:"code"`
	Detail string               `json:"detail,omitempty"`
	Index  *int                 `json:"index,omitempty"`
	Cards  []visibility.CardRef `json:"cards,omitempty"`
}

func (p *problem) Error() string { return p.Code }

func newProblem(status int, code, detail string) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

var (
	errNotFound     = newProblem(http.StatusNotFound, "not_found", "")
	errUnauthorized = newProblem(http.StatusUnauthorized, "unauthorized", "")
	errTooLarge     = newProblem(http.StatusRequestEntityTooLarge, "too_large", "the body is larger than this call takes")
	errUnavailable  = newProblem(http.StatusServiceUnavailable, "unavailable", "")
	errInternal     = newProblem(http.StatusInternalServerError, "internal", "")
)

// problemOf is the answer to an error. Errors that it does not know say nothing of themselves.
func problemOf(err error) *problem {
	var (
		known    *problem
		tooLarge *http.MaxBytesError
		choice   *visibility.ChoiceRequired
		invalid  *visibility.Invalid
		config   *ingest.InvalidConfig
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, visibility.ErrNotFound), errors.Is(err, ingest.ErrNoMailbox), errors.Is(err, ingest.ErrNoMessage),
		errors.Is(err, message.ErrNoAttachment), errors.Is(err, jobs.ErrNoErasure):
		return errNotFound
	case errors.Is(err, jobs.ErrNotAnAddress):
		return newProblem(http.StatusUnprocessableEntity, "invalid_address", err.Error())
	case errors.Is(err, visibility.ErrAddressOfUser):
		return newProblem(http.StatusConflict, "address_of_user", err.Error())
	case errors.Is(err, ingest.ErrBeingRemoved):
		return newProblem(http.StatusConflict, "being_removed", err.Error())
	case errors.Is(err, feed.ErrInvalidCursor):
		return newProblem(http.StatusBadRequest, "invalid_cursor", "cursor must be one that this list gave to this viewer")
	case errors.Is(err, feed.ErrInvalidLimit):
		return newProblem(http.StatusBadRequest, "invalid_limit", "limit must be a whole number from 1 to 200")
	case errors.Is(err, visibility.ErrCannotShare):
		return newProblem(http.StatusUnprocessableEntity, "address_not_on_card", err.Error())
	case errors.As(err, &choice):
		p := newProblem(http.StatusConflict, "choice_required", "say also_deals or also_contact: these cards show the conversation too")
		p.Index, p.Cards = &choice.Index, choice.Cards
		return p
	case errors.As(err, &invalid):
		p := newProblem(http.StatusUnprocessableEntity, "invalid_event", invalid.Detail)
		p.Index = &invalid.Index
		return p
	case errors.As(err, &config):
		return newProblem(http.StatusUnprocessableEntity, config.Code, config.Detail)
	case errors.Is(err, webhook.ErrUnauthorized):
		return errUnauthorized
	case errors.Is(err, webhook.ErrTooMany):
		return newProblem(http.StatusRequestEntityTooLarge, "too_large", err.Error())
	case errors.As(err, &tooLarge):
		return errTooLarge
	case db.Unavailable(err):
		return errUnavailable
	}
	return errInternal
}

// fail answers with the problem of err, and logs what only we may know. A request that its client gave up needs neither.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		a.Log.ErrorContext(r.Context(), "request failed", "request", httpserve.RequestID(r.Context()), "route", r.Pattern, "error", err)
	}
	switch p.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", retryAfter)
	}
	body, _ := json.Marshal(p) // strings and numbers only
	write(w, p.Status, "application/problem+json", body)
}

// answer encodes v whole before the first byte goes out, so that an error can still become a problem.
func answer(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	write(w, status, "application/json", body)
	return nil
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // who asked may be gone
}
