package delivery_test

import (
	"bytes"
	"testing"

	"github.com/mailstamp/mailstamp/ingest/delivery"
	"github.com/mailstamp/mailstamp/ingest/message"
)

// minSigned is the share of reports, in percent, whose header must give them away: a body that no sign speaks for is not read.
const minSigned = 99

func TestHeadersGiveReportsAway(t *testing.T) {
	t.Parallel()
	all, signed := 0, 0
	for _, s := range samples(t) {
		r, ok := delivery.Read(s.Raw)
		if !ok || r.Kind == delivery.AutoReply {
			continue
		}
		raw := s.Raw
		for bytes.HasPrefix(raw, []byte("From ")) { // of the mail store
			_, raw, _ = bytes.Cut(raw, []byte("\n"))
		}
		all++
		h := message.ParseHeader(raw)
		if delivery.SignOf(h) != delivery.NoSign {
			signed++
		} else {
			t.Logf("%s: from %v, subject %q", s.File, h.From, h.Subject)
		}
	}
	if share := 100 * float64(signed) / float64(all); share < minSigned {
		t.Errorf("%.1f %% of %d reports are given away by their header, want %d %%", share, all, minSigned)
	}
}

func TestAutomaticAnswersByHeader(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"Auto-Submitted: auto-replied": true,
		"Auto-Submitted: no\r\nIn-Reply-To: <a@b.example>\r\nSubject: Out of office": false,
		"In-Reply-To: <a@b.example>\r\nSubject: Automatische Antwort: Angebot":       true,
		"Return-Path: <>\r\nSubject: Out of office":                                  true,
		"Subject: Out of office next week?":                                          false,
		"In-Reply-To: <a@b.example>\r\nSubject: Re: Out of office":                   false,
		"In-Reply-To: <a@b.example>\r\nList-Id: <l.example>\r\nSubject: Auto: news":  false,
	} {
		if got := delivery.Automatic(message.ParseHeader([]byte(header + "\r\n\r\n"))); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
