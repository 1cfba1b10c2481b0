package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

func cardOf(r *http.Request) visibility.CardRef {
	return visibility.CardRef{Kind: rules.Kind(r.PathValue("kind")), ID: r.PathValue("id")}
}

// cutOf reads limit and cursor.
func cutOf(r *http.Request) (feed.Cut, error) {
	query := r.URL.Query()
	cut := feed.Cut{Cursor: query.Get("cursor")}
	if query.Has("limit") {
		limit, err := strconv.Atoi(query.Get("limit"))
		if err != nil || limit < 1 {
			return feed.Cut{}, feed.ErrInvalidLimit
		}
		cut.Limit = limit
	}
	return cut, nil
}

// askedCard reads card=kind:id; nil when it is not given.
func askedCard(r *http.Request) (*visibility.CardRef, error) {
	query := r.URL.Query()
	if !query.Has("card") {
		return nil, nil
	}
	kind, id, ok := strings.Cut(query.Get("card"), ":")
	if !ok || !rules.Kind(kind).Valid() || id == "" {
		return nil, newProblem(http.StatusBadRequest, "invalid_card", "card must be kind:id, e.g. lead:42")
	}
	return &visibility.CardRef{Kind: rules.Kind(kind), ID: id}, nil
}

// decode reads the JSON body of a request into v. Fields that v does not have are ignored.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := read(w, r, maxBody)
	if err != nil {
		return err
	}
	if !utf8.Valid(body) || json.Unmarshal(body, v) != nil {
		return newProblem(http.StatusBadRequest, "invalid_json", "the body is not the JSON object that this call takes")
	}
	return nil
}

func read(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		return body, nil
	}
	if p := problemOf(err); p == errTooLarge {
		return nil, p
	}
	return nil, newProblem(http.StatusBadRequest, "incomplete", "the body ended too early")
}

// nameable reports whether an id can name anything; PostgreSQL refuses the rest as text.
func nameable(id string) bool {
	return id != "" && utf8.RuneCountInString(id) <= maxPublicID && utf8.ValidString(id) && !strings.Contains(id, "\x00")
}

// account is the account of a public id, or nil when there is none.
func (a *api) account(ctx context.Context, publicID string) (*db.Account, error) {
	if !nameable(publicID) {
		return nil, nil
	}
	acc, err := a.DB.AccountByPublicID(ctx, publicID)
	if errors.Is(err, db.ErrNoAccount) {
		return nil, nil
	}
	return acc, err
}
