//go:build unix

package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

const (
	// nothingNewRounds of the program and of mbsync, in turns; medians count.
	nothingNewRounds = 9
	// passPatience bounds a pass that finds little.
	passPatience = time.Minute
	// statisticsDelay is after how long PostgreSQL's processes have told what they wrote: idle ones do so after ten seconds.
	statisticsDelay = 11 * time.Second
	// newMessages arrive at once.
	newMessages = 100
)

// nothingNew looks at a mailbox in which nothing changed, as the program and as mbsync, both by way of a proxy that times: from
// the connection's beginning to when the program idles, to when mbsync is gone. Round trips are counted on a long way: on a short
// one the first of several commands that are sent together is answered before the last is sent.
func nothingNew(b *bench, mail *testenv.MailServer, u testenv.User, folders []string, in *installation, m *mbsync) {
	server := fmt.Sprintf("%s:%d", mail.Host, mail.IMAPPort)
	before := in.rowsWritten(b)
	in.awaitPass(b, func() { in.crm.Tell(b, testenv.Event{Type: "sync.requested", Data: map[string]any{"mailbox": "box"}}) })
	b.report("nothing_new_rows", float64(in.rowsWritten(b)-before), "rows")

	host, port := newLink(b, server)
	far, ours, theirs := newTripCounter(b, fmt.Sprintf("%s:%d", host, port)), newTripCounter(b, server), newTripCounter(b, server)
	b.Cleanup(func() { in.worker.Kill(b) }) // before the proxies, which wait for their connections
	in.putMailbox(b, far.host, far.port, u, folders)
	testenv.Eventually(b, passPatience, func() error { return far.idle(1) })
	n, commands := far.counted()
	b.Logf("after login: %q", commands)
	b.report("nothing_new_roundtrips", float64(n), "roundtrips")

	m.pull(b, theirs.host, theirs.port)
	for round := range nothingNewRounds {
		in.putMailbox(b, ours.host, ours.port, u, folders)
		testenv.Eventually(b, passPatience, func() error { return ours.idle(round + 1) })
		m.pull(b, theirs.host, theirs.port)
	}
	us, them := median(ours.times()), median(theirs.times())
	b.Logf("nothing new: we %v, mbsync %v", us, them)
	b.report("nothing_new_ratio_mbsync", rounded(us.Seconds()/them.Seconds()), "ratio")
	in.putMailbox(b, mail.Host, mail.IMAPPort, u, folders)
}

// hundredNew is how long the pass takes that finds a hundred new messages, stored and stamped with it.
func hundredNew(b *bench, mail *testenv.MailServer, u testenv.User, in *installation, from string) {
	in.worker.Stop(b)
	before := in.count(b, "messages")
	writer, raws := testenv.NewWriter(2), make([][]byte, newMessages)
	for i := range raws {
		raws[i] = writer.Letter(testenv.Party{Name: "Joe", Address: from}, testenv.Party{Name: "Ann", Address: u.Address}).Bytes()
	}
	mail.AppendAll(b, u, "INBOX", nil, time.Now(), raws...)
	took := in.awaitPass(b, func() { in.worker.Start(b) })
	if n := in.count(b, "messages") - before; n != newMessages {
		b.Fatalf("%d new messages after the pass", n)
	}
	b.report("hundred_new_s", rounded(took.Seconds()), "s")
}

var passLine = regexp.MustCompile(`msg="ingest: pass".* more=false .* ms=(\d+)`)

// awaitPass returns how long the first whole pass took that the log tells of after act.
func (in *installation) awaitPass(b *bench, act func()) (took time.Duration) {
	b.Helper()
	before := len(in.worker.Log())
	act()
	testenv.Eventually(b, passPatience, func() error {
		found := passLine.FindStringSubmatch(in.worker.Log()[before:])
		if found == nil {
			return errors.New("no pass yet")
		}
		ms, err := strconv.Atoi(found[1])
		took = time.Duration(ms) * time.Millisecond
		return err
	})
	return took
}

// rowsWritten are the rows of mail, folders and stamps that were ever written, changed or removed.
func (in *installation) rowsWritten(b *bench) (n int) {
	b.Helper()
	time.Sleep(statisticsDelay)
	err := in.look.QueryRow(b.Context(), `
		select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables
		where relname in ('mailboxes', 'folders', 'ledger', 'indexed_addresses', 'messages', 'message_bodies', 'participants', 'threads',
		                  'thread_links', 'addresses', 'correspondences', 'conversations', 'deliveries', 'delivery_events', 'reports')`).Scan(&n)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func (in *installation) count(b *bench, table string) (n int) {
	b.Helper()
	if err := in.look.QueryRow(b.Context(), "select count(*) from "+table).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}
