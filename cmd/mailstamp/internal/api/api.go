// Package api is the program's public HTTP door: the read API of /v1 and the CRM's webhooks (API.md). It decodes requests,
// proves the viewer, maps errors to problem documents (RFC 9457) and encodes answers. It decides nothing of its own: what
// a viewer sees is package feed's to say, what an event does is package webhook's.
//
// Invariants:
//
//   - Whatever a viewer may not see, may not do, or does not exist is the same 404, byte for byte.
//   - An answer of 5xx says nothing of its cause; the cause is logged, without tokens, addresses or content.
//   - Every body that is read has a named bound.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

// Deps are what the door leads to.
type Deps struct {
	DB        *db.DB
	Feed      *feed.Service
	Mailboxes Mailboxes
	// Receive verifies and applies a webhook delivery. See package webhook.
	Receive func(ctx context.Context, acc *db.Account, header http.Header, body []byte) ([]visibility.Status, error)
	Log     *slog.Logger
}

// Mailboxes is what the door asks of package ingest.
type Mailboxes interface {
	Put(ctx context.Context, acc *db.Account, id string, cfg ingest.MailboxConfig) (ingest.Health, error)
	Get(ctx context.Context, acc *db.Account, id string) (ingest.Health, error)
	Delete(ctx context.Context, acc *db.Account, id string, mode ingest.DeleteMode) error
	OpenAttachment(ctx context.Context, acc *db.Account, messageID int64, n int) (message.Attachment, io.ReadCloser, error)
	RawMessage(ctx context.Context, acc *db.Account, messageID int64) (io.ReadCloser, error)
}

// New makes the handler of the public listener.
func New(deps Deps) http.Handler { return http.NotFoundHandler() }
