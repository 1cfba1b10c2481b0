package feed

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/db/queries"
)

// Actions an item offers.
const (
	actionReply   = "reply" // the author's alone
	actionForward = "forward"
)

// statusOrder of delivery, worst first (SPEC 7).
var statusOrder = []string{"bounced", "delayed", "sent", "relayed", "delivered", "displayed", "replied"}

// messages reads messages by number. Whoever calls it has seen that the viewer may read them.
func (v *sight) messages(ctx context.Context, ids []int64) (map[int64]queries.FeedMessagesRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := v.FeedMessages(ctx, queries.FeedMessagesParams{AccountID: v.acc.ID, Ids: ids})
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	byID := make(map[int64]queries.FeedMessagesRow, len(rows))
	for _, row := range rows {
		byID[row.Message.ID] = row
	}
	return byID, nil
}

// newItem is the message as the viewer may see it on the card. It is the only place where a message's row becomes an
// answer, so what is the author's alone is left out here and nowhere else.
func (v *sight) newItem(row queries.FeedMessagesRow, granted bool, sharedBy []string) (Item, error) {
	m := row.Message
	item := Item{
		Message: v.acc.Keys.ID("message", m.ID), Thread: v.acc.Keys.ID("thread", m.ThreadID),
		Card: v.card, Author: row.Author, SharedBy: sharedBy, Direction: m.Direction, Date: m.Date.UTC(),
		Subject: m.Subject, Preview: m.Preview, Padlock: "closed", Actions: []string{actionForward},
		Attachments: []Attachment{},
	}
	if granted {
		item.Padlock = "open"
	}
	var recipients []Recipient
	err := cmp.Or(
		decodeOnce(&v.senders, "from", m.FromAddr, &item.From),
		decodeOnce(&v.people, "to", m.ToAddrs, &item.To),
		decodeOnce(&v.people, "cc", m.CcAddrs, &item.Cc),
		decodeList("attachments", m.Attachments, &item.Attachments),
		decodeList("deliveries", row.Deliveries, &recipients))
	if err != nil {
		return Item{}, err
	}
	if m.AuthorID == v.viewer {
		if err := decodeOnce(&v.people, "bcc", m.BccAddrs, &item.Bcc); err != nil {
			return Item{}, err
		}
		item.Seen = &m.Seen
		item.Actions = []string{actionReply, actionForward}
	} else {
		recipients = withoutBlindCopies(recipients, item.To, item.Cc)
	}
	if m.Direction == "outbound" {
		item.Delivery = newDelivery(recipients)
	}
	return item, nil
}

// withoutBlindCopies keeps the recipients that stand in To or Cc.
func withoutBlindCopies(recipients []Recipient, to, cc []Person) []Recipient {
	if len(recipients) == 0 {
		return recipients
	}
	named := map[string]bool{}
	for _, people := range [][]Person{to, cc} {
		for _, p := range people {
			if a, ok := address.Canonical(p.Address); ok {
				named[a] = true
			}
		}
	}
	return slices.DeleteFunc(recipients, func(r Recipient) bool {
		a, ok := address.Canonical(r.Address)
		return !ok || !named[a]
	})
}

// newDelivery is the worst of the recipients; a sent message of which nothing is known is sent.
func newDelivery(recipients []Recipient) *Delivery {
	d := &Delivery{Status: "sent", Counts: map[string]int{}, Recipients: []Recipient{}}
	worst := len(statusOrder)
	for _, r := range recipients {
		r.At = r.At.UTC()
		d.Recipients = append(d.Recipients, r)
		d.Counts[r.Status]++
		if rank := slices.Index(statusOrder, r.Status); rank >= 0 && rank < worst {
			worst, d.Status = rank, r.Status
		}
	}
	return d
}

// decodeList decodes a list. Most are empty: to holds one already.
func decodeList[T any](what string, from []byte, to *[]T) error {
	if string(from) == "[]" {
		return nil
	}
	if err := json.Unmarshal(from, to); err != nil {
		return fmt.Errorf("read %s of a message: %w", what, err)
	}
	return nil
}

// decodeOnce decodes what recurs from message to message when it is first met: on a card the same few people write to each other.
func decodeOnce[T any](met *map[string]T, what string, from []byte, to *T) error {
	known, ok := (*met)[string(from)]
	if !ok {
		if err := json.Unmarshal(from, &known); err != nil {
			return fmt.Errorf("read %s of a message: %w", what, err)
		}
		if *met == nil {
			*met = map[string]T{}
		}
		(*met)[string(from)] = known
	}
	*to = known
	return nil
}
