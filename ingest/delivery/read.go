package delivery

import (
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/ingest/message"
)

// mail is what every reader of reports starts from.
type mail struct {
	raw       []byte
	header    fields
	parts     []message.Part
	from      string // of the top header, canonical
	fromName  string // as written, lower case
	subject   string
	to        []string
	machine   bool // looks sent by a program that reports
	inReport  bool // a multipart/report is at the top or just below
	truncated bool

	worded                       bool // the texts below are read
	noticeText, borderLine, tail string
	heard                        map[string]said // what texts common to recipients hold
}

// listen remembers what a text holds that is asked for again and again.
func (m *mail) listen(text string) said {
	s, ok := m.heard[text]
	if !ok {
		if m.heard == nil {
			m.heard = map[string]said{}
		}
		s = listen(text)
		m.heard[text] = s
	}
	return s
}

// Read reads a report. It never fails: what cannot be told stays empty. It is
// false for every mail that is not a report.
func Read(raw []byte) (Report, bool) { return read(raw, 0) }

func read(raw []byte, depth int) (Report, bool) {
	m := open(raw)
	r, ok := m.read(depth)
	if !ok {
		return m.unwrap(depth)
	}
	if m.truncated {
		r.Problems = append(r.Problems, "truncated")
	}
	r.VERP, r.VERPRecipient = verp(m.to)
	if r.VERP == "" {
		r.VERP, r.VERPRecipient = verp(addressList(or(m.header.get("delivered-to"), m.header.get("x-original-to"), m.header.get("envelope-to"))))
	}
	m.pointers(&r)
	if returned := m.returnedMail(); returned != nil && depth < maxEnclosed {
		if inner, ok := read(returned, depth+1); ok && inner.Kind != AutoReply {
			if len(r.Recipients) == 0 {
				return inner, true // a mere envelope around the real report
			}
			r.Enclosed = &inner
		}
	}
	m.finish(&r)
	return r, true
}

// open reads the header and finds the parts.
func open(raw []byte) *mail {
	m := &mail{raw: raw}
	if len(raw) > maxReportBytes {
		m.raw, m.truncated = raw[:maxReportBytes], true
	}
	start := skipMbox(m.raw)
	m.header, _ = parseFields(clip(start, maxHeaderBytes))
	from := m.header.get("from")
	if list := addressList(from); len(list) > 0 {
		m.from = list[0]
	}
	m.fromName = strings.ToLower(message.DecodeWords(from))
	m.subject = message.DecodeWords(m.header.get("subject"))
	m.to = addressList(m.header.get("to"))
	m.machine = m.sentByMachine()
	message.Walk(start, partLimits, func(p message.Part) bool {
		m.parts = append(m.parts, p)
		m.inReport = m.inReport || p.InReport
		return true
	})
	return m
}

// skipMbox drops the "From " line of mail stores, and empty lines in front.
func skipMbox(raw []byte) []byte {
	for len(raw) > 0 {
		line, rest := cutLine(raw)
		if len(line) != 0 && !strings.HasPrefix(string(clip(line, 6)), "From ") && !strings.HasPrefix(string(clip(line, 6)), ">From ") {
			return raw
		}
		raw = rest
	}
	return raw
}

// read tries the kinds, the surest signs first.
func (m *mail) read(depth int) (Report, bool) {
	if p := m.find("message/feedback-report"); p != nil && (m.inReport || m.machine) {
		return m.feedback(p), true
	}
	if p := m.find("message/disposition-notification", "message/global-disposition-notification"); p != nil && (m.inReport || m.machine) {
		return m.mdn(p), true
	}
	if p := m.find("message/delivery-status", "message/global-delivery-status"); p != nil && (m.inReport || m.machine) {
		if r, ok := m.dsn(p, depth); ok {
			return r, true
		}
	}
	if r, ok := m.amazonNotification(); ok {
		return r, true
	}
	if r, ok := m.hotmailComplaint(); ok {
		return r, true
	}
	if r, ok := m.notice(depth); ok {
		return r, true
	}
	return m.autoReply()
}

// find is the first leaf of one of these media types.
func (m *mail) find(kinds ...string) *message.Part {
	for i := range m.parts {
		for _, k := range kinds {
			if m.parts[i].MediaType == k {
				return &m.parts[i]
			}
		}
	}
	return nil
}

// unwrap reads a report that a gateway put as a whole into a mail of its own. A
// person who forwards one is no witness.
func (m *mail) unwrap(depth int) (Report, bool) {
	if depth >= maxEnclosed || !m.machine {
		return Report{}, false
	}
	if returned := m.returnedMail(); returned != nil {
		if r, ok := read(returned, depth+1); ok && r.Kind != AutoReply {
			return r, true
		}
	}
	if _, _, tail := m.words(); tail != "" {
		if r, ok := read([]byte(tail), depth+1); ok && r.Kind != AutoReply {
			return r, true
		}
	}
	return Report{}, false
}

// returnedMail is the body of the first message/rfc822 part, decoded.
func (m *mail) returnedMail() []byte {
	p := m.find("message/rfc822", "message/global")
	if p == nil {
		return nil
	}
	return p.Bytes(maxReportBytes)
}

