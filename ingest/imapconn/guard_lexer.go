package imapconn

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// What went wrong in one response. After errSyntax and errTooLong the rest of
// the response is skipped and reading goes on; everything else ends the
// connection.
var (
	errSyntax  = errors.New("response not understood")
	errTooLong = errors.New("response too long")
)

func recoverable(err error) bool {
	return errors.Is(err, errSyntax) || errors.Is(err, errTooLong)
}

type tokenKind byte

const (
	tokEnd     tokenKind = iota // the end of the response
	tokAtom                     // text holds it, cut at maxNameBytes
	tokQuoted                   // likewise, without quotes and escapes
	tokLiteral                  // size holds its length; its bytes come next
	tokOpen
	tokClose
)

// lexer cuts a response into tokens. It knows quotes and literals, allocates
// nothing that grows with the input, and bounds line, depth and literals.
//
// Every byte outside literals goes through byte(), which pays it from left.
type lexer struct {
	r       *bufio.Reader
	left    int   // bytes that this response may still have outside literals
	skipped int64 // bytes of literals skipped in this response
	depth   int
	lits    int
	quoted  bool // within quotes
	ended   bool // the response's last LF was read
	unread  bool // a literal of size bytes comes next
	text    []byte
	size    int64
}

func (lx *lexer) begin(limit int) {
	lx.left, lx.skipped, lx.depth, lx.lits = limit, 0, 0, 0
	lx.quoted, lx.ended, lx.unread = false, false, false
	if cap(lx.text) > maxNameBytes {
		lx.text = nil
	}
}

func (lx *lexer) byte() (byte, error) {
	if lx.left <= 0 {
		return 0, errTooLong
	}
	c, err := lx.r.ReadByte()
	if err == nil {
		lx.left--
	}
	return c, err
}

// leap passes over what is buffered up to the first of the bytes in stops.
func (lx *lexer) leap(stops string) {
	// Neither call can fail within what is buffered.
	buf, _ := lx.r.Peek(min(lx.r.Buffered(), lx.left))
	n := bytes.IndexAny(buf, stops)
	if n < 0 {
		n = len(buf)
	}
	_, _ = lx.r.Discard(n)
	lx.left -= n
}

// back gives the last byte back.
func (lx *lexer) back() {
	if lx.r.UnreadByte() == nil { // it cannot fail right after ReadByte
		lx.left++
	}
}

func (lx *lexer) keep(c byte) {
	if len(lx.text) < maxNameBytes {
		lx.text = append(lx.text, c)
	}
}

// next returns the next token of a data response.
func (lx *lexer) next() (tokenKind, error) {
	if lx.ended {
		return tokEnd, nil
	}
	c, err := lx.byte()
	for err == nil && (c == ' ' || c == '\t') {
		c, err = lx.byte()
	}
	if err != nil {
		return 0, err
	}
	lx.text = lx.text[:0]
	switch c {
	case '\r':
		if c, err = lx.byte(); err != nil {
			return 0, err
		}
		if c != '\n' {
			lx.back()
			return 0, errSyntax
		}
		lx.ended = true
		return tokEnd, nil
	case '\n':
		lx.ended = true
		return tokEnd, nil
	case '(':
		if lx.depth++; lx.depth > maxDepth {
			return 0, errTooLong
		}
		return tokOpen, nil
	case ')':
		lx.depth--
		return tokClose, nil
	case '"':
		return tokQuoted, lx.readQuoted()
	case '{':
		return tokLiteral, lx.readLiteralSize()
	case '~':
		if c, err = lx.byte(); err != nil {
			return 0, err
		}
		if c == '{' {
			return tokLiteral, lx.readLiteralSize()
		}
		lx.keep('~')
	}
	return tokAtom, lx.readAtom(c)
}

func (lx *lexer) readQuoted() error {
	lx.quoted = true
	for {
		c, err := lx.byte()
		if err != nil {
			return err
		}
		switch c {
		case '"':
			lx.quoted = false
			return nil
		case '\\':
			if c, err = lx.byte(); err != nil {
				return err
			}
		case '\r', '\n':
			lx.quoted = false
			lx.back()
			return errSyntax
		}
		if c == '\r' || c == '\n' {
			lx.quoted = false
			lx.back()
			return errSyntax
		}
		lx.keep(c)
	}
}

// readAtom reads on from c to the next special. The brackets of BODY[…] belong
// to the atom with all they hold.
func (lx *lexer) readAtom(c byte) error {
	brackets := false
	for {
		switch {
		case c == '\r' || c == '\n':
			lx.back()
			return nil
		case brackets:
			if c == ']' {
				brackets = false
			}
		case c == ' ' || c == '\t' || c == '(' || c == ')' || c == '{' || c == '"':
			lx.back()
			return nil
		case c == '[' && sectionName(lx.text):
			brackets = true
		}
		lx.keep(c)
		var err error
		if c, err = lx.byte(); err != nil {
			return err
		}
	}
}

func sectionName(b []byte) bool {
	upper(b)
	switch string(b) {
	case "BODY", "BINARY", "BINARY.SIZE":
		return true
	}
	return false
}

// upper turns ASCII letters into upper case in place.
func upper(b []byte) {
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
}

