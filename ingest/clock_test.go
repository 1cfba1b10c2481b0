package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

// TestF37ClocksApart: the database's clock and the server's step a day ahead of the worker's and a day behind, and back. What
// arrives meanwhile is stored by the next pass, whatever its date, and stands where its own or the server's date says.
func TestF37ClocksApart(t *testing.T) {
	t.Parallel()
	clock := testenv.NewDatabaseClock(t, testenv.PostgresURL(t))
	b := bundleOn(t, openDB(t, clock.URL, newKeys(t)))
	b.user("ann", "ann@firm.example")
	b.card("acme", "joe@acme.example")
	b.mailbox("ann-box", "ann")
	const apart = 24 * time.Hour
	type place struct {
		at      time.Time
		subject string
	}
	var want []place
	begin := time.Now().Truncate(time.Second)
	for i, step := range []struct{ database, server time.Duration }{
		{0, 0}, {apart, -apart}, {-apart, apart}, {apart, apart}, {-apart, -apart}, {0, 0},
	} {
		clock.Set(t, step.database)
		received := begin.Add(step.server + time.Duration(i)*time.Minute)
		dated := fmt.Sprintf("dated %d", i)
		b.append("ann-box", "INBOX", mail{id: fmt.Sprintf("d%d@x", i), from: "joe@acme.example", to: "ann@firm.example", subject: dated, at: received.Add(-time.Hour)})
		undated := fmt.Sprintf("undated %d", i)
		_, err := b.server.Append("ann-box", "INBOX", nil, received, []byte("From: joe@acme.example\r\nTo: ann@firm.example\r\nSubject: "+undated+"\r\n\r\nx\r\n"))
		must(t, err)
		want = append(want, place{received.Add(-time.Hour), dated}, place{received, undated})
		b.sync("ann-box")
		if got := b.one(countMessages); got != fmt.Sprint(len(want)) {
			t.Errorf("database %s and server %s apart: %s of %d messages are stored", step.database, step.server, got, len(want))
		}
		b.checkLedger("ann-box")
		if n := b.writtenIn(func() { b.sync("ann-box") }); n != 0 {
			t.Errorf("database %s and server %s apart: a further sync wrote %d times", step.database, step.server, n)
		}
	}
	slices.SortFunc(want, func(a, c place) int { return a.at.Compare(c.at) })
	for i, row := range b.rows(`select subject from messages order by date`) {
		if got := strings.Trim(row, `()"`); got != want[i].subject {
			t.Errorf("in place %d by date stands %q, want %q", i, got, want[i].subject)
		}
	}
}

// F37: mail of the hour that a change of the clocks repeats stands in its order, as does that of a leap second.
func TestF37ChangedClocksAndLeapSeconds(t *testing.T) {
	t.Parallel()
	b := office(t)
	dates := []string{ // in order
		"Sat, 31 Dec 2016 23:59:59 +0000", "Sat, 31 Dec 2016 23:59:60 +0000", "Sun, 01 Jan 2017 01:00:01 +0100",
		"Sun, 29 Mar 2026 01:59:59 +0100", "Sun, 29 Mar 2026 03:00:00 +0200",
		"Sun, 27 Sep 2026 02:59:59 +0200", "Sun, 27 Sep 2026 02:00:00 +0100", "Sun, 27 Sep 2026 02:59:59 +0100",
	}
	for i := range dates {
		n := (i*3 + 5) % len(dates) // another order of arrival
		raw := fmt.Sprintf("From: joe@acme.example\r\nTo: ann@firm.example\r\nSubject: clock %d\r\nDate: %s\r\n\r\nx\r\n", n, dates[n])
		_, err := b.server.Append("ann-box", "INBOX", nil, day, []byte(raw))
		must(t, err)
	}
	b.sync("ann-box")
	b.checkLedger("ann-box")
	for i, row := range b.rows(`select subject from messages where subject like 'clock%' order by date`) {
		if want := fmt.Sprintf("clock %d", i); strings.Trim(row, `()"`) != want {
			t.Errorf("in place %d by date stands %s, want %s", i, row, want)
		}
	}
	if got := b.one(`select count(distinct date) from messages where subject like 'clock%'`); got != fmt.Sprint(len(dates)) {
		t.Errorf("%s dates of %d", got, len(dates))
	}
}