// sentByMachine tells whether the sender looks like a mail system. It is needed,
// and never enough, to take a mail for a report.
func (m *mail) sentByMachine() bool {
	if rp := strings.TrimSpace(m.header.get("return-path")); m.header.has("return-path") &&
		(rp == "<>" || strings.Contains(strings.ToLower(rp), "mailer-daemon") || strings.Contains(strings.ToLower(rp), "double-bounce")) {
		return true
	}
	if m.header.has("x-failed-recipients") || strings.TrimSpace(m.header.get("from")) == "<>" {
		return true
	}
	if v := strings.ToLower(m.header.get("auto-submitted")); v != "" && !strings.HasPrefix(v, "no") {
		return true
	}
	if local, _, _ := strings.Cut(m.from, "@"); m.header.has("x-mlserver") && strings.HasSuffix(local, "-admin") {
		return true // a list server in its own name
	}
	for _, word := range machineNames {
		if strings.Contains(m.fromName, word) {
			return true
		}
	}
	return false
}

// machineNames are parts of the From of mail systems.
var machineNames = []string{
	"mailer-daemon", "mailer daemon", "mailerdaemon", "mail-daemon", "postmaster", "poostmaster", "post_master",
	"mail delivery", "mail.delivery", "maildelivery", "mail deliver", "mail administrator", "system administrator",
	"mail router", "mdaemon", "bounce@", "bounces@", "microsoftexchange", "maildaemon", "mail system", "email delivery",
	"delivery subsystem", "mail transport", "no-reply@sns.amazonaws.com",
}

// pointers collects what ties a report to its message besides its own fields.
func (m *mail) pointers(r *Report) {
	if r.OriginalMessageID == "" {
		r.OriginalMessageID = messageID(m.header.get("x-original-message-id"))
	}
	if h, ok := m.returnedHeader(); ok {
		r.fillOriginal(h)
	}
	seen := map[string]bool{r.OriginalMessageID: true}
	for _, name := range []string{"in-reply-to", "references"} {
		for _, id := range messageIDs(m.header.get(name)) {
			if !seen[id] {
				seen[id] = true
				r.References = append(r.References, id)
			}
		}
	}
	if r.Kind == AutoReply && r.OriginalMessageID == "" && len(r.References) > 0 {
		r.OriginalMessageID, r.References = r.References[0], r.References[1:]
	}
}

// fillOriginal takes what is not known yet from the returned header.
func (r *Report) fillOriginal(h fields) {
	if r.OriginalMessageID == "" {
		r.OriginalMessageID = messageID(h.get("message-id"))
	}
	if r.EnvelopeID == "" {
		r.EnvelopeID = clipText(or(h.get("original-envelope-id"), h.get("x-envelope-id")), maxIDBytes)
	}
	o := &r.Original
	if o.From == "" {
		if list := addressList(h.get("from")); len(list) > 0 {
			o.From = list[0]
		}
	}
	if o.To == nil {
		o.To = addressList(h.get("to"))
		if len(o.To) < maxOriginalTo {
			o.To = append(o.To, addressList(h.get("cc"))...)
		}
	}
	if o.Subject == "" {
		o.Subject = clipText(message.DecodeWords(h.get("subject")), maxIDBytes)
	}
	if o.Date.IsZero() {
		o.Date = parseDate(h.get("date"))
	}
}

// returnedHeader is the header of the returned mail, wherever it stands.
func (m *mail) returnedHeader() (fields, bool) {
	for i := range m.parts {
		p := &m.parts[i]
		var body []byte
		switch p.MediaType {
		case "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "text/rfc822", "message/rfc822-headers", "message/partial":
			body = p.Bytes(maxReportBytes)
		default:
			if h := partFields(*p); i > 0 && isReturned(h) {
				return h, true // one gateway forgets the part's own header
			}
			continue
		}
		if h, _ := parseFields(skipMbox(body)); h.has("from") || h.has("to") || h.has("subject") || h.has("message-id") {
			return h, true
		}
	}
	_, _, tail := m.words()
	if tail == "" {
		return nil, false
	}
	h, _ := parseFields([]byte(tail))
	return h, h.has("message-id") || h.has("from") || h.has("to") || h.has("subject")
}

func partFields(p message.Part) fields {
	f, _ := parseFields(p.Header)
	return f
}

// isReturned tells the header of a mail from that of a part.
func isReturned(h fields) bool {
	return h.has("received") && (h.has("from") || h.has("message-id"))
}

// finish fills what every kind shares.
func (m *mail) finish(r *Report) {
	if len(r.Recipients) == 0 {
		r.Problems = append(r.Problems, "no_recipient")
	}
	if len(r.Recipients) >= maxRecipients {
		r.Problems = append(r.Problems, "truncated_recipients")
	}
	for i := range r.Recipients {
		rc := &r.Recipients[i]
		if rc.Original == rc.Address {
			rc.Original = ""
		}
		rc.Diagnostic = clipText(strings.Join(strings.Fields(rc.Diagnostic), " "), maxDiagnosticBytes)
		rc.Passage = clipText(strings.TrimSpace(rc.Passage), maxPassageBytes)
	}
	r.Reporter = clipText(r.Reporter, maxIDBytes)
}

// clipText cuts at a rune's border.
func clipText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// parseDate is zero for what is no date.
func parseDate(value string) time.Time {
	t, _ := message.ParseDate(value)
	return t
}
