package ingest

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest/message"
)

// ErrNoMailbox: the account has no mailbox of that id.
var ErrNoMailbox = errors.New("no such mailbox")

// ErrNoMessage: the message is not there, or on no server any more.
var ErrNoMessage = errors.New("no such message")

// InvalidConfig says what is wrong with a MailboxConfig.
type InvalidConfig struct {
	Code   string // stable: "invalid_host", "host_forbidden", "plaintext_forbidden", "user_cannot_change", …
	Detail string // a sentence
}

func (e *InvalidConfig) Error() string { return e.Code + ": " + e.Detail }

// MailboxConfig is the body of PUT /v1/mailboxes/{id}.
type MailboxConfig struct {
	User         string      `json:"user"`
	Host         string      `json:"host"`
	Port         int         `json:"port"`
	TLS          string      `json:"tls"`
	Username     string      `json:"username"`
	Auth         MailboxAuth `json:"auth"`
	WindowMonths int         `json:"window_months"` // 0: the default
	Folders      []string    `json:"folders"`       // empty: by SPECIAL-USE
}

// MailboxAuth is a password or a token. It is sealed before it is stored.
type MailboxAuth struct {
	Password string        `json:"password,omitempty"`
	OAuth    *MailboxOAuth `json:"oauth,omitempty"`
}

// MailboxOAuth is an OAuth grant.
type MailboxOAuth struct {
	AccessToken  string    `json:"access_token"`
	RefreshToken string    `json:"refresh_token"`
	Expiry       time.Time `json:"expiry"`
	TokenURL     string    `json:"token_url"`
	ClientID     string    `json:"client_id"`
	ClientSecret string    `json:"client_secret"`
	Mechanism    string    `json:"mechanism"` // XOAUTH2 or OAUTHBEARER
}

// Health is the answer of GET /v1/mailboxes/{id}.
type Health struct {
	ID         string         `json:"id"`
	User       string         `json:"user"`
	State      string         `json:"state"`
	Progress   Progress       `json:"progress"`
	LastSync   *time.Time     `json:"last_sync"`
	LagSeconds int64          `json:"lag_seconds"`
	Problem    *string        `json:"problem,omitempty"`
	Since      *time.Time     `json:"problem_since,omitempty"`
	Host       string         `json:"host"`
	Folders    []FolderHealth `json:"folders"`
}

// Progress of the back-fill.
type Progress struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

// FolderHealth counts a folder's messages by what became of them. Skipped includes internal and blocked ones.
type FolderHealth struct {
	Name        string `json:"name"`
	Stored      int64  `json:"stored"`
	Indexed     int64  `json:"indexed"`
	Skipped     int64  `json:"skipped"`
	Quarantined int64  `json:"quarantined"`
	OnServer    int64  `json:"on_server"`
}

// DeleteMode is what becomes of the mail when a mailbox is taken away.
type DeleteMode string

const (
	Disconnect DeleteMode = "disconnect" // stop syncing, keep the mail
	DeleteMail DeleteMode = "delete"     // remove the author's mail that no other mailbox of the author holds
)

// Mailboxes is what the CRM and the console ask of mailboxes. It is safe for concurrent use.
type Mailboxes struct{ o Options }

// NewMailboxes makes the service; of the options it needs DB, Dialer, RootCAs and Limits.
func NewMailboxes(o Options) *Mailboxes { return &Mailboxes{o: o} }

var errNotYet = errors.New("not built yet")

// Put makes or changes a mailbox and wakes its loop. The id is the CRM's. A user not known yet is accepted; the sync
// starts once it is. An *InvalidConfig says what cannot work.
func (m *Mailboxes) Put(ctx context.Context, acc *db.Account, id string, cfg MailboxConfig) (Health, error) {
	return Health{}, errNotYet
}

// Get tells how a mailbox is, or ErrNoMailbox.
func (m *Mailboxes) Get(ctx context.Context, acc *db.Account, id string) (Health, error) {
	return Health{}, errNotYet
}

// List tells how all mailboxes of the account are, by id.
func (m *Mailboxes) List(ctx context.Context, acc *db.Account) ([]Health, error) {
	return nil, errNotYet
}

// Delete takes a mailbox away, or ErrNoMailbox.
func (m *Mailboxes) Delete(ctx context.Context, acc *db.Account, id string, mode DeleteMode) error {
	return errNotYet
}

// OpenAttachment streams the n-th attachment of a message from its server. It does not ask who may see it.
func (m *Mailboxes) OpenAttachment(ctx context.Context, acc *db.Account, messageID int64, n int) (message.Attachment, io.ReadCloser, error) {
	return message.Attachment{}, nil, errNotYet
}

// RawMessage streams a message from its server as it is there. It does not ask who may see it.
func (m *Mailboxes) RawMessage(ctx context.Context, acc *db.Account, messageID int64) (io.ReadCloser, error) {
	return nil, errNotYet
}
