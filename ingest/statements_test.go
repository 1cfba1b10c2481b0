package ingest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
)

// ofABatch are the statements that read or change what was stored before, each for all of a batch.
var ofABatch = []string{"AddressFacts", "MessagesByIdentity", "KnownCorrespondents", "UpsertCorrespondences", "InsertParticipants", "UpsertLedger",
	"AnnounceNamed", "MatchingHashes", "FoldDeliveries", "FlagsDiffer", "SetLedgerSeen", "SetMessagesSeen", "RemoveIndexedAddresses", "ExpungeUIDs",
	"RemoveUnplaced", "TieReports", "InsertAnswers"}

// ofStamps are those that give a batch's new correspondences their conversations, and the stamps (package visibility).
var ofStamps = []string{"CardsWithAddresses", "OwnersThatDecide", "LinkAuthor", "FactsOfAuthor", "Stamp"}

// growing are the tables that grow with mail, and with the CRM.
var growing = []string{"addresses", "messages", "participants", "correspondences", "ledger", "indexed_addresses", "deliveries", "reports",
	"delivery_events", "cards", "card_addresses", "card_owners", "deal_contacts", "conversations"}

var (
	// scan finds the scans of such tables in a plan, each with its index and what it looks up; names of indexes begin with the table's.
	scan = regexp.MustCompile(`(?m)^.*?(\w+ )?Scan (?:using (\w+) )?on ((?:` + strings.Join(growing, "|") + `)(?:_\w+)?)\b.*(?:\n *Index Cond: (.*))?`)
	// equal finds the columns that an index is entered by; those after a gap or a range only sort out what is read.
	equal = regexp.MustCompile(`\((\w+) (?:= |IS NULL)`)
	bound = regexp.MustCompile(`\((\w+) [<>]=? `)
)

// readsAll is the first scan of a plan that reads all rows of such a table, or all of an account, an author, a folder or a kind of card.
func readsAll(plan string, indexes map[string][]string) string {
	for _, found := range scan.FindAllStringSubmatch(plan, -1) {
		index := found[2]
		switch found[1] {
		case "Heap ", "Tid ", "Subquery ":
			continue // of a bitmap, whose index scan tells; by place; of what another scan read
		case "Index ": // of a bitmap
			if index == "" {
				index = found[3]
			}
		}
		if !narrow(found[4], indexes[index]) {
			return found[0]
		}
	}
	return ""
}

// narrow says whether an index of these columns is entered by one that few rows share.
func narrow(cond string, index []string) bool {
	for _, column := range index {
		is := func(found []string) bool { return found[1] == column }
		entered := slices.ContainsFunc(equal.FindAllStringSubmatch(cond, -1), is)
		if (entered || slices.ContainsFunc(bound.FindAllStringSubmatch(cond, -1), is)) &&
			!slices.Contains([]string{"account_id", "author_id", "folder_id", "uid_validity", "kind", "owner_id"}, column) {
			return true
		}
		if !entered {
			return false
		}
	}
	return false
}

// TestNarrow holds the judge of plans to what an index is entered by.
func TestNarrow(t *testing.T) {
	t.Parallel()
	index := []string{"account_id", "author_id", "card_id", "address_id"}
	for cond, want := range map[string]bool{
		"":                  false,
		"(account_id = $1)": false,
		"((account_id = $1) AND (author_id = $2))":                          false,
		"((account_id = $1) AND (author_id = $2) AND (address_id = v.id))":  false,
		"((account_id = $1) AND (card_id = v.id))":                          false,
		"((account_id = $1) AND (author_id = $2) AND (card_id = v.id))":     true,
		"((account_id = $1) AND (author_id = $2) AND (card_id = ANY ($3)))": true,
	} {
		if narrow(cond, index) != want {
			t.Errorf("%q is narrow: %t", cond, !want)
		}
	}
}

// TestPlansOfABatch holds each statement of a batch to the rows it names: once there is mail, none is looked up by the account
// alone and no table that grows is read as a whole. The plans are those of the connections that ran the batch. A first sync
// stores much before a table is analysed; of few cards an account's are guessed to be so few that any look-up seems as good.
func TestPlansOfABatch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		analysed bool
		cards    int
	}{
		"analysed": {true, 15_000}, "never analysed": {false, 15_000}, "never analysed, few cards": {false, 2_500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plansOfABatch(t, c.analysed, c.cards)
		})
	}
}

