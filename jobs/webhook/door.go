package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/db/span"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/visibility"
)

// Duplicate is what became of every event of a delivery that was applied before.
const Duplicate visibility.Status = "duplicate"

var (
	// ErrUnauthorized: the signature, the clock or the account is wrong; which of them is not told.
	ErrUnauthorized = errors.New("the delivery is not signed for this account")
	// ErrTooMany: more than MaxEvents.
	ErrTooMany = fmt.Errorf("a delivery holds at most %d events", MaxEvents)
)

// Door takes the CRM's deliveries. It is safe for concurrent use.
type Door struct{ db *db.DB }

// New makes the door.
func New(d *db.DB) *Door { return &Door{db: d} }

// Receive applies a delivery for acc, nil for an account that does not exist, and says what became of each event, after
// the commit. Its errors are ErrUnauthorized, ErrTooMany, *visibility.Invalid and *visibility.ChoiceRequired, by which
// nothing has changed; after any other the delivery may be repeated (db.Unavailable tells whether waiting helps).
func (d *Door) Receive(ctx context.Context, acc *db.Account, header http.Header, body []byte) (statuses []visibility.Status, err error) {
	secrets := []string{nobodysSecret}
	if acc != nil {
		if secrets, err = d.db.WebhookSecrets(ctx, acc); err != nil {
			return nil, err
		}
	}
	sent, err := verify(secrets, header, body)
	if err != nil {
		return nil, err
	}
	batch, err := parse(body, sent.at)
	if err != nil {
		return nil, err
	}
	ctx, step := span.Start(ctx, "apply events", span.Int("mailstamp.account", acc.ID), span.Int("mailstamp.events", batch.size))
	defer func() { step.End(err) }()
	begin := d.db.Tx
	if batch.onlyShares() { // by key: their author's mail waits meanwhile
		begin = d.db.KeyTx
	}
	err = begin(ctx, acc.ID, func(tx *db.Tx) (err error) {
		statuses, err = batch.apply(ctx, tx, acc, sent.id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return statuses, nil
}

func (b batch) apply(ctx context.Context, tx *db.Tx, acc *db.Account, deliveryID string) ([]visibility.Status, error) {
	statuses := make([]visibility.Status, b.size)
	isNew, err := tx.ReceiveWebhook(ctx, queries.ReceiveWebhookParams{AccountID: acc.ID, WebhookID: deliveryID, Events: int32(b.size)})
	if err != nil {
		return nil, fmt.Errorf("record the delivery: %w", err)
	}
	if isNew == 0 {
		for i := range statuses {
			statuses[i] = Duplicate
		}
		return statuses, nil
	}
	for i := range statuses {
		statuses[i] = visibility.Applied // of requests; those of facts follow
	}
	if len(b.mailboxes)+len(b.users) > 0 {
		wake := queries.WakeMailboxesParams{AccountID: acc.ID, Mailboxes: b.mailboxes, Users: b.users}
		if err := tx.WakeMailboxes(ctx, wake); err != nil {
			return nil, fmt.Errorf("wake mailboxes: %w", err)
		}
	}
	if len(b.facts) == 0 {
		return statuses, nil
	}
	outcome, err := visibility.Apply(ctx, tx, acc, b.facts)
	if err != nil {
		return nil, b.numbered(err)
	}
	for i, status := range outcome.Statuses {
		statuses[b.at[i]] = status
	}
	if err := jobs.Enqueue(ctx, tx, outcome.Work); err != nil {
		return nil, err
	}
	return statuses, nil
}

// numbered counts the events of an error as the delivery does, requests included.
func (b batch) numbered(err error) error {
	var invalid *visibility.Invalid
	if errors.As(err, &invalid) {
		return &visibility.Invalid{Index: b.at[invalid.Index], Detail: invalid.Detail}
	}
	var choice *visibility.ChoiceRequired
	if errors.As(err, &choice) {
		return &visibility.ChoiceRequired{Index: b.at[choice.Index], Cards: choice.Cards}
	}
	return err
}

// delivery is what the headers of a verified delivery say.
type delivery struct {
	id string
	at time.Time
}
