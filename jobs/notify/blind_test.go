package notify

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// mail stores one of ada's sent messages, as ingest does, and announces it.
func (b *bundle) mail(subject string, to, bcc []string) {
	b.Helper()
	people := func(addresses []string) string {
		list := []map[string]string{}
		for _, a := range addresses {
			list = append(list, map[string]string{"name": "", "address": a})
		}
		text, _ := json.Marshal(list)
		return string(text)
	}
	b.tx(b.acc, func(tx *db.Tx) error {
		var author, id int64
		err := tx.QueryRow(b.Context(), `
			with t as (insert into threads (account_id, author_id) select account_id, id from users where crm_id = 'ada' returning *)
			insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, subject, preview, from_addr, to_addrs, cc_addrs,
			                      bcc_addrs, attachments, address_ids, seen)
			select t.account_id, t.author_id, t.id, sha256($1::text::bytea), 1, now(), 'outbound', $1, '', '{"name": "", "address": "ada@us.example"}', $2::jsonb, '[]', $3::jsonb, '[]',
			       (select array_agg(a.id) from addresses a where $2::jsonb || $3::jsonb @> jsonb_build_array(jsonb_build_object('address', a.address))), true
			from t
			returning author_id, id`, subject, people(to), people(bcc)).Scan(&author, &id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(b.Context(), `
			with p as (insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
				select account_id, author_id, unnest(address_ids), date, sort_key, id from messages where id = $1 returning *)
			insert into correspondences (account_id, author_id, address_id, last_at)
			select account_id, author_id, address_id, date from p
			on conflict (account_id, author_id, address_id) do update set last_at = greatest(correspondences.last_at, excluded.last_at)`, id)
		if err != nil {
			return err
		}
		if err := tx.AnnounceMessages(b.Context(), queries.AnnounceMessagesParams{AccountID: b.acc.ID, AuthorID: author, MessageIds: []int64{id}}); err != nil {
			return err
		}
		var met []int64
		if err := tx.QueryRow(b.Context(), "select address_ids from messages where id = $1", id).Scan(&met); err != nil {
			return err
		}
		if err := visibility.Correspond(b.Context(), tx, author, met); err != nil {
			return err
		}
		return tx.AnnounceNamed(b.Context(), queries.AnnounceNamedParams{AccountID: b.acc.ID, AuthorID: author, MessageIds: []int64{id}})
	})
}

// told are the events the CRM took, but for ids that are never the same.
func (b *bundle) told() (events []string) {
	b.Helper()
	for _, e := range b.crm.Taken("") {
		for _, id := range []string{"version", "message", "thread"} {
			delete(e.Data, id)
		}
		data, err := json.Marshal(e.Data)
		if err != nil {
			b.Fatal(err)
		}
		events = append(events, e.Type+" "+string(data))
	}
	slices.Sort(events)
	return events
}

// TestBlindCopiesAreTheAuthorsToKnow: of a conversation by blind copies alone the CRM, which shows events to others, learns
// neither the verdict nor a held share nor the card; from the first mail that names it to its readers it does, once.
func TestBlindCopiesAreTheAuthorsToKnow(t *testing.T) {
	b := setup(t)
	const kim, lee = "kim@customer.example", "lee@customer.example"
	b.tell(b.acc, &visibility.CardUpserted{Kind: rules.Contact, ID: "lee", Version: 1, Audience: visibility.Audience{Everyone: true},
		Addresses: []visibility.CardAddress{{Address: lee}}},
		&visibility.CardUpserted{Kind: rules.Lead, ID: "l", Version: 2, Audience: visibility.Audience{Users: []string{"ada"}},
			Addresses: []visibility.CardAddress{{Address: kim}}},
		&visibility.CardUpserted{Kind: rules.Contact, ID: "c", Version: 1, Audience: visibility.Audience{Everyone: true},
			Addresses: []visibility.CardAddress{{Address: kim}}})
	b.mail("blind", []string{lee}, []string{kim})
	b.share("shared")
	b.tell(b.acc, &visibility.LeadConverted{Lead: "l", Contact: "c", Version: 3})
	b.turn(b.acc)
	want := []string{
		`message.stored {"author":"ada","cards":[{"id":"lee","kind":"contact"}]}`,
		`thread.stamped {"address":"lee@customer.example","author":"ada","card":{"id":"lee","kind":"contact"},"messages":1,"reason":"setting_nobody","threads":1,"visible":false}`,
	}
	if got := b.told(); !slices.Equal(got, want) {
		t.Errorf("of a blind copy the CRM is told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	b.mail("named", []string{kim}, nil)
	b.mail("named again", []string{kim}, []string{lee})
	b.turn(b.acc)
	want = append(want,
		`message.stored {"author":"ada","cards":[{"id":"c","kind":"contact"}]}`,
		`message.stored {"author":"ada","cards":[{"id":"c","kind":"contact"}]}`,
		`share.held {"address":"kim@customer.example","author":"ada","card":{"id":"c","kind":"contact"}}`,
		`thread.stamped {"address":"kim@customer.example","author":"ada","card":{"id":"c","kind":"contact"},"messages":2,"reason":"setting_nobody","threads":2,"visible":false}`)
	slices.Sort(want)
	if got := b.told(); !slices.Equal(got, want) {
		t.Errorf("once mail names it the CRM is told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestBlindCopiesThatAreGone: that a conversation was by blind copies alone is not told either when its mail was removed before the
// CRM was.
func TestBlindCopiesThatAreGone(t *testing.T) {
	b := setup(t)
	b.tell(b.acc, &visibility.CardUpserted{Kind: rules.Contact, ID: "c", Version: 1, Audience: visibility.Audience{Everyone: true},
		Addresses: []visibility.CardAddress{{Address: "pat@customer.example"}}})
	b.mail("blind", []string{"lee@customer.example"}, []string{"pat@customer.example"})
	b.tx(b.acc, func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "delete from messages")
		if err == nil {
			_, err = tx.Exec(t.Context(), "delete from correspondences")
		}
		return err
	})
	b.turn(b.acc)
	if got := b.told(); len(got) > 0 {
		t.Errorf("the CRM is told %s", got)
	}
}
