//go:build unix

package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

func init() {
	register("setting_flip", settingFlip, "setting_flip_restamp_ms", "setting_flip_rows",
		"setting_flip_time_ratio_per_thread", "setting_flip_wal_ratio_per_thread")
}

const (
	// flips that are counted, after one that warms up. An odd number has a median.
	flips          = 7
	perThreadFlips = 3
	// perThreadChunk is the product's: the two sides differ in what they store, not in how they go about it.
	perThreadChunk = 5_000
	// flipLook is how often it is asked whether the stamps are current: what asking costs is taken from the program.
	flipLook = 5 * time.Millisecond
	// flipPatience bounds the wait for one re-stamping.
	flipPatience = time.Minute
	// statisticsSettle is longer than PostgreSQL keeps numbers of written rows to itself.
	statisticsSettle = 12 * time.Second
)

// flipWitness is a deal of hot's where the setting alone decides.
const flipWitness = "/cards/deal/d7/feed"

// settingFlip flips hot's setting for deals, by webhook, and waits until the built program has brought all 50,000 stamps
// up to date. The other side of the ratios is a table with a stamp per thread, card and address of the same mail.
func settingFlip(b *bench) {
	s := theScale(b)
	conn := s.connect(b)
	crm := s.program(b)
	f := &flipper{bench: b, conn: conn, crm: crm}
	first, firstWAL := f.flip() // warms up, and shows most conversations for the first time
	b.Logf("the first flip: %v, %d MB of WAL", first, firstWAL>>20)
	var took []time.Duration
	var wal []int64
	written := f.rowsWritten()
	for range flips {
		d, bytes := f.flip()
		took, wal = append(took, d), append(wal, bytes)
	}
	rows := (f.rowsWritten() - written) / flips
	s.mustBeCurrent(b)

	threads := s.perThread(b, conn)
	s.flipPerThread(b, conn, rules.Everyone) // warm up
	var tookThreads []time.Duration
	var walThreads []int64
	for n := range perThreadFlips {
		d, bytes := s.flipPerThread(b, conn, flipValue(n))
		tookThreads, walThreads = append(tookThreads, d), append(walThreads, bytes)
	}
	s.exec(b, conn, "drop table thread_stamps")

	b.Logf("per conversation: %v, %d rows, %d MB of WAL; per thread: %v, %d rows, %d MB of WAL", median(took), rows,
		median(wal)>>20, median(tookThreads), threads, median(walThreads)>>20)
	b.report("setting_flip_restamp_ms", milliseconds(median(took)), "ms")
	b.report("setting_flip_rows", float64(rows), "rows")
	b.report("setting_flip_time_ratio_per_thread", rounded(float64(median(tookThreads))/float64(median(took))), "ratio")
	b.report("setting_flip_wal_ratio_per_thread", rounded(float64(median(walThreads))/float64(median(wal))), "ratio")
}

func flipValue(n int) rules.Setting {
	if n%2 == 0 {
		return rules.Nobody
	}
	return rules.Everyone
}

