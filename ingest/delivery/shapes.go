package delivery

import "strings"

// mention is a recipient found in a text, and the lines about it.
type mention struct {
	address string
	line    int
	said    []string
}

// A shape finds recipients in the lines of a text, in one of the ways in which
// mail systems write them.
type shape func(lines []string) []mention

// byColon: "<a@b>:" or "a@b: text" or "\"a@b\":", and the lines below up to an empty
// one or the next recipient.
func byColon(lines []string) []mention {
	return collect(lines, func(line string) (string, string) {
		t := strings.TrimSpace(line)
		a, rest := cutAddress(t)
		if a == "" {
			return "", ""
		}
		rest = strings.TrimLeft(rest, " ")
		if !strings.HasPrefix(rest, ":") {
			return "", ""
		}
		return a, strings.TrimSpace(rest[1:])
	}, false)
}

// byLine: the address alone on its line, bullets and brackets aside, and the lines
// below, which are indented deeper where the system indents.
func byLine(lines []string) []mention {
	indent := -1
	return collect(lines, func(line string) (string, string) {
		t := strings.TrimLeft(line, " \t")
		in := len(line) - len(t)
		if indent >= 0 && in > indent+2 {
			return "", ""
		}
		t = strings.TrimLeft(t, "*->•·| \t")
		a, rest := cutAddress(t)
		if a == "" {
			return "", ""
		}
		rest = strings.Trim(rest, " \t.,;:*-")
		if strings.HasPrefix(rest, "<mailto:") || strings.HasPrefix(rest, "(") && strings.HasSuffix(rest, ")") || rest == "" ||
			strings.HasPrefix(rest, "<") && strings.HasSuffix(rest, ">") && strings.Contains(rest, "@") {
			indent = in
			return a, strings.Trim(rest, "()")
		}
		return "", ""
	}, true)
}

// byLead: a line that starts with the address and goes on with what happened.
func byLead(lines []string) []mention {
	return collect(lines, func(line string) (string, string) {
		t := strings.TrimLeft(strings.TrimSpace(line), "*->•|")
		a, rest := cutAddress(strings.TrimSpace(t))
		if a == "" || strings.TrimSpace(rest) == "" || strings.HasPrefix(rest, "@") {
			return "", ""
		}
		return a, strings.TrimSpace(rest)
	}, false)
}

// byReply: the lines of an SMTP transcript: "550 5.1.1 <a@b>... User unknown".
func byReply(lines []string) []mention {
	var out []mention
	start := 0
	for i, line := range lines {
		t := strings.TrimSpace(line)
		if len(t) < 8 || !replyAt(t, 0) || t[0] == '2' {
			continue
		}
		rest := strings.TrimLeft(t[3:], " -")
		if n := enhancedAt(rest, 0); n > 0 && len(rest) >= 5 {
			rest = strings.TrimLeft(rest[n:], " ")
		}
		a, after := cutAddress(rest)
		if a == "" || !strings.HasPrefix(strings.TrimLeft(after, " "), "...") && !strings.HasPrefix(rest, "<") {
			continue
		}
		for j := i; j > start; j-- {
			if hasPrefixAny(trimLower(lines[j]), "while talking to", "... while talking to") {
				start = j
			}
		}
		out = append(out, mention{address: a, line: i, said: lines[start : i+1]})
		start = i + 1
	}
	return merge(out)
}

// byLabel: "Recipient: a@b", "RCPT TO:<a@b>", "Unknown user: a@b".
func byLabel(lines []string) []mention {
	return collect(lines, func(line string) (string, string) {
		l := strings.ToLower(line)
		if len(l) != len(line) || strings.Contains(l, "original address") {
			return "", ""
		}
		for _, label := range labels {
			i := strings.Index(l, label)
			if i < 0 {
				continue
			}
			t := strings.TrimLeft(line[i+len(label):], " \t:=[\"'")
			if a, rest := cutAddress(t); a != "" {
				return a, strings.TrimSpace(line[:i] + " " + rest)
			}
		}
		return "", ""
	}, false)
}

// labels stand before a recipient, lower case.
var labels = []string{
	"final-recipient: rfc822;", "recipient address:", "recipient:", "recipients:", "recipient(s):", "rcpt to:", "addressed to:", "delivery userid:", "unknown user:", "user unknown:",
	"mailbox full:", "allowed size:", "attempts:", "undeliverable to", "not delivered to:", "deliver to:", "failed address:", "failed recipient:", "deliver message to:", "delivered to:", "errors:",
	"destinataire :", "destinataire:", "empfänger:", "destinatario:", "address:", "envelope-to:", "email address:", "intended recipient:", "your message to:", "host:",
}

