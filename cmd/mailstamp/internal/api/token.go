package api

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mailstamp/mailstamp/db"
)

// caller is who a token proves: a user of an account, or the account's own service.
type caller struct {
	acc     *db.Account
	viewer  string // CRM id; empty for a service that speaks for no user
	service bool
}

const (
	audience     = "mailstamp"
	scopeService = "service"
)

type claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"`
}

// errToken: there is no token, or it proves nothing. Which of its faults it has is not told.
var errToken = errors.New("no valid token")

// authenticate proves the caller by the bearer token of the request: HS256 with the key of the account that it names.
func (a *api) authenticate(r *http.Request) (caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || len(token) > maxToken || len(r.Header.Values("Authorization")) > 1 {
		return caller{}, errUnauthorized
	}
	var acc *db.Account
	var lookup error
	key := func(t *jwt.Token) (any, error) {
		if _, there := t.Header["crit"]; there { // extensions that whoever does not know them must refuse (RFC 7515, 4.1.11)
			return nil, errToken
		}
		if acc, lookup = a.account(r.Context(), t.Claims.(*claims).Issuer); lookup != nil || acc == nil {
			return nil, errToken
		}
		return acc.TokenKey, nil
	}
	var c claims
	_, err := a.tokens.ParseWithClaims(token, &c, key)
	switch {
	case lookup != nil:
		return caller{}, lookup // ours, not the caller's
	case err != nil, !c.ExpiresAt.After(a.now()), c.ExpiresAt.After(a.now().Add(maxTokenLife + tokenLeeway)):
		return caller{}, errUnauthorized
	}
	out := caller{acc: acc, viewer: c.Subject, service: c.Scope == scopeService}
	if out.viewer == "" && !out.service {
		return caller{}, errUnauthorized
	}
	return out, nil
}

func newTokenParser(now func() time.Time) *jwt.Parser {
	return jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(tokenLeeway), jwt.WithTimeFunc(now), jwt.WithStrictDecoding())
}
