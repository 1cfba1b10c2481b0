package delivery

import "strings"

// words is the text for people of a report, the line that announces the returned
// mail, and what follows of that, where it stands in the same text.
func (m *mail) words() (notice, border, returned string) {
	if !m.worded {
		m.worded = true
		m.noticeText, m.borderLine, m.tail = m.readWords()
	}
	return m.noticeText, m.borderLine, m.tail
}

func (m *mail) readWords() (notice, border, returned string) {
	var text strings.Builder
	page := -1
	for i, p := range m.parts {
		switch {
		case text.Len() >= maxNoticeBytes || p.Disposition == "attachment":
		case p.MediaType == "text/html":
			if page < 0 {
				page = i
			}
		case p.MediaType == "text/plain" || p.MediaType == "text":
			if i > 0 && isReturned(partFields(p)) {
				continue // a returned mail without a header of its own
			}
			text.WriteString(p.Text(maxNoticeBytes - text.Len()))
			text.WriteByte('\n')
		}
	}
	s := text.String()
	if strings.TrimSpace(s) == "" && page >= 0 {
		s = plain(m.parts[page].Text(maxNoticeBytes))
	}
	return cutReturned(s)
}

// splitLines cuts a text into at most maxLines lines.
func splitLines(s string) []string {
	return strings.SplitN(s, "\n", maxLines+1)[:min(maxLines, strings.Count(s, "\n")+1)]
}

// cutReturned finds where the returned mail starts in a text: behind a line that
// says so, or with the first block of header fields.
func cutReturned(s string) (notice, border, returned string) {
	at, tried := 0, 0
	for n := 0; at < len(s) && n < maxLines; n++ {
		line, next := s[at:], len(s)
		if i := strings.IndexByte(line, '\n'); i >= 0 {
			line, next = line[:i], at+i+1
		}
		if separates(line) {
			return s[:at], line, dropUntilHeader(s[next:])
		}
		if at > 0 && tried < maxHeaderTries && startsHeader(line) {
			if tried++; headerBlock(s[at:]) {
				return s[:at], "", unindent(s[at:])
			}
		}
		at = next
	}
	return s, "", ""
}

// separates tells a line that announces the returned mail.
func separates(line string) bool {
	l := strings.ToLower(strings.TrimSpace(line))
	if len(l) < 8 || len(l) > 120 {
		return false
	}
	found := false
	for _, words := range separators {
		if strings.Contains(l, words) {
			found = true
			break
		}
	}
	if !found {
		return false
	}
	last := l[len(l)-1]
	return strings.HasPrefix(l, "--") || strings.HasPrefix(l, "==") || strings.HasPrefix(l, "**") || strings.HasPrefix(l, "__") ||
		last == ':' || strings.Contains(l, "follow") || strings.Contains(l, "below")
}

// separators are words of such lines, lower case.
var separators = []string{
	"original message", "original mail", "copy of the message", "copy of your message", "copy of the original", "unsent message",
	"returned message", "message headers follow", "message header follows", "message headers:", "copy of the mail", "enclosed is a copy",
	"header of the original", "headers of the original", "headers of the message", "the message header", "rejected message", "undelivered message follow",
	"original headers", "original-nachricht", "ursprüngliche nachricht", "ursprüngliche nachrichtenkopf", "message original", "mensaje original",
	"messaggio originale", "intestazioni originali", "mensagem original", "オリジナルメール", "failed message", "non-delivered message", "bounced message", "message text follow",
	"en-têtes de message", "encabezados de mensajes", "oorspronkelijke bericht", "исходное сообщение",
}

// startsHeader tells the first field of a returned mail.
func startsHeader(line string) bool {
	line = strings.TrimLeft(line, " \t>")
	if len(line) > 0 && line[0] == 'F' && strings.HasPrefix(line, "From ") && strings.Contains(line, "@") {
		return true
	}
	name, _, ok := strings.Cut(line, ":")
	if !ok || len(name) > 30 {
		return false
	}
	switch strings.ToLower(name) {
	case "received", "return-path", "dkim-signature", "domainkey-signature", "x-received", "x-envelope-from", "arc-seal", "delivered-to", "x-originating-ip", "x-google-smtp-source", "x-google-dkim-signature":
		return true
	}
	return false
}

// headerBlock tells whether a text starts with a header: two fields that every
// mail has within its first lines.
func headerBlock(s string) bool {
	h, _ := parseFields([]byte(unindent(clipText(s, maxExplanationBytes))))
	n := 0
	for _, name := range []string{"from", "to", "date", "subject", "message-id", "received", "mime-version"} {
		if h.has(name) {
			n++
		}
	}
	return n >= 2
}

// unindent removes the blanks or > before every line of a quoted header.
func unindent(s string) string {
	n := 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t' || s[n] == '>') {
		n++
	}
	if n == 0 {
		return s
	}
	prefix := s[:n]
	return strings.ReplaceAll(s[n:], "\n"+prefix, "\n")
}

// dropUntilHeader skips what stands between the announcement and the header:
// empty lines, rules, "message truncated".
func dropUntilHeader(s string) string {
	for n := 0; n < 12 && s != ""; n++ {
		line, rest, _ := strings.Cut(s, "\n")
		t := strings.TrimSpace(line)
		if i := strings.IndexByte(t, ':'); i > 0 && !strings.ContainsAny(t[:i], " \t") && !strings.HasSuffix(t, ":") {
			return unindent(s)
		}
		s = rest
	}
	return s
}
