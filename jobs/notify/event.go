package notify

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// The data of each type of event (API.md). Version orders the events of one thing.
type (
	// ThreadStamped: the verdict on a conversation.
	ThreadStamped struct {
		Author   string             `json:"author"`
		Card     visibility.CardRef `json:"card"`
		Address  string             `json:"address"`
		Visible  bool               `json:"visible"`
		Reason   string             `json:"reason"`
		Version  int64              `json:"version"`
		Threads  int64              `json:"threads"`
		Messages int64              `json:"messages"`
	}
	// MessageStored: a message was stored.
	MessageStored struct {
		Message string               `json:"message"`
		Thread  string               `json:"thread"`
		Author  string               `json:"author"`
		Cards   []visibility.CardRef `json:"cards"`
		Version int64                `json:"version"`
	}
	// DeliveryChanged: what became of a sent message at one of its recipients.
	DeliveryChanged struct {
		Message   string  `json:"message"`
		Recipient string  `json:"recipient"`
		Status    string  `json:"status"`
		Class     *string `json:"class"`
		Code      *string `json:"code"`
		Hard      bool    `json:"hard"`
		Author    string  `json:"author"`
		Version   int64   `json:"version"`
	}
	// MailboxChanged: mailbox.needs_auth, mailbox.synced.
	MailboxChanged struct {
		Mailbox string `json:"mailbox"`
		User    string `json:"user"`
		Version int64  `json:"version"`
	}
	// ShareHeld: a share that came over by a conversion or merge waits for its author's word.
	ShareHeld struct {
		Author  string             `json:"author"`
		Card    visibility.CardRef `json:"card"`
		Address string             `json:"address"`
		Version int64              `json:"version"`
	}
)

// event is one of them, ready to be sent.
type event struct {
	id        int64
	webhookID string
	body      []byte
	triedFrom time.Time
}

// newEvent is the event of a row of the outbox; false when what it tells of is gone, or not the CRM's to know.
func newEvent(acc *db.Account, row queries.EventsDueRow) (event, bool, error) {
	data, ok, err := dataOf(acc, row)
	if err != nil || !ok {
		return event{}, false, err
	}
	body, err := json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      any       `json:"data"`
	}{row.Type, row.At.UTC(), data})
	if err != nil {
		return event{}, false, fmt.Errorf("encode an event: %w", err)
	}
	return event{id: row.ID, webhookID: publicID(acc, row.ID), body: body, triedFrom: row.TriedFrom}, true, nil
}

// publicID is the event's webhook-id, by which operators name it too.
func publicID(acc *db.Account, id int64) string { return "evt_" + acc.Keys.ID("event", id) }

func dataOf(acc *db.Account, row queries.EventsDueRow) (data any, ok bool, err error) {
	switch row.Type {
	case "thread.stamped":
		if row.Author == nil || row.Card == nil || row.Address == nil || !row.Known {
			return nil, false, nil
		}
		return ThreadStamped{*row.Author, cardOf(row), *row.Address, *row.Visible, *row.Reason, row.ID, row.Threads, row.Messages}, true, nil
	case "message.stored":
		if row.Author == nil || row.ThreadID == nil {
			return nil, false, nil
		}
		m := MessageStored{Message: acc.Keys.ID("message", *row.MessageID), Thread: acc.Keys.ID("thread", *row.ThreadID),
			Author: *row.Author, Version: row.ID}
		if err := json.Unmarshal(row.Cards, &m.Cards); err != nil {
			return nil, false, fmt.Errorf("read the cards of a message: %w", err)
		}
		return m, true, nil
	case "delivery.changed":
		if row.Author == nil || row.ThreadID == nil || row.Address == nil {
			return nil, false, nil
		}
		return DeliveryChanged{acc.Keys.ID("message", *row.MessageID), *row.Address, *row.Status, row.Class, row.Code, *row.Hard,
			*row.Author, row.ID}, true, nil
	case "mailbox.needs_auth", "mailbox.synced":
		if row.Mailbox == nil || row.MailboxUser == nil {
			return nil, false, nil
		}
		return MailboxChanged{*row.Mailbox, *row.MailboxUser, row.ID}, true, nil
	case "share.held":
		if row.Author == nil || row.Card == nil || row.Address == nil || !row.Known {
			return nil, false, nil
		}
		return ShareHeld{*row.Author, cardOf(row), *row.Address, row.ID}, true, nil
	}
	return nil, false, fmt.Errorf("no such event: %s", row.Type)
}

func cardOf(row queries.EventsDueRow) visibility.CardRef {
	return visibility.CardRef{Kind: rules.Kind(*row.CardKind), ID: *row.Card}
}
