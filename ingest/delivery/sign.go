package delivery

import (
	"strings"

	"github.com/mailstamp/mailstamp/ingest/message"
)

// Sign is how much a mail looks like a report by its header alone.
type Sign int

// The signs, weakest first.
const (
	NoSign Sign = iota
	// Worded: the subject has words of a report, and nothing else speaks for it.
	Worded
	// Formal: a report by its media type, its envelope, or its sender's name.
	Formal
)

// SignOf tells whether the body of a mail is worth reading for a report. It finds
// more than there is; Read decides. An automatic answer alone is no sign: it proves
// nothing of a delivery.
func SignOf(h message.Header) Sign {
	if h.ContentType == "multipart/report" || h.NullReturnPath || len(h.XFailedRecipients) > 0 {
		return Formal
	}
	for _, a := range h.From {
		who := strings.ToLower(a.Name + " <" + a.Address + ">")
		for _, word := range machineNames {
			if strings.Contains(who, word) {
				return Formal
			}
		}
	}
	subject := strings.ToLower(h.Subject)
	for _, words := range signSubjects {
		if strings.Contains(subject, words) {
			return Worded
		}
	}
	for _, words := range failureWords {
		if strings.Contains(subject, words) {
			return Worded
		}
	}
	return NoSign
}

// signSubjects are subjects of reports that come under names of no mail system.
var signSubjects = []string{"complaint about message from", "abuse report", "feedback report", "delay"}

// Automatic tells an automatic answer (RFC 3834) by its header, and by the subject of
// programs that say so nowhere else.
func Automatic(h message.Header) bool {
	if h.AutoReply {
		return true
	}
	if h.ListID != "" || h.AutoSubmitted != "" || len(h.InReplyTo)+len(h.References) == 0 && !h.NullReturnPath {
		return false
	}
	m := mail{subject: h.Subject}
	return m.vacationSubject()
}
