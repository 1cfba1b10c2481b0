package ingest

import (
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/ingest/delivery"
	"github.com/mailstamp/mailstamp/ingest/plan"
)

// Bounds on mail whose body is read only because its header looks like a report's.
const (
	// formalReportBytes: some systems return the whole mail, and 25 MB is what they take.
	formalReportBytes = 25 << 20
	// wordedReportBytes: where only the subject speaks for it, what systems write that return a header or a part.
	wordedReportBytes = 1 << 20
)

// reasonReport is why a report that matches a card is skipped: its place is the history of the message it is about,
// where its words are the author's alone.
const reasonReport = "delivery_report"

// report is what a delivery report says.
type report struct{ delivery.Report }

// mayReport says by header and size that a mail may be a delivery report, so that its body is worth reading as one, also
// where it matches no card. What the author wrote is none.
func mayReport(e *entry) bool {
	if e.verdict.Outbound || e.digest == nil {
		return false
	}
	switch delivery.SignOf(e.header) {
	case delivery.Formal:
		return e.size <= formalReportBytes
	case delivery.Worded:
		return e.size <= wordedReportBytes
	}
	return false
}

// readReport reads the report that a mail may be.
func (e *entry) readReport(raw []byte) {
	if !e.wantReport {
		return
	}
	r, ok := delivery.Read(raw)
	if !ok {
		return
	}
	e.report = &report{r}
	if e.verdict.Disposition == plan.Stored && r.Kind != delivery.AutoReply &&
		(e.header.ContentType == "multipart/report" || e.header.NullReturnPath) {
		e.verdict.Disposition, e.reason = plan.Skipped, reasonReport
	}
}

// automatic says that a mail is no answer of the person who sent it (RFC 3834).
func (e *entry) automatic() bool { return e.report != nil || delivery.Automatic(e.header) }

// statusOf is what an action proves of the delivery (SPEC 7); false for what proves nothing, like automatic answers. A
// notification of the recipient's program (MDN) never says that a mail did not come: even "failed" is its own failure.
func statusOf(kind delivery.Kind, a delivery.Action) (status string, ok bool) {
	switch a {
	case delivery.Failed:
		if kind == delivery.MDN {
			return "delivered", true
		}
		return "bounced", true
	case delivery.Delayed:
		return "delayed", true
	case delivery.Relayed, delivery.Expanded:
		return "relayed", true
	case delivery.Delivered, delivery.Deleted, delivery.Processed, delivery.Denied, delivery.Complained:
		return "delivered", true // who complains has it
	case delivery.Displayed:
		return "displayed", true
	}
	return "", false
}

// original is the Message-ID that a report names: of the returned mail, else of the mail that the report answers.
func (r *report) original() string {
	if r.OriginalMessageID == "" && len(r.References) > 0 {
		return r.References[0]
	}
	return r.OriginalMessageID
}

// envelope is the envelope id, without the brackets of those that clients make of the Message-ID (RFC 3461, 4.4, 4: xtext).
func (r *report) envelope() string {
	return strings.Trim(unxtext(strings.TrimSpace(r.EnvelopeID)), "<>")
}

// unxtext undoes "+2B" of RFC 3461, section 4.
func unxtext(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '+' && i+2 < len(s) {
			hi, lo := strings.IndexByte(upperHex, s[i+1]), strings.IndexByte(upperHex, s[i+2])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

const upperHex = "0123456789ABCDEF"

// maxVERP bounds the readings of a VERP address whose prefix may end at several places.
const maxVERP = 8

// addresses are the recipients that the report may mean by r, as canonical addresses, strongest first: as the sender
// wrote it, as the report names it, as the address encodes it that the report was sent to (VERP). Where it names none,
// the only one to whom the returned mail was written.
func (r *report) addresses(rc delivery.Recipient) []string {
	var out []string
	add := func(a string) {
		if a != "" {
			out = append(out, a)
		}
	}
	add(rc.Original)
	add(rc.Address)
	if len(r.Recipients) == 1 {
		add(r.VERPRecipient)
		if r.VERP != "" && r.VERPRecipient == "" {
			out = append(out, encoded(r.VERP)...)
		}
		if len(out) == 0 && len(r.Report.Original.To) == 1 {
			add(r.Report.Original.To[0])
		}
	}
	return out
}

// encoded are the recipients that a VERP address may encode: prefix-user=host@…, the prefix ending at any dash.
func encoded(verp string) []string {
	local, _, _ := strings.Cut(strings.ToLower(verp), "@")
	eq := strings.LastIndexByte(local, '=')
	if eq < 0 {
		return nil
	}
	var out []string
	user, host := local[:eq], local[eq+1:]
	for len(out) < maxVERP {
		_, rest, more := strings.Cut(user, "-")
		if !more {
			break
		}
		user = rest
		if a, ok := address.Canonical(user + "@" + host); ok && delivery.Encodes(verp, a) {
			out = append(out, a)
		}
	}
	return out
}

// Times within which a report without any id may belong to a message.
const (
	// reportWindow: systems give up after five days (RFC 5321, 4.5.4.1), and some say so late.
	reportWindow = 7 * 24 * time.Hour
	// reportEarly: clocks differ.
	reportEarly = 15 * time.Minute
	// arrivalWindow is how long after the message's date the reporter may have got it for its Arrival-Date to prove
	// anything: a program sends when its user does.
	arrivalWindow = 15 * time.Minute
)

// proves says that a report without any id returned something that only who has the message can know: its date to the
// second, else its subject, else when it went.
func proves(sentAt, arrivedAt *time.Time, subject []byte, date time.Time, sameSubject func([]byte) bool) bool {
	switch {
	case sentAt != nil:
		return sentAt.Unix() == date.Unix()
	case len(subject) > 0:
		return sameSubject(subject)
	case arrivedAt != nil:
		late := arrivedAt.Sub(date)
		return late >= -reportEarly && late <= arrivalWindow
	}
	return false
}
