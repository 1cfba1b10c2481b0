package db

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db/opaque"
	"github.com/mailstamp/mailstamp/db/queries"
)

// Account is a tenant with its secrets opened. It never changes once made, but for the webhook secret (WebhookSecrets), so it
// is cached for the life of the process.
type Account struct {
	ID            int64
	PublicID      string
	Name          string
	WebhookSecret string      // as it was when the account was loaded, in the Standard Webhooks form, "whsec_" + base64
	TokenKey      []byte      // HS256 key of the CRM's viewer tokens
	Keys          opaque.Keys // address hashes, public ids, cursors
}

// ErrNoAccount: no account has that id.
var ErrNoAccount = errors.New("no such account")

type accountCache struct {
	sync.Mutex
	byPublicID map[string]*Account
	byID       map[int64]*Account
}

const (
	webhookSecretBytes = 32
	tokenKeyBytes      = 32
)

// NewAccount makes an account with fresh secrets.
func (d *DB) NewAccount(ctx context.Context, name string) (*Account, error) {
	acc := &Account{
		PublicID:      "acc_" + rand.Text(),
		Name:          name,
		WebhookSecret: newWebhookSecret(),
		TokenKey:      []byte(base64.RawURLEncoding.EncodeToString(randomBytes(tokenKeyBytes))),
	}
	root := randomBytes(opaque.RootKeyBytes)
	var err error
	sealed := func(what string, secret []byte) []byte {
		out, sealErr := d.sealer.Seal(secret, secretContext(acc.PublicID, what))
		err = errors.Join(err, sealErr)
		return out
	}
	row := queries.CreateAccountParams{
		PublicID: acc.PublicID, Name: name,
		SealedWebhookSecret: sealed("webhook_secret", []byte(acc.WebhookSecret)),
		SealedTokenKey:      sealed("token_key", acc.TokenKey),
		SealedDataKey:       sealed("data_key", root),
	}
	if err != nil {
		return nil, fmt.Errorf("seal the account's secrets: %w", err)
	}
	if acc.ID, err = d.System().CreateAccount(ctx, row); err != nil {
		return nil, fmt.Errorf("store the account: %w", err)
	}
	acc.Keys = opaque.NewKeys(root)
	return acc, nil
}

// AccountByPublicID returns the account of that public id, or ErrNoAccount.
func (d *DB) AccountByPublicID(ctx context.Context, publicID string) (*Account, error) {
	d.accounts.Lock()
	acc := d.accounts.byPublicID[publicID]
	d.accounts.Unlock()
	if acc != nil {
		return acc, nil
	}
	row, err := d.System().AccountByPublicID(ctx, publicID)
	return d.openAccount(row, err)
}

// AccountByID returns the account of that id, or ErrNoAccount.
func (d *DB) AccountByID(ctx context.Context, id int64) (*Account, error) {
	d.accounts.Lock()
	acc := d.accounts.byID[id]
	d.accounts.Unlock()
	if acc != nil {
		return acc, nil
	}
	row, err := d.System().Account(ctx, id)
	return d.openAccount(row, err)
}

// Accounts returns all accounts. One whose secrets do not open fails them all: whoever lists accounts acts on them.
func (d *DB) Accounts(ctx context.Context) ([]*Account, error) {
	ids, err := d.System().AccountIDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the accounts: %w", err)
	}
	accounts := make([]*Account, len(ids))
	for i, id := range ids {
		if accounts[i], err = d.AccountByID(ctx, id); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

func (d *DB) openAccount(row queries.Account, err error) (*Account, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNoAccount
	}
	if err != nil {
		return nil, fmt.Errorf("load the account: %w", err)
	}
	open := func(what string, sealed []byte) []byte {
		out, openErr := d.sealer.Open(sealed, secretContext(row.PublicID, what))
		if openErr != nil {
			err = errors.Join(err, fmt.Errorf("open the account's %s (does MAILSTAMP_KEYSET hold the key it was sealed with?): %w", what, openErr))
		}
		return out
	}
	acc := &Account{
		ID: row.ID, PublicID: row.PublicID, Name: row.Name,
		WebhookSecret: string(open("webhook_secret", row.SealedWebhookSecret)),
		TokenKey:      open("token_key", row.SealedTokenKey),
		Keys:          opaque.NewKeys(open("data_key", row.SealedDataKey)),
	}
	if err != nil {
		return nil, err
	}
	d.accounts.Lock()
	defer d.accounts.Unlock()
	if d.accounts.byPublicID == nil {
		d.accounts.byPublicID, d.accounts.byID = map[string]*Account{}, map[int64]*Account{}
	}
	d.accounts.byPublicID[acc.PublicID], d.accounts.byID[acc.ID] = acc, acc
	return acc, nil
}

func newWebhookSecret() string {
	return "whsec_" + base64.StdEncoding.EncodeToString(randomBytes(webhookSecretBytes))
}

// WebhookSecrets are the secrets that sign and verify webhooks at this moment: the present one, and the one before while it
// still counts.
func (d *DB) WebhookSecrets(ctx context.Context, acc *Account) ([]string, error) {
	row, err := d.System().WebhookSecrets(ctx, acc.ID)
	if err != nil {
		return nil, fmt.Errorf("load the webhook secrets: %w", err)
	}
	var secrets []string
	for _, sealed := range [][]byte{row.SealedWebhookSecret, row.SealedOld} {
		if len(sealed) == 0 {
			continue
		}
		secret, err := d.OpenSecret(acc, "webhook_secret", sealed)
		if err != nil {
			return nil, fmt.Errorf("open a webhook secret: %w", err)
		}
		secrets = append(secrets, string(secret))
	}
	return secrets, nil
}

// RotateWebhookSecret replaces the webhook secret; the one before counts beside it for overlap, the one before that no more.
func (d *DB) RotateWebhookSecret(ctx context.Context, acc *Account, overlap time.Duration) (secret string, oldUntil time.Time, err error) {
	secret = newWebhookSecret()
	sealed, err := d.SealSecret(acc, "webhook_secret", []byte(secret))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("seal the webhook secret: %w", err)
	}
	err = d.Tx(ctx, acc.ID, func(tx *Tx) (err error) {
		oldUntil, err = tx.RotateWebhookSecret(ctx, queries.RotateWebhookSecretParams{ID: acc.ID, SealedWebhookSecret: sealed,
			OverlapSeconds: overlap.Seconds()})
		if err != nil {
			return fmt.Errorf("store the webhook secret: %w", err)
		}
		return tx.AppendAudit(ctx, AuditEntry{Actor: "operator", Act: "webhook_secret.rotated", Subject: map[string]any{},
			Effect: map[string]time.Time{"old_until": oldUntil}})
	})
	return secret, oldUntil, err
}

// SealSecret and OpenSecret keep a secret of the account's row named by what, e.g. "mailbox/7": moved to another row or
// account, it does not open.
func (d *DB) SealSecret(acc *Account, what string, secret []byte) ([]byte, error) {
	return d.sealer.Seal(secret, secretContext(acc.PublicID, what))
}

func (d *DB) OpenSecret(acc *Account, what string, sealed []byte) ([]byte, error) {
	return d.sealer.Open(sealed, secretContext(acc.PublicID, what))
}

func secretContext(account, what string) []byte { return []byte(account + "\x00" + what) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}
