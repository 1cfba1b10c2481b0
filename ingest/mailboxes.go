package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
)

// ErrNoMailbox: the account has no mailbox of that id.
var ErrNoMailbox = errors.New("no such mailbox")

// ErrBeingRemoved: the mailbox's mail is being removed; once that is done, it can be made anew.
var ErrBeingRemoved = errors.New("the mailbox is being removed")

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
	Problem    *string        `json:"problem,omitempty"`       // a sentence, and what to do
	Code       *string        `json:"problem_code,omitempty"`  // stable
	ToDo       *string        `json:"problem_to_do,omitempty"` // the latter alone
	Since      *time.Time     `json:"problem_since,omitempty"`
	Host       string         `json:"host"`
	Folders    []FolderHealth `json:"folders"`
}

// Progress of the back-fill. ETASeconds is how long it will take at the pace so far.
type Progress struct {
	Done       int64  `json:"done"`
	Total      int64  `json:"total"`
	ETASeconds *int64 `json:"eta_seconds,omitempty"`
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

// Mailboxes is what the CRM and the console ask of mailboxes. It is safe for concurrent use.
type Mailboxes struct{ o Options }

// NewMailboxes makes the service; of the options it needs DB, Dialer, RootCAs and Limits.
func NewMailboxes(o Options) *Mailboxes { return &Mailboxes{o: o.withDefaults()} }

// Put makes or changes a mailbox and wakes its loop. The id is the CRM's. A user not known yet is accepted; the sync
// starts once it is. Mail given up because connections broke is tried again. An *InvalidConfig says what cannot work.
func (m *Mailboxes) Put(ctx context.Context, acc *db.Account, id string, cfg MailboxConfig) (Health, error) {
	if cfg.WindowMonths == 0 {
		cfg.WindowMonths = defaultWindowMonths
	}
	if err := m.check(ctx, id, cfg); err != nil {
		return Health{}, err
	}
	err := m.o.DB.Tx(ctx, acc.ID, func(tx *db.Tx) error {
		user, err := tx.NameUser(ctx, queries.NameUserParams{AccountID: acc.ID, CrmID: cfg.User})
		if err != nil {
			return fmt.Errorf("name the user: %w", err)
		}
		if err := tx.NameSettings(ctx, queries.NameSettingsParams{AccountID: acc.ID, UserID: user}); err != nil {
			return fmt.Errorf("name the user's settings: %w", err)
		}
		row, err := tx.LockMailbox(ctx, queries.LockMailboxParams{AccountID: acc.ID, CrmID: id})
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			row.ID, err = tx.InsertMailbox(ctx, queries.InsertMailboxParams{
				AccountID: acc.ID, CrmID: id, UserID: user, Host: cfg.Host, Port: int32(cfg.Port), Tls: cfg.TLS,
				Username: cfg.Username, WindowMonths: int32(cfg.WindowMonths),
			})
		case err == nil && row.Removing:
			return ErrBeingRemoved
		case err == nil && row.UserID != user:
			return &InvalidConfig{"user_cannot_change", "The mailbox belongs to another user; delete it first."}
		}
		if err != nil {
			return fmt.Errorf("write the mailbox: %w", err)
		}
		sealed, err := m.o.sealAuth(acc, row.ID, cfg.Auth)
		if err != nil {
			return err
		}
		err = tx.ConfigureMailbox(ctx, queries.ConfigureMailboxParams{
			AccountID: acc.ID, ID: row.ID, Host: cfg.Host, Port: int32(cfg.Port), Tls: cfg.TLS, Username: cfg.Username,
			SealedAuth: sealed, WindowMonths: int32(cfg.WindowMonths), FolderChoice: cfg.Folders,
		})
		if err != nil {
			return fmt.Errorf("configure the mailbox: %w", err)
		}
		// What a bad line cost is asked for again: whoever saves a mailbox wants it looked at.
		err = tx.WantQuarantined(ctx, queries.WantQuarantinedParams{
			AccountID: acc.ID, MailboxID: row.ID, Reasons: reasonsOfLine,
		})
		if err != nil {
			return fmt.Errorf("want quarantined mail again: %w", err)
		}
		if err := tx.NewLease(ctx, queries.NewLeaseParams{AccountID: acc.ID, MailboxID: row.ID}); err != nil {
			return fmt.Errorf("make the mailbox due: %w", err)
		}
		return wake(ctx, tx, row.ID)
	})
	if err != nil {
		return Health{}, err
	}
	return m.Get(ctx, acc, id)
}

