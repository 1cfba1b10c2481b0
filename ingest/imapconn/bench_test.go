package imapconn

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// BenchmarkFetchHeaders reads 20,000 headers of 1 KB over loopback from a
// server that has its answers ready, so that what is measured is ours.
func BenchmarkFetchHeaders(b *testing.B) {
	const messages = 20_000
	header := "From: ann@x.example\r\nSubject: hello\r\n" + strings.Repeat("X-Header: some words that headers have\r\n", 24) + "\r\n"
	answers := map[uint32]string{}
	for part := range uidset.Between(1, messages).Split(headersPerFetch, 1) {
		var lines strings.Builder
		for u := range part.All() {
			lines.WriteString(msg(int(u), header) + "\r\n")
		}
		answers[part.Min()] = lines.String()
	}
	cfg := listen(b, TLSNone, func(p *peer) {
		p.send("* OK [CAPABILITY IMAP4rev1] hi")
		p.answer("LOGIN")
		p.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
		p.answer("EXAMINE", fmt.Sprintf("* %d EXISTS", messages), "* OK [UIDVALIDITY 1]")
		for {
			line, err := p.r.ReadString('\n')
			if err != nil {
				return
			}
			var (
				tag   string
				first uint32
			)
			if _, err := fmt.Sscanf(line, "%s UID FETCH %d", &tag, &first); err != nil {
				p.t.Error(err)
			}
			p.raw(answers[first] + tag + " OK done\r\n")
		}
	})
	c, err := Dial(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Examine(b.Context(), "INBOX"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(messages * len(header)))
	for b.Loop() {
		n := 0
		missing, err := c.FetchHeaders(b.Context(), uidset.Between(1, messages), func(h HeaderItem) error { n++; return h.Err })
		if err != nil || n != messages || len(missing) > 0 {
			b.Fatal(n, missing, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/messages, "ns/message")
}