func plansOfABatch(t *testing.T, analysed bool, cards int) {
	b := office(t)
	var before, stored uint32
	for i := range 100 {
		if i%3 == 0 {
			b.append("ann-box", "INBOX", bounce(fmt.Sprint(i, "r@x"), fmt.Sprint(i, "o@x"), "failed", "5.1.1"))
		}
		who, other := "joe@acme.example", fmt.Sprint("stranger", i, "@else.example")
		before, stored = stored, b.append("ann-box", "INBOX", mail{id: fmt.Sprint(i, "s@x"), from: who, to: "ann@firm.example", cc: other, subject: fmt.Sprint("s", i), body: "x"})
		b.append("ann-box", "INBOX", mail{id: fmt.Sprint(i, "i@x"), from: other, to: "ann@firm.example", subject: fmt.Sprint("i", i), body: "x"})
		b.append("ann-box", "Sent", mail{id: fmt.Sprint(i, "o@x"), from: "ann@firm.example", to: who, subject: fmt.Sprint("o", i), body: "x"})
	}
	b.sync("ann-box")
	b.put("other-box", "ann")
	b.fill(15_000, ofMail)
	b.fill(cards, ofCards)
	for _, table := range growing {
		if analysed {
			_, err := b.db.Pool.Exec(b.ctx, "vacuum analyze "+table)
			must(t, err)
		}
	}
	b.append("ann-box", "Sent", mail{id: "out@x", from: "ann@firm.example", to: "joe@acme.example", subject: "out", body: "x"})
	b.append("ann-box", "INBOX", mail{id: "one@x", from: "one@else.example", to: "ann@firm.example", subject: "one", body: "x"})
	b.append("ann-box", "INBOX", bounce("report@x", "out@x", "failed", "5.1.1"))
	must(t, b.server.SetFlags("ann-box", "INBOX", []string{`\Seen`}, stored))
	must(t, b.server.Expunge("ann-box", "INBOX", before))
	b.sync("ann-box")
	b.stampNothing()
	indexes := b.indexes()
	plans := map[string]string{}
	conns := b.db.Pool.AcquireAllIdle(b.ctx)
	for _, conn := range conns {
		defer conn.Release()
		_, err := conn.Exec(b.ctx, "discard plans") // as a connection does from time to time
		must(t, err)
		rows, err := conn.Query(b.ctx, `select name, substring(statement from '-- name: (\w+)'), cardinality(parameter_types) from pg_prepared_statements
			where statement like '-- name: %'`)
		must(t, err)
		type prepared struct {
			Name, Query string
			Parameters  int
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[prepared])
		must(t, err)
		for _, p := range list {
			tx, err := conn.Begin(b.ctx)
			must(t, err)
			_, err = tx.Exec(b.ctx, fmt.Sprintf(`set local mailstamp.account = '%d'; set local plan_cache_mode = force_generic_plan;
				set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off`, b.acc.ID),
				pgx.QueryExecModeSimpleProtocol) // as db.KeyTx does; of no account row-level security lets the planner expect no rows
			must(t, err)
			nulls := strings.TrimSuffix(strings.Repeat("null, ", p.Parameters), ", ")
			rows, err := tx.Query(b.ctx, fmt.Sprintf("explain (costs off) execute %q(%s)", p.Name, nulls), pgx.QueryExecModeSimpleProtocol)
			must(t, err)
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			must(t, err)
			must(t, tx.Rollback(b.ctx))
			plans[p.Query] = strings.Join(lines, "\n") + "\n"
		}
	}
	for _, query := range slices.Concat(ofStamps, ofABatch) {
		plan, ran := plans[query]
		if !ran {
			t.Errorf("%s was not run", query)
		}
		if at := readsAll(plan, indexes); at != "" {
			t.Errorf("%s reads all: %s\n%s", query, at, plan)
		}
	}
}

// stampNothing has a connection prepare the statements of stamps, which are run by whom the program gives for it.
func (b *bundle) stampNothing() {
	b.t.Helper()
	must(b.t, b.db.KeyTx(b.ctx, b.acc.ID, func(tx *db.Tx) error {
		if _, err := tx.CardsWithAddresses(b.ctx, queries.CardsWithAddressesParams{AccountID: tx.AccountID}); err != nil {
			return err
		}
		if _, err := tx.OwnersThatDecide(b.ctx, queries.OwnersThatDecideParams{AccountID: tx.AccountID}); err != nil {
			return err
		}
		if err := tx.LinkAuthor(b.ctx, queries.LinkAuthorParams{AccountID: tx.AccountID}); err != nil {
			return err
		}
		if _, err := tx.FactsOfAuthor(b.ctx, queries.FactsOfAuthorParams{AccountID: tx.AccountID}); err != nil {
			return err
		}
		return tx.Stamp(b.ctx, queries.StampParams{AccountID: tx.AccountID})
	}))
}

