package delivery

import "strings"

// A family is the way in which one mail system writes its reports for people. All
// of marks must stand in the text (lower case); shapes are tried in order, the
// first that finds a recipient wins.
type family struct {
	name    string
	marks   []string
	anyone  bool // reports come under names that do not look like a mail system's
	shapes  []shape
	action  Action // Failed when empty
	command string // what failed, where the system does not say otherwise
	own     bool   // it speaks of its own users: "unknown user" is its own knowledge
	local   bool   // so it does where it quotes no reply of another system
	class   Class  // why, where nothing else tells
}

// generic reads reports of systems nobody has named: a mail system as the sender,
// words of failure in subject or text, and a recipient.
var generic = family{
	name:   "generic",
	shapes: []shape{byColon, byLine, byReply, byLabel, byLead, bySentence},
}

// notice reads a report that is text for people only.
func (m *mail) notice(depth int) (Report, bool) {
	if !m.plausible() {
		return Report{}, false
	}
	text, border, _ := m.words()
	lower := strings.ToLower(text)
	f := m.familyOf(lower + "\n" + strings.ToLower(border))
	if f == nil {
		return Report{}, false
	}
	r := Report{Kind: DSN, Family: f.name, Reporter: m.fromDomain()}
	if strings.Contains(lower, "final-recipient:") || strings.Contains(lower, "final-r") && strings.Contains(lower, "action:") {
		m.statusGroups(&r, text) // the fields of RFC 3464 as text
		if len(r.Recipients) > 0 {
			m.explain(&r, text)
			return r, true
		}
	}
	lines := splitLines(text)
	found := m.recipients(f, lines)
	if len(found) == 0 {
		if inner, ok := m.unwrap(depth); ok {
			return inner, true // a mere envelope around the real report
		}
		for _, a := range m.fallbackRecipients() {
			found = append(found, mention{address: a})
		}
	}
	if len(found) == 0 && f == &generic {
		return Report{}, false
	}
	act := f.action
	if act == "" {
		act = Failed
		if delays(lower) || delays(strings.ToLower(m.subject)) {
			act = Delayed
		}
	}
	for _, n := range found {
		r.Recipients = append(r.Recipients, m.judged(f, n, act, text, len(found) == 1))
	}
	return r, true
}

// judged is the evidence about one recipient of a text.
func (m *mail) judged(f *family, n mention, act Action, text string, only bool) Recipient {
	own := clipText(strings.Join(n.said, "\n"), maxDiagnosticBytes)
	told := ""
	if only || own == "" {
		told = clipText(text, maxExplanationBytes)
		if len(codesIn(own)) == 0 {
			// It says nothing in numbers: what follows belongs to it as well.
			lines := splitLines(text)
			own = clipText(strings.Join(lines[min(n.line, len(lines)):], "\n"), maxDiagnosticBytes)
		}
	}
	rc := Recipient{Address: n.address, Action: act, Diagnostic: own, Passage: own}
	rc.Status, rc.ReplyCode = bestCodes("", codesIn(own), codesIn(told))
	if own == "" {
		rc.Diagnostic, rc.Passage = told, told
	}
	command := commandOf(own, told)
	if command == "" {
		command = f.command
	}
	v := judge(evidence{
		status: rc.Status, reply: rc.ReplyCode, action: act, command: command, own: f.own || f.local && rc.ReplyCode == "",
		said: listen(own), around: []said{m.listen(told), m.listen(clipText(text, maxExplanationBytes)), m.listen(m.subject)},
	})
	rc.Class, rc.Hard = v.class, v.hard
	if rc.Class == Other && f.class != "" {
		rc.Class = f.class
	}
	return rc
}

// plausible keeps ordinary mail away from the grammars at little cost.
func (m *mail) plausible() bool {
	return m.machine || m.inReport || len(m.raw) < maxNoticeBytes && !m.answers()
}

// familyOf is the first family whose marks the text bears.
func (m *mail) familyOf(lower string) *family {
	head := clipText(lower, maxNoticeBytes)
	for i := range families {
		f := &families[i]
		if !m.machine && !m.inReport && (!f.anyone || m.answers()) {
			continue
		}
		all := true
		for _, mark := range f.marks {
			if !strings.Contains(head, mark) {
				all = false
				break
			}
		}
		if all {
			return f
		}
	}
	if !m.machine && !m.inReport {
		return nil
	}
	subject := strings.ToLower(m.subject)
	for _, words := range failureWords {
		if strings.Contains(subject, words) || strings.Contains(clipText(head, maxExplanationBytes), words) {
			return &generic
		}
	}
	return nil
}

