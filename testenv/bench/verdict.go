//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mailstamp/mailstamp/db/queries"
)

func init() { register("verdict", verdict, "verdict_ms_p50", "verdict_cold_ms_p50") }

// verdicts are asked for, after those in which PostgreSQL settles on a plan for all.
const (
	verdicts       = 2_000
	verdictsBefore = 20
)

// verdict asks whether viewer may see messages of the large account, with the product's own statement: it looks a message up and
// finds the cards that show it. The time is the database's, by its own clock, without what EXPLAIN would add to it. Each message
// is asked for twice: cold is the first time, when its rows have to be found in two million others and mapped into the
// connection's process.
func verdict(b *bench) {
	s := theScale(b)
	conn := s.connect(b)
	ask := queries.FeedMessageCardsParams{AccountID: s.acc.ID}
	if err := conn.QueryRow(b.Context(), `select id from users where crm_id = 'viewer'`).Scan(&ask.ViewerID); err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	ids := make([]int64, verdictsBefore+verdicts)
	for i := range ids {
		ids[i] = 1 + random.Int64N(scaleMessages)
	}
	s.prepareVerdict(b, conn, ask)
	cold := s.verdictTimes(b, conn, ids)
	shown := 0
	for _, ask.MessageID = range ids {
		rows, err := queries.New(conn).FeedMessageCards(b.Context(), ask)
		if err != nil {
			b.Fatalf("find the cards that show a message: %v", err)
		}
		shown += min(len(rows), 1)
	}
	hot := s.verdictTimes(b, conn, ids)
	b.Logf("p50 %v, p95 %v; asked for the first time %v and %v; %d of %d are shown on some card",
		percentile(hot, 50), percentile(hot, 95), percentile(cold, 50), percentile(cold, 95), shown, len(ids))
	b.report("verdict_ms_p50", milliseconds(percentile(hot, 50)), "ms")
	b.report("verdict_cold_ms_p50", milliseconds(percentile(cold, 50)), "ms")
}

// prepareVerdict makes the function verdict_time(message), which runs the product's statement as it is prepared for all messages,
// and returns the microseconds that it took.
func (s *scale) prepareVerdict(b *bench, conn *pgx.Conn, ask queries.FeedMessageCardsParams) {
	b.Helper()
	var statement captured
	if _, err := queries.New(&statement).FeedMessageCards(b.Context(), ask); !errors.Is(err, errCaptured) {
		b.Fatal(err)
	}
	if len(statement.args) != 3 || statement.args[2] != any(ask.MessageID) {
		b.Fatalf("the message is not the statement's third parameter: %v", statement.args)
	}
	s.exec(b, conn, "set plan_cache_mode = force_generic_plan") // as the product reads (db.ReadAtOnce)
	s.exec(b, conn, "prepare verdict as "+statement.sql, pgx.QueryExecModeSimpleProtocol)
	s.exec(b, conn, fmt.Sprintf(`
		create function pg_temp.verdict_time(message bigint) returns double precision language plpgsql as $$
		declare began timestamptz := clock_timestamp();
		begin
			execute format('execute verdict(%d, %d, %%s)', message);
			return extract(epoch from clock_timestamp() - began) * 1e6;
		end $$`, statement.args[0], statement.args[1]))
}

// verdictTimes are how long the verdicts take, without the first, verdictsBefore.
func (s *scale) verdictTimes(b *bench, conn *pgx.Conn, ids []int64) []time.Duration {
	b.Helper()
	rows, err := conn.Query(b.Context(), `select pg_temp.verdict_time(id) from unnest($1::bigint[]) with ordinality as t(id, n) order by n`, ids)
	if err != nil {
		b.Fatal(err)
	}
	times, err := pgx.CollectRows(rows, pgx.RowTo[float64])
	if err != nil {
		b.Fatalf("time the verdicts: %v", err)
	}
	took := make([]time.Duration, len(times))
	for i, us := range times {
		took[i] = time.Duration(us * float64(time.Microsecond))
	}
	return took[verdictsBefore:]
}

// captured keeps a statement instead of running it.
type captured struct {
	sql  string
	args []any
}

var errCaptured = errors.New("captured")

func (c *captured) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) {
	return pgconn.CommandTag{}, errCaptured
}

func (c *captured) QueryRow(context.Context, string, ...any) pgx.Row { return nil }

func (c *captured) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	c.sql, c.args = sql, args
	return nil, errCaptured
}
