package message

import (
	"io"
	"strings"
	"time"
)

// Part is a leaf of a mail's MIME tree, for readers of what Parse does not keep. A
// mail in the mail (message/rfc822) is a leaf.
type Part struct {
	MediaType   string            // lower case; "text/plain" when absent
	Params      map[string]string // of Content-Type, keys in lower case
	Disposition string            // lower case; empty when absent
	Header      []byte            // the part's own header as sent; empty for a mail without parts
	Body        []byte            // as sent, still encoded
	InReport    bool              // inside a multipart/report (RFC 6522)

	encoding string
}

// Bytes is the body with its transfer encoding undone, at most limit bytes. A body
// that is not what its encoding says is read as it stands.
func (p Part) Bytes(limit int) []byte {
	r, _ := transferReader(p.encoding, p.Body)
	out, _ := io.ReadAll(io.LimitReader(r, int64(limit))) // reads from memory: what was decoded counts
	if len(out) == 0 && len(p.Body) > 0 {
		return p.Body[:min(limit, len(p.Body))]
	}
	return out
}

// Text is the body as valid UTF-8, from at most limit bytes.
func (p Part) Text(limit int) string {
	return DecodeText(p.Params["charset"], p.Bytes(limit))
}

// DecodeText turns bytes of a declared charset into valid UTF-8 without NUL and
// with \n as line end.
func DecodeText(charset string, b []byte) string {
	s, _ := decodeCharset(charset, b)
	if strings.ContainsAny(s, "\r\x00") {
		s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(s)
	}
	return s
}

// Walk visits the leaves of a mail in the order of the document, until visit says
// false or a bound of limits is reached.
func Walk(raw []byte, limits Limits, visit func(Part) bool) {
	h, scan := readHeader(raw)
	more := true
	w := walker{raw: raw, limits: limits.withDefaults(), problems: new(problems)}
	w.visit = func(p *part) {
		if !more {
			return
		}
		out := Part{MediaType: p.media, Params: p.params, Disposition: p.disposition, Header: p.header, Body: p.body, encoding: p.encoding}
		for i := range w.stack {
			out.InReport = out.InReport || w.stack[i].media == "multipart/report"
		}
		more = visit(out)
	}
	w.walk(h, scan)
}

// DecodeWords decodes the encoded words of a header value (RFC 2047) to one line.
func DecodeWords(value string) string {
	return cleanLine(decodeWords(unfold([]byte(value), "")), MaxSubjectBytes)
}

// ParseDate reads a date of RFC 5322, and what is sent instead; in UTC.
func ParseDate(value string) (time.Time, bool) { return parseDate(value) }

// ParseAddresses reads an address list of RFC 5322, and what is sent instead.
func ParseAddresses(value string) []Address {
	return parseAddresses(nil, value, new(problems))
}
