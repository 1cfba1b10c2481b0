//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/db/embedpg"
	"github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// The large account, which several benchmarks use: 2,000,000 messages.
//
//   - hot, one author, has half of them: 25,000 contacts with 40 messages each in 20 threads of 1 to 4. Each contact is on
//     two of 25,000 deals, so hot has 50,000 conversations on deals, and a thread is on two deals.
//   - Twenty other authors have the other half. 20,000 messages are of 500 conversations (20 authors × 25 addresses), which
//     four leads have, differing in how many of them are visible. The rest is of 24,500 contacts with two addresses each,
//     20 messages of one author per address.
//   - viewer has no mail and opens every card.
const (
	scaleContacts      = 25_000 // of hot; as many deals
	scaleConversations = 2 * scaleContacts
	scaleHotThreads    = 500_000
	scaleOthers        = 20 // authors a1 …
	scaleHotAddresses  = 25
	scaleHotMessages   = 20_000
	scaleOrdinary      = 49_000 // addresses, two per contact
	scaleOrdinaryMails = 980_000
	scaleMessages      = 2_000_000 // in all
	// scaleBuffers hold the whole database of 2.4 GB, as a server's would that has a quarter of its machine's memory for them.
	scaleBuffers = "4GB"
	// scaleSince is when the mail begins; two years of it.
	scaleSince = "2024-10-01T00:00:00Z"

	// First ids of rows whose number is computed.
	scaleHotAddress   = 25_000
	scaleOrdinaryAddr = 30_000
	scaleOwnAddress   = 90_000
	scaleDeal         = 25_000
	scaleHotCard      = 50_000
	scaleOrdinaryCard = 60_000
)

// Leads with the same 20,000 messages in 500 conversations, and one without any.
const (
	cardAll    = "all"
	cardTenth  = "tenth"
	cardNone   = "none"
	cardOneOld = "one-old" // the conversation whose messages are the oldest
	cardEmpty  = "empty"
)

// scale is the large account.
type scale struct {
	d      *db.DB
	acc    *db.Account
	feed   *feed.Service
	url    string
	keyset string
}

var scaleOnce sync.Once
var scaleMade *scale

// theScale makes the large account when it is first asked for.
func theScale(b *bench) *scale {
	b.Helper()
	defer func() {
		if shared.Failed() {
			b.Fail()
		}
	}()
	scaleOnce.Do(func() { scaleMade = newScale(shared) })
	if scaleMade == nil {
		b.Fatal("there is no large account")
	}
	return scaleMade
}

func newScale(b *bench) *scale {
	began := time.Now()
	keyset, err := seal.NewKeyset()
	if err != nil {
		b.Fatalf("make a key set: %v", err)
	}
	sealer, err := seal.Load(string(keyset))
	if err != nil {
		b.Fatalf("load the key set: %v", err)
	}
	s := &scale{keyset: string(keyset), url: ownServer(b)}
	if err := db.Migrate(b.Context(), s.url); err != nil {
		b.Fatalf("migrate: %v", err)
	}
	if s.d, err = db.Open(b.Context(), s.url, sealer); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.d.Close)
	if s.acc, err = s.d.NewAccount(b.Context(), "large"); err != nil {
		b.Fatal(err)
	}
	s.feed = &feed.Service{DB: s.d}
	s.load(b)
	for user := range scaleOthers + 1 {
		for _, kind := range rules.Kinds {
			if err := visibility.Restamp(b.Context(), s.d, s.acc.ID, visibility.Work{UserID: int64(user + 1), Kind: kind}); err != nil {
				b.Fatal(err)
			}
		}
	}
	s.mustBeCurrent(b)
	s.maintain(b)
	b.Logf("made the large account in %.1f s", time.Since(began).Seconds())
	return s
}

// ownServer is a PostgreSQL of the benchmarks' own, so that nobody else's work is in its WAL and its buffers. It is durable,
// as where it counts.
func ownServer(b *bench) string {
	dir := b.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { // for root, PostgreSQL runs as another user
		b.Fatal(err)
	}
	server, err := embedpg.Start(b.Context(), embedpg.Options{Dir: filepath.Join(dir, "postgres"), Durable: true, Buffers: scaleBuffers})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(server.Stop(), os.RemoveAll(server.Dir())); err != nil {
			b.Error(err)
		}
	})
	return server.URL(embedpg.Database)
}

// connect is a connection as the owner of the tables, in the account.
func (s *scale) connect(b *bench) *pgx.Conn {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), s.url)
	if err != nil {
		b.Fatalf("connect: %v", err)
	}
	b.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	})
	s.exec(b, conn, fmt.Sprintf(`set mailstamp.account = '%d'`, s.acc.ID))
	return conn
}

func (s *scale) exec(b *bench, conn *pgx.Conn, sql string, args ...any) {
	b.Helper()
	if _, err := conn.Exec(b.Context(), sql, args...); err != nil {
		b.Fatalf("%v\n%s", err, sql)
	}
}