// wake tells the loop of a mailbox, in whichever process, once the transaction has committed.
func wake(ctx context.Context, tx *db.Tx, mailbox int64) error {
	if err := tx.Wake(ctx, fmt.Sprintf("%d/%d", tx.AccountID, mailbox)); err != nil {
		return fmt.Errorf("wake the mailbox's loop: %w", err)
	}
	return nil
}

// check refuses what cannot work, before anything is stored.
func (m *Mailboxes) check(ctx context.Context, id string, cfg MailboxConfig) error {
	long := func(s string, most int) bool {
		return s == "" || len(s) > most || !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r\n")
	}
	switch {
	case long(id, maxIDBytes), utf8.RuneCountInString(id) > maxIDLength, long(cfg.User, maxIDBytes), utf8.RuneCountInString(cfg.User) > maxIDLength:
		return &InvalidConfig{"invalid_id", "Ids have 1 to 128 characters."}
	case long(cfg.Host, maxHostBytes):
		return &InvalidConfig{"invalid_host", "Name the mail server's host."}
	case cfg.Port < 1 || cfg.Port > 65535:
		return &InvalidConfig{"invalid_port", "The port is between 1 and 65535."}
	case cfg.TLS != string(imapconn.TLSImplicit) && cfg.TLS != string(imapconn.TLSStart) && cfg.TLS != string(imapconn.TLSNone):
		return &InvalidConfig{"invalid_tls", "tls is tls, starttls or none."}
	case long(cfg.Username, maxSecretBytes):
		return &InvalidConfig{"invalid_username", "Name the user of the mail server."}
	case cfg.WindowMonths < 1 || cfg.WindowMonths > maxWindowMonths:
		return &InvalidConfig{"invalid_window", "window_months is between 1 and 1200."}
	case len(cfg.Folders) > maxChosenFolders:
		return &InvalidConfig{"invalid_folders", "Choose fewer folders."}
	case slices.ContainsFunc(cfg.Folders, func(f string) bool { return long(f, maxSecretBytes) }):
		return &InvalidConfig{"invalid_folders", "A folder's name is empty, too long, or has a line break."}
	}
	if err := checkAuth(cfg.Auth); err != nil {
		return err
	}
	return m.checkHost(ctx, cfg)
}

func checkAuth(a MailboxAuth) error {
	if (a.OAuth == nil) == (a.Password == "") {
		return &InvalidConfig{"invalid_auth", "Give a password or an OAuth grant."}
	}
	if a.OAuth == nil {
		if len(a.Password) > maxSecretBytes || strings.ContainsAny(a.Password, "\x00\r\n") {
			return &InvalidConfig{"invalid_auth", "The password is too long or has a line break."}
		}
		return nil
	}
	if a.OAuth.Mechanism != imapconn.XOAuth2 && a.OAuth.Mechanism != imapconn.OAuthBearer {
		return &InvalidConfig{"invalid_auth", "mechanism is XOAUTH2 or OAUTHBEARER."}
	}
	if a.OAuth.AccessToken == "" && (a.OAuth.RefreshToken == "" || a.OAuth.TokenURL == "") {
		return &InvalidConfig{"invalid_auth", "Give an access token, or a refresh token and the token URL."}
	}
	if u, err := url.Parse(a.OAuth.TokenURL); a.OAuth.TokenURL != "" && (err != nil || u.Scheme != "https" || u.Hostname() == "") {
		return &InvalidConfig{"invalid_auth", "The token URL begins with https:// and names a host."}
	}
	if len(a.OAuth.AccessToken)+len(a.OAuth.RefreshToken)+len(a.OAuth.TokenURL)+len(a.OAuth.ClientID)+len(a.OAuth.ClientSecret) > maxGrantBytes {
		return &InvalidConfig{"invalid_auth", "The OAuth grant is too long."}
	}
	return nil
}

