package naive

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
)

// Load reads the facts of the transaction's account. For one instant's truth the transaction is one of db.ReadTx, or holds
// still what is compared.
func Load(ctx context.Context, tx *db.Tx) (*World, error) {
	w := &World{
		users: map[int64]user{}, addresses: map[int64]string{}, userAddresses: map[int64]bool{}, settings: map[setting]string{},
		cards: map[int64]*card{}, shares: map[Conversation]string{}, carriedFrom: map[Conversation]int64{}, exchanged: map[correspondence]bool{},
		messages: map[int64]Message{}, stamps: map[Conversation]Stamp{}, granted: map[Conversation]bool{},
	}
	var id, other, third, fourth int64
	var a, b, c string
	var flag bool
	var numbers []int64
	var stamp Stamp

	batch := &pgx.Batch{}
	// each queues a statement; row runs once for every row, with the columns in into.
	each := func(sql string, into []any, row func()) {
		batch.Queue(sql, tx.AccountID).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, into, func() error { row(); return nil })
			return err
		})
	}

	each(`select handover from accounts where id = $1`, []any{&a},
		func() { w.handover = a })
	each(`select id, crm_id, state from users where account_id = $1`, []any{&id, &a, &b},
		func() { w.users[id] = user{crmID: a, state: b} })
	each(`select id, address from addresses where account_id = $1`, []any{&id, &a},
		func() { w.addresses[id] = a })
	each(`select address_id from user_addresses where account_id = $1`, []any{&id},
		func() { w.userAddresses[id] = true })
	each(`select user_id, kind, value from settings where account_id = $1`, []any{&id, &a, &b},
		func() { w.settings[setting{id, a}] = b })
	each(`select id, kind, crm_id, state, coalesce(owner_id, 0), everyone, coalesce(merged_into, 0) from cards where account_id = $1`,
		[]any{&id, &a, &b, &c, &other, &flag, &third},
		func() {
			w.cards[id] = &card{kind: a, crmID: b, state: c, owner: other, mergedInto: third, everyone: flag, audience: map[int64]bool{},
				collaborators: map[int64]bool{}, everOwned: map[int64]bool{}, addresses: map[int64]bool{}}
		})
	each(`select card_id, user_id from card_owners where account_id = $1`, []any{&id, &other},
		func() { w.cards[id].everOwned[other] = true })
	each(`select card_id, user_id from card_collaborators where account_id = $1`, []any{&id, &other},
		func() { w.cards[id].collaborators[other] = true })
	each(`select card_id, user_id from card_audience where account_id = $1`, []any{&id, &other},
		func() { w.cards[id].audience[other] = true })
	each(`select card_id, address_id from card_addresses where account_id = $1`, []any{&id, &other},
		func() { w.cards[id].addresses[other] = true })
	each(`select deal_id, contact_id from deal_contacts where account_id = $1`, []any{&id, &other},
		func() { w.cards[id].contacts = append(w.cards[id].contacts, other) })
	each(`select coalesce(l.user_id, 0), coalesce(e.address, ''), coalesce(e.domain, ''), coalesce(e.card_id, 0)
		from blocklist_entries e join blocklists l on l.account_id = e.account_id and l.id = e.blocklist_id
		where e.account_id = $1`, []any{&id, &a, &b, &other},
		func() { w.blocks = append(w.blocks, block{user: id, address: a, domain: b, card: other}) })
	each(`select author_id, card_id, address_id, share, coalesce(share_from, 0) from conversations where account_id = $1 and share is not null`,
		[]any{&id, &other, &third, &a, &fourth},
		func() {
			w.shares[Conversation{id, other, third}] = a
			w.carriedFrom[Conversation{id, other, third}] = fourth
		})
	each(`select author_id, address_id from correspondences where account_id = $1`, []any{&id, &other},
		func() { w.exchanged[correspondence{id, other}] = true })
	each(`select id, author_id, address_ids from messages where account_id = $1`, []any{&id, &other, &numbers},
		func() {
			w.messages[id] = Message{Author: other, Addresses: numbers}
			for _, address := range numbers {
				w.exchanged[correspondence{other, address}] = true
			}
			numbers = nil
		})

	// The judged: what is stored, and what readers make of it.
	each(`select author_id, card_id, address_id, on_card, blocked, visible, reason from conversations where account_id = $1`,
		[]any{&id, &other, &third, &stamp.OnCard, &stamp.Blocked, &stamp.Visible, &stamp.Reason},
		func() { w.stamps[Conversation{id, other, third}] = stamp })
	each(`select author_id, card_id, address_id from granted_conversations where account_id = $1 and granted`, []any{&id, &other, &third},
		func() { w.granted[Conversation{id, other, third}] = true })

	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("read the plain facts: %w", err)
	}
	w.remember()
	return w, nil
}