// mustBeCurrent checks that no stamp is behind its inputs.
func (s *scale) mustBeCurrent(b *bench) {
	b.Helper()
	err := s.d.ReadTx(b.Context(), s.acc.ID, func(tx *db.Tx) error {
		work, stamps, err := visibility.Behind(b.Context(), tx)
		if err == nil && (len(work) > 0 || stamps > 0) {
			err = fmt.Errorf("%v and %d stamps are behind", work, stamps)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// maintain does what a database of some age has had done by its own upkeep.
func (s *scale) maintain(b *bench) {
	b.Helper()
	conn := s.connect(b)
	s.exec(b, conn, "vacuum (analyze)")
	s.exec(b, conn, "reset all")
}

// load writes the account's rows. Constraints and indexes of the large tables
// are taken off and put back as they were, which checks them all at once.
func (s *scale) load(b *bench) {
	conn := s.connect(b)
	s.exec(b, conn, "set maintenance_work_mem = '256MB'; set work_mem = '128MB'; set synchronous_commit = off; set jit = off")
	s.loadAddresses(b, conn)
	restore := s.strip(b, conn, "messages", "participants", "threads")
	replace := strings.NewReplacer(
		"$since", "timestamptz '"+scaleSince+"'", "$account", fmt.Sprint(s.acc.ID), "$contacts", fmt.Sprint(scaleContacts),
		"$hot_threads", fmt.Sprint(scaleHotThreads), "$others", fmt.Sprint(scaleOthers), "$hot_messages", fmt.Sprint(scaleHotMessages),
		"$ordinary_mails", fmt.Sprint(scaleOrdinaryMails), "$ordinary", fmt.Sprint(scaleOrdinary))
	for _, sql := range scaleRows {
		s.exec(b, conn, replace.Replace(sql))
	}
	for _, sql := range restore {
		s.exec(b, conn, sql)
	}
	s.exec(b, conn, "analyze")
}

// loadAddresses interns every address with its keyed hash.
func (s *scale) loadAddresses(b *bench, conn *pgx.Conn) {
	var ids []int64
	var addresses, domains []string
	var hashes [][]byte
	add := func(id int, a string) {
		ids = append(ids, int64(id))
		addresses = append(addresses, a)
		hashes = append(hashes, s.acc.Keys.AddressHash(a))
		domains = append(domains, "{"+strings.Join(address.Domains(a), ",")+"}")
	}
	for i := range scaleContacts {
		add(i+1, fmt.Sprintf("p%d@company%d.example", i+1, i%3000))
	}
	for i := range scaleHotAddresses {
		add(scaleHotAddress+i+1, fmt.Sprintf("h%d@hot.example", i+1))
	}
	for i := range scaleOrdinary {
		add(scaleOrdinaryAddr+i+1, fmt.Sprintf("o%d@firm%d.example", i+1, i%7000))
	}
	for i := range scaleOthers + 2 {
		add(scaleOwnAddress+i+1, fmt.Sprintf("u%d@us.example", i+1))
	}
	s.exec(b, conn, `
		insert into addresses (account_id, id, address, hash, domains) overriding system value
		select $1, t.id, t.address, t.hash, t.domains::text[]
		from (select unnest($2::bigint[]) as id, unnest($3::text[]) as address, unnest($4::bytea[]) as hash, unnest($5::text[]) as domains) t`,
		s.acc.ID, ids, addresses, hashes, domains)
}

// strip drops the tables' constraints (checks and NOT NULL aside), those that
// refer to them, and their indexes, and returns what makes them again.
func (s *scale) strip(b *bench, conn *pgx.Conn, tables ...string) (restore []string) {
	rows, err := conn.Query(b.Context(), `
		with t as (select unnest($1::text[])::regclass as oid)
		select rank, off, make from (
			select 1 as rank, format('alter table %s drop constraint %I', conrelid::regclass, conname) as off,
			       format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as make
			from pg_constraint
			where contype = 'f' and (conrelid in (select oid from t) or confrelid in (select oid from t))
			union all
			select 2, format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
			from pg_index
			where indrelid in (select oid from t) and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))
			union all
			select 3, format('alter table %s drop constraint %I', conrelid::regclass, conname),
			       format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
			from pg_constraint where contype in ('p', 'u') and conrelid in (select oid from t)
		) x order by rank`, tables)
	if err != nil {
		b.Fatal(err)
	}
	type step struct {
		Rank      int
		Off, Make string
	}
	steps, err := pgx.CollectRows(rows, pgx.RowToStructByPos[step])
	if err != nil {
		b.Fatal(err)
	}
	for _, one := range steps {
		s.exec(b, conn, one.Off)
		restore = append([]string{one.Make}, restore...)
	}
	return restore
}
