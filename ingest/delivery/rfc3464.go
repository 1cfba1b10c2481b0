package delivery

import (
	"strings"

	"github.com/mailstamp/mailstamp/ingest/message"
)

// dsn reads a delivery-status part (RFC 3464; RFC 6533 for international
// addresses), helped by the text for people beside it.
func (m *mail) dsn(p *message.Part, depth int) (Report, bool) {
	body := p.Text(maxReportBytes)
	r := Report{Kind: DSN, Family: "rfc3464"}
	m.statusGroups(&r, body)
	text, _, _ := m.words()
	if len(r.Recipients) == 0 {
		// The part names nobody: what the text or the header names is the best there is.
		if n, ok := m.notice(depth); ok {
			n.Reporter, n.ArrivalDate, n.EnvelopeID = or(r.Reporter, n.Reporter), r.ArrivalDate, or(r.EnvelopeID, n.EnvelopeID)
			return n, true
		}
		for _, a := range m.fallbackRecipients() {
			r.Recipients = append(r.Recipients, Recipient{Address: a, Action: Failed})
		}
		if len(r.Recipients) == 0 && !m.inReport {
			return r, false
		}
	}
	m.nameUnnamed(&r, text)
	m.explain(&r, text)
	return r, true
}

// nameUnnamed fills in the one recipient whose field holds no address, as after a
// rewriting that went wrong, from the text.
func (m *mail) nameUnnamed(r *Report, text string) {
	if len(r.Recipients) != 1 || r.Recipients[0].Address != "" {
		return
	}
	found := m.recipients(&generic, splitLines(text))
	if len(found) == 1 {
		r.Recipients[0].Address = found[0].address
	} else if to := m.fallbackRecipients(); len(found) == 0 && len(to) == 1 {
		r.Recipients[0].Address = to[0]
	}
}

// statusGroups reads the groups of fields: one about the message, then one for
// each recipient. Systems put empty lines into a group or none between two, so a
// group ends where a field comes again that it has already.
func (m *mail) statusGroups(r *Report, body string) {
	rest := []byte(body)
	var group fields
	flush := func() {
		if len(group) > 0 {
			r.addGroup(group)
		}
		group = nil
	}
	for len(rest) > 0 && len(r.Recipients) < maxRecipients {
		var f fields
		before := len(rest)
		f, rest = parseFields(rest)
		if len(rest) == before {
			break
		}
		for _, one := range f {
			if isRecipientField(one.name) && group.has(one.name) && (group.has("final-recipient") || group.has("original-recipient")) {
				flush()
			}
			group = append(group, one)
		}
		if group.has("final-recipient") && (group.has("action") || group.has("status")) {
			// A later empty line may still bring the Diagnostic-Code of this group.
			if next, _ := parseFields(rest); next.has("final-recipient") || next.has("original-recipient") || next.has("action") {
				flush()
			}
		}
	}
	flush()
}

func isRecipientField(name string) bool {
	switch name {
	case "final-recipient", "original-recipient", "action", "status":
		return true
	}
	return false
}

// addGroup takes one group: of the message, of a recipient, or both in one.
func (r *Report) addGroup(g fields) {
	if v := g.get("reporting-mta"); v != "" && r.Reporter == "" {
		r.Reporter = untyped(v)
	}
	if v := g.get("original-envelope-id"); v != "" && r.EnvelopeID == "" {
		r.EnvelopeID = clipText(v, maxIDBytes)
	}
	if v := g.get("arrival-date"); v != "" && r.ArrivalDate.IsZero() {
		r.ArrivalDate = parseDate(v)
	}
	if v := or(g.get("x-original-message-id"), g.get("original-message-id")); v != "" && r.OriginalMessageID == "" {
		r.OriginalMessageID = messageID(v)
	}
	final, original := typed(g.get("final-recipient")), typed(g.get("original-recipient"))
	actual := typed(g.get("x-actual-recipient"))
	if final == "" && original == "" && actual == "" && !g.has("final-recipient") {
		return
	}
	rc := Recipient{Address: or(original, final, actual), Original: original}
	if final != "" && original != "" && final != original {
		rc.Address, rc.Original = final, original
	}
	status, comment := statusField(g.get("status"))
	rc.Status = status
	rc.Diagnostic = untypedDiagnostic(g.get("diagnostic-code"))
	if rc.Diagnostic == "" && comment != "" {
		rc.Diagnostic = comment
	} else if comment != "" {
		rc.Diagnostic += " (" + comment + ")"
	}
	rc.RemoteMTA = clipText(untyped(g.get("remote-mta")), maxAddressBytes)
	rc.Action = action(g.get("action"), status)
	var passage strings.Builder
	for _, f := range g {
		if passage.Len() < maxPassageBytes {
			passage.WriteString(f.name + ": " + f.value + "\n")
		}
	}
	rc.Passage = passage.String()
	for i := range r.Recipients {
		if r.Recipients[i].Address == rc.Address && rc.Address != "" {
			if r.Recipients[i].Diagnostic == "" {
				r.Recipients[i] = rc
			}
			return
		}
	}
	r.Recipients = append(r.Recipients, rc)
}

