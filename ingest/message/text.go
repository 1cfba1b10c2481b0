package message

import (
	"bytes"
	"encoding/binary"
	"math/bits"
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
	b.Grow(min(len(s), max))
	gap := false
	for i, r := range s {
		if c := s[i]; c > ' ' && c <= '~' && b.Len()+2 <= max { // most of it
			if gap {
				b.WriteByte(' ')
				gap = false
			}
			b.WriteByte(c)
			continue
		}
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
func cleanText(b []byte, max int) (text string, cut bool) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	var out strings.Builder
	out.Grow(len(b))
	start := 0 // of the run that is copied as it is
	for i := 0; i < len(b) && i-start+out.Len() <= max; i++ {
		i += cleanRun(b[i:])
		if i == len(b) {
			break
		}
		width, instead := 1, ""
		switch c := b[i]; {
		case c == '\n', c == '\t':
			continue
		case c == 0xc2: // U+0080 to U+009F are controls, too
			if i+1 == len(b) || b[i+1] >= 0xa0 {
				continue
			}
			width = 2
		case c == '\r' && (i+1 == len(b) || b[i+1] != '\n'):
			instead = "\n"
		}
		out.Write(b[start:i])
		out.WriteString(instead)
		i += width - 1
		start = i + 1
	}
	out.Write(b[start:])
	text = out.String()
	return truncate(text, max), len(text) > max
}

// cleanRun counts the leading bytes that are no controls and begin none, eight at a
// time: all text that is stored goes through it. The high bit of a byte is set in found
// where it is below a blank, DEL or 0xc2; behind the first such byte it may be so for others.
func cleanRun(b []byte) int {
	const ones, high = 0x01_01_01_01_01_01_01_01, 0x80_80_80_80_80_80_80_80
	n := 0
	for ; n+8 <= len(b); n += 8 {
		x := binary.LittleEndian.Uint64(b[n:])
		del, c2 := x^0x7f*ones, x^0xc2*ones
		if found := ((x-' '*ones)&^x | (del-ones)&^del | (c2-ones)&^c2) & high; found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for n < len(b) && b[n] >= ' ' && b[n] != 0x7f && b[n] != 0xc2 {
		n++
	}
	return n
}

// trimBlanks takes blanks off the end of a line, and line ends with ends. It is
// bytes.TrimRight without the set of characters that that one makes for each line.
func trimBlanks(line []byte, ends bool) []byte {
	n := len(line)
	for n > 0 && (line[n-1] == ' ' || line[n-1] == '\t' || ends && (line[n-1] == '\r' || line[n-1] == '\n')) {
		n--
	}
	return line[:n]
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
