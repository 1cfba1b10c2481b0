package message

import (
	"bytes"
	"io"
	"strings"
)

// base64Value maps a byte to its six bits; pad for '=', skip for all else, which
// a tolerant reader passes over.
var base64Value = func() (t [256]byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range t {
		t[i] = base64Skip
	}
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	t['='] = base64Pad
	return t
}()

const (
	base64Pad  = 64
	base64Skip = 65
)

// base64Reader decodes base64 as mail has it: line ends and foreign bytes are
// passed over, padding may be absent or come in the middle.
type base64Reader struct {
	src  []byte
	acc  uint32
	bits uint
}

func (r *base64Reader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && len(r.src) > 0 {
		if r.bits == 0 && len(r.src) >= 4 && n+3 <= len(p) {
			a, b, c, d := base64Value[r.src[0]], base64Value[r.src[1]], base64Value[r.src[2]], base64Value[r.src[3]]
			if a|b|c|d < 64 {
				v := uint32(a)<<18 | uint32(b)<<12 | uint32(c)<<6 | uint32(d)
				p[n], p[n+1], p[n+2] = byte(v>>16), byte(v>>8), byte(v)
				n += 3
				r.src = r.src[4:]
				continue
			}
		}
		v := base64Value[r.src[0]]
		r.src = r.src[1:]
		switch v {
		case base64Skip:
		case base64Pad:
			r.bits = 0
		default:
			r.acc = r.acc<<6 | uint32(v)
			r.bits += 6
			if r.bits >= 8 {
				r.bits -= 8
				p[n] = byte(r.acc >> r.bits)
				n++
			}
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// base64Size is what a base64Reader over src yields, without the copying.
func base64Size(src []byte) int64 {
	var n int64
	var bits uint
	for _, c := range src {
		switch v := base64Value[c]; v {
		case base64Skip:
		case base64Pad:
			bits = 0
		default:
			bits += 6
			if bits >= 8 {
				bits -= 8
				n++
			}
		}
	}
	return n
}

// quotedReader decodes quoted-printable: a wrong escape stands for itself, and
// blanks at the end of a line are transport padding (RFC 2045, 6.7 rule 3).
type quotedReader struct {
	src   []byte
	plain int // bytes at the front of src that stand for themselves
}

func (r *quotedReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && len(r.src) > 0 {
		if r.plain == 0 {
			r.plain = quotedPlain(r.src)
		}
		if r.plain > 0 {
			k := copy(p[n:], r.src[:r.plain])
			n += k
			r.src = r.src[k:]
			r.plain -= k
			continue
		}
		if r.src[0] != '=' { // blanks before a line end
			r.src = r.src[leadingBlanks(r.src):]
			continue
		}
		if len(r.src) >= 3 {
			if hi, lo := unhex(r.src[1]), unhex(r.src[2]); hi < 16 && lo < 16 {
				p[n] = hi<<4 | lo
				n++
				r.src = r.src[3:]
				continue
			}
		}
		rest := r.src[1:]
		rest = rest[leadingBlanks(rest):]
		switch {
		case len(rest) == 0:
			r.src = rest
		case rest[0] == '\n':
			r.src = rest[1:]
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			r.src = rest[2:]
		default:
			r.plain = 1
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// quotedPlain counts the leading bytes of src that quoted-printable leaves as
// they are: up to an escape, or up to blanks that end a line.
func quotedPlain(src []byte) int {
	i := 0
	for i < len(src) && i < quotedChunk {
		switch src[i] {
		case '=':
			return i
		case ' ', '\t':
			blanks := leadingBlanks(src[i:])
			if end := src[i+blanks:]; len(end) == 0 || end[0] == '\n' || (end[0] == '\r' && len(end) > 1 && end[1] == '\n') {
				return i
			}
			i += blanks
		default:
			i++
		}
	}
	return i
}

// quotedChunk bounds how far quotedReader looks ahead at a time, in bytes.
const quotedChunk = 4 << 10

func leadingBlanks(b []byte) int {
	n := 0
	for n < len(b) && (b[n] == ' ' || b[n] == '\t') {
		n++
	}
	return n
}

// unhex gives the value of a hex digit, 16 for any other byte.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 16
}

// transferReader decodes a body; known is false for an encoding we cannot undo,
// and the body is then read as it is.
func transferReader(encoding string, body []byte) (r io.Reader, known bool) {
	switch normalEncoding(encoding) {
	case "base64":
		return &base64Reader{src: body}, true
	case "quoted-printable":
		return &quotedReader{src: body}, true
	case "":
		return bytes.NewReader(body), true
	}
	return bytes.NewReader(body), false
}

// transferSize is the length of what transferReader yields.
func transferSize(encoding string, body []byte) int64 {
	switch normalEncoding(encoding) {
	case "base64":
		return base64Size(body)
	case "quoted-printable":
		n, _ := io.Copy(io.Discard, &quotedReader{src: body}) // reads from memory: no error
		return n
	}
	return int64(len(body))
}

func normalEncoding(s string) string {
	s = strings.ToLower(strings.Trim(s, " \t\"';,."))
	if i := strings.IndexAny(s, " \t;("); i > 0 {
		s = s[:i]
	}
	switch s {
	case "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "8bits", "7bits", "utf-8", "utf8":
		return ""
	case "b", "base-64", "x-base64":
		return "base64"
	case "q", "qp", "quoted_printable", "quotedprintable", "quoted":
		return "quoted-printable"
	}
	return s
}
