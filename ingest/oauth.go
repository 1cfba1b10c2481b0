package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

const (
	// tokenLeeway before its end a token is renewed.
	tokenLeeway = time.Minute
	// tokenTimeout bounds one renewal.
	tokenTimeout = 30 * time.Second
)

// present says how a mailbox's secret is shown to its server.
func (o Options) present(acc *db.Account, m queries.Mailbox, auth MailboxAuth) imapconn.Auth {
	if auth.OAuth == nil {
		return imapconn.Password(auth.Password)
	}
	return imapconn.Bearer(auth.OAuth.Mechanism, func(ctx context.Context) (string, error) {
		return o.token(ctx, acc, m, *auth.OAuth)
	})
}

// token returns an access token that lasts, renewed where it must be. A renewed grant is saved before it is used, unless
// a PUT brought another meanwhile; the mailbox's lease keeps others from renewing it at the same time.
func (o Options) token(ctx context.Context, acc *db.Account, m queries.Mailbox, grant MailboxOAuth) (string, error) {
	if grant.RefreshToken == "" || grant.TokenURL == "" || grant.AccessToken != "" && time.Until(grant.Expiry) > tokenLeeway {
		return grant.AccessToken, nil
	}
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	// The URL is a stranger's: it is dialled as carefully as his mail server.
	client := &http.Client{Transport: &http.Transport{DialContext: o.Dialer.DialContext, DisableKeepAlives: true}}
	cfg := oauth2.Config{
		ClientID: grant.ClientID, ClientSecret: grant.ClientSecret, Endpoint: oauth2.Endpoint{TokenURL: grant.TokenURL},
	}
	fresh, err := cfg.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, client), &oauth2.Token{RefreshToken: grant.RefreshToken}).Token()
	if err != nil {
		return "", fmt.Errorf("renew the token: %w", err)
	}
	grant.AccessToken, grant.Expiry = fresh.AccessToken, fresh.Expiry
	if fresh.RefreshToken != "" {
		grant.RefreshToken = fresh.RefreshToken
	}
	sealed, err := o.sealAuth(acc, m.ID, MailboxAuth{OAuth: &grant})
	if err != nil {
		return "", err
	}
	err = o.DB.Tx(ctx, acc.ID, func(tx *db.Tx) error {
		return tx.SaveSealedAuth(ctx, queries.SaveSealedAuthParams{
			AccountID: acc.ID, ID: m.ID, ConfigEpoch: m.ConfigEpoch, SealedAuth: sealed,
		})
	})
	if err != nil {
		return "", fmt.Errorf("save the renewed token: %w", err)
	}
	return grant.AccessToken, nil
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
