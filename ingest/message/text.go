package message

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanLine makes foreign text one safe line: valid UTF-8, blanks and controls
// of any kind folded to single spaces, at most max bytes.
func cleanLine(s string, max int) string {
	if len(s) <= max && isCleanLine(s) {
		return s
	}
	var b strings.Builder
	gap := false
	for _, r := range s {
		if isBlank(r) || unicode.IsControl(r) {
			gap = b.Len() > 0
			continue
		}
		if b.Len()+utf8.RuneLen(r)+1 > max {
			break
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r) // a broken byte arrives here as U+FFFD
	}
	return b.String()
}

// isCleanLine tells whether cleanLine would change nothing, for plain ASCII.
func isCleanLine(s string) bool {
	blank := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c > '~' || (c == ' ' && blank) {
			return false
		}
		blank = c == ' '
	}
	return !blank || s == ""
}

// isBlank covers what ends or separates a line or a word, in any script.
func isBlank(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || (r > 127 && unicode.IsSpace(r)) ||
		r == '\u2028' || r == '\u2029'
}

// cleanText makes valid UTF-8 safe to store: lines ending in \n, no control
// characters but tabs, at most max bytes; cut tells that it was longer.
func cleanText(s string, max int) (text string, cut bool) {
	s = strings.TrimPrefix(s, "\ufeff")
	var b strings.Builder
	start := 0 // of the run that is copied as it is
	for i := 0; i < len(s) && i-start+b.Len() <= max; i++ {
		width, instead := 1, ""
		switch c := s[i]; {
		case c >= ' ' && c != 0x7f && c != 0xc2, c == '\n', c == '\t':
			continue
		case c == 0xc2: // U+0080 to U+009F are controls, too
			if i+1 == len(s) || s[i+1] >= 0xa0 {
				continue
			}
			width = 2
		case c == '\r' && (i+1 == len(s) || s[i+1] != '\n'):
			instead = "\n"
		}
		if b.Cap() == 0 {
			b.Grow(len(s))
		}
		b.WriteString(s[start:i])
		b.WriteString(instead)
		i += width - 1
		start = i + 1
	}
	if b.Cap() > 0 {
		b.WriteString(s[start:])
		s = b.String()
	}
	return truncate(s, max), len(s) > max
}

// truncate cuts valid UTF-8 to at most max bytes without splitting a character.
func truncate(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}

// problems collects stable codes, each once.
type problems []string

func (p *problems) add(code string) {
	for _, have := range *p {
		if have == code {
			return
		}
	}
	*p = append(*p, code)
}

// Codes of Problems. They name a kind of damage and never hold content.
const (
	ProblemHeaderBytes     = "header_too_large"
	ProblemHeaderFields    = "too_many_header_fields"
	ProblemHeaderLine      = "bad_header_line"
	ProblemDuplicateField  = "duplicate_field"
	ProblemAddress         = "bad_address"
	ProblemAddressCount    = "too_many_addresses"
	ProblemReferenceCount  = "too_many_references"
	ProblemMessageID       = "bad_message_id"
	ProblemDate            = "bad_date"
	ProblemNoFrom          = "no_from"
	ProblemCharset         = "unknown_charset"
	ProblemEncoding        = "unknown_transfer_encoding"
	ProblemBoundary        = "missing_boundary"
	ProblemUnclosed        = "unclosed_multipart"
	ProblemTextBytes       = "text_cut"
	ProblemHTMLBytes       = "html_cut"
	ProblemAttachmentCount = "too_many_attachments"
)
