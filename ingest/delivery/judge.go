package delivery

import "strings"

// evidence is what the classifier weighs for one recipient.
type evidence struct {
	status  string
	reply   string
	action  Action
	command string // the SMTP command that was refused, "" when not known
	own     bool   // the reporting system speaks of its own users
	said    said   // of this recipient
	around  []said // about it, of all; nearest first
}

// said is what phrases a text holds.
type said struct {
	hits        hits
	hostMissing bool
}

func listen(text string) said {
	n := normal(text)
	return said{hits: phrases.find(n), hostMissing: hostMissing(n)}
}

type verdict struct {
	class Class
	hard  bool
}

// judge finds class and hardness: telling phrases of the nearest text first, then
// the enhanced code, then weaker phrases, then farther texts, then the reply code.
func judge(e evidence) verdict {
	return e.harden(e.weigh())
}

func (e evidence) weigh() Class {
	if c, ok := e.match(e.said, strongRules); ok {
		return c
	}
	if c, ok := e.byCode(); ok {
		return c
	}
	if c, ok := replyClasses[e.reply]; ok {
		return c
	}
	if c, ok := e.match(e.said, weakRules); ok {
		return c
	}
	for _, far := range e.around {
		if c, ok := e.match(far, farRules); ok {
			return c
		}
	}
	if c, ok := e.byReply(); ok {
		return c
	}
	if e.action == Delayed || expired(e.status) {
		return Unreachable
	}
	if len(e.around) > 0 {
		if c, ok := e.match(e.around[0], weakRules); ok {
			return c
		}
	}
	return Other
}

// match is the class of the first rule of which a phrase was said.
func (e evidence) match(s said, rules []rule) (Class, bool) {
	for i := range rules {
		r := &rules[i]
		if r.code != "" && !strings.HasPrefix(e.status, r.code) {
			continue
		}
		if s.hits.has(r.list) || r.sense == saidOfHost && s.hostMissing {
			return e.settle(r), true
		}
	}
	return "", false
}

// hostMissing finds "mail.example.com does not exist".
func hostMissing(text string) bool {
	i := strings.Index(text, " does not exist")
	if i <= 0 {
		return false
	}
	word := text[strings.LastIndexByte(text[:i], ' ')+1 : i]
	dot := strings.LastIndexByte(word, '.')
	return dot > 0 && dot < len(word)-2 && letter(word[dot+1])
}

// settle turns a rule into a class where the phrase alone does not decide.
func (e evidence) settle(r *rule) Class {
	if e.beforeRecipient() && r.class == UnknownUser {
		return Policy
	}
	switch r.sense {
	case saidOfUser:
		if e.userProven() {
			return UnknownUser
		}
		return Policy
	case saidOfHost:
		if e.beforeRecipient() {
			return Policy
		}
		// A name server's "no" under a temporary code is its failure.
		if strings.HasPrefix(e.status, "4") && e.action == Failed && r.class == HostUnknown {
			return Unreachable
		}
	}
	return r.class
}

// beforeRecipient tells a refusal before any recipient was named: what is unknown
// or invalid there is the sender, or the sender's host.
func (e evidence) beforeRecipient() bool {
	switch e.command {
	case "CONN", "EHLO", "STARTTLS", "AUTH", "MAIL":
		return true
	}
	return false
}

// userProven: that a user is unknown counts when it answers the question for the
// user (RCPT), when an enhanced code says so, or when the system speaks of its own
// users. After the content it is how filters answer.
func (e evidence) userProven() bool {
	switch {
	case e.own:
		return true
	case e.command == "RCPT", e.command == "VRFY":
		return true
	case strings.HasPrefix(e.status, "5.1."), strings.HasPrefix(e.status, "4.1."), e.status == "5.2.1":
		return true
	}
	return false
}

// harden: only what names a user or host that is not there is hard, and only once
// the system has given up.
func (e evidence) harden(c Class) verdict {
	hard := false
	switch c {
	case UnknownUser:
		hard = e.action == Failed
	case HostUnknown:
		hard = e.action == Failed && !strings.HasPrefix(e.status, "4")
	}
	return verdict{class: c, hard: hard}
}

