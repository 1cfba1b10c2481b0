//go:build unix

package main_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/testenv"
)

const (
	crashMails = 1_500
	crashKills = 6
)

// TestF38KilledDuringBackfill kills the worker at random during a back-fill and expects the state of an undisturbed one
// (FAULTS I1–I5). The server's own list is the truth of what must be there.
func TestF38KilledDuringBackfill(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))

	first := newOffice(t, "anna")
	anna := testenv.Party{Name: "Anna", Address: first.users["anna"].Address}
	writer := testenv.NewWriter(38)
	for n := range crashMails {
		other := testenv.Party{Name: "Someone", Address: fmt.Sprintf("p%d@customer.test", n%40)}
		letter := writer.Letter(other, anna)
		folder := "INBOX"
		if n%3 == 0 {
			letter, folder = writer.Reply(letter, anna), "Sent"
		}
		first.mail.Append(t, first.users["anna"], folder, nil, letter.Date, letter.Bytes())
	}
	cards := func(o *office) {
		for n := range 12 { // of forty correspondents: the others' mail is only indexed
			o.tell("card.upserted", map[string]any{"kind": "contact", "id": fmt.Sprint("c", n), "name": "C", "owner": "anna",
				"audience": "everyone", "addresses": []map[string]string{{"address": fmt.Sprintf("p%d@customer.test", n)}}})
		}
	}
	cards(first)
	first.connect("anna")
	first.awaitLive("anna")
	want := stateOf(t, first)

	second := &office{T: t, mail: first.mail, users: first.users}
	second.program = testenv.NewProgram(t, "MAILSTAMP_ALLOW_PRIVATE_IMAP="+first.mail.Host)
	second.program.TrustCA(t, first.mail.CACert)
	second.program.Migrate(t)
	credentials := second.program.AddAccount(t, t.Name())
	second.worker = second.program.StartWorker(t)
	second.crm = testenv.NewCRM(t, second.worker.URL, credentials)
	second.tell("user.upserted", map[string]any{"id": "anna", "name": "anna", "addresses": []string{anna.Address}, "active": true})
	cards(second)
	second.connect("anna")
	for range crashKills {
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond) // anywhere in the back-fill: the point is that it does not matter where
		second.worker.Kill(t)
		second.worker.Start(t)
	}
	second.awaitLive("anna")
	got := stateOf(t, second)
	if got != want {
		t.Errorf("after %d kills the state differs from that of an undisturbed run (seed %d):\n%s", crashKills, seed, firstDifference(want, got))
	}

	// I1: every UID that the server shows has its disposition.
	for _, entry := range first.mail.List(t, first.users["anna"]) {
		if line := fmt.Sprintf("ledger %s %d ", entry.Folder, entry.UID); !strings.Contains(got, line) {
			t.Errorf("the server has %s %d, the ledger does not", entry.Folder, entry.UID)
		}
	}
}

// stateOf describes all that a back-fill leaves behind, in an order and by names that do not depend on how it got there.
func stateOf(t *testing.T, o *office) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), o.program.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `select set_config('mailstamp.account', id::text, false) from accounts`); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, query := range []string{
		`select 'ledger ' || f.name || ' ' || l.uid || ' ' || l.disposition || ' ' || coalesce(encode(m.identity, 'hex'), '')
		 from ledger l join folders f on f.account_id = l.account_id and f.id = l.folder_id
		 left join messages m on m.account_id = l.account_id and m.id = l.message_id order by f.name, l.uid`,
		`select 'message ' || encode(identity, 'hex') || ' ' || direction || ' ' || date || ' ' || subject || ' ' || md5(b.text || b.html)
		 from messages m join message_bodies b on b.account_id = m.account_id and b.message_id = m.id order by identity`,
		`select 'thread ' || string_agg(encode(identity, 'hex'), ' ' order by identity) from messages group by thread_id
		 order by min(encode(identity, 'hex'))`,
		`select 'participant ' || encode(m.identity, 'hex') || ' ' || a.address from participants p
		 join messages m on m.account_id = p.account_id and m.id = p.message_id
		 join addresses a on a.account_id = p.account_id and a.id = p.address_id order by m.identity, a.address`,
		`select 'correspondence ' || a.address || ' ' || last_at from correspondences c
		 join addresses a on a.account_id = c.account_id and a.id = c.address_id order by a.address`,
		`select 'stamp ' || k.crm_id || ' ' || a.address || ' ' || c.visible || ' ' || c.reason from conversations c
		 join cards k on k.account_id = c.account_id and k.id = c.card_id
		 join addresses a on a.account_id = c.account_id and a.id = c.address_id order by k.crm_id, a.address`,
		`select 'delivery ' || encode(m.identity, 'hex') || ' ' || d.address || ' ' || d.status from deliveries d
		 join messages m on m.account_id = d.account_id and m.id = d.message_id order by m.identity, d.address`,
		`select 'indexed ' || f.name || ' ' || i.uid || ' ' || count(*) from indexed_addresses i
		 join folders f on f.account_id = i.account_id and f.id = i.folder_id group by f.name, i.uid order by f.name, i.uid`,
	} {
		rows, err := conn.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%v\n%s", err, query)
		}
		if len(lines) == 0 {
			t.Errorf("nothing to compare: %s", query)
		}
		out.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return out.String()
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d of %d and %d\nwant %s\n got %s", i+1, len(w), len(g), w[i], g[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