// readLiteralSize reads "123}" CRLF after the brace. A size that is no number
// or beyond any message leaves no way to find the response's end (F27).
func (lx *lexer) readLiteralSize() error {
	var n int64
	digits := 0
	for {
		c, err := lx.byte()
		if err != nil {
			if errors.Is(err, errTooLong) {
				return protocolError("literal without end")
			}
			return err
		}
		if c >= '0' && c <= '9' {
			if n > maxSkip {
				return protocolError("literal size")
			}
			n = n*10 + int64(c-'0')
			digits++
			continue
		}
		if c == '+' && digits > 0 {
			if c, err = lx.byte(); err != nil {
				return err
			}
		}
		if c != '}' || digits == 0 {
			return protocolError("literal size")
		}
		break
	}
	c, err := lx.byte()
	if err == nil && c == '\r' {
		c, err = lx.byte()
	}
	if err != nil {
		return err
	}
	if c != '\n' {
		return protocolError("literal size")
	}
	if lx.lits++; lx.lits > maxLiterals {
		return protocolError("too many literals")
	}
	lx.size, lx.unread = n, true
	return nil
}

// skipLiteral passes over the literal whose size was just read.
func (lx *lexer) skipLiteral() error {
	lx.unread = false
	if lx.skipped += lx.size; lx.skipped > maxSkip {
		return protocolError("literal too large to skip")
	}
	_, err := lx.r.Discard(int(lx.size))
	return cutShort(err)
}

// readLiteral returns the literal whose size was just read. Memory grows with
// what arrives, not with what was announced.
func (lx *lexer) readLiteral() ([]byte, error) {
	size := int(lx.size)
	lx.unread = false
	buf := make([]byte, 0, min(size, literalGrow))
	for len(buf) < size {
		if len(buf) == cap(buf) {
			bigger := make([]byte, len(buf), min(size, 2*cap(buf)))
			copy(bigger, buf)
			buf = bigger
		}
		n, err := io.ReadFull(lx.r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil {
			return nil, cutShort(err)
		}
	}
	return buf, nil
}

func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// skipValue passes over one value whose first token was just read.
func (lx *lexer) skipValue(kind tokenKind) error {
	switch kind {
	case tokLiteral:
		return lx.skipLiteral()
	case tokOpen:
		for depth := lx.depth - 1; lx.depth > depth; {
			k, err := lx.next()
			if err != nil {
				return err
			}
			if k == tokEnd {
				return errSyntax
			}
			if k == tokLiteral {
				if err := lx.skipLiteral(); err != nil {
					return err
				}
			}
		}
	case tokEnd, tokClose:
		return errSyntax
	}
	return nil
}

// skipResponse passes over the rest of a data response, however it looks. Only
// a "{n}" right before the line's end is a literal here: what is skipped may
// be prose with braces in it.
func (lx *lexer) skipResponse() error {
	if lx.ended {
		return nil
	}
	lx.left = maxSkipLine
	if lx.unread {
		if err := lx.skipLiteral(); err != nil {
			return err
		}
	}
	var (
		escaped bool
		size    int64 = -1 // of the literal that may be being announced; -1: none
		closed  bool
	)
	for {
		if size < 0 && !escaped {
			lx.leap("\n\"{\\")
		}
		c, err := lx.byte()
		if err != nil {
			if errors.Is(err, errTooLong) {
				return protocolError("response without end")
			}
			return err
		}
		switch {
		case c == '\n':
			if closed && !lx.quoted {
				lx.size, size, closed = size, -1, false
				if err := lx.skipLiteral(); err != nil {
					return err
				}
				continue
			}
			lx.quoted, lx.ended = false, true
			return nil
		case escaped:
			escaped = false
		case lx.quoted && c == '\\':
			escaped = true
		case c == '"':
			lx.quoted = !lx.quoted
		}
		switch {
		case c == '{':
			size, closed = 0, false
		case size >= 0 && !closed && c >= '0' && c <= '9' && size <= maxSkip:
			size = size*10 + int64(c-'0')
		case size >= 0 && !closed && c == '}':
			closed = true
		case c == '\r' || c == '+' && size >= 0 && !closed:
		default:
			size, closed = -1, false
		}
	}
}

// readText reads a line that has neither quotes nor literals: at most keep
// bytes of it stay in text.
func (lx *lexer) readText(keep int) error {
	lx.text = lx.text[:0]
	if lx.ended {
		return nil
	}
	lx.left = maxSkipLine
	for {
		if len(lx.text) >= keep {
			lx.leap("\n")
		}
		c, err := lx.byte()
		if err != nil {
			if errors.Is(err, errTooLong) {
				return protocolError("line without end")
			}
			return err
		}
		if c == '\n' {
			lx.ended = true
			if n := len(lx.text); n > 0 && lx.text[n-1] == '\r' {
				lx.text = lx.text[:n-1]
			}
			return nil
		}
		if len(lx.text) < keep {
			lx.text = append(lx.text, c)
		}
	}
}

// word reads to the next space or the line's end, neither of which it eats.
func (lx *lexer) word() error {
	lx.text = lx.text[:0]
	for {
		c, err := lx.byte()
		if err != nil {
			return err
		}
		if c == ' ' || c == '\r' || c == '\n' {
			lx.back()
			return nil
		}
		if len(lx.text) >= maxWord {
			return errTooLong
		}
		lx.text = append(lx.text, c)
	}
}

// space eats one space, if there is one.
func (lx *lexer) space() error {
	c, err := lx.byte()
	if err == nil && c != ' ' {
		lx.back()
	}
	return err
}

func protocolError(detail string) *Error {
	return &Error{Kind: KindProtocol, Detail: detail}
}
