// Package dsncorpus measures ingest/delivery on the shared corpus of real reports
// and on mail that is none. It owns the published mapping of the corpus's reasons to
// our classes; it never changes what is expected.
package dsncorpus

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/ingest/delivery"
)

// ReasonClass maps the reasons of expected.tsv to our classes. The package comment
// of ingest/delivery says what each class means.
var ReasonClass = map[string]delivery.Class{
	"userunknown": delivery.UnknownUser, "hasmoved": delivery.UnknownUser,
	"hostunknown": delivery.HostUnknown, "notaccept": delivery.HostUnknown,
	"mailboxfull": delivery.MailboxFull,
	"suspend":     delivery.MailboxDisabled,
	"mesgtoobig":  delivery.TooLarge, "exceedlimit": delivery.TooLarge,
	"toomanyconn": delivery.RateLimited, "speeding": delivery.RateLimited,
	"expired": delivery.Unreachable, "networkerror": delivery.Unreachable,
	"systemerror": delivery.System, "systemfull": delivery.System, "mailererror": delivery.System, "syntaxerror": delivery.System,
	"filtered": delivery.Policy, "rejected": delivery.Policy, "blocked": delivery.Policy, "policyviolation": delivery.Policy,
	"authfailure": delivery.Policy, "securityerror": delivery.Policy, "spamdetected": delivery.Policy, "virusdetected": delivery.Policy,
	"requireptr": delivery.Policy, "norelaying": delivery.Policy, "notcompliantrfc": delivery.Policy, "badreputation": delivery.Policy,
	"contenterror": delivery.Policy, "failedstarttls": delivery.Policy,
	"onhold": delivery.Other, "undefined": delivery.Other,
	"feedback": delivery.Complaint, "vacation": delivery.AutoAnswer, "delivered": "",
}

// Row is one line of expected.tsv.
type Row struct {
	File, Number, Status, Reply, Reason string
	Hard                                bool
	Feedback                            string
}

// Carried tells whether the report carries an enhanced code; 5.0.9xx and 4.0.9xx
// were made up for the reports that have none.
func (r Row) Carried() bool { return r.Status != "" && !strings.Contains(r.Status, ".0.9") }

// Sample is one mail and the rows expected of it.
type Sample struct {
	File string
	Raw  []byte
	Rows []Row
}

// Held tells the third that stays unseen while rules are written, by the hash of
// the file's name.
func (s Sample) Held() bool { return crc32.ChecksumIEEE([]byte(s.File))%3 == 0 }

// Load reads the corpus below dir (shared/corpora/bounces). Rows that repeat one
// word for word count once.
func Load(dir string) ([]Sample, error) {
	f, err := os.Open(filepath.Join(dir, "expected.tsv"))
	if err != nil {
		return nil, fmt.Errorf("open expectations: %w", err)
	}
	defer f.Close()
	var out []Sample
	at := map[string]int{}
	seen := map[Row]bool{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		c := strings.Split(lines.Text(), "\t")
		if len(c) < 7 || c[0] == "file" {
			continue
		}
		row := Row{File: c[0], Number: c[1], Status: c[2], Reply: c[3], Reason: c[4], Hard: c[5] == "true", Feedback: c[6]}
		if seen[row] {
			continue
		}
		seen[row] = true
		i, ok := at[row.File]
		if !ok {
			raw, err := os.ReadFile(filepath.Join(dir, "mail", row.File))
			if err != nil {
				return nil, fmt.Errorf("read sample: %w", err)
			}
			i = len(out)
			at[row.File] = i
			out = append(out, Sample{File: row.File, Raw: raw})
		}
		out[i].Rows = append(out[i].Rows, row)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read expectations: %w", err)
	}
	return out, nil
}

// Figures are percentages over samples (recognised), rows (class, hard), and rows
// whose report carries a code (code).
type Figures struct {
	Recognised, Class, Hard, Code float64
	Samples, Rows                 int
	Misses                        []string // one line each, for people
}

// Measure reads every sample and compares, row by row in the report's order.
func Measure(samples []Sample) Figures {
	var f Figures
	var recognised, class, hard, codes, code int
	miss := func(format string, args ...any) { f.Misses = append(f.Misses, fmt.Sprintf(format, args...)) }
	for _, s := range samples {
		r, ok := delivery.Read(s.Raw)
		f.Samples++
		if ok && len(r.Recipients) == len(s.Rows) && addressed(s, r) {
			recognised++
		} else {
			miss("%s: recognised %v (%s), %d recipients, %d expected", s.File, ok, r.Family, len(r.Recipients), len(s.Rows))
		}
		for i, want := range s.Rows {
			f.Rows++
			if want.Carried() {
				codes++
			}
			if i >= len(r.Recipients) {
				continue
			}
			got := r.Recipients[i]
			if got.Class == ReasonClass[want.Reason] && got.FeedbackType == want.Feedback {
				class++
			} else {
				miss("%s #%d: class %q, expected %q (%s)", s.File, i+1, got.Class, ReasonClass[want.Reason], want.Reason)
			}
			if got.Hard == want.Hard {
				hard++
			} else {
				miss("%s #%d: hard %v, expected %v (%s)", s.File, i+1, got.Hard, want.Hard, want.Reason)
			}
			if want.Carried() && got.Status == want.Status {
				code++
			} else if want.Carried() {
				miss("%s #%d: code %q, expected %q", s.File, i+1, got.Status, want.Status)
			}
		}
	}
	pct := func(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }
	f.Recognised, f.Class, f.Hard, f.Code = pct(recognised, f.Samples), pct(class, f.Rows), pct(hard, f.Rows), pct(code, codes)
	return f
}

// addressed tells whether every recipient's address stands in the mail, and is not
// merely that of the person who got the report. Complaints may hide theirs.
func addressed(s Sample, r delivery.Report) bool {
	raw := strings.ToLower(string(s.Raw))
	for _, rc := range r.Recipients {
		local, _, ok := strings.Cut(rc.Address, "@")
		if r.Kind == delivery.Feedback && rc.Address == "" {
			continue
		}
		if !ok || !strings.Contains(raw, local) {
			return false
		}
	}
	return true
}

// FalseReports counts the mails below dir (shared/corpora/mime) that are taken for
// a report; none of them is one.
func FalseReports(dir string) (n int, files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".eml") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read mail: %w", err)
		}
		n++
		if _, ok := delivery.Read(raw); ok {
			files = append(files, path)
		}
		return nil
	})
	return n, files, err
}

// PerSecond reads the samples over and over for about the time given: reports per
// second of processor time, and what the slowest cost.
func PerSecond(samples []Sample, about time.Duration) (rate float64, slowest time.Duration) {
	n := 0
	var total time.Duration
	for start := time.Now(); time.Since(start) < about; {
		total += CPUTime(func() {
			for _, s := range samples {
				delivery.Read(s.Raw)
				n++
			}
		})
	}
	for _, s := range samples {
		slowest = max(slowest, CPUTime(func() { delivery.Read(s.Raw) }))
	}
	return float64(n) / total.Seconds(), slowest
}
