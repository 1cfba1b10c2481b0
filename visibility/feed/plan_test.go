package feed_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
)

// feedPlan runs the feed's query by its generic plan, which serves every viewer and card, and returns what it did.
func feedPlan(t *testing.T, w *world, viewer string, card visibility.CardRef) string {
	t.Helper()
	newest := testenv.StatementOf(t, func(q *queries.Queries) error {
		_, err := q.FeedNewest(t.Context(), queries.FeedNewestParams{})
		return err
	})
	var lines []string
	err := w.d.ReadTx(t.Context(), w.acc.ID, func(tx *db.Tx) error {
		for _, sql := range []string{"set local plan_cache_mode = force_generic_plan", "prepare pinned as " + newest} {
			if _, err := tx.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				return err
			}
		}
		// The parameters in the order of queries.FeedNewestParams.
		rows, err := tx.Query(t.Context(), fmt.Sprintf("explain (analyze, buffers, costs off, timing off, summary off) execute pinned(%d, 11, '%s', '%s', '%s', '9999-01-01', 0, 27)",
			w.acc.ID, viewer, card.Kind, card.ID), pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		if lines, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), "deallocate pinned", pgx.QueryExecModeSimpleProtocol) // it outlives the transaction
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

var participantsScan = regexp.MustCompile(`using participants_pkey on participants \w+ \((?:actual rows=(\d+) loops=(\d+)|never executed)\)\n\s+Index Cond: (.*)`)

var messagesScan = regexp.MustCompile(`using messages_pkey on messages \w+ \((?:actual rows=(\d+) loops=(\d+)|never executed)\)`)

var buffersHit = regexp.MustCompile(`Buffers: shared hit=(\d+)\n`)

// TestPlanOfTheFeed holds the feed's query to the index of participants, read backwards from the cursor, and to reading no
// more of it than fits the page: not of every readable conversation a row, and of hidden ones nothing; and to looking up no
// messages but those it returns. Before a viewer from
// whom all is hidden a card with much mail and one without any are the same work, to the page of memory.
func TestPlanOfTheFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(ann)
	w.user(bob)
	const conversations, each = 60, 50
	w.card(lead("hot"))
	w.exec(`insert into cards (account_id, kind, crm_id, state) select $1, 'lead', 'other' || g, 'open' from generate_series(0, 199) g`)
	w.exec(`insert into addresses (account_id, address, hash, domains)
		select $1, 'a' || g || '@x.example', substr(sha256(('a' || g)::bytea), 1, 16), '{x.example}' from generate_series(1, 3000) g`)
	w.exec(`insert into threads (account_id, author_id) values ($1, $2)`, w.users[ann])
	w.exec(`insert into users (account_id, crm_id, state) select $1, 'author' || g, 'active' from generate_series(0, 9) g`)
	// The first addresses are on the hot card, the others are there so that tables are not too small for an index.
	w.exec(`with numbered as (select id, row_number() over (order by id) as n from addresses where account_id = $1),
		m as (insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, address_ids)
			select $1, $2, (select min(id) from threads), sha256((n || '/' || g)::bytea), g, '2026-03-01'::timestamptz - (g * 1000 + n) * interval '1 minute', 'inbound', array[id]
			from numbered, generate_series(1, case when n <= $3 then $4::bigint else 1 end) g returning *),
		p as (insert into participants select account_id, author_id, address_ids[1], date, sort_key, id from m),
		c as (insert into correspondences select account_id, author_id, address_ids[1], max(date) from m group by account_id, author_id, address_ids[1])
		insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked, visible, shown, reason, author_epoch, card_epoch)
		select $1, case when n <= $3 then $2::bigint else (select min(id) from users where crm_id like 'author%') + n % 10 end,
			case when n <= $3 then $5::bigint else (select min(id) from cards where crm_id like 'other%') + n % 200 end, id, 'lead', true, false, false, false, 'setting_nobody', 1, 1 from numbered`,
		w.users[ann], conversations, each, w.cards[lead("hot")])
	w.card(lead("empty"))
	for _, table := range []string{"users", "cards", "settings", "conversations", "messages", "participants", "correspondences"} {
		if _, err := w.d.Pool.Exec(t.Context(), "vacuum analyze "+table); err != nil {
			t.Fatal(err)
		}
	}
	count := func(scan []string) int { // rows of a scan, in all its loops
		n, _ := strconv.Atoi(scan[1])
		loops, _ := strconv.Atoi(scan[2])
		return n * loops
	}
	read := func(viewer string) (rows, found int) {
		t.Helper()
		plan := feedPlan(t, w, viewer, lead("hot"))
		scans := participantsScan.FindAllStringSubmatch(plan, -1)
		if len(scans) != 2 || strings.Count(plan, "on participants") != 2 || strings.Count(plan, "Scan Backward using participants_pkey") != 2 {
			t.Fatalf("not two backward scans of participants_pkey:\n%s", plan)
		}
		if !strings.Contains(scans[0][3], "ROW(date, sort_key) <") || !strings.Contains(scans[1][3], "ROW(date, sort_key) <") ||
			!strings.Contains(scans[1][3], "ROW(date, sort_key) >=") {
			t.Fatalf("the cursor or the edge is not in the index condition:\n%s", plan)
		}
		if !strings.Contains(plan, "conversations_shown on conversations") || strings.Contains(plan, "Seq Scan on conversations") {
			t.Fatalf("reads conversations that were never shown:\n%s", plan)
		}
		messages := messagesScan.FindAllStringSubmatch(plan, -1)
		if len(messages) != 1 || strings.Count(plan, "on messages") != 1 {
			t.Fatalf("messages are not looked up by number:\n%s", plan)
		}
		for _, scan := range scans {
			rows += count(scan)
		}
		return rows, count(messages[0])
	}
	const page = 11
	if rows, found := read(bob); rows != 0 || found != 0 {
		t.Errorf("a viewer from whom all is hidden has %d rows and %d messages read", rows, found)
	}
	work := func(card string) string {
		feedPlan(t, w, bob, lead(card)) // whatever is read for the first time
		hit := buffersHit.FindStringSubmatch(feedPlan(t, w, bob, lead(card)))
		if hit == nil {
			t.Fatal("the plan says nothing of buffers")
		}
		return hit[1]
	}
	if hidden, empty := work("hot"), work("empty"); hidden != empty {
		t.Errorf("a card with %d hidden conversations costs %s pages of memory, one without any %s", conversations, hidden, empty)
	}
	if rows, found := read(ann); rows > 2*page || found != page {
		t.Errorf("of %d conversations the author has %d rows and %d messages read", conversations, rows, found)
	}
	w.exec(`update conversations set visible = true, shown = true where account_id = $1 and card_id = $2 and address_id = (select max(address_id) from conversations where card_id = $2)`, w.cards[lead("hot")])
	if rows, found := read(bob); rows > 1+27 || found != page {
		t.Errorf("one visible conversation has %d rows and %d messages read", rows, found)
	}
}
