package message

import (
	"bytes"
	"strings"
)

// part is a leaf of a mail's MIME tree, its body still encoded.
type part struct {
	media       string
	params      map[string]string
	disposition string
	fileName    string
	encoding    string
	contentID   string
	header      []byte // of a part, as sent
	body        []byte

	index       int  // among its siblings
	alternative int  // > 0: the outermost multipart/alternative it belongs to
	choice      bool // its parent is a multipart/alternative
	related     bool // its parent is a multipart/related
}

// container is an open multipart.
type container struct {
	media       string
	boundary    string
	shadowed    int // the open container of the same boundary, -1 for none
	children    int
	alternative int
}

// walker reads the tree in one pass over the bytes, without recursion and without
// copying: boundary lines are looked up among those of the open containers, so the
// cost does not grow with depth, and an unclosed multipart ends where its parent does.
type walker struct {
	raw      []byte
	limits   Limits
	problems *problems
	visit    func(*part)

	stack        []container
	open         map[string]int // boundary → its place on the stack
	alternatives int
	fields       []field
}

// delimiter is a boundary line.
type delimiter struct {
	start, after int // of the line, and behind it
	level        int // on the stack; -1: the mail ends
	closing      bool
}

// walk visits the leaves of a mail in the order of the document. A reason tells
// that a bound stopped it.
func (w *walker) walk(h Header, scan fieldScan) (reason string) {
	p := part{media: h.ContentType, params: h.ContentTypeParams}
	w.describe(&p, scan.fields)
	pos, parts := scan.end, 1
	for {
		var d delimiter
		if boundary := p.boundary(); boundary != "" {
			if len(w.stack) >= w.limits.Depth {
				return ReasonTooDeep
			}
			w.push(&p, boundary)
			d = w.next(pos)
			if d.level != len(w.stack)-1 || d.closing { // no part of its own: show what is there
				w.problems.add(ProblemBoundary)
				w.popTo(len(w.stack) - 1)
				w.leafOfBroken(p, pos, d.start)
				if d.level == len(w.stack) {
					d = w.next(d.after)
				}
			}
		} else {
			d = w.next(pos)
			if strings.HasPrefix(p.media, "multipart/") {
				w.problems.add(ProblemBoundary)
				w.leafOfBroken(p, pos, d.start)
			} else {
				p.body = w.slice(pos, d.start)
				w.visit(&p)
			}
		}
		for d.level >= 0 && d.closing {
			w.closeAbove(d.level)
			w.popTo(d.level)
			d = w.next(d.after)
		}
		if d.level < 0 {
			w.closeAbove(-1)
			return ""
		}
		w.closeAbove(d.level)
		if parts++; parts > w.limits.Parts {
			return ReasonTooManyParts
		}
		p, pos = w.readPart(d.after)
	}
}

// closeAbove pops the containers that end because one further out goes on.
func (w *walker) closeAbove(level int) {
	if len(w.stack) > level+1 {
		w.problems.add(ProblemUnclosed)
		w.popTo(level + 1)
	}
}

func (w *walker) push(p *part, boundary string) {
	shadowed, found := w.open[boundary]
	if !found {
		shadowed = -1
	}
	alternative := p.alternative
	if p.media == "multipart/alternative" && alternative == 0 {
		w.alternatives++
		alternative = w.alternatives
	}
	if w.open == nil {
		w.open = make(map[string]int)
	}
	w.open[boundary] = len(w.stack)
	w.stack = append(w.stack, container{media: p.media, boundary: boundary, shadowed: shadowed, alternative: alternative})
}

// popTo closes the containers from place n of the stack on.
func (w *walker) popTo(n int) {
	for len(w.stack) > n {
		top := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		if top.shadowed >= 0 {
			w.open[top.boundary] = top.shadowed
		} else {
			delete(w.open, top.boundary)
		}
	}
}

// next finds the next boundary line of any open container, from the line at pos on.
func (w *walker) next(pos int) delimiter {
	for len(w.stack) > 0 && pos < len(w.raw) {
		n := bytes.Index(w.raw[pos:], []byte("--")) // base64 has none, but many line ends
		if n < 0 {
			break
		}
		after := lineEnd(w.raw, pos+n)
		if start := pos + n; n == 0 || w.raw[start-1] == '\n' {
			if level, closing := w.match(w.raw[start:after]); level >= 0 {
				return delimiter{start, after, level, closing}
			}
		}
		pos = after
	}
	return delimiter{len(w.raw), len(w.raw), -1, false}
}