// answers tells a mail that belongs to a conversation.
func (m *mail) answers() bool {
	return m.header.has("in-reply-to") || m.header.has("references") || hasPrefixAny(strings.ToLower(m.subject), "re:", "fw:", "fwd:", "aw:", "wg:", "tr:", "rv:")
}

// recipients finds whom a text is about: by the family's shapes, and whom the
// header names besides. The person who gets the report is none of them unless
// nobody else is.
func (m *mail) recipients(f *family, lines []string) []mention {
	named := addressList(m.header.get("x-failed-recipients"))
	var found, self []mention
	shapes := f.shapes
	if shapes == nil {
		shapes = generic.shapes
	}
	for _, s := range shapes {
		found, self = m.others(s(lines))
		if len(found) > 0 {
			break
		}
	}
	if len(found) == 0 && len(named) == 0 && len(self) > 0 {
		return self
	}
	for _, a := range named {
		known := false
		for _, n := range found {
			known = known || n.address == a
		}
		// The header and the text may differ by an alias: one each is the same one.
		if !known && !(len(found) == 1 && len(named) == 1) && len(found) < maxRecipients {
			found = append(found, mention{address: a})
		}
	}
	return found
}

// contactNames are whom to ask, in the texts of reports, rather than who failed.
var contactNames = map[string]bool{"postmaster": true, "mailer-daemon": true, "abuse": true, "support": true, "helpdesk": true, "hostmaster": true}

// others parts the recipients from the addressee and the sender of the report, and
// from those to be asked about it.
func (m *mail) others(all []mention) (found, self []mention) {
	for _, n := range all {
		local, _, _ := strings.Cut(n.address, "@")
		own := n.address == m.from || contactNames[local]
		for _, a := range m.to {
			own = own || n.address == a
		}
		if own {
			self = append(self, n)
		} else {
			found = append(found, n)
		}
	}
	return found, self
}

// fallbackRecipients are the recipients where the text names none: those of the
// header, else the one the returned mail went to.
func (m *mail) fallbackRecipients() []string {
	if named := addressList(m.header.get("x-failed-recipients")); len(named) > 0 {
		return named
	}
	if h, ok := m.returnedHeader(); ok {
		if to := addressList(or(h.get("x-envelope-to"), h.get("to"))); len(to) > 0 {
			return to
		}
	}
	return nil
}

func (m *mail) fromDomain() string {
	if i := strings.LastIndexByte(m.from, '@'); i >= 0 {
		return m.from[i+1:]
	}
	return ""
}

// delays tells a warning that trying goes on.
func delays(lower string) bool {
	for _, words := range delayWords {
		if strings.Contains(lower, words) {
			return true
		}
	}
	return false
}

var delayWords = []string{
	"has been delayed", "not yet been delivered", "this is a warning message only", "warning: message still undelivered", "delivery status notification (delay)",
	"you do not need to resend your message", "will be retried for", "will keep trying until", "message will be retried", "is delayed for more than", "delivery delayed", "still being retried",
	"could not send message for", "warning: could not send",
}

// failureWords are what subjects and texts of reports say, lower case.
var failureWords = []string{
	"undeliver", "delivery fail", "delivery has failed", "delivery failure", "failure notice", "failure delivery", "failed delivery", "delivery status notif", "delivery notification", "delivery error", "delivery report",
	"mail delivery failed", "message delivery has failed", "returned mail", "mail system error", "mail error", "non remis", "could not be delivered", "couldn't be delivered", "can not be delivered", "cannot be delivered",
	"could not deliver", "unable to deliver", "was not delivered", "wasn't delivered", "not delivered", "failed permanently", "permanent error", "permanent fatal error", "delivery to the following", "did not reach",
	"delivery delayed", "has been delayed", "error sending your mail", "message status - ", "mail could not", "returning message to sender", "undelivered", "no entregado", "zustellung", "unzustellbar", "fehlgeschlagen", "échec",
	"non è stato possibile", "mancato recapito", "recapito non", "niet afgeleverd", "onbestelbaar", "недостав", "не доставлено", "não entreg", "no se pudo entregar", "no se ha podido entregar", "送信でき", "配信でき", "配信不能", "退信", "无法投递", "投递失败", "전송 실패",
	"message not delivered", "address not found", "delivery problem", "delivery errors", "had trouble delivering", "delivery incomplete", "rejected your message", "message blocked", "mail rejected", "returned to sender",
}
