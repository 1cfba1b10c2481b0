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

func init() { register("verdict", verdict, "verdict_ms_p50") }

const (
	// verdicts are asked for, after those in which PostgreSQL settles on a plan for all.
	verdicts       = 2_000
	verdictsBefore = 20
)

// verdict asks whether viewer may see a message of the large account, with the product's own statement: it looks the
// message up and finds the cards that show it. The time is the database's, planning and execution.
func verdict(b *bench) {
	s := theScale(b)
	conn := s.connect(b)
	var viewer int64
	if err := conn.QueryRow(b.Context(), `select id from users where crm_id = 'viewer'`).Scan(&viewer); err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	var took, planning []time.Duration
	seen := 0
	for n := range verdictsBefore + verdicts {
		ask := &explained{Conn: conn}
		q := queries.New(ask)
		rows, err := q.FeedMessageCards(b.Context(), queries.FeedMessageCardsParams{
			AccountID: s.acc.ID, ViewerID: viewer, MessageID: 1 + random.Int64N(2_000_000),
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
		took, planning = append(took, ask.took), append(planning, ask.planning)
		if len(rows) > 0 {
			seen++
		}
	}
	b.Logf("p50 %v, of which planning %v, p95 %v; %d of %d are shown on some card", percentile(took, 50), percentile(planning, 50),
		percentile(took, 95), seen, verdicts)
	b.report("verdict_ms_p50", milliseconds(percentile(took, 50)), "ms")
}

// explained runs statements and, before each, asks PostgreSQL how long it takes by itself.
type explained struct {
	*pgx.Conn
	took, planning time.Duration // of all statements
	err            error
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
		e.planning += time.Duration(plans[0].Planning * float64(time.Millisecond))
		e.took += time.Duration((plans[0].Planning + plans[0].Execution) * float64(time.Millisecond))
	}
}
