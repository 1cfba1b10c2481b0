//go:build unix

package main

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/testenv"
)

func init() {
	register("idle", idleMailboxes, "idle_mailbox_kb", "idle_to_feed_ms_p95", "backfill_live_slowdown")
}

const (
	// idleMailboxesLive rest in IDLE, over TLS, in one process. What they take is counted from idleMailboxesFirst on: the
	// first also fill the pool of connections to the database.
	idleMailboxesFirst = 100
	idleMailboxesLive  = 2_000
	idleDeliveries     = 100
	// idlePatience bounds the logins of all, and one delivery.
	idlePatience = 3 * time.Minute
	// idleSettle is waited before memory is looked at: the runtime looks for garbage every two minutes where little is made.
	idleSettle = 150 * time.Second
	// feedInterval is how often the feed is asked for a delivery.
	feedInterval = 2 * time.Millisecond
)

// idleMailboxes lets the built program hold thousands of mailboxes that rest in IDLE, measures what each takes, then puts
// mail into one after the other and asks for the card's feed until it is there; and into others while a mailbox of a million
// messages is back-filled by the same process. It is not started anew in between: a new one plans its statements first, which the
// first mails wait for, with or without a back-fill.
func idleMailboxes(b *bench) {
	server, err := imaplocal.New(imaplocal.Options{TLS: true})
	if err != nil {
		b.Fatal(err)
	}
	in := newInstallation(b, certificateOf(b, server), "MAILSTAMP_ALLOW_PRIVATE_IMAP="+server.Host())
	b.Cleanup(func() { server.Close() })
	b.Cleanup(func() { in.worker.Kill(b) }) // before the servers, which wait for their connections
	events := make([]testenv.Event, 0, 2*idleMailboxesLive)
	for n := range idleMailboxesLive {
		if err := server.AddUser(idleUser(n), "secret"); err != nil {
			b.Fatal(err)
		}
		events = append(events,
			testenv.Event{Type: "user.upserted", Data: map[string]any{
				"id": idleUser(n), "version": 1, "name": "U", "addresses": []string{idleUser(n) + "@us.example"}, "active": true}},
			testenv.Event{Type: "card.upserted", Data: map[string]any{
				"kind": "lead", "id": idleUser(n), "version": 1, "name": "L", "owner": idleUser(n), "collaborators": []string{},
				"audience": "everyone", "addresses": []map[string]string{{"address": idleSender(n)}}}})
	}
	in.tell(b, events)
	awaitIdle := func(mailboxes int) {
		testenv.Eventually(b, idlePatience, func() error {
			if n := server.Idling(); n != mailboxes {
				return fmt.Errorf("%d mailboxes idle", n)
			}
			return nil
		})
	}
	live := func(from, to int) (kb int) {
		for n := from; n < to; n++ {
			in.put(b, idleUser(n), map[string]any{"user": idleUser(n), "host": server.Host(), "port": server.Port(), "tls": "tls",
				"username": idleUser(n), "auth": map[string]string{"password": "secret"}})
		}
		testenv.Eventually(b, idlePatience, func() error {
			if n := in.count(b, "mailboxes where state = 'live'"); n < to {
				return fmt.Errorf("%d mailboxes are live", n)
			}
			return nil
		})
		time.Sleep(idleSettle)
		awaitIdle(to)
		return residentKB(b, in.worker.Pid())
	}
	first := live(0, idleMailboxesFirst)
	all := live(idleMailboxesFirst, idleMailboxesLive)
	b.Logf("%d mailboxes idle: %d MB", idleMailboxesLive, all/1024)
	b.report("idle_mailbox_kb", rounded(float64(all-first)/(idleMailboxesLive-idleMailboxesFirst)), "KB")

	idle := percentile(in.deliver(b, server, 0), 95)
	b.report("idle_to_feed_ms_p95", milliseconds(idle), "ms")

	u := testenv.User{Address: "ann@us.example", Username: "ann", Password: "secret"}
	host, port := serveEndless(b, u, millionMessages)
	b.Cleanup(func() { in.worker.Kill(b) })
	in.tellContacts(b, u, endlessAddresses())
	in.putMailbox(b, host, port, u, nil)
	testenv.Eventually(b, idlePatience, func() error {
		if in.count(b, "ledger where disposition = 'indexed'") == 0 {
			return errors.New("the back-fill has not begun")
		}
		return nil
	})
	busy := percentile(in.deliver(b, server, idleDeliveries), 95)
	if in.count(b, "mailboxes where state = 'backfilling'") != 1 {
		b.Fatal("the back-fill has ended")
	}
	b.Logf("idle %v, during a back-fill %v", idle, busy)
	b.report("backfill_live_slowdown", rounded(busy.Seconds()/idle.Seconds()), "ratio")

	in.worker.Stop(b)
	began := time.Now()
	in.worker.Start(b)
	awaitIdle(idleMailboxesLive)
	b.Logf("started anew beside the back-fill, %d mailboxes idle after %v", idleMailboxesLive, time.Since(began))
}

func idleUser(n int) string   { return fmt.Sprintf("u%d", n) }
func idleSender(n int) string { return fmt.Sprintf("lead%d@customer.example", n) }

// deliver puts a mail into some of the mailboxes, each its first, and returns how long it took to its card's feed.
func (in *installation) deliver(b *bench, server *imaplocal.Server, from int) (took []time.Duration) {
	b.Helper()
	writer := testenv.NewWriter(uint64(from))
	for n := from; n < from+idleDeliveries; n++ {
		raw := writer.Letter(testenv.Party{Address: idleSender(n)}, testenv.Party{Address: idleUser(n) + "@us.example"}).Bytes()
		author := in.crm.As(b, idleUser(n))
		began := time.Now()
		if _, err := server.Append(idleUser(n), "INBOX", nil, began, raw); err != nil {
			b.Fatal(err)
		}
		for {
			var page struct{ Items []struct{} }
			author.GetJSON(b, "/cards/lead/"+idleUser(n)+"/feed?limit=5", &page)
			if len(page.Items) > 0 {
				break
			}
			if time.Since(began) > idlePatience {
				b.Fatal("the mail does not come")
			}
			time.Sleep(feedInterval)
		}
		took = append(took, time.Since(began))
	}
	return took
}

// residentKB is the memory of a process now.
func residentKB(b *bench, pid int) int {
	b.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(rest, "kB")))
			if err != nil {
				b.Fatal(err)
			}
			return kb
		}
	}
	b.Fatal("the process has no memory")
	return 0
}

// certificateOf is what the server shows, for the program to trust.
func certificateOf(b *bench, server *imaplocal.Server) []byte {
	b.Helper()
	address := net.JoinHostPort(server.Host(), strconv.Itoa(server.Port()))
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: server.CAs(), ServerName: server.Host()})
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: conn.ConnectionState().PeerCertificates[0].Raw})
}
