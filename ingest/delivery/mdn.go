package delivery

import (
	"strings"

	"github.com/mailstamp/mailstamp/ingest/message"
)

// mdn reads a disposition notification (RFC 8098; RFC 6533 for international
// addresses).
func (m *mail) mdn(p *message.Part) Report {
	body := p.Text(maxReportBytes)
	g, _ := parseFields([]byte(strings.TrimLeft(body, "\n")))
	r := Report{Kind: MDN, Family: "rfc8098", Reporter: g.get("reporting-ua"), OriginalMessageID: messageID(g.get("original-message-id"))}
	rc := Recipient{
		Address:  or(typed(g.get("final-recipient")), typed(g.get("original-recipient")), m.from),
		Original: typed(g.get("original-recipient")),
		Passage:  body,
	}
	rc.Action, rc.Automatic = disposition(g.get("disposition"))
	if rc.Action == Failed {
		rc.Class = Other
		rc.Diagnostic = or(g.get("failure"), g.get("error"))
	}
	r.Recipients = []Recipient{rc}
	if g.get("disposition") == "" {
		r.Problems = append(r.Problems, "no_disposition")
	}
	return r
}

// disposition reads "manual-action/MDN-sent-manually; displayed/error" (RFC 8098,
// 3.2.6). Automatic: no person chose to send it or to act.
func disposition(value string) (Action, bool) {
	mode, kind, ok := strings.Cut(strings.ToLower(value), ";")
	if !ok {
		mode, kind = "", mode
	}
	automatic := strings.Contains(mode, "automatic-action") || strings.Contains(mode, "sent-automatically")
	kind, modifier, _ := strings.Cut(strings.TrimSpace(kind), "/")
	switch strings.TrimSpace(kind) {
	case "displayed", "read":
		return Displayed, automatic
	case "deleted":
		if strings.Contains(modifier, "displayed") {
			return Displayed, automatic
		}
		return Deleted, automatic
	case "denied":
		return Denied, automatic
	case "failed":
		return Failed, automatic
	}
	return Processed, automatic
}
