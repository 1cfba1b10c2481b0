//go:build unix

package main

import (
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/testenv"
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
	s.prepareVerdict(b, conn)
	cold := s.verdictTimes(b, conn, ask, ids)
	shown := 0
	for _, ask.MessageID = range ids {
		rows, err := queries.New(conn).FeedMessageCards(b.Context(), ask)
		if err != nil {
			b.Fatalf("find the cards that show a message: %v", err)
		}
		shown += min(len(rows), 1)
	}
	hot := s.verdictTimes(b, conn, ask, ids)
	b.Logf("p50 %v, p95 %v; asked for the first time %v and %v; %d of %d are shown on some card",
		percentile(hot, 50), percentile(hot, 95), percentile(cold, 50), percentile(cold, 95), shown, len(ids))
	b.report("verdict_ms_p50", milliseconds(percentile(hot, 50)), "ms")
	b.report("verdict_cold_ms_p50", milliseconds(percentile(cold, 50)), "ms")
}

// prepareVerdict makes the function verdict_time, which runs the product's statement with the same parameters by a plan that is
// kept, and returns the microseconds that it took.
func (s *scale) prepareVerdict(b *bench, conn *pgx.Conn) {
	b.Helper()
	sql := testenv.StatementOf(b, func(q *queries.Queries) error {
		_, err := q.FeedMessageCards(b.Context(), queries.FeedMessageCardsParams{})
		return err
	})
	s.exec(b, conn, "set plan_cache_mode = force_generic_plan") // as the product reads (db.ReadAtOnce)
	s.exec(b, conn, `
		create function pg_temp.verdict_time(bigint, bigint, bigint) returns double precision language plpgsql as $$
		declare began timestamptz := clock_timestamp(); found_on record;
		begin
			for found_on in `+sql+` loop end loop;
			return extract(epoch from clock_timestamp() - began) * 1e6;
		end $$`)
}

// verdictTimes are how long the verdicts take, without the first, verdictsBefore.
func (s *scale) verdictTimes(b *bench, conn *pgx.Conn, ask queries.FeedMessageCardsParams, ids []int64) []time.Duration {
	b.Helper()
	rows, err := conn.Query(b.Context(), `
		select pg_temp.verdict_time($1, $2, id) from unnest($3::bigint[]) with ordinality as t(id, n) order by n`,
		ask.ViewerID, ask.AccountID, ids)
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
