package ingest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// ofABatch are the statements that read or change what was stored before, each for all of a batch.
var ofABatch = []string{"AddressFacts", "MessagesByIdentity", "KnownCorrespondents", "UpsertCorrespondences", "InsertParticipants", "UpsertLedger",
	"AnnounceNamed", "MatchingHashes", "FoldDeliveries", "FlagsDiffer", "SetLedgerSeen", "SetMessagesSeen", "RemoveIndexedAddresses", "ExpungeUIDs",
	"RemoveUnplaced"}

// tablesOfMail are those that grow with it.
var tablesOfMail = []string{"addresses", "messages", "participants", "correspondences", "ledger", "indexed_addresses", "deliveries"}

// readsAll finds where a plan reads all rows of such a table, or all of the account's, or of a folder's.
var readsAll = regexp.MustCompile(`Seq Scan on (` + strings.Join(tablesOfMail, "|") + `)\b|` +
	`on (` + strings.Join(tablesOfMail, "|") + `)\b.*\n *Index Cond: (\(account_id = [^()]*\)|` +
	`\(\(account_id = [^()]*\) AND \(folder_id = [^()]*\)( AND \(uid_validity = [^()]*\))?\))\n`)

// TestPlansOfABatch holds each statement of a batch to the rows it names: once there is mail, none is looked up by the account
// alone and no table of mail is read as a whole. The plans are those of the connections that ran the batch.
func TestPlansOfABatch(t *testing.T) {
	t.Parallel()
	b := office(t)
	var stored uint32
	for i := range 300 {
		who, other := "joe@acme.example", fmt.Sprint("stranger", i, "@else.example")
		stored = b.append("ann-box", "INBOX", mail{id: fmt.Sprint(i, "s@x"), from: who, to: "ann@firm.example", cc: other, subject: fmt.Sprint("s", i), body: "x"})
		b.append("ann-box", "INBOX", mail{id: fmt.Sprint(i, "i@x"), from: other, to: "ann@firm.example", subject: fmt.Sprint("i", i), body: "x"})
		b.append("ann-box", "Sent", mail{id: fmt.Sprint(i, "o@x"), from: "ann@firm.example", to: who, subject: fmt.Sprint("o", i), body: "x"})
	}
	b.sync("ann-box")
	for _, table := range tablesOfMail {
		_, err := b.db.Pool.Exec(b.ctx, "vacuum analyze "+table)
		must(t, err)
	}
	b.append("ann-box", "Sent", mail{id: "out@x", from: "ann@firm.example", to: "joe@acme.example", subject: "out", body: "x"})
	b.append("ann-box", "INBOX", mail{id: "one@x", from: "one@else.example", to: "ann@firm.example", subject: "one", body: "x"})
	b.append("ann-box", "INBOX", bounce("report@x", "out@x", "failed", "5.1.1"))
	must(t, b.server.SetFlags("ann-box", "INBOX", []string{`\Seen`}, stored))
	must(t, b.server.Expunge("ann-box", "INBOX", stored-2))
	b.sync("ann-box")
	plans := map[string]string{}
	conns := b.db.Pool.AcquireAllIdle(b.ctx)
	for _, conn := range conns {
		defer conn.Release()
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
			_, err = tx.Exec(b.ctx, "set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off",
				pgx.QueryExecModeSimpleProtocol) // as db.KeyTx does
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
		if at := readsAll.FindString(plan); at != "" {
			t.Errorf("%s reads all: %s\n%s", query, at, plan)
		}
	}
}
