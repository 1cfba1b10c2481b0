//go:build unix

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/testenv"
)

// installation is the built program on an empty database in memory, with one account.
type installation struct {
	pg      *ramPostgres
	program *testenv.Program
	worker  *testenv.Worker
	crm     *testenv.CRM
	service *testenv.Caller
	look    *pgx.Conn // sees all rows
}

// newInstallation starts the program, which trusts the certificate where one is given.
func newInstallation(b *bench, certificate []byte, env ...string) *installation {
	b.Helper()
	in := &installation{pg: theRAMPostgres(b)}
	url, name := in.pg.database(b)
	in.program = testenv.NewProgramOn(b, url, append(env, "MAILSTAMP_LOG=text,debug")...)
	if certificate != nil {
		in.program.TrustCA(b, certificate)
	}
	account := in.program.AddAccount(b, "bench")
	in.worker = in.program.StartWorker(b)
	in.crm = testenv.NewCRM(b, in.worker.URL, account)
	in.service = in.crm.Service(b)
	in.look = in.pg.admin(b, name)
	b.Cleanup(func() { in.look.Close(b.Context()) })
	return in
}

// tellContacts tells of the user ann and of contacts that everyone can open, each with a few of the addresses.
func (in *installation) tellContacts(b *bench, u testenv.User, addresses []string) {
	b.Helper()
	events := []testenv.Event{{Type: "user.upserted", Data: map[string]any{
		"id": "ann", "version": 1, "name": "Ann", "addresses": []string{u.Address}, "active": true}}}
	for n := 0; n < len(addresses); n += cardAddresses {
		var on []map[string]string
		for _, a := range addresses[n:min(n+cardAddresses, len(addresses))] {
			on = append(on, map[string]string{"address": a})
		}
		events = append(events, testenv.Event{Type: "card.upserted", Data: map[string]any{
			"kind": "contact", "id": fmt.Sprintf("c%d", n), "version": 1, "name": "C", "owner": "ann",
			"collaborators": []string{}, "audience": "everyone", "addresses": on}})
	}
	in.tell(b, events)
}

func (in *installation) tell(b *bench, events []testenv.Event) {
	b.Helper()
	for part := range slices.Chunk(events, eventsAtOnce) {
		in.crm.Tell(b, part...)
	}
}

func (in *installation) putMailbox(b *bench, host string, port int, u testenv.User, folders []string) {
	b.Helper()
	in.put(b, "box", map[string]any{
		"user": "ann", "host": host, "port": port, "tls": "none", "username": u.Username, "auth": map[string]string{"password": u.Password},
		"folders": folders,
	})
}

func (in *installation) put(b *bench, mailbox string, body map[string]any) {
	b.Helper()
	if res := in.service.Do(b, "PUT", "/mailboxes/"+mailbox, body); res.Status/100 != 2 {
		b.Fatalf("PUT of the mailbox: %d %s", res.Status, res.Body)
	}
}

// awaitLive returns how long after began the mailbox was live, as the log says: to ask the database would slow it down.
func (in *installation) awaitLive(b *bench, began time.Time, patience time.Duration) time.Duration {
	b.Helper()
	for {
		live := strings.Contains(in.worker.Log(), " state=live")
		took := time.Since(began)
		switch {
		case live:
			return took
		case took > patience:
			b.Fatalf("not live after %v", took)
		}
		time.Sleep(stateInterval)
	}
}

// expectLedger fails unless each message has its disposition, and its conversation a stamp.
func (in *installation) expectLedger(b *bench, messages int, all bool) {
	b.Helper()
	var known, stored, unstamped int
	err := in.look.QueryRow(b.Context(), `
		select (select count(*) from ledger), (select count(*) from messages),
		       (select count(*) from conversations where reason = 'unstamped')`).Scan(&known, &stored, &unstamped)
	if err != nil {
		b.Fatal(err)
	}
	if known != messages || unstamped != 0 || all && stored != messages || !all && stored*backfillMatching > messages+backfillMatching*3 {
		b.Fatalf("%d in the ledger, %d stored, %d conversations without a stamp", known, stored, unstamped)
	}
}
