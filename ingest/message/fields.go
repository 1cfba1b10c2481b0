package message

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// field is one header field as it stands in the mail: value still folded.
type field struct {
	name  fieldName
	value []byte
}

type fieldName uint8

const (
	fieldOther fieldName = iota
	fieldMessageID
	fieldInReplyTo
	fieldReferences
	fieldDate
	fieldFrom
	fieldSender
	fieldReplyTo
	fieldTo
	fieldCc
	fieldBcc
	fieldSubject
	fieldContentType
	fieldEncoding
	fieldDisposition
	fieldContentID
	fieldAutoSubmitted
	fieldAutoReply
	fieldPrecedence
	fieldListID
	fieldReturnPath
	fieldFailedRecipients
)

var fieldNames = map[string]fieldName{
	"message-id": fieldMessageID, "in-reply-to": fieldInReplyTo, "references": fieldReferences, "date": fieldDate,
	"from": fieldFrom, "sender": fieldSender, "reply-to": fieldReplyTo, "to": fieldTo, "cc": fieldCc, "bcc": fieldBcc,
	"subject": fieldSubject, "content-type": fieldContentType, "content-transfer-encoding": fieldEncoding,
	"content-disposition": fieldDisposition, "content-id": fieldContentID, "auto-submitted": fieldAutoSubmitted,
	"x-autoreply": fieldAutoReply, "x-autorespond": fieldAutoReply, "x-auto-reply": fieldAutoReply,
	"precedence": fieldPrecedence, "list-id": fieldListID, "return-path": fieldReturnPath,
	"x-failed-recipients": fieldFailedRecipients,
}

// longestFieldName is the length of the longest key of fieldNames, and more.
const longestFieldName = 32

// fieldScan reads header fields off the front of raw. It is the one reader of
// headers, of mails and of MIME parts.
type fieldScan struct {
	raw  []byte
	part bool // a MIME part: a first line that is no field means that there is no header
	// ends tells that a line (without its end) closes the header though it is
	// not empty: a boundary.
	ends func(line []byte) bool

	maxBytes int
	problems *problems

	fields []field
	seen   int // fields of any name
	end    int // where the body starts
}

// run scans, keeps the fields of known names, and sets end.
func (s *fieldScan) run() {
	pos := 0
	open := -1 // index in fields of the field that a folded line continues
	firstBad := -1
	for pos < len(s.raw) {
		if pos >= s.maxBytes {
			s.problems.add(ProblemHeaderBytes)
			s.end = headerEnd(s.raw, pos)
			return
		}
		next := lineEnd(s.raw, pos)
		line := trimEOL(s.raw[pos:next])
		switch {
		case len(line) == 0:
			s.end = next
			return
		case s.ends != nil && s.ends(line):
			s.end = pos
			return
		case line[0] == ' ' || line[0] == '\t':
			if open >= 0 {
				f := &s.fields[open]
				f.value = f.value[:len(f.value)+next-pos]
			} else if s.part && s.seen == 0 {
				s.end = pos
				return
			}
		default:
			open = -1
			colon := fieldColon(line)
			if colon < 0 {
				if s.part && s.seen == 0 {
					s.end = pos
					return
				}
				if pos > 0 || !bytes.HasPrefix(line, []byte("From ")) { // mbox
					s.problems.add(ProblemHeaderLine)
					if firstBad < 0 && s.seen > 0 {
						firstBad = pos
					}
				}
				break
			}
			s.seen++
			if s.seen > MaxHeaderFields {
				s.problems.add(ProblemHeaderFields)
				break
			}
			if name := lookupField(line[:colon]); name != fieldOther {
				open = len(s.fields)
				s.fields = append(s.fields, field{name, s.raw[pos+colon+1 : next]})
			} else {
				open = -1
			}
		}
		pos = next
	}
	s.end = len(s.raw)
	if firstBad >= 0 { // no empty line anywhere: the body starts at the first line that is no field
		s.end = firstBad
	}
}

// headerEnd finds the end of a header of which no more fields are read; pos is the
// start of a line behind the first.
func headerEnd(raw []byte, pos int) int {
	rest := raw[pos-1:]
	end := len(rest)
	for _, empty := range []string{"\n\n", "\n\r\n"} {
		if n := bytes.Index(rest[:end], []byte(empty)); n >= 0 {
			end = n + len(empty)
		}
	}
	return pos - 1 + end
}

// lineEnd is the offset behind the line that starts at pos, its end included.
func lineEnd(raw []byte, pos int) int {
	if n := bytes.IndexByte(raw[pos:], '\n'); n >= 0 {
		return pos + n + 1
	}
	return len(raw)
}

func trimEOL(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

// fieldColon is the place of the colon when line starts a field, else -1.
func fieldColon(line []byte) int {
	for i, c := range line {
		switch {
		case c == ':':
			if i == 0 {
				return -1
			}
			return i
		case c == ' ' || c == '\t': // "Subject : x" occurs
			rest := bytes.TrimLeft(line[i:], " \t")
			if i > 0 && len(rest) > 0 && rest[0] == ':' {
				return len(line) - len(rest)
			}
			return -1
		case c < '!' || c == 0x7f:
			return -1
		}
	}
	return -1
}

func lookupField(name []byte) fieldName {
	name = bytes.TrimRight(name, " \t")
	if len(name) > longestFieldName {
		return fieldOther
	}
	var lower [longestFieldName]byte
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	return fieldNames[string(lower[:len(name)])]
}

// unfold gives a field's value as one line of valid UTF-8. Raw 8-bit text is
// read in the charset that the mail declares for its body, if it is not UTF-8.
func unfold(value []byte, hint string) string {
	value = bytes.TrimSpace(value)
	if bytes.ContainsAny(value, "\r\n\x00") {
		flat := make([]byte, 0, len(value))
		for _, c := range value {
			if c != '\r' && c != '\n' && c != 0 {
				flat = append(flat, c)
			}
		}
		value = flat
	}
	if utf8.Valid(value) {
		return string(value)
	}
	if hint != "" && !strings.HasPrefix(strings.ToLower(hint), "utf") {
		if text, ok := decodeCharset(hint, value); ok {
			return text
		}
	}
	return string(decodeUndeclared(value))
}
