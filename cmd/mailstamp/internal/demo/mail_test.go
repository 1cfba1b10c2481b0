package demo

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/message"
)

var since = time.Date(2026, 11, 23, 9, 0, 0, 0, time.FixedZone("", 3600)) // a Monday

// TestSampleMailIsWhatItClaims reads every sample mail as a mailbox would show it.
func TestSampleMailIsWhatItClaims(t *testing.T) {
	t.Parallel()
	mails, err := sampleMails(since)
	if err != nil {
		t.Fatal(err)
	}
	if len(mails) < 55 || len(mails) > 70 {
		t.Errorf("%d sample mails, want about 60", len(mails))
	}
	ids := map[string]bool{}
	users := map[string]bool{}
	var attachments int
	for _, m := range mails {
		if m.date.After(since) {
			t.Errorf("a mail of the future: %s", m.date)
		}
		if wd := m.date.Weekday(); since.Sub(m.date) > 24*time.Hour && (wd == time.Saturday || wd == time.Sunday) {
			t.Errorf("business mail on a %s", wd)
		}
		for _, p := range m.places {
			users[p.user] = true
			raw := m.copyFor(p)
			if i := bytes.IndexByte(raw, '\n'); i < 1 || raw[i-1] != '\r' {
				t.Error("lines do not end in CRLF")
			}
			got, err := message.Parse(raw, message.Limits{})
			if err != nil || len(got.Problems) > 0 {
				t.Errorf("%s: err %v, problems %v", got.Header.Subject, err, got.Problems)
			}
			if got.Header.Date.Unix() != m.date.Unix() {
				t.Errorf("%s: date %s, want %s", got.Header.Subject, got.Header.Date, m.date)
			}
			if len(got.Header.Bcc) > 0 && p.folder != sentFolder {
				t.Errorf("%s: Bcc in %s", got.Header.Subject, p.folder)
			}
			if message.Identity(got.Header, raw) != message.Identity(got.Header, m.raw) {
				t.Errorf("%s: copies differ in identity", got.Header.Subject)
			}
			attachments += len(got.Attachments)
			ids[got.Header.MessageID] = true
		}
	}
	if len(ids) != len(mails) {
		t.Errorf("%d Message-IDs for %d mails", len(ids), len(mails))
	}
	if want := []string{"anna", "ben", "clara"}; !slices.Equal(slices.Sorted(maps.Keys(users)), want) {
		t.Errorf("mailboxes of %v, want %v", users, want)
	}
	if attachments < 3 {
		t.Errorf("%d attachments, want the CSV and two PDFs", attachments)
	}
}

// TestSampleMailStaysTheSame guards the second start: other bytes would be other mails.
func TestSampleMailStaysTheSame(t *testing.T) {
	t.Parallel()
	first, err := sampleMails(since)
	if err != nil {
		t.Fatal(err)
	}
	second, err := sampleMails(since)
	if err != nil {
		t.Fatal(err)
	}
	for i := range first {
		if !bytes.Equal(first[i].raw, second[i].raw) {
			t.Errorf("mail %d differs between two calls", i)
		}
	}
}

func TestPDFIsOne(t *testing.T) {
	t.Parallel()
	doc := string(pdf([]string{"Title (1)", "line"}))
	if !strings.HasPrefix(doc, "%PDF-") || !strings.HasSuffix(doc, "%%EOF\n") || !strings.Contains(doc, `(Title \(1\)) Tj`) {
		t.Errorf("not a PDF:\n%s", doc)
	}
	table := strings.Index(doc, "xref\n")
	if !strings.Contains(doc, "startxref\n"+strconv.Itoa(table)+"\n") {
		t.Error("startxref does not point at the table")
	}
}
