package delivery

import (
	"bytes"
	"strings"

	"github.com/mailstamp/mailstamp/ingest/message"
)

// feedback reads a complaint (RFC 5965, RFC 6591).
func (m *mail) feedback(p *message.Part) Report {
	body := p.Text(maxReportBytes)
	g, _ := parseFields([]byte(strings.TrimLeft(body, "\n")))
	r := Report{
		Kind: Feedback, Family: "rfc5965",
		Reporter:    or(untyped(g.get("reporting-mta")), g.get("user-agent")),
		ArrivalDate: parseDate(or(g.get("arrival-date"), g.get("received-date"))),
		EnvelopeID:  clipText(g.get("original-envelope-id"), maxIDBytes),
	}
	kind := strings.ToLower(strings.TrimSpace(g.get("feedback-type")))
	if kind == "" {
		kind = "other"
		r.Problems = append(r.Problems, "no_feedback_type")
	}
	var who []string
	for _, f := range g {
		if f.name == "original-rcpt-to" || f.name == "removal-recipient" && len(who) == 0 {
			who = append(who, addressList(f.value)...)
		}
	}
	r.complaint(kind, m.complainedAbout(who), body)
	return r
}

// complainedAbout is who complains: as the report says, else whom the returned
// mail went to. Some providers hide it: then one recipient without an address.
func (m *mail) complainedAbout(said []string) []string {
	if len(said) == 0 {
		if h, ok := m.returnedHeader(); ok {
			said = addressList(or(h.get("x-original-to"), h.get("delivered-to"), h.get("envelope-to")))
			if len(said) != 1 {
				said = addressList(h.get("to"))
			}
		}
	}
	if len(said) == 0 {
		return []string{""}
	}
	return said
}

func (r *Report) complaint(kind string, who []string, passage string) {
	seen := map[string]bool{}
	for _, a := range who {
		if seen[a] || len(r.Recipients) >= maxRecipients {
			continue
		}
		seen[a] = true
		r.Recipients = append(r.Recipients, Recipient{
			Address: a, Action: Complained, Class: Complaint, FeedbackType: kind, Passage: passage,
		})
	}
}

// hotmailComplaint reads the complaints of Microsoft's JMRP, which come without a
// feedback part: the returned mail in an ordinary one.
func (m *mail) hotmailComplaint() (Report, bool) {
	if !strings.HasPrefix(m.from, "staff@hotmail.") || !strings.HasPrefix(strings.ToLower(m.subject), "complaint about message from") {
		return Report{}, false
	}
	r := Report{Kind: Feedback, Family: "jmrp", Reporter: "Hotmail"}
	var who []string
	for i := range m.parts {
		if v := partFields(m.parts[i]).get("x-hmxmroriginalrecipient"); v != "" {
			who = addressList(v)
		}
		if h, _ := parseFields(bytes.TrimLeft(m.parts[i].Body, "\r\n")); h.get("x-hmxmroriginalrecipient") != "" {
			who = addressList(h.get("x-hmxmroriginalrecipient"))
		}
	}
	r.complaint("abuse", m.complainedAbout(who), m.subject)
	return r, true
}
