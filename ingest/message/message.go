package message

import (
	"bytes"
	"html"
	"io"
	"strings"
)

// Message is what Mailstamp stores of a mail.
type Message struct {
	Header Header
	// Text is what the mail has of plain text, bounded. It is empty when the mail
	// is HTML only: HTMLText makes it when it is asked for.
	Text        string
	HTML        string // as sent: clean it with SanitizeHTML before anybody sees it
	Preview     string // at most PreviewRunes of what the sender wrote, one line
	Attachments []Attachment
	Problems    []string // of header and body
}

// Unreadable says that a mail must be quarantined, and why (FAULTS F34, S06).
type Unreadable struct {
	Reason string // one of the Reason codes
}

func (e *Unreadable) Error() string { return "unreadable message: " + e.Reason }

// Reasons of Unreadable.
const (
	ReasonEmpty        = "empty"
	ReasonNoHeader     = "no_header"
	ReasonTooLarge     = "too_large"
	ReasonHeaderBytes  = "header_too_large"
	ReasonTooDeep      = "too_deep"
	ReasonTooManyParts = "too_many_parts"
)

// Parse reads a whole mail. With an error of type *Unreadable the mail is to be
// quarantined; the message then still holds what was read before the bound.
func Parse(raw []byte, limits Limits) (Message, error) {
	limits = limits.withDefaults()
	h, scan := readHeader(raw)
	m := Message{Header: h}
	p := append(problems(nil), h.Problems...)
	reason := unreadable(raw, scan, limits)
	if reason == "" {
		b := bodies{limits: limits, problems: &p}
		w := walker{raw: raw, limits: limits, problems: &p}
		w.visit = func(part *part) {
			switch {
			case part.isDuplicate():
			case part.isBody():
				b.add(part)
			default:
				n := len(m.Attachments) + 1
				if n > limits.Attachments {
					p.add(ProblemAttachmentCount)
					return
				}
				m.Attachments = append(m.Attachments, part.attachment(n))
			}
		}
		reason = w.walk(h, scan)
		m.Text, m.HTML = b.join()
		m.Preview = preview(m.Text, m.HTML)
	}
	m.Problems = p
	if reason != "" {
		return m, &Unreadable{reason}
	}
	return m, nil
}

// unreadable checks the bounds that can be checked before the body is read.
func unreadable(raw []byte, scan fieldScan, limits Limits) string {
	switch {
	case len(bytes.TrimSpace(raw)) == 0:
		return ReasonEmpty
	case len(raw) > limits.Bytes:
		return ReasonTooLarge
	case scan.end > MaxHeaderBytes:
		return ReasonHeaderBytes
	case scan.seen == 0:
		return ReasonNoHeader
	}
	return ""
}

// body is one decoded text part.
type body struct {
	text  string
	html  bool
	group int // bodies of one group say the same in another form
}

// bodies collects the text parts of a mail within its bounds.
type bodies struct {
	limits           Limits
	problems         *problems
	list             []body
	textLen, htmlLen int
}

func (b *bodies) add(p *part) {
	isHTML := p.media == "text/html"
	used, max, problem := &b.textLen, b.limits.TextBytes, ProblemTextBytes
	if isHTML {
		used, max, problem = &b.htmlLen, b.limits.HTMLBytes, ProblemHTMLBytes
	}
	if len(bytes.TrimSpace(p.body)) == 0 {
		return
	}
	if *used >= max {
		b.problems.add(problem)
		return
	}
	text, cut := p.text(max-*used, b.problems)
	if cut {
		b.problems.add(problem)
	}
	*used += len(text)
	group := p.alternative
	if group == 0 {
		group = -1 - len(b.list) // alone
	}
	b.list = append(b.list, body{text, isHTML, group})
}

// text decodes a part to at most max bytes of clean text.
func (p *part) text(max int, problems *problems) (text string, cut bool) {
	data := p.body
	r, known := transferReader(p.encoding, p.body)
	switch {
	case !known:
		problems.add(ProblemEncoding)
	case p.encoding != "":
		data = make([]byte, min(len(p.body), max+1)) // no encoding makes a body longer
		n, _ := io.ReadFull(r, data)                 // reads from memory: no error but the end
		data = data[:n]
	}
	long := len(data) > max
	if long {
		data = data[:max]
	}
	label := p.params["charset"]
	if label == "" && p.media == "text/html" {
		label = metaCharset(data)
	}
	decoded, ok := decodeBytes(label, data)
	if !ok {
		problems.add(ProblemCharset)
	}
	text, cut = cleanText(decoded, max)
	return text, cut || long
}

// join makes the two forms of the whole mail. Each form has every group once, so
// that what a mailing list appends as plain text is not lost to readers of HTML.
func (b *bodies) join() (text, htmlText string) {
	if len(b.list) == 1 {
		if b.list[0].html {
			return "", b.list[0].text
		}
		return b.list[0].text, ""
	}
	hasText, hasHTML := map[int]bool{}, map[int]bool{}
	for _, part := range b.list {
		if part.html {
			hasHTML[part.group] = true
		} else {
			hasText[part.group] = true
		}
	}
	var plain, rich strings.Builder
	for _, part := range b.list {
		if !part.html || (len(hasText) > 0 && !hasText[part.group]) {
			form := part.text
			if part.html {
				form = HTMLText(form)
			}
			if plain.Len() > 0 {
				plain.WriteByte('\n')
			}
			plain.WriteString(form)
		}
		if part.html {
			rich.WriteString(part.text)
		} else if len(hasHTML) > 0 && !hasHTML[part.group] {
			rich.WriteString("<pre>" + html.EscapeString(part.text) + "</pre>\n")
		}
	}
	return b.bound(plain.String(), b.limits.TextBytes, ProblemTextBytes), b.bound(rich.String(), b.limits.HTMLBytes, ProblemHTMLBytes)
}

func (b *bodies) bound(s string, max int, problem string) string {
	if len(s) > max {
		b.problems.add(problem)
	}
	return truncate(s, max)
}