// byCode reads an enhanced code (RFC 3463 and the registry RFC 5248 founded).
func (e evidence) byCode() (Class, bool) {
	if !specific(e.status) {
		return "", false
	}
	if e.beforeRecipient() && strings.HasPrefix(e.status, "5.1.") {
		return Policy, true
	}
	if c, ok := codeClasses[e.status]; ok {
		return c, c != ""
	}
	_, rest, _ := strings.Cut(e.status, ".")
	if c, ok := codeClasses["x."+rest]; ok {
		return c, c != ""
	}
	subject, _, _ := strings.Cut(rest, ".")
	c, ok := codeClasses["x."+subject]
	return c, ok
}

// codeClasses maps codes: whole ones, then without their class, then the subject.
var codeClasses = map[string]Class{
	"x.1.0": UnknownUser, "x.1.1": UnknownUser, "x.1.2": HostUnknown, "x.1.3": UnknownUser, "x.1.4": Policy, "x.1.5": UnknownUser, "x.1.6": UnknownUser,
	"x.1.7": Policy, "x.1.8": Policy, "x.1.10": HostUnknown, "x.1.20": Policy, "x.1.90": RateLimited,
	"4.1.8": Policy, "4.1.2": Unreachable,

	"x.2.0": Policy, "x.2.1": MailboxDisabled, "x.2.2": MailboxFull, "x.2.3": TooLarge, "x.2.4": System,
	"x.2.121": RateLimited, "x.2.122": RateLimited, // Exchange Online, as x.1.20 and x.1.90

	"x.3": System, "x.3.1": System, "5.3.2": HostUnknown, "x.3.4": TooLarge,

	"x.4": Unreachable, "x.4.3": System, "5.4.4": HostUnknown, "5.4.5": System, "4.4.5": System, "5.4.310": HostUnknown, "x.4.8": Policy,

	"x.5": System, "x.5.3": RateLimited, "x.5.0": "",

	"x.6": Policy, "5.6.7": Policy,

	"x.7": Policy, "5.7.13": MailboxDisabled, "5.7.27": HostUnknown,
}

// replyClasses are reply codes with one meaning: RFC 7504's, and those that only one
// service gives (542: MessageLabs, not among the registered addresses).
var replyClasses = map[string]Class{"525": MailboxDisabled, "542": UnknownUser, "556": HostUnknown, "521": HostUnknown}

// byReply reads an SMTP reply code, which says little by itself.
func (e evidence) byReply() (Class, bool) {
	switch e.reply {
	case "550":
		if e.command == "RCPT" && (e.status == "" || !specific(e.status)) {
			return UnknownUser, true
		}
		return Policy, true
	case "551":
		return UnknownUser, true
	case "552":
		return MailboxFull, true
	case "553", "554", "571":
		return Policy, true
	case "421":
		return Unreachable, true
	case "450", "451", "452", "500", "501", "502", "503", "504", "555":
		return System, true
	}
	return "", false
}

// normal is a text as phrases are looked for in it: lower case, one blank between
// words, without addresses, links and the codes that long replies repeat.
func normal(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ReplaceAll(s, "delivery temporarily suspended", "") // Postfix means its queue
	var out strings.Builder
	for word := range strings.FieldsSeq(strings.ToLower(clipText(s, maxExplanationBytes))) {
		if strings.Contains(word, "@") || strings.Contains(word, "://") {
			// A sentence may go on without a blank: "<a@b>:user unknown".
			i := strings.LastIndexAny(word, ">:")
			if i < 0 || strings.Contains(word, "://") {
				continue
			}
			word = word[i+1:]
		}
		if isCode(word) || word == "" {
			continue
		}
		out.WriteString(word)
		out.WriteByte(' ')
	}
	return out.String()
}

