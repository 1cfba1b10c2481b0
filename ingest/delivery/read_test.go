package delivery_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/delivery"
)

func report(t testing.TB, file string) delivery.Report {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata/reports", file))
	if err != nil {
		t.Fatal(err)
	}
	r, ok := delivery.Read(raw)
	if !ok {
		t.Fatalf("%s is not read as a report", file)
	}
	return r
}

// What ties a report to its message comes out of every place where it stands.
func TestPointers(t *testing.T) {
	t.Parallel()
	r := report(t, "rfc3464-several.eml")
	if r.OriginalMessageID != "offer-17@sender.example" || r.EnvelopeID != "env-0042" || r.Reporter != "mx.sender.example" {
		t.Errorf("id %q, envelope %q, reporter %q", r.OriginalMessageID, r.EnvelopeID, r.Reporter)
	}
	if want := time.Date(2026, 3, 2, 9, 0, 1, 0, time.UTC); !r.ArrivalDate.Equal(want) {
		t.Errorf("arrived %v, want %v", r.ArrivalDate, want)
	}
	o := r.Original
	if o.From != "ann@sender.example" || o.Subject != "Offer 17" || !slices.Equal(o.To, []string{"bob@customer.example", "eve@other.example", "max@third.example"}) || o.Date.IsZero() {
		t.Errorf("original %+v", o)
	}
	for _, file := range []string{"rfc3464-headers-only.eml", "exim-text.eml", "qmail.eml", "dragonfly.eml", "mdn-displayed.eml", "auto-reply.eml", "amazon-bounce.eml", "feedback-abuse.eml", "feedback-jmrp.eml", "imail.eml", "notes.eml", "gmail-text.eml", "report-wrapped.eml"} {
		if r := report(t, file); r.OriginalMessageID != "offer-17@sender.example" {
			t.Errorf("%s: id %q", file, r.OriginalMessageID)
		}
	}
}

func TestReportInReport(t *testing.T) {
	t.Parallel()
	r := report(t, "report-in-report.eml")
	if r.Recipients[0].Address != "ann@sender.example" || r.Enclosed == nil {
		t.Fatalf("outer %+v", r)
	}
	if in := r.Enclosed; in.Recipients[0].Address != "bob@customer.example" || in.OriginalMessageID != "offer-17@sender.example" {
		t.Errorf("inner %+v", in)
	}
}

func TestAutomaticNotification(t *testing.T) {
	t.Parallel()
	if r := report(t, "mdn-displayed.eml"); r.Recipients[0].Automatic {
		t.Error("a person sent it")
	}
	if r := report(t, "mdn-deleted.eml"); !r.Recipients[0].Automatic {
		t.Error("a program sent it")
	}
}

func TestVERP(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/reports/qmail.eml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ to, recipient string }{
		{"bounces+bob=customer.example@sender.example", "bob@customer.example"},
		{"news-4711-bob=customer.example@sender.example", ""},
		{"b+4711+bob=customer.example@sender.example", "bob@customer.example"},
	} {
		r, _ := delivery.Read(bytes.Replace(raw, []byte("To: ann@sender.example"), []byte("To: "+c.to), 1))
		if r.VERP != c.to || r.VERPRecipient != c.recipient {
			t.Errorf("%s: %q encodes %q, want %q", c.to, r.VERP, r.VERPRecipient, c.recipient)
		}
		if !delivery.Encodes(r.VERP, "bob@customer.example") || delivery.Encodes(r.VERP, "ob@customer.example") || delivery.Encodes(r.VERP, "bob@customer.exampl") {
			t.Errorf("%s: does not tell whom it encodes", c.to)
		}
	}
	if r := report(t, "qmail.eml"); r.VERP != "" {
		t.Errorf("an ordinary address is taken for VERP: %q", r.VERP)
	}
}

// Passages rest on the mail and are bounded.
func TestPassages(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"exim-text.eml", "rfc3464-several.eml", "gmail-text.eml", "mailmarshal.eml"} {
		for _, rc := range report(t, file).Recipients {
			if rc.Passage == "" || rc.Diagnostic == "" || strings.Contains(rc.Diagnostic, "\n") {
				t.Errorf("%s: %q rests on %q", file, rc.Diagnostic, rc.Passage)
			}
		}
	}
}

