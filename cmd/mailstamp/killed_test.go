//go:build linux

package main_test

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/testenv"
)

const (
	// killedMails are in the mailbox, or as many as killedMailsEnv says: FAULTS asks for a million (make killed).
	killedMails    = 3_000
	killedMailsEnv = "MAILSTAMP_F33_MESSAGES"
	killedKills    = 5
	// killedPeakKB bounds a worker's memory at its highest, whatever the size of the mailbox. The race detector needs
	// several times what the program does.
	killedPeakKB     = 150 << 10
	killedPeakRaceKB = 1 << 20
	// killedPace is the slowest back-fill that is waited for, in messages a second.
	killedPace = 50
)

// TestF33KilledAgainAndAgain: the first sync of a large mailbox, whose worker is killed several times on the way. Its progress
// never goes back, its memory stays bounded, and in the end all is there, once.
func TestF33KilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	mails := killedMails
	if s := os.Getenv(killedMailsEnv); s != "" {
		var err error
		if mails, err = strconv.Atoi(s); err != nil {
			t.Fatalf("%s: %v", killedMailsEnv, err)
		}
	}
	patience := max(syncPatience, time.Duration(mails/killedPace)*time.Second)
	gate, options := newGate()
	o := newLocalOfficeOn(t, options)
	bytes, start := int64(0), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range mails { // one in five is with the customer
		from := "kim@customer.example"
		if n%5 > 0 {
			from = fmt.Sprintf("p%d@elsewhere.example", n%100)
		}
		l := testenv.Letter{MessageID: fmt.Sprintf("%d@large.example", n), Date: start.Add(time.Duration(n) * time.Minute), From: testenv.Party{Address: from},
			To: []testenv.Party{{Address: "ada@corp.example"}}, Subject: fmt.Sprintf("Number %d", n), Text: "A short mail.\n"}
		raw := l.Bytes()
		bytes += int64(len(raw))
		if _, err := o.server.Append("ada", []string{"INBOX", "INBOX", "Archive"}[n%3], nil, l.Date, raw); err != nil {
			t.Fatal(err)
		}
	}
	o.connect()

	var done, peak int64
	look := func() boxHealth {
		t.Helper()
		h := o.health()
		if h.Progress.Done < done {
			t.Fatalf("progress goes back, from %d to %d of %d", done, h.Progress.Done, h.Progress.Total)
		}
		done = h.Progress.Done
		return h
	}
	for kill := range int64(killedKills) {
		testenv.Eventually(t, patience, func() error {
			if h := look(); done*(killedKills+1) <= int64(mails)*kill {
				gate.let(bytes / 200)
				return fmt.Errorf("before kill %d: the mailbox is %s, %d of %d", kill+1, h.State, done, h.Progress.Total)
			}
			return nil
		})
		peak = max(peak, peakKB(t, o.worker.Pid()))
		o.worker.Kill(t)
		o.exec(`delete from workers`) // as when its time is over, for which TestTakeoverAfterKill waits
		o.worker.Start(t)
	}
	if done >= int64(mails) {
		t.Fatalf("%d of %d were done before the last kill: it came too late", done, mails)
	}
	gate.open()
	testenv.Eventually(t, patience, func() error {
		if h := look(); h.State != "live" {
			return fmt.Errorf("the mailbox is %s, %d of %d", h.State, done, h.Progress.Total)
		}
		return nil
	})
	peak = max(peak, peakKB(t, o.worker.Pid()))
	limit := int64(killedPeakKB)
	if testenv.RaceDetector {
		limit = killedPeakRaceKB
	}
	if t.Logf("highest memory %d MB", peak>>10); peak > limit {
		t.Errorf("a worker's memory reached %d KB, at most %d are allowed", peak, limit)
	}
	if done != int64(mails) {
		t.Errorf("live, %d of %d are done", done, mails)
	}
	o.ledgerIsTheServers(mails / 5)
}

// ledgerIsTheServers compares the ledger with the server's own list, and counts the messages stored: each once.
func (o *localOffice) ledgerIsTheServers(stored int) {
	o.Helper()
	conn, err := pgx.Connect(o.Context(), o.program.DatabaseURL)
	if err != nil {
		o.Fatal(err)
	}
	defer conn.Close(o.Context())
	if _, err := conn.Exec(o.Context(), `select set_config('mailstamp.account', id::text, false) from accounts`); err != nil {
		o.Fatal(err)
	}
	rows, err := conn.Query(o.Context(), `select f.name || '/' || l.uid, l.disposition from ledger l join folders f on f.id = l.folder_id`)
	if err != nil {
		o.Fatal(err)
	}
	held := map[string]string{}
	var place, disposition string
	if _, err := pgx.ForEachRow(rows, []any{&place, &disposition}, func() error {
		held[place] = disposition
		return nil
	}); err != nil {
		o.Fatal(err)
	}
	shown, err := o.server.Messages("ada")
	if err != nil {
		o.Fatal(err)
	}
	for _, m := range shown {
		place := fmt.Sprintf("%s/%d", m.Folder, m.UID)
		if d := held[place]; d != "stored" && d != "indexed" {
			o.Errorf("%s is on the server, and in the ledger it is %q", place, d)
		}
		delete(held, place)
	}
	if len(held) > 0 {
		o.Errorf("%d places are in the ledger and not on the server: %v", len(held), held)
	}
	var messages, different int
	if err := conn.QueryRow(o.Context(), `select count(*), count(distinct header_id) from messages`).Scan(&messages, &different); err != nil {
		o.Fatal(err)
	}
	if messages != stored || different != stored {
		o.Errorf("%d messages are stored, %d different ones, want %d", messages, different, stored)
	}
}

// peakKB is a process's highest resident memory so far.
func peakKB(t *testing.T, pid int) (kb int64) {
	t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			if _, err := fmt.Sscan(rest, &kb); err != nil {
				t.Fatal(err)
			}
		}
	}
	return kb
}
