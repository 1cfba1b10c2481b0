package delivery

import (
	"encoding/json"
	"strings"
	"time"
)

// amazonEvent is what Amazon SES tells by way of SNS, in JSON in the text of a mail.
type amazonEvent struct {
	Message          string `json:"Message"` // the event as a string, where SNS wraps it
	NotificationType string `json:"notificationType"`
	EventType        string `json:"eventType"`
	Mail             struct {
		Source        string   `json:"source"`
		MessageID     string   `json:"messageId"`
		Timestamp     string   `json:"timestamp"`
		Destination   []string `json:"destination"`
		CommonHeaders struct {
			From      []string `json:"from"`
			To        []string `json:"to"`
			Subject   string   `json:"subject"`
			MessageID string   `json:"messageId"`
		} `json:"commonHeaders"`
	} `json:"mail"`
	Bounce struct {
		Type         string `json:"bounceType"`
		SubType      string `json:"bounceSubType"`
		ReportingMTA string `json:"reportingMTA"`
		Recipients   []struct {
			Address    string `json:"emailAddress"`
			Action     string `json:"action"`
			Status     string `json:"status"`
			Diagnostic string `json:"diagnosticCode"`
		} `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint struct {
		Type       string `json:"complaintFeedbackType"`
		Recipients []struct {
			Address string `json:"emailAddress"`
		} `json:"complainedRecipients"`
	} `json:"complaint"`
	Delivery struct {
		Recipients   []string `json:"recipients"`
		Response     string   `json:"smtpResponse"`
		ReportingMTA string   `json:"reportingMTA"`
	} `json:"delivery"`
}

// amazonNotification reads a bounce, complaint or delivery of Amazon SES. The mail
// around it breaks the JSON into lines, with a blank at the start of each.
func (m *mail) amazonNotification() (Report, bool) {
	if !strings.Contains(m.from, "amazonaws.com") && !strings.Contains(m.fromName, "amazonses") {
		return Report{}, false
	}
	var text string
	for i := range m.parts {
		if m.parts[i].MediaType == "text/plain" || m.parts[i].MediaType == "application/json" {
			text = m.parts[i].Text(maxJSONBytes)
			break
		}
	}
	start := strings.IndexByte(text, '{')
	if start < 0 || !strings.Contains(text, "mail") || !(strings.Contains(text, "notificationType") || strings.Contains(text, "eventType")) {
		return Report{}, false
	}
	var e amazonEvent
	text = strings.NewReplacer("\n ", "", "\n", "").Replace(text[start:])
	if json.NewDecoder(strings.NewReader(text)).Decode(&e) != nil {
		return Report{}, false
	}
	if e.NotificationType+e.EventType == "" && e.Message != "" {
		if json.Unmarshal([]byte(e.Message), &e) != nil {
			return Report{}, false
		}
	}
	r := Report{Kind: DSN, Family: "amazon_ses"}
	r.Original.Subject = clipText(e.Mail.CommonHeaders.Subject, maxIDBytes)
	r.Original.To = addressList(strings.Join(e.Mail.CommonHeaders.To, ","))
	r.Original.From = canonical(e.Mail.Source)
	r.Original.Date, _ = time.Parse(time.RFC3339, e.Mail.Timestamp)
	r.OriginalMessageID = messageID(e.Mail.CommonHeaders.MessageID)
	r.EnvelopeID = clipText(e.Mail.MessageID, maxIDBytes)
	switch strings.ToLower(or(e.NotificationType, e.EventType)) {
	case "bounce":
		r.Reporter = untyped(e.Bounce.ReportingMTA)
		for _, b := range e.Bounce.Recipients {
			if len(r.Recipients) >= maxRecipients {
				break
			}
			status, _ := statusField(b.Status)
			r.Recipients = append(r.Recipients, Recipient{
				Address: canonical(b.Address), Action: action(b.Action, status), Status: status,
				Diagnostic: untypedDiagnostic(b.Diagnostic), Passage: b.Diagnostic,
			})
		}
		m.explain(&r, e.Bounce.Type+" "+e.Bounce.SubType)
	case "complaint":
		r.Kind = Feedback
		var who []string
		for _, c := range e.Complaint.Recipients {
			who = append(who, canonical(c.Address))
		}
		r.complaint(or(strings.ToLower(e.Complaint.Type), "abuse"), who, "")
	case "delivery":
		r.Reporter = untyped(e.Delivery.ReportingMTA)
		for _, a := range e.Delivery.Recipients {
			if len(r.Recipients) >= maxRecipients {
				break
			}
			rc := Recipient{Address: canonical(a), Action: Delivered, Diagnostic: e.Delivery.Response, Passage: e.Delivery.Response}
			for _, c := range codesIn(e.Delivery.Response) {
				rc.Status, rc.ReplyCode = or(rc.Status, c.enhanced), or(rc.ReplyCode, c.reply)
			}
			r.Recipients = append(r.Recipients, rc)
		}
	default:
		return Report{}, false
	}
	return r, true
}