// indexes are the columns of each index.
func (b *bundle) indexes() map[string][]string {
	b.t.Helper()
	rows, err := b.db.Pool.Query(b.ctx, `select i.indexrelid::regclass::text, array_agg(a.attname::text order by a.attnum)
		from pg_index i join pg_attribute a on a.attrelid = i.indexrelid
		where i.indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace) group by 1`)
	must(b.t, err)
	type index struct {
		Name    string
		Columns []string
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
	must(b.t, err)
	columns := map[string][]string{}
	for _, i := range list {
		columns[i.Name] = i.Columns
	}
	return columns
}

// ofMail brings as many rows to each table of mail, as of another mailbox of the author.
var ofMail = []string{
	`insert into folders (account_id, mailbox_id, name, role, uid_validity, on_server)
	 select account_id, id, 'INBOX', 'inbox', $1, 0 from mailboxes where crm_id = 'other-box'`,
	`insert into addresses (account_id, address, hash, domains)
	 select u.account_id, 'a' || g || '@fill.example', decode(md5(g::text), 'hex'), '{fill.example}' from users u, generate_series(1, $1) g where u.crm_id = 'ann'`,
	`insert into correspondences (account_id, author_id, address_id, last_at)
	 select u.account_id, u.id, a.id, now() from users u, addresses a where u.crm_id = 'ann' and a.address like '%@fill.example' limit $1`,
	`insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, header_id, address_ids)
	 select t.account_id, t.author_id, t.id, decode(md5(g::text) || md5(g::text), 'hex'), g, now(), 'outbound', 'fill' || g, '{}'
	 from (select * from threads limit 1) t, generate_series(1, $1) g`,
	`insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
	 select m.account_id, m.author_id, a.id, m.date, m.sort_key, m.id
	 from messages m cross join (select id from addresses where address = 'a1@fill.example') a where m.header_id like 'fill%' limit $1`,
	`insert into deliveries (account_id, message_id, address, at)
	 select account_id, id, 'joe@fill.example', date from messages where header_id like 'fill%' limit $1`,
	`insert into ledger (account_id, folder_id, uid_validity, uid, disposition, message_id, header_digest)
	 select m.account_id, f.id, f.uid_validity, row_number() over (), 'stored', m.id, m.identity
	 from messages m, folders f where m.header_id like 'fill%' and f.uid_validity = $1`,
	`insert into ledger (account_id, folder_id, uid_validity, uid, disposition)
	 select f.account_id, f.id, f.uid_validity, 1000000 + g, 'indexed' from folders f, generate_series(1, $1) g where f.uid_validity = $1`,
	`insert into indexed_addresses (account_id, author_id, hash, folder_id, uid_validity, uid)
	 select l.account_id, u.id, decode(md5(l.uid::text), 'hex'), l.folder_id, l.uid_validity, l.uid
	 from users u, ledger l where u.crm_id = 'ann' and l.uid_validity = $1 and l.disposition = 'indexed'`,
	`insert into reports (account_id, author_id, digest, n, kind, status, at, original, recipients)
	 select u.account_id, u.id, decode(md5(g::text), 'hex'), 1, 'dsn', 'delayed', now(), decode(md5(g::text), 'hex'), '{}'
	 from users u, generate_series(1, $1) g where u.crm_id = 'ann'`,
	`insert into delivery_events (account_id, message_id, address, evidence, source, status, at)
	 select d.account_id, d.message_id, d.address, 'fill', 'dsn', 'delayed', now() from deliveries d where d.address = 'joe@fill.example' limit $1`,
}

// ofCards brings as many contacts and as many deals, each contact on a deal and with an address of ofMail's and a conversation.
var ofCards = []string{
	`insert into cards (account_id, kind, crm_id, state, owner_id)
	 select u.account_id, k, 'fill' || g, 'open', u.id from users u, generate_series(1, $1) g, unnest(array['contact', 'deal']) k where u.crm_id = 'ann'`,
	`insert into card_owners (account_id, card_id, user_id, since)
	 select account_id, id, owner_id, now() from cards where kind = 'contact' and crm_id like 'fill%' limit $1`,
	`insert into card_addresses (account_id, card_id, address_id, since)
	 select k.account_id, k.id, a.id, now() from cards k join addresses a on a.address = 'a' || substr(k.crm_id, 5) || '@fill.example'
	 where k.kind = 'contact' limit $1`,
	`insert into deal_contacts (account_id, deal_id, contact_id, since)
	 select d.account_id, d.id, k.id, now() from cards d join cards k on k.crm_id = d.crm_id and k.kind = 'contact'
	 where d.kind = 'deal' and d.crm_id like 'fill%' limit $1`,
	`insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, shown, blocked, share)
	 select u.account_id, u.id, ca.card_id, ca.address_id, 'contact', true, false, false, 'shared'
	 from users u, card_addresses ca join addresses a on a.id = ca.address_id where u.crm_id = 'ann' and a.address like '%@fill.example' limit $1`,
}

// fill runs statements for n rows each.
func (b *bundle) fill(n int, statements []string) {
	b.t.Helper()
	for _, sql := range statements {
		must(b.t, b.db.Tx(b.ctx, b.acc.ID, func(tx *db.Tx) error {
			// The plans of foreign keys were made when there was nothing; of tables not analysed nested loops would take minutes.
			if _, err := tx.Exec(b.ctx, "discard plans; set local enable_nestloop = off", pgx.QueryExecModeSimpleProtocol); err != nil {
				return err
			}
			_, err := tx.Exec(b.ctx, sql, n)
			return err
		}))
	}
}
