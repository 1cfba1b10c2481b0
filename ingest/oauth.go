package ingest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/oauth2"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// present says how a mailbox's secret is shown to its server. refused is an access token that the server did not take.
func (o Options) present(acc *db.Account, m queries.Mailbox, auth MailboxAuth, refused string, used *string) imapconn.Auth {
	if auth.OAuth == nil {
		return imapconn.Password(auth.Password)
	}
	return imapconn.Bearer(auth.OAuth.Mechanism, func(ctx context.Context) (token string, err error) {
		*used, err = o.token(ctx, acc, m, *auth.OAuth, refused)
		return *used, err
	})
}

// renewing holds a place for each renewal under way in this process.
var renewing = make(chan struct{}, renewals)

// token returns an access token that lasts, renewed where it must be. Of all workers that need it one renews: under the
// row's lock, from reading the old grant to writing the new one, for a provider may rotate the refresh token and take the
// old one as stolen. A stopping worker finishes this first. A renewed grant is saved before it is used.
func (o Options) token(ctx context.Context, acc *db.Account, m queries.Mailbox, grant MailboxOAuth, refused string) (string, error) {
	if grant.good(refused) {
		return grant.AccessToken, nil
	}
	select {
	case renewing <- struct{}{}:
		defer func() { <-renewing }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenTimeout+saveTimeout)
	defer cancel()
	var fresh *oauth2.Token // asked for once, however often the transaction runs
	renew := func(tx *db.Tx) error {
		row, err := tx.LockSealedAuth(ctx, queries.LockSealedAuthParams{AccountID: acc.ID, ID: m.ID})
		if errors.Is(err, pgx.ErrNoRows) || err == nil && (row.ConfigEpoch != m.ConfigEpoch || row.SealedAuth == nil) {
			return errReconfigured
		}
		if err != nil {
			return fmt.Errorf("lock the grant: %w", err)
		}
		auth, err := o.openAuth(acc, m.ID, row.SealedAuth)
		if err != nil {
			return err
		}
		if grant = *auth.OAuth; fresh == nil {
			if grant.good(refused) {
				return nil // another worker renewed it meanwhile
			}
			if fresh, err = o.renew(ctx, grant); err != nil {
				return err
			}
		}
		grant.AccessToken, grant.Expiry = fresh.AccessToken, fresh.Expiry
		if fresh.RefreshToken != "" {
			grant.RefreshToken = fresh.RefreshToken
		}
		sealed, err := o.sealAuth(acc, m.ID, MailboxAuth{OAuth: &grant})
		if err != nil {
			return err
		}
		if err := tx.SaveSealedAuth(ctx, queries.SaveSealedAuthParams{
			AccountID: acc.ID, ID: m.ID, ConfigEpoch: m.ConfigEpoch, SealedAuth: sealed,
		}); err != nil {
			return fmt.Errorf("save the renewed grant: %w", err)
		}
		return o.commit("grant")
	}
	err := o.DB.Tx(ctx, acc.ID, renew)
	for range saveTries - 1 {
		if err == nil || fresh == nil || ctx.Err() != nil {
			break
		}
		err = o.DB.Tx(ctx, acc.ID, renew) // what was renewed must not be lost
	}
	return grant.AccessToken, err
}

// good says that an access token is there, is not the one that was refused, and lasts. Without a way to renew it, it is
// as good as it gets.
func (g MailboxOAuth) good(refused string) bool {
	if g.RefreshToken == "" || g.TokenURL == "" {
		return true
	}
	return g.AccessToken != "" && g.AccessToken != refused && (g.Expiry.IsZero() || time.Until(g.Expiry) > tokenLeeway)
}

// grantError is a provider's refusal to renew, in words that are safe to log: its answer may repeat what it was sent.
type grantError struct {
	status int
	code   string // of RFC 6749 section 5.2
}

func (e *grantError) Error() string {
	return fmt.Sprintf("the provider answered %d %s", e.status, e.code)
}

// errorCode is what a provider's error code may look like.
var errorCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

// renew asks the provider, whose URL is a stranger's: it is dialled as carefully as a mail server, leads nowhere else, and
// its answer is bounded.
func (o Options) renew(ctx context.Context, grant MailboxOAuth) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	client := &http.Client{
		Transport: &http.Transport{
			DialContext: o.Dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
			DisableKeepAlives: true, MaxResponseHeaderBytes: tokenHeaderBytes, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	cfg := oauth2.Config{
		ClientID: grant.ClientID, ClientSecret: grant.ClientSecret,
		// In the body, as Google and Microsoft want it. The library's own trying would renew twice.
		Endpoint: oauth2.Endpoint{TokenURL: grant.TokenURL, AuthStyle: oauth2.AuthStyleInParams},
	}
	fresh, err := cfg.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, client), &oauth2.Token{RefreshToken: grant.RefreshToken}).Token()
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		e := &grantError{status: refused.Response.StatusCode}
		if errorCode.MatchString(refused.ErrorCode) {
			e.code = refused.ErrorCode
		}
		return nil, e
	}
	if err != nil {
		return nil, fmt.Errorf("renew the token: %w", err)
	}
	return fresh, nil
}

// grantRefused says that the provider refused the grant itself; where it only could not answer, it is asked again (F31).
func grantRefused(err error) bool {
	refused, ok := errors.AsType[*grantError](err)
	return ok && refused.code != "temporarily_unavailable" &&
		(refused.status == http.StatusBadRequest || refused.status == http.StatusUnauthorized || refused.status == http.StatusForbidden)
}

func (o Options) sealAuth(acc *db.Account, mailbox int64, auth MailboxAuth) ([]byte, error) {
	secret, err := json.Marshal(auth)
	if err != nil {
		return nil, err
	}
	sealed, err := o.DB.SealSecret(acc, authSecret(mailbox), secret)
	if err != nil {
		return nil, fmt.Errorf("seal the mailbox's secret: %w", err)
	}
	return sealed, nil
}
