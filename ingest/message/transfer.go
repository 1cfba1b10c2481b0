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

// base64Size is what a base64Reader over src yields, without the decoding: between
// two pads, four characters make three bytes. It has no branch for a character.
func base64Size(src []byte) int64 {
	var n int64
	for len(src) > 0 {
		run, rest, _ := bytes.Cut(src, []byte("="))
		characters := len(run)
		for _, c := range run {
			characters -= int(base64Value[c] >> 6) // 1 for what is passed over
		}
		n += int64(characters) * 6 / 8
		src = rest
	}
	return n
}

// quotedReader decodes quoted-printable line by line: a wrong escape stands for
// itself, and blanks at the end of a line are transport padding (RFC 2045, 6.7 rule 3).
type quotedReader struct {
	src  []byte // lines not begun
	line []byte // rest of the line begun, without its end and the blanks before that
	eol  []byte // that line's end
}

func (r *quotedReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		switch {
		case len(r.line) > 0 && r.line[0] == '=':
			n += r.escape(p[n:])
		case len(r.line) > 0:
			plain := r.line[:min(len(r.line), len(p)-n)]
			if i := bytes.IndexByte(plain, '='); i >= 0 {
				plain = plain[:i]
			}
			n += copy(p[n:], plain)
			r.line = r.line[len(plain):]
		case len(r.eol) > 0:
			k := copy(p[n:], r.eol)
			n += k
			r.eol = r.eol[k:]
		case len(r.src) > 0:
			r.nextLine()
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
	return n, nil
}

// escape decodes the escape at the front of line into p, and tells how many bytes
// it made: none where it is a soft line break.
func (r *quotedReader) escape(p []byte) int {
	if len(r.line) == 1 {
		r.line, r.eol = nil, nil
		return 0
	}
	if len(r.line) >= 3 {
		if hi, lo := unhex(r.line[1]), unhex(r.line[2]); hi < 16 && lo < 16 {
			p[0] = hi<<4 | lo
			r.line = r.line[3:]
			return 1
		}
	}
	p[0] = '='
	r.line = r.line[1:]
	return 1
}

func (r *quotedReader) nextLine() {
	next := lineEnd(r.src, 0)
	line := r.src[:next]
	if ended, found := bytes.CutSuffix(line, []byte("\n")); found {
		line = bytes.TrimSuffix(ended, []byte("\r"))
	}
	r.eol = r.src[len(line):next]
	r.line, r.src = trimBlanks(line, false), r.src[next:]
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