// hostile are mails made to cost much.
func hostile() map[string][]byte {
	head := "From: MAILER-DAEMON@x.example\nReturn-Path: <>\nSubject: Undelivered mail\n"
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	out := map[string]string{
		"recipients": head + "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n",
		"addresses":  head + "\nThe following could not be delivered:\n" + many("a@b.example 550 5.1.1 no\n", 40_000),
		"lines":      head + "\nwas not delivered\n" + many("Received: x\n", 90_000),
		"one line":   head + "\nwas not delivered " + many("<a@", 350_000),
		"at signs":   head + "\nwas not delivered " + many("@", 1<<20),
		"fields":     many("A: b\n", 200_000),
		"folds":      head + "X: " + many("\n y", 300_000) + "\n\nundelivered\n",
		"dialogue":   head + "\nTranscript of session follows\n" + many(">>> RCPT TO\n<<< 250 x\n550 <a@b.example>... no\n", 20_000),
		"codes":      head + "\nwas not delivered to a@b.example\n" + many("550 5.1.1 ", 100_000),
		"tags":       head + "Content-Type: text/html\n\nundelivered" + many("<a <b ", 170_000),
		"styles":     head + "Content-Type: text/html\n\nundelivered" + many("<style>", 150_000),
		"words":      "From: a@b.example\nSubject: " + many("=?utf-8?q?a?= ", 60_000) + "\n\n",
		"separators": head + "\nundelivered\n" + many("--- original message follows\n", 35_000),
	}
	var groups, nested strings.Builder
	for i := range 9_000 {
		fmt.Fprintf(&groups, "Final-Recipient: rfc822; u%d@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 something odd happened there\n\n", i)
	}
	out["recipients"] += groups.String()
	for i := range 5_000 {
		fmt.Fprintf(&nested, "Content-Type: multipart/report; boundary=b%d\n\n--b%d\n", i, i)
	}
	out["depth"] = head + nested.String()
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "<u%d@b.example>: host x said nothing that anybody knows\n", i)
	}
	out["text recipients"] = head + "\nThis is the mail system at host x. Could not be delivered.\n\n" + text.String()
	out["both"] = head + "Content-Type: multipart/report; boundary=b\n\n--b\n\n" + text.String() + "\n--b\nContent-Type: message/delivery-status\n\n" + groups.String()
	rfc822 := head
	for range 2_000 {
		rfc822 += "Content-Type: message/rfc822\n\n" + head
	}
	out["mails in mails"] = rfc822
	all := map[string][]byte{}
	for k, v := range out {
		all[k] = []byte(v)
	}
	return all
}

func TestHostileReports(t *testing.T) {
	for name, raw := range hostile() {
		r, _, took := timed(raw)
		t.Logf("%-16s %8d bytes %10v %4d recipients", name, len(raw), took, len(r.Recipients))
		if took > slowest {
			t.Errorf("%s took %v", name, took)
		}
		for _, rc := range r.Recipients {
			if len(rc.Passage) > 4<<10 || len(rc.Diagnostic) > 4<<10 {
				t.Errorf("%s: a passage of %d bytes", name, len(rc.Passage))
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/reports/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, ok, took := timed(raw)
		if took > slowest {
			t.Errorf("took %v", took)
		}
		if ok != (r.Kind != "") && ok {
			t.Error("a report of no kind")
		}
		for _, rc := range r.Recipients {
			if rc.Address != strings.ToLower(rc.Address) || strings.ContainsAny(rc.Address, "\r\n\x00 ") {
				t.Errorf("address %q", rc.Address)
			}
			if rc.Hard && rc.Action != delivery.Failed {
				t.Errorf("hard though %s", rc.Action)
			}
			if strings.ContainsRune(rc.Diagnostic+rc.Passage, 0) {
				t.Error("NUL in a text")
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	all := samples(b)
	n := 0
	for b.Loop() {
		delivery.Read(all[n%len(all)].Raw)
		n++
	}
}