// untypedDiagnostic cuts "smtp;" off; a text without a type has its own ; inside.
func untypedDiagnostic(v string) string {
	kind, rest, ok := strings.Cut(v, ";")
	if ok && len(kind) < 32 && !strings.ContainsAny(strings.TrimSpace(kind), " <>@") {
		return strings.TrimSpace(rest)
	}
	return v
}

// action reads an Action field; what is missing or invented follows the code.
func action(value, status string) Action {
	word := strings.ToLower(strings.TrimSpace(value))
	if i := strings.IndexAny(word, " ;("); i > 0 {
		word = word[:i]
	}
	switch a := Action(word); a {
	case Failed, Delayed, Delivered, Relayed, Expanded:
		return a
	}
	switch {
	case strings.HasPrefix(word, "deliver"):
		return Delivered
	case strings.HasPrefix(word, "delay"), strings.HasPrefix(word, "deferr"):
		return Delayed
	case word == "" && strings.HasPrefix(status, "2"):
		return Delivered
	case word == "" && strings.HasPrefix(status, "4"):
		return Delayed
	}
	return Failed
}

// explain completes code, class and hardness of every recipient from what was
// said about it: its own field first, then its lines of the text for people, then
// what that text says of all.
func (m *mail) explain(r *Report, text string) {
	lines := splitLines(text)
	lower := splitLines(strings.ToLower(text))
	for i := range r.Recipients {
		rc := &r.Recipients[i]
		if rc.Action != Failed && rc.Action != Delayed {
			if rc.ReplyCode == "" {
				_, rc.ReplyCode = bestCodes("", codesIn(rc.Diagnostic), nil)
			}
			continue
		}
		own := rc.Diagnostic
		told := about(lines, lower, rc.Address, rc.Original, len(r.Recipients) == 1)
		rc.Status, rc.ReplyCode = bestCodes(rc.Status, codesIn(own), codesIn(told))
		if own == "" {
			rc.Diagnostic = told
			if rc.Passage == "" || told != "" {
				rc.Passage += told
			}
		}
		v := judge(evidence{
			status: rc.Status, reply: rc.ReplyCode, action: rc.Action,
			command: commandOf(own, told),
			said:    listen(own), around: []said{m.listen(told), m.listen(clipText(text, maxExplanationBytes))},
		})
		rc.Class, rc.Hard = v.class, v.hard
	}
}

// about is what the text for people says of one recipient: everything when it is
// the only one, else its lines and those that belong to them.
func about(lines, lower []string, address, original string, only bool) string {
	if only {
		return clipText(strings.Join(lines, "\n"), maxExplanationBytes)
	}
	var out strings.Builder
	from := -1
	for i, line := range lines[:min(len(lines), len(lower))] {
		l := lower[i]
		mine := address != "" && strings.Contains(l, address) || original != "" && strings.Contains(l, original)
		switch {
		case mine:
			if from < 0 {
				// An SMTP dialogue stands before the line it explains.
				for j := i - 1; j >= 0 && j >= i-3 && (strings.HasPrefix(lines[j], "<<<") || strings.HasPrefix(lines[j], ">>>")); j-- {
					out.WriteString(lines[j] + "\n")
				}
			}
			from = i
			out.WriteString(line + "\n")
		case from >= 0 && (strings.TrimSpace(line) == "" && i > from+1 || strings.Contains(line, "@") && leadAddress(line) != ""):
			from = -1
		case from >= 0:
			out.WriteString(line + "\n")
		}
		if out.Len() > maxDiagnosticBytes {
			break
		}
	}
	return clipText(out.String(), maxDiagnosticBytes)
}
