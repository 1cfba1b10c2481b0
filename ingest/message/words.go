package message

import (
	"io"
	"strings"
	"unicode/utf8"
)

// maxWordBytes bounds how far the end of an encoded word is looked for. RFC 2047
// allows 75 bytes; senders that do not fold reach some hundreds.
const maxWordBytes = 2_000

// decodeWords decodes the encoded words of RFC 2047 in a header value, wherever
// they stand. What is not a well-formed word stays as it is.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var out strings.Builder
	// Neighbours of one charset are joined before decoding: senders split
	// characters of several bytes between words.
	var pending []byte
	var label string
	open := false
	flush := func() {
		if open {
			text, _ := decodeCharset(label, pending)
			out.WriteString(text)
		}
		pending, open = pending[:0], false
	}
	for {
		start := strings.Index(s, "=?")
		if start < 0 {
			break
		}
		charset, data, length := encodedWord(s[start:])
		if length == 0 {
			flush()
			out.WriteString(s[:start+2])
			s = s[start+2:]
			continue
		}
		if gap := s[:start]; !open || strings.Trim(gap, " \t") != "" {
			flush()
			out.WriteString(gap)
		}
		if open && !strings.EqualFold(charset, label) {
			flush()
		}
		label, open = charset, true
		pending = append(pending, data...)
		s = s[start+length:]
	}
	flush()
	out.WriteString(s)
	return out.String()
}

// encodedWord reads the encoded word at the start of s; length 0 when there is none.
func encodedWord(s string) (charset string, data []byte, length int) {
	s = s[:min(len(s), maxWordBytes)]
	rest := s[2:]
	q := strings.IndexByte(rest, '?')
	if q <= 0 || q > 60 || len(rest) < q+3 || rest[q+2] != '?' {
		return "", nil, 0
	}
	charset = rest[:q]
	encoding := rest[q+1]
	text := rest[q+3:]
	end := strings.Index(text, "?=")
	if end < 0 || strings.ContainsAny(charset, " \t=<>\"") {
		return "", nil, 0
	}
	length = 2 + q + 3 + end + 2
	if star := strings.IndexByte(charset, '*'); star > 0 { // language, RFC 2231
		charset = charset[:star]
	}
	if !isASCII(text[:end]) { // unfold has read raw 8-bit text already
		charset = "utf-8"
	}
	switch encoding {
	case 'b', 'B':
		data, _ = io.ReadAll(&base64Reader{src: []byte(text[:end])}) // reads from memory: no error
	case 'q', 'Q':
		data = decodeQ(text[:end])
	default:
		return "", nil, 0
	}
	return charset, data, length
}

// decodeQ undoes the Q encoding of RFC 2047.
func decodeQ(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '_' {
			c = ' '
		} else if c == '=' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi < 16 && lo < 16 {
				c = hi<<4 | lo
				i += 2
			}
		}
		out = append(out, c)
	}
	return out
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
