//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db/queries"
)

func init() { register("verdict", verdict, "verdict_ms_p50", "verdict_cold_ms_p50") }

// verdicts are asked for, after those in which PostgreSQL settles on a plan for all.
const (
	verdicts       = 2_000
	verdictsBefore = 20
)

// verdict asks whether viewer may see messages of the large account, with the product's own statement: it looks a message up and
// finds the cards that show it. The time is the database's, planning and execution. Each message is asked for twice: cold is the
// first time, when its rows have to be found in two million others and mapped into the connection's process.
func verdict(b *bench) {
	s := theScale(b)
	conn := s.connect(b)
	var viewer int64
	if err := conn.QueryRow(b.Context(), `select id from users where crm_id = 'viewer'`).Scan(&viewer); err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	ids := make([]int64, verdictsBefore+verdicts)
	for i := range ids {
		ids[i] = 1 + random.Int64N(scaleMessages)
	}
	cold, _ := verdictTimes(b, conn, s.acc.ID, viewer, ids)
	hot, shown := verdictTimes(b, conn, s.acc.ID, viewer, ids)
	b.Logf("p50 %v, p95 %v; asked for the first time %v and %v; %d of %d are shown on some card",
		percentile(hot, 50), percentile(hot, 95), percentile(cold, 50), percentile(cold, 95), shown, verdicts)
	b.report("verdict_ms_p50", milliseconds(percentile(hot, 50)), "ms")
	b.report("verdict_cold_ms_p50", milliseconds(percentile(cold, 50)), "ms")
}

// verdictTimes are how long the verdicts take, without the first, verdictsBefore, and how many of the messages are shown.
func verdictTimes(b *bench, conn *pgx.Conn, account, viewer int64, ids []int64) (took []time.Duration, shown int) {
	b.Helper()
	for n, id := range ids {
		ask := &explained{Conn: conn}
		rows, err := queries.New(ask).FeedMessageCards(b.Context(), queries.FeedMessageCardsParams{
			AccountID: account, ViewerID: viewer, MessageID: id,
		})
		if err != nil {
			b.Fatalf("find the cards that show a message: %v", err)
		}
		if ask.err != nil {
			b.Fatal(ask.err)
		}
		if n < verdictsBefore {
			continue
		}
		took = append(took, ask.took)
		if len(rows) > 0 {
			shown++
		}
	}
	return took, shown
}

// explained runs statements and, before each, asks PostgreSQL how long it takes by itself.
type explained struct {
	*pgx.Conn
	took time.Duration // of all statements
	err  error
}

func (e *explained) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	e.explain(ctx, sql, args)
	return e.Conn.Query(ctx, sql, args...)
}

// explain has the statement prepared once and executed by EXPLAIN, so that it is planned as the product's is.
func (e *explained) explain(ctx context.Context, sql string, args []any) {
	name, _, _ := strings.Cut(strings.TrimPrefix(sql, "-- name: "), " ")
	name = "bench_" + strings.ToLower(name)
	if e.err != nil {
		return
	}
	literals := make([]string, len(args))
	for i, arg := range args {
		literals[i] = fmt.Sprint(arg) // all are numbers
	}
	if _, e.err = e.Exec(ctx, `do $do$ begin if not exists (select from pg_prepared_statements where name = '`+name+`') then execute $sql$prepare `+name+` as `+sql+`$sql$; end if; end $do$`); e.err != nil {
		return
	}
	var raw []byte
	e.err = e.Conn.QueryRow(ctx, fmt.Sprintf("explain (analyze, timing off, format json) execute %s(%s)", name, strings.Join(literals, ", ")),
		pgx.QueryExecModeSimpleProtocol).Scan(&raw)
	if e.err != nil {
		return
	}
	var plans []struct {
		Planning  float64 `json:"Planning Time"`
		Execution float64 `json:"Execution Time"`
	}
	if e.err = json.Unmarshal(raw, &plans); e.err == nil {
		e.took += time.Duration((plans[0].Planning + plans[0].Execution) * float64(time.Millisecond))
	}
}
