package ingest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
)

// ofABatch are the statements that read or change what was stored before, each for all of a batch.
var ofABatch = []string{"AddressFacts", "MessagesByIdentity", "KnownCorrespondents", "UpsertCorrespondences", "InsertParticipants", "UpsertLedger",
	"AnnounceNamed", "MatchingHashes", "FoldDeliveries", "FlagsDiffer", "SetLedgerSeen", "SetMessagesSeen", "RemoveIndexedAddresses", "ExpungeUIDs",
	"RemoveUnplaced", "TieReports"}

// tablesOfMail are those that grow with it.
var tablesOfMail = []string{"addresses", "messages", "participants", "correspondences", "ledger", "indexed_addresses", "deliveries", "reports"}

var (
	// scan finds the scans of such tables in a plan, each with what it looks up; names of indexes begin with the table's.
	scan    = regexp.MustCompile(`(\w+ )?Scan (?:using \w+ )?on (?:` + strings.Join(tablesOfMail, "|") + `).*(?:\n *Index Cond: (.*))?`)
	columns = regexp.MustCompile(`\((\w+) (?:=|<|>|IS)`)
)

// readsAll is the first scan of a plan that reads all rows of such a table, or all of an account, an author or a folder.
func readsAll(plan string) string {
	for _, found := range scan.FindAllStringSubmatch(plan, -1) {
		if found[1] == "Heap " || found[1] == "Tid " {
			continue // of a bitmap, whose index scan tells; by place
		}
		narrow := false
		for _, column := range columns.FindAllStringSubmatch(found[2], -1) {
			narrow = narrow || !slices.Contains([]string{"account_id", "author_id", "folder_id", "uid_validity"}, column[1])
		}
		if !narrow {
			return found[0]
		}
	}
	return ""
}

// TestPlansOfABatch holds each statement of a batch to the rows it names: once there is mail, none is looked up by the account
// alone and no table of mail is read as a whole. The plans are those of the connections that ran the batch. A first sync
// stores much before a table is analysed; of one of a few thousand rows any plan will do.
func TestPlansOfABatch(t *testing.T) {
	t.Parallel()
	for _, analysed := range []bool{true, false} {
		t.Run(map[bool]string{true: "analysed", false: "never analysed"}[analysed], func(t *testing.T) {
			t.Parallel()
			plansOfABatch(t, analysed)
		})
	}
}

func plansOfABatch(t *testing.T, analysed bool) {
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
	b.fill(15_000)
	for _, table := range tablesOfMail {
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
	for _, query := range ofABatch {
		plan, ran := plans[query]
		if !ran {
			t.Errorf("%s was not run", query)
		}
		if at := readsAll(plan); at != "" {
			t.Errorf("%s reads all: %s\n%s", query, at, plan)
		}
	}
}

// fill brings n rows to each table of mail, as of another mailbox of the author.
func (b *bundle) fill(n int) {
	b.t.Helper()
	b.put("other-box", "ann")
	for _, sql := range []string{
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
	} {
		must(b.t, b.db.Tx(b.ctx, b.acc.ID, func(tx *db.Tx) error {
			if _, err := tx.Exec(b.ctx, "discard plans"); err != nil { // of foreign keys, made when there was nothing
				return err
			}
			_, err := tx.Exec(b.ctx, sql, n)
			return err
		}))
	}
}