// match tells which open container a line is the boundary of; -1 for none.
func (w *walker) match(line []byte) (level int, closing bool) {
	if len(line) < 3 || line[0] != '-' || line[1] != '-' || len(line) > maxBoundaryLine {
		return -1, false
	}
	line = bytes.TrimRight(line[2:], " \t\r\n")
	if level, found := w.open[string(line)]; found {
		return level, false
	}
	if n := len(line) - 2; n > 0 && line[n] == '-' && line[n+1] == '-' {
		if level, found := w.open[string(bytes.TrimRight(line[:n], " \t"))]; found {
			return level, true
		}
	}
	return -1, false
}

// maxBoundaryLine bounds a boundary line in bytes (RFC 5322 lines end at 998).
const maxBoundaryLine = 1_000

// boundary is empty for what is not a multipart with a usable boundary.
func (p *part) boundary() string {
	if !strings.HasPrefix(p.media, "multipart/") {
		return ""
	}
	b := strings.TrimRight(p.params["boundary"], " \t")
	if len(b) > maxBoundaryLine-4 {
		return ""
	}
	return b
}

// slice is a body: the line end before the boundary belongs to the boundary.
func (w *walker) slice(from, to int) []byte {
	if to < len(w.raw) || len(w.stack) > 0 {
		if to > from && w.raw[to-1] == '\n' {
			to--
			if to > from && w.raw[to-1] == '\r' {
				to--
			}
		}
	}
	return w.raw[min(from, to):to]
}

// leafOfBroken shows what a multipart without parts holds as plain text.
func (w *walker) leafOfBroken(p part, from, to int) {
	p.body = w.slice(from, to)
	if len(bytes.TrimSpace(p.body)) == 0 {
		return
	}
	p.media, p.params = defaultType, nil
	w.visit(&p)
}

// readPart reads the header of the part that starts at pos.
func (w *walker) readPart(pos int) (p part, body int) {
	scan := fieldScan{
		raw: w.raw[pos:], part: true, maxBytes: MaxPartHeaderBytes, problems: w.problems, fields: w.fields[:0],
		ends: func(line []byte) bool { level, _ := w.match(line); return level >= 0 },
	}
	scan.run()
	w.fields = scan.fields
	parent := &w.stack[len(w.stack)-1]
	p = part{
		media: defaultType, index: parent.children, alternative: parent.alternative,
		choice: parent.media == "multipart/alternative", related: parent.media == "multipart/related",
	}
	parent.children++
	if parent.media == "multipart/digest" {
		p.media = "message/rfc822"
	}
	for _, f := range scan.fields {
		if f.name == fieldContentType {
			p.media, p.params = contentType(unfold(f.value, ""))
			break
		}
	}
	w.describe(&p, scan.fields)
	p.header = w.raw[pos : pos+scan.end]
	return p, pos + scan.end
}

// describe reads the MIME fields but Content-Type.
func (w *walker) describe(p *part, fields []field) {
	for _, f := range fields {
		switch f.name {
		case fieldEncoding:
			if p.encoding == "" {
				p.encoding = normalEncoding(unfold(f.value, ""))
			}
		case fieldContentID:
			if p.contentID == "" {
				p.contentID = angleID(unfold(f.value, ""))
			}
		case fieldDisposition:
			if p.disposition == "" {
				var params map[string]string
				p.disposition, params = parseMedia(unfold(f.value, p.params["charset"]))
				p.fileName = params["filename"]
			}
		}
	}
	if p.fileName == "" {
		p.fileName = p.params["name"]
	}
}

// isBody tells text to read from files (after RFC 8621, 4.1.4): not declared an
// attachment, and the first of its siblings or without a name.
func (p *part) isBody() bool {
	if p.media != "text/plain" && p.media != "text/html" || p.disposition == "attachment" {
		return false
	}
	return p.index == 0 || (!p.related && p.fileName == "")
}

// isDuplicate tells other forms of a body that no reader here shows: they are
// neither text nor files.
func (p *part) isDuplicate() bool {
	return p.choice && p.disposition != "attachment" && (p.media == "text/x-amp-html" || p.media == "text/watch-html")
}
