//go:build unix

package main

import (
	"bufio"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

func init() {
	register("backfill", backfill,
		"backfill_ratio_mbsync_20pct", "backfill_ratio_mbsync_100pct", "backfill_msgs_per_s_20pct", "backfill_msgs_per_s_100pct",
		"backfill_cpu_s_per_1000", "backfill_peak_rss_mb_20k",
		"nothing_new_roundtrips", "nothing_new_rows", "nothing_new_ratio_mbsync", "hundred_new_s")
}

const (
	// backfillMessages in the mailbox, a third of them in Sent; one in backfillMatching is with a card.
	backfillMessages = 20_000
	backfillMatching = 5
	// backfillFolders are synced, most of them empty.
	backfillFolders = 10
	// backfillRounds are taken in turns; medians count.
	backfillRounds = 3
	// backfillPatience bounds one back-fill.
	backfillPatience = 5 * time.Minute
	// stateInterval is how often the log is looked at for a mailbox's state.
	stateInterval = 5 * time.Millisecond
	// cardAddresses on one contact.
	cardAddresses = 4
	// eventsAtOnce are told in one delivery.
	eventsAtOnce = 100
)

// backfill lets the built program fill an empty database from a Dovecot with 20,000 messages, once with 20 % of them matching
// and once with all, and mbsync pull the same mailbox, in turns. Both write into memory; PostgreSQL has the settings of the
// program's own. The program's time is from the answer to the PUT of the mailbox until it is live, all mail stored and
// stamped; mbsync's is that of its process. Processor time is the program's and PostgreSQL's, with all matching.
func backfill(b *bench) {
	mail := testenv.Mail(b)
	u := mail.NewUser(b, "ann")
	matching, others := fillMailbox(b, mail, u, backfillMessages)
	folders := []string{"INBOX", "Sent", "Archive"}
	for len(folders) < backfillFolders {
		folders = append(folders, fmt.Sprintf("Folder%d", len(folders)))
		mail.CreateFolder(b, u, folders[len(folders)-1])
	}
	var (
		m                  *mbsync
		in                 *installation
		mbsyncs, some, all []filled
	)
	for round := range backfillRounds {
		if m != nil {
			m.remove(b)
			in.worker.Kill(b)
		}
		m = newMbsync(b, u, folders...)
		took := m.pull(b, mail.Host, mail.IMAPPort)
		if n := m.count(b); n != backfillMessages {
			b.Fatalf("mbsync has %d messages", n)
		}
		mbsyncs = append(mbsyncs, filled{took: took, cpu: m.cpu.Seconds()})
		every, took100 := fill(b, mail.Host, mail.IMAPPort, u, folders, append(slices.Clone(matching), others...))
		every.expectLedger(b, backfillMessages, true)
		every.worker.Kill(b)
		all = append(all, took100)
		var took20 filled
		in, took20 = fill(b, mail.Host, mail.IMAPPort, u, folders, matching)
		in.expectLedger(b, backfillMessages, false)
		some = append(some, took20)
		b.Logf("round %d: mbsync %v, 20 %% %v, 100 %% %v", round, mbsyncs[round], some[round], all[round])
	}
	base := medianOf(mbsyncs).took
	for _, one := range []struct {
		share string
		runs  []filled
	}{{"20pct", some}, {"100pct", all}} {
		took := medianOf(one.runs).took
		b.report("backfill_ratio_mbsync_"+one.share, rounded(took.Seconds()/base.Seconds()), "ratio")
		b.report("backfill_msgs_per_s_"+one.share, float64(int(backfillMessages/took.Seconds())), "msgs/s")
	}
	b.report("backfill_cpu_s_per_1000", rounded(medianOf(all).cpu*1000/backfillMessages), "s")
	rss := 0.0
	for _, run := range slices.Concat(some, all) {
		rss = max(rss, run.rss)
	}
	b.report("backfill_peak_rss_mb_20k", rss, "MB")
	nothingNew(b, mail, u, folders, in, m)
	hundredNew(b, mail, u, in, matching[0])
}

// filled is what one run took.
type filled struct {
	took     time.Duration
	cpu, rss float64 // seconds, MB
}

func (f filled) String() string {
	return fmt.Sprintf("%.2f s (cpu %.2f s, %.0f MB)", f.took.Seconds(), f.cpu, f.rss)
}

func medianOf(runs []filled) filled {
	sorted := slices.SortedFunc(slices.Values(runs), func(a, c filled) int { return cmp.Compare(a.took, c.took) })
	return sorted[len(sorted)/2]
}

// fill is one back-fill of an empty database.
func fill(b *bench, host string, port int, u testenv.User, folders, addresses []string) (*installation, filled) {
	in := newInstallation(b, nil, "MAILSTAMP_ALLOW_PRIVATE_IMAP="+host)
	in.tellContacts(b, u, addresses)
	in.pg.settle(b)
	_, idle := processUse(b, in.worker.Pid())
	idle += in.pg.cpu(b)
	in.putMailbox(b, host, port, u, folders)
	took := in.awaitLive(b, time.Now(), backfillPatience)
	rss, cpu := processUse(b, in.worker.Pid())
	cpu += in.pg.cpu(b) - idle
	return in, filled{took: took, cpu: cpu, rss: rss}
}

// fillMailbox brings messages of a median of 8 KB, in threads of three, a third of them in Sent, a tenth with an attachment.
// It returns the addresses of a fifth of the threads, and of the others.
func fillMailbox(b *bench, mail *testenv.MailServer, u testenv.User, messages int) (matching, others []string) {
	began := time.Now()
	writer, random := testenv.NewWriter(1), rand.New(rand.NewPCG(1, 2))
	me, known := testenv.Party{Name: "Ann", Address: u.Address}, map[string]bool{}
	inbox, sent := make([][]byte, 0, messages), make([][]byte, 0, messages)
	for n := 0; len(inbox)+len(sent) < messages; n++ {
		other := testenv.Party{Name: "Somebody Else", Address: fmt.Sprintf("person%d@elsewhere%d.example", n%900, n%70)}
		to := &others
		if n%backfillMatching == 0 {
			other, to = testenv.Party{Name: "Joe", Address: fmt.Sprintf("joe%d@customer.example", n%200)}, &matching
		}
		if !known[other.Address] {
			known[other.Address] = true
			*to = append(*to, other.Address)
		}
		first := writer.Letter(other, me)
		answer := writer.Reply(first, me)
		last := writer.Reply(answer, other)
		for i, l := range []testenv.Letter{first, answer, last} {
			if len(inbox)+len(sent) == messages {
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
	return matching, others
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
	return rssMB, cpuTicks(statOf(pid), 11, 12) // utime, stime
}