// bySentence: an address in a sentence that says that it was not reached.
func bySentence(lines []string) []mention {
	return collect(lines, func(line string) (string, string) {
		l := strings.ToLower(line)
		for _, words := range sentences {
			i := strings.Index(l, words)
			if i < 0 || len(l) != len(line) {
				continue
			}
			rest := line[i+len(words):]
			if a := leadAddress(rest); a != "" {
				return a, line
			}
		}
		return "", ""
	}, false)
}

// sentences name a recipient soon after, lower case.
var sentences = []string{
	"deliver message to", "deliver your message to", "delivering your mail to", "delivering your message to", "delivered to", "delivery to", "deliver to", "delivery for", "sending to",
	"send to", "sent to", "message to", "mail to", "mail for", "message for", "rejected for", "failed for", "failed:", "failed to reach", "not reach", "permanent errors", "addressed to",
	"could not be found", "does not exist", "unknown user", "message-id in", "following address", "to the address", "to address", "recipient", "user",
}

// leadAddress is the first address of a text within its first words.
func leadAddress(s string) string {
	if len(s) > 300 {
		s = s[:300]
	}
	at := strings.IndexByte(s, '@')
	if at < 0 {
		return ""
	}
	i := at
	for i > 0 && addressByte(s[i-1]) {
		i--
	}
	a, _ := cutAddress(s[i:])
	return a
}

// addressByte tells the bytes an address is written with outside of quotes.
func addressByte(c byte) bool {
	return c >= '0' && c <= '9' || letter(c) || c >= 0x80 || strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) >= 0
}

// cutAddress reads an address at the start of a text: bare, in <> or in quotes.
func cutAddress(s string) (address, rest string) {
	if s == "" {
		return "", s
	}
	closing := byte(0)
	switch s[0] {
	case '<':
		closing = '>'
	case '"':
		closing = '"'
	case '\'':
		closing = '\''
	case '[':
		closing = ']'
	}
	if closing != 0 {
		j := strings.IndexByte(s[1:], closing)
		if j < 0 || j > maxAddressBytes+8 {
			return "", s
		}
		inner := s[1 : 1+j]
		inner = strings.TrimPrefix(strings.TrimPrefix(inner, "mailto:"), "rfc822;")
		if strings.ContainsAny(inner, " \t") {
			return "", s
		}
		return canonical(inner), s[j+2:]
	}
	i := 0
	at := -1
	for i < len(s) && (addressByte(s[i]) || s[i] == '@') {
		if s[i] == '@' {
			if at >= 0 {
				break
			}
			at = i
		}
		i++
	}
	if at <= 0 || at == i-1 {
		return "", s
	}
	raw := strings.TrimRight(s[:i], ".-'`_=/!?*")
	return canonical(raw), s[len(raw):]
}

// collect applies a shape to every line: find gives the address a line names and
// what else it says. The lines below belong to it: the next paragraph at least
// where its own line says nothing, to the next empty line otherwise.
func collect(lines []string, find func(string) (string, string), paragraphs bool) []mention {
	var out []mention
	current := -1
	said := false
	for i, line := range lines {
		if a, rest := find(line); a != "" && len(out) < maxRecipients*2 {
			out = append(out, mention{address: a, line: i})
			current = len(out) - 1
			said = rest != ""
			if said {
				out[current].said = append(out[current].said, rest)
			}
			continue
		}
		if current < 0 {
			continue
		}
		t := strings.TrimSpace(line)
		if t == "" {
			if said && !paragraphs {
				current = -1
			}
			continue
		}
		said = true
		if len(out[current].said) < 40 {
			out[current].said = append(out[current].said, t)
		}
	}
	return merge(out)
}

// merge joins the mentions of one address; later ones add nothing that was said.
func merge(in []mention) []mention {
	at := map[string]int{}
	out := in[:0]
	for _, n := range in {
		if i, ok := at[n.address]; ok {
			if len(out[i].said) == 0 {
				out[i].said = n.said
			} else if len(out[i].said) < 40 && !contains(out[i].said, n.said) {
				out[i].said = append(out[i].said[:len(out[i].said):len(out[i].said)], n.said...)
			}
			continue
		}
		if len(out) >= maxRecipients {
			continue
		}
		at[n.address] = len(out)
		out = append(out, n)
	}
	return out
}

func contains(all, some []string) bool {
	if len(some) == 0 {
		return true
	}
	for _, s := range all {
		if s == some[0] {
			return true
		}
	}
	return false
}
