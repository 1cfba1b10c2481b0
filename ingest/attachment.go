package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// rawTimeout bounds fetching one message from its server on demand.
const rawTimeout = 2 * time.Minute

// OpenAttachment streams the n-th attachment of a message from its server. It does not ask who may see it. The message is
// held in memory while it is read, at most maxBodyBytes; ErrNoMessage, message.ErrNoAttachment.
func (m *Mailboxes) OpenAttachment(ctx context.Context, acc *db.Account, messageID int64, n int) (message.Attachment, io.ReadCloser, error) {
	raw, err := m.fetchRaw(ctx, acc, messageID)
	if err != nil {
		return message.Attachment{}, nil, err
	}
	a, r, err := message.OpenAttachment(raw, n)
	if err != nil {
		return a, nil, err
	}
	return a, io.NopCloser(r), nil
}

// RawMessage streams a message from its server as it is there. It does not ask who may see it.
func (m *Mailboxes) RawMessage(ctx context.Context, acc *db.Account, messageID int64) (io.ReadCloser, error) {
	raw, err := m.fetchRaw(ctx, acc, messageID)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(raw)), nil
}

// fetchRaw reads a message from the first of its places that still has it.
func (m *Mailboxes) fetchRaw(ctx context.Context, acc *db.Account, messageID int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, rawTimeout)
	defer cancel()
	var places []queries.PlacementsRow
	boxes := map[int64]queries.Mailbox{}
	err := m.o.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) (err error) {
		places, err = tx.Placements(ctx, queries.PlacementsParams{AccountID: acc.ID, MessageID: messageID})
		if err != nil {
			return err
		}
		for _, p := range places {
			row, err := tx.LoopMailbox(ctx, queries.LoopMailboxParams{AccountID: acc.ID, ID: p.MailboxID})
			if err != nil && !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			if err == nil && row.Mailbox.SealedAuth != nil {
				boxes[p.MailboxID] = row.Mailbox
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find the message's places: %w", err)
	}
	err = ErrNoMessage
	for _, p := range places {
		box, ok := boxes[p.MailboxID]
		if !ok {
			continue
		}
		raw, placeErr := m.fetchFrom(ctx, acc, box, p)
		if placeErr == nil {
			return raw, nil
		}
		err = placeErr
	}
	return nil, err
}

// fetchFrom reads a message at one place and makes sure that it is the one that was stored.
func (m *Mailboxes) fetchFrom(ctx context.Context, acc *db.Account, box queries.Mailbox, p queries.PlacementsRow) ([]byte, error) {
	c, err := m.o.connectWaiting(ctx, acc, box)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	sel, err := c.Examine(ctx, p.Name)
	if err != nil {
		return nil, err
	}
	if int64(sel.UIDValidity) != p.UidValidity {
		return nil, ErrNoMessage
	}
	var raw []byte
	_, err = c.AskBodies(uidset.Of(uint32(p.Uid)), maxBodyBytes, func(item imapconn.BodyItem) error {
		raw = item.Raw
		return item.Err
	})(ctx)
	if err != nil {
		return nil, err
	}
	if digest := message.HeaderDigest(raw); raw == nil || !bytes.Equal(digest[:], p.HeaderDigest) {
		return nil, ErrNoMessage
	}
	return raw, c.Logout(ctx)
}