func median[T int64 | time.Duration](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// program runs the built program on the large account, without mailboxes.
func (s *scale) program(b *bench) *testenv.CRM {
	b.Helper()
	p := testenv.NewProgramOn(b, s.url, "MAILSTAMP_KEYSET="+s.keyset)
	return crmOf(b, p.StartWorker(b, "--roles=jobs,http"), s.acc)
}

// flipper flips hot's setting for deals between everyone and nobody.
type flipper struct {
	*bench
	conn *pgx.Conn
	crm  *testenv.CRM
}

// flip turns the setting and returns how long after the answer every stamp was current, and the WAL written from before
// the event until then. After a narrowing the first read must not show what it forbids.
func (f *flipper) flip() (took time.Duration, wal int64) {
	f.Helper()
	value, version := rules.Everyone, int64(0)
	var held string
	f.scan(`select value, version + 1 from settings where user_id = 1 and kind = 'deal'`, &held, &version)
	if held == string(rules.Everyone) {
		value = rules.Nobody
		if f.witnessed() == 0 {
			f.Fatal("the setting is everyone, and a deal shows nothing")
		}
	}
	before := walWritten(f.bench, f.conn)
	f.crm.Tell(f, testenv.Event{Type: "setting.changed", Data: map[string]any{"user": "hot", "version": version, "deal": value}})
	began := time.Now()
	if value == rules.Nobody {
		if n := f.witnessed(); n > 0 {
			f.Fatalf("%d messages are shown by a read that began after the answer that hid them", n)
		}
	}
	for current := false; !current; time.Sleep(flipLook) {
		if f.scan(`select restamped >= epoch from settings where user_id = 1 and kind = 'deal'`, &current); time.Since(began) > flipPatience {
			f.Fatalf("the stamps are not current after %v", flipPatience)
		}
		took = time.Since(began)
	}
	return took, walWritten(f.bench, f.conn) - before
}

// witnessed is how many messages viewer sees on a deal.
func (f *flipper) witnessed() int {
	f.Helper()
	var page struct{ Items []struct{} }
	f.crm.As(f, "viewer").GetJSON(f, flipWitness, &page)
	return len(page.Items)
}

func (f *flipper) scan(sql string, to ...any) {
	f.Helper()
	if err := f.conn.QueryRow(f.Context(), sql).Scan(to...); err != nil {
		f.Fatalf("%v\n%s", err, sql)
	}
}

// rowsWritten is PostgreSQL's own count of conversations written, once it has settled.
func (f *flipper) rowsWritten() (n int64) {
	f.Helper()
	time.Sleep(statisticsSettle)
	f.scan(`select n_tup_upd + n_tup_ins from pg_stat_user_tables where relname = 'conversations'`, &n)
	return n
}

// perThread makes the other side: a stamp per thread, card and address, in the order in which an author's are walked.
// Nothing but the primary key slows its update down.
func (s *scale) perThread(b *bench, conn *pgx.Conn) (rows int64) {
	b.Helper()
	s.exec(b, conn, `
		create table thread_stamps (
			account_id bigint not null, author_id bigint not null, thread_id bigint not null, card_id bigint not null, address_id bigint not null,
			kind text not null, share text, visible boolean not null, reason text not null, author_epoch bigint not null,
			card_epoch bigint not null, owner_epoch bigint not null, since timestamptz not null, stamped_at timestamptz not null
		) with (fillfactor = 60)`)
	tag, err := conn.Exec(b.Context(), `
		insert into thread_stamps
		select distinct c.account_id, c.author_id, m.thread_id, c.card_id, c.address_id, c.kind, c.share, c.visible, c.reason, 0, 0, 0, now(), now()
		from conversations c
		join participants p on p.account_id = c.account_id and p.author_id = c.author_id and p.address_id = c.address_id
		join messages m on m.account_id = p.account_id and m.id = p.message_id
		where c.author_id = 1 and c.kind = 'deal'
		order by m.thread_id, c.card_id, c.address_id`)
	if err != nil {
		b.Fatal(err)
	}
	s.exec(b, conn, `alter table thread_stamps add primary key (account_id, author_id, thread_id, card_id, address_id)`)
	s.exec(b, conn, `vacuum (analyze) thread_stamps`)
	return tag.RowsAffected()
}

// flipPerThread stamps the threads anew, each chunk by one statement. The rules are cut down to what decides here.
func (s *scale) flipPerThread(b *bench, conn *pgx.Conn, value rules.Setting) (took time.Duration, wal int64) {
	b.Helper()
	before, began := walWritten(b, conn), time.Now()
	var thread, card, address int64
	for n := int64(perThreadChunk); n == perThreadChunk; {
		err := conn.QueryRow(b.Context(), `
			with chunk as (
				select account_id, author_id, thread_id, card_id, address_id from thread_stamps
				where account_id = $1 and author_id = 1 and kind = 'deal' and (thread_id, card_id, address_id) > ($2, $3, $4)
				order by account_id, author_id, thread_id, card_id, address_id limit $5
			), stamped as (
				update thread_stamps t
				set visible = case when t.share is null then $6 else t.visible end, reason = case when t.share is null then $7 else t.reason end,
				    author_epoch = t.author_epoch + 1, since = now(), stamped_at = now()
				from chunk c
				where t.account_id = c.account_id and t.author_id = c.author_id and t.thread_id = c.thread_id and t.card_id = c.card_id
				  and t.address_id = c.address_id
				returning t.thread_id, t.card_id, t.address_id
			)
			select thread_id, card_id, address_id, count(*) over () from stamped order by 1 desc, 2 desc, 3 desc limit 1`,
			s.acc.ID, thread, card, address, perThreadChunk, value == rules.Everyone, "setting_"+string(value)).Scan(&thread, &card, &address, &n)
		if errors.Is(err, pgx.ErrNoRows) {
			break
		}
		if err != nil {
			b.Fatal(fmt.Errorf("stamp threads: %w", err))
		}
	}
	took = time.Since(began)
	return took, walWritten(b, conn) - before
}

// walWritten is how many bytes of WAL the server has written since ever.
func walWritten(b *bench, conn *pgx.Conn) (n int64) {
	b.Helper()
	if err := conn.QueryRow(b.Context(), `select pg_current_wal_insert_lsn() - '0/0'`).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}
