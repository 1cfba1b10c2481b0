//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

func init() {
	register("backfill", backfill, "backfill_msgs_per_s", "backfill_peak_rss_mb", "backfill_cpu_s_per_1000", "nothing_new_roundtrips", "nothing_new_rows")
}

const (
	// backfillMessages in the mailbox, a third of them in Sent; one in backfillMatching is with a card.
	backfillMessages = 20_000
	backfillMatching = 5
	// backfillPatience bounds the whole back-fill.
	backfillPatience = 5 * time.Minute
	// healthInterval is how often the mailbox is asked for: each answer counts the ledger.
	healthInterval = 100 * time.Millisecond
	// nothingNewFolders are added, so that a pass sees ten.
	nothingNewFolders = 4
	// nothingNewTime bounds a pass that finds nothing.
	nothingNewTime = time.Minute
)

// backfill lets the built program fill an empty database from a Dovecot with 20,000 messages, of which 20 % match, then
// asks for a sync of the unchanged mailbox.
func backfill(b *bench) {
	mail := testenv.Mail(b)
	u := mail.NewUser(b, "ann")
	fillMailbox(b, mail, u)
	for i := range nothingNewFolders {
		mail.CreateFolder(b, u, fmt.Sprintf("Folder %d", i))
	}
	p := testenv.NewProgramOn(b, testenv.PostgresURL(b), "MAILSTAMP_ALLOW_PRIVATE_IMAP="+mail.Host, "MAILSTAMP_LOG=text,debug")
	account := p.AddAccount(b, "bench")
	w := p.StartWorker(b)
	crm := testenv.NewCRM(b, w.URL, account)
	addresses := make([]map[string]string, 0, 200)
	for i := range 200 {
		addresses = append(addresses, map[string]string{"address": fmt.Sprintf("joe%d@customer.example", i)})
	}
	crm.Tell(b,
		testenv.Event{Type: "user.upserted", Data: map[string]any{"id": "ann", "version": 1, "name": "Ann", "addresses": []string{u.Address}, "active": true}},
		testenv.Event{Type: "card.upserted", Data: map[string]any{"kind": "contact", "id": "c1", "version": 1, "name": "C", "owner": "ann",
			"collaborators": []string{}, "audience": "everyone", "addresses": addresses}})
	service := crm.Service(b)
	began := time.Now()
	put := func(host string, port int) {
		res := service.Do(b, "PUT", "/mailboxes/box", map[string]any{
			"user": "ann", "host": host, "port": port, "tls": "none", "username": u.Username, "auth": map[string]string{"password": u.Password},
		})
		if res.Status/100 != 2 {
			b.Fatalf("PUT of the mailbox: %d %s", res.Status, res.Body)
		}
	}
	put(mail.Host, mail.IMAPPort)
	var health struct {
		State    string
		Progress struct{ Done, Total int }
		Problem  string
	}
	for health.State != "live" {
		if time.Since(began) > backfillPatience {
			b.Fatalf("state %s, %d of %d, %s", health.State, health.Progress.Done, health.Progress.Total, health.Problem)
		}
		time.Sleep(healthInterval)
		service.GetJSON(b, "/mailboxes/box", &health)
	}
	took := time.Since(began)
	if health.Progress.Done != backfillMessages {
		b.Fatalf("%d messages done", health.Progress.Done)
	}
	b.report("backfill_msgs_per_s", float64(int(backfillMessages/took.Seconds())), "msgs/s")
	rss, cpu := processUse(b, w.Pid())
	b.report("backfill_peak_rss_mb", rss, "MB")
	b.report("backfill_cpu_s_per_1000", cpu/backfillMessages*1000, "s")
	nothingNew(b, crm, w)

	// The same again from the login on, counted from outside: the mailbox is told to be behind a proxy.
	trips := newTripCounter(b, fmt.Sprintf("%s:%d", mail.Host, mail.IMAPPort))
	put(trips.host, trips.port)
	testenv.Eventually(b, nothingNewTime, trips.idle)
	n, commands := trips.counted()
	b.Logf("after login: %q", commands)
	b.report("nothing_new_roundtrips", float64(n), "roundtrips")
	w.Stop(b) // before the proxy ends
}

// nothingNew asks for a sync of the unchanged mailbox and reads from the log what it wrote.
func nothingNew(b *bench, crm *testenv.CRM, w *testenv.Worker) {
	before := len(w.Log())
	crm.Tell(b, testenv.Event{Type: "sync.requested", Data: map[string]any{"mailbox": "box"}})
	line := regexp.MustCompile(`msg="ingest: pass".* transactions=(\d+)`)
	testenv.Eventually(b, nothingNewTime, func() error {
		m := line.FindStringSubmatch(w.Log()[before:])
		if m == nil {
			return errors.New("no pass yet")
		}
		v, err := strconv.Atoi(m[1])
		if err == nil {
			b.report("nothing_new_rows", float64(v), "rows")
		}
		return err
	})
}

// fillMailbox brings 20,000 messages of a median of 8 KB, in threads of three, a tenth with an attachment.
func fillMailbox(b *bench, mail *testenv.MailServer, u testenv.User) {
	began := time.Now()
	writer, random := testenv.NewWriter(1), rand.New(rand.NewPCG(1, 2))
	me := testenv.Party{Name: "Ann", Address: u.Address}
	inbox, sent := make([][]byte, 0, backfillMessages), make([][]byte, 0, backfillMessages)
	for n := 0; len(inbox)+len(sent) < backfillMessages; n++ {
		other := testenv.Party{Name: "Somebody Else", Address: fmt.Sprintf("person%d@elsewhere%d.example", n%900, n%70)}
		if n%backfillMatching == 0 {
			other = testenv.Party{Name: "Joe", Address: fmt.Sprintf("joe%d@customer.example", n%200)}
		}
		first := writer.Letter(other, me)
		answer := writer.Reply(first, me)
		last := writer.Reply(answer, other)
		for i, l := range []testenv.Letter{first, answer, last} {
			if len(inbox)+len(sent) == backfillMessages {
				break
			}
			l.Text += strings.Repeat("Some more words that make the letter as long as letters are. ", 60+random.IntN(140))
			l.Attachments = nil
			if random.IntN(10) == 0 {
				content := make([]byte, 20_000+random.IntN(150_000))
				for i := range content {
					content[i] = byte(random.Uint32())
				}
				l.Attachments = []testenv.Attachment{{Name: "file.pdf", Type: "application/pdf", Content: content}}
			}
			if i == 1 {
				sent = append(sent, l.Bytes())
			} else {
				inbox = append(inbox, l.Bytes())
			}
		}
	}
	mail.Fill(b, u, "INBOX", false, inbox...)
	mail.Fill(b, u, "Sent", true, sent...)
	b.Logf("filled the mailbox in %.1f s", time.Since(began).Seconds())
}

// processUse is the highest resident memory of a process, in MB, and its processor time, in seconds, so far.
func processUse(b *bench, pid int) (rssMB, cpuSeconds float64) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err != nil {
				b.Fatal(err)
			}
			rssMB = float64(kb / 1024)
		}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')'):]))
	for _, i := range []int{12, 13} { // utime, stime: in hundredths of a second on Linux
		ticks, err := strconv.Atoi(fields[i])
		if err != nil {
			b.Fatal(err)
		}
		cpuSeconds += float64(ticks) / 100
	}
	return rssMB, cpuSeconds
}