// isCode tells "550", "550-5.1.1", "5.7.1", "#5.1.1".
func isCode(w string) bool {
	if len(w) > 14 || len(w) < 3 {
		return false
	}
	for i := 0; i < len(w); i++ {
		if c := w[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '#' {
			return false
		}
	}
	return true
}

// commandOf finds the SMTP command that was refused, by the words of those who
// report it. The recipient's own words come first.
func commandOf(texts ...string) string {
	for _, t := range texts {
		if t == "" {
			continue
		}
		l := strings.Join(strings.Fields(strings.ToLower(t)), " ")
		for _, c := range commandWords {
			if strings.Contains(l, c.words) {
				return c.command
			}
		}
		if c := dialogueCommand(t); c != "" {
			return c
		}
	}
	for _, t := range texts {
		if answersRCPT(strings.Join(strings.Fields(strings.ToLower(t)), " ")) {
			return "RCPT"
		}
	}
	return ""
}

// answersRCPT: a refusal that starts with the recipient, "550 <a@b>: User unknown",
// is how servers answer RCPT; after the content they cannot name one.
func answersRCPT(l string) bool {
	i := strings.Index(l, ">: ")
	if i < 0 {
		return false
	}
	rest := l[i+3:]
	return hasPrefixAny(rest, "user unknown", "unknown user", "recipient address rejected", "no such user", "recipient unknown", "user not found", "recipient not found", "does not exist")
}

// dialogueCommand is the last command (>>>) before the first refusal (<<<).
func dialogueCommand(t string) string {
	command := ""
	for line := range strings.Lines(t) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, ">>> "):
			command, _, _ = strings.Cut(strings.ToUpper(line[4:]), " ")
			command = strings.TrimRight(command, ":")
		case strings.HasPrefix(line, "<<< 4"), strings.HasPrefix(line, "<<< 5"):
			if command != "" {
				return command
			}
		}
	}
	return ""
}

var commandWords = []struct{ words, command string }{
	{"in reply to rcpt to", "RCPT"}, {"in reply to mail from", "MAIL"}, {"in reply to end of data", "DATA"}, {"in reply to data", "DATA"},
	{"in reply to helo", "EHLO"}, {"in reply to ehlo", "EHLO"}, {"in reply to starttls", "STARTTLS"}, {"in reply to auth", "AUTH"},
	{"after rcpt to", "RCPT"}, {"after mail from", "MAIL"}, {"after end of data", "DATA"}, {"after data", "DATA"}, {"after pipelined end of data", "DATA"},
	{"after pipelined rcpt to", "RCPT"}, {"after pipelined mail from", "MAIL"}, {"after initial connection", "CONN"}, {"after ehlo", "EHLO"}, {"after helo", "EHLO"}, {"after starttls", "STARTTLS"},
	{"after rcpt command", "RCPT"}, {"after mail command", "MAIL"}, {"after data command", "DATA"}, {"response to rcpt", "RCPT"}, {"response to data", "DATA"}, {"response to mail", "MAIL"},
	{"[rcpt_to]", "RCPT"}, {"[mail_from]", "MAIL"}, {"[data]", "DATA"}, {"rcpt to response", "RCPT"}, {"mail from response", "MAIL"}, {"data response", "DATA"},
	{"did not like our rcpt to", "RCPT"}, {"did not like our mail from", "MAIL"}, {"did not like our final data", "DATA"}, {"did not like our data", "DATA"},
	{"does not like recipient", "RCPT"}, {"failed after i sent the message", "DATA"}, {"failed on data command", "DATA"}, {"but sender was rejected", "MAIL"}, {"but greeting failed", "CONN"}, {"but my name was rejected", "EHLO"},
	{"smtp:rcpt", "RCPT"}, {"smtp:mail", "MAIL"}, {"smtp:data", "DATA"}, {"smtp command data", "DATA"}, {"smtp command rcpt", "RCPT"}, {"smtp command mail", "MAIL"},
	{"smtp command ---- data", "DATA"}, {"rejected the recipient", "RCPT"}, {"(state 13)", "RCPT"}, {"(state 14)", "RCPT"}, {"(state 15)", "DATA"}, {"(state 17)", "DATA"}, {"(state 18)", "DATA"},
	{"sent >>> rcpt", "RCPT"}, {"sent >>> data", "DATA"}, {"sent >>> mail", "MAIL"}, {"message (data)", "DATA"}, {"recipient (rcpt", "RCPT"},
}