// checkHost refuses hosts that may not be reached, and plaintext to any but an allowed private one. A name that cannot be
// resolved now is accepted: the loop says so.
func (m *Mailboxes) checkHost(ctx context.Context, cfg MailboxConfig) error {
	ctx, cancel := context.WithTimeout(ctx, checkHostTimeout)
	defer cancel()
	if cfg.Auth.OAuth != nil && cfg.Auth.OAuth.TokenURL != "" {
		u, err := url.Parse(cfg.Auth.OAuth.TokenURL)
		if err == nil {
			_, err = m.o.Dialer.Resolve(ctx, u.Hostname())
		}
		if errors.Is(err, safedial.ErrForbidden) {
			return &InvalidConfig{"host_forbidden", "The token URL's host cannot be used."}
		}
	}
	ips, err := m.o.Dialer.Resolve(ctx, cfg.Host)
	plain := cfg.TLS == string(imapconn.TLSNone)
	switch {
	case errors.Is(err, safedial.ErrForbidden) && plain:
		return &InvalidConfig{"plaintext_forbidden", "Without encryption only hosts of MAILSTAMP_ALLOW_PRIVATE_IMAP can be used."}
	case errors.Is(err, safedial.ErrForbidden):
		return &InvalidConfig{"host_forbidden", "This mail server's name or address cannot be used."}
	case plain && (err != nil || slices.ContainsFunc(ips, safedial.Public)):
		return &InvalidConfig{"plaintext_forbidden", "Without encryption only hosts of MAILSTAMP_ALLOW_PRIVATE_IMAP can be used."}
	}
	return nil
}

// Get tells how a mailbox is, or ErrNoMailbox.
func (m *Mailboxes) Get(ctx context.Context, acc *db.Account, id string) (Health, error) {
	var h Health
	err := m.o.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		row, err := tx.MailboxByCRMID(ctx, queries.MailboxByCRMIDParams{AccountID: acc.ID, CrmID: id})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoMailbox
		}
		if err != nil {
			return fmt.Errorf("load the mailbox: %w", err)
		}
		counts, err := tx.FolderCounts(ctx, queries.FolderCountsParams{AccountID: acc.ID, MailboxID: &row.Mailbox.ID})
		if err != nil {
			return fmt.Errorf("count folders: %w", err)
		}
		h = health(row.Mailbox, row.UserCrmID, row.SyncedAt, counts)
		return nil
	})
	return h, err
}

// List tells how all mailboxes of the account are, by id.
func (m *Mailboxes) List(ctx context.Context, acc *db.Account) ([]Health, error) {
	out := []Health{}
	err := m.o.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		rows, err := tx.Mailboxes(ctx, acc.ID)
		if err != nil {
			return fmt.Errorf("list mailboxes: %w", err)
		}
		counts, err := tx.FolderCounts(ctx, queries.FolderCountsParams{AccountID: acc.ID})
		if err != nil {
			return fmt.Errorf("count folders: %w", err)
		}
		for _, r := range rows {
			out = append(out, health(r.Mailbox, r.UserCrmID, r.SyncedAt, counts))
		}
		return nil
	})
	return out, err
}

// health puts together what is known of a mailbox; counts may hold other mailboxes' folders.
func health(m queries.Mailbox, user string, synced *time.Time, counts []queries.FolderCountsRow) Health {
	h := Health{
		ID: m.CrmID, User: user, State: m.State, Progress: progressOf(m), LastSync: m.LastSync,
		Problem: m.Problem, Since: m.ProblemSince, Host: m.Host, Folders: []FolderHealth{},
	}
	if m.Problem != nil {
		h.Code, h.ToDo = m.ProblemCode, m.ProblemToDo
	}
	if m.Removing {
		h.Problem, h.Since = new(problemRemoving), m.ProblemSince
	}
	if synced != nil && (h.LastSync == nil || synced.After(*h.LastSync)) {
		h.LastSync = synced
	}
	behind := m.CreatedAt
	if h.LastSync != nil {
		behind = *h.LastSync
	}
	h.LagSeconds = max(0, int64(time.Since(behind).Seconds()))
	for _, c := range counts {
		if c.MailboxID == m.ID {
			h.Folders = append(h.Folders, FolderHealth{
				Name: c.Name, Stored: c.Stored, Indexed: c.Indexed, Skipped: c.Skipped, Quarantined: c.Quarantined, OnServer: c.OnServer,
			})
		}
	}
	return h
}

func progressOf(m queries.Mailbox) Progress {
	p := Progress{Done: m.Done, Total: m.Total}
	if done := m.Done - m.BackfillFrom; m.State == stateBackfilling && m.BackfillSince != nil && done > 0 {
		eta := int64(time.Since(*m.BackfillSince).Seconds() / float64(done) * float64(m.Total-m.Done))
		p.ETASeconds = new(max(eta, 0))
	}
	return p
}
