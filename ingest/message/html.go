package message

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	// maxPreviewHTML bounds how far into a HTML body a preview is looked for, in
	// bytes: style sheets in front of the text are shorter.
	maxPreviewHTML = 256 << 10
	// maxOpenElements bounds how deep shown HTML nests; deeper elements are dropped
	// and their text stays. Layout by tables reaches 60; x/net/html refuses 512.
	maxOpenElements = 200
)

// metaCharset finds the charset that a HTML text declares within itself.
func metaCharset(data []byte) string {
	head := bytes.ToLower(data[:min(len(data), 1024)])
	_, after, found := bytes.Cut(head, []byte("charset="))
	if !found {
		return ""
	}
	after = bytes.TrimLeft(after, `"' `)
	if end := bytes.IndexAny(after, `"'; />`); end >= 0 {
		after = after[:end]
	}
	// UTF-16 cannot be: the declaration was readable as ASCII.
	if utf8.Valid(data) || bytes.HasPrefix(after, []byte("utf-16")) {
		return ""
	}
	return string(after)
}

// HTMLText renders HTML as plain text: blocks on lines of their own, no links.
func HTMLText(s string) string {
	var out strings.Builder
	walkText(s, func(text string, breaks bool) bool {
		if breaks && out.Len() > 0 && !strings.HasSuffix(out.String()[out.Len()-1:], "\n") {
			out.WriteByte('\n')
		}
		out.WriteString(text)
		return true
	})
	return strings.TrimSpace(out.String())
}

// walkText gives the visible text of HTML piece by piece, blanks folded; breaks
// tells that a new line begins. It stops when take says so.
func walkText(s string, take func(text string, breaks bool) bool) {
	z := html.NewTokenizer(strings.NewReader(s))
	var hidden atom.Atom // inside of this element nothing is visible
	depth := 0           // of elements of that name
	blank, breaks := true, false
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return
		case html.TextToken:
			if hidden != 0 {
				continue
			}
			text, last := foldBlanks(string(z.Text()), blank || breaks)
			if text == "" {
				continue
			}
			if !take(text, breaks) {
				return
			}
			blank, breaks = last, false
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			switch {
			case hidden != 0:
				if a == hidden && kind == html.StartTagToken {
					depth++
				} else if a == hidden && kind == html.EndTagToken {
					if depth--; depth == 0 {
						hidden = 0
					}
				}
			case isHidden(a) && kind == html.StartTagToken:
				hidden, depth = a, 1
			case isBlock(a):
				breaks = true
			}
		}
	}
}

func isHidden(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Title, atom.Template, atom.Noscript, atom.Select, atom.Textarea, atom.Object, atom.Iframe, atom.Svg:
		return true
	}
	return false
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Br, atom.Tr, atom.Table, atom.Li, atom.Ul, atom.Ol, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
		atom.Blockquote, atom.Pre, atom.Hr, atom.Td, atom.Th, atom.Dt, atom.Dd, atom.Body, atom.Center, atom.Section, atom.Article, atom.Header, atom.Footer:
		return true
	}
	return false
}

// foldBlanks folds runs of blanks to one space; none at the front when blank says
// that one stands there already. last tells that it ends in one.
func foldBlanks(s string, blank bool) (folded string, last bool) {
	var b strings.Builder
	for _, r := range s {
		if isBlank(r) || unicode.IsControl(r) {
			if !blank {
				b.WriteByte(' ')
			}
			blank = true
			continue
		}
		if unicode.Is(unicode.Cf, r) { // what newsletters pad their first line with
			continue
		}
		blank = false
		b.WriteRune(r)
	}
	return b.String(), blank
}

var (
	htmlNumber = regexp.MustCompile(`^[0-9]{1,4}%?$`)
	htmlColor  = regexp.MustCompile(`^(#[0-9A-Fa-f]{3,8}|[A-Za-z]{3,20})$`)
	htmlAlign  = regexp.MustCompile(`^(?i:left|right|center|justify|top|middle|bottom|baseline)$`)
	htmlFace   = regexp.MustCompile(`^[A-Za-z0-9 ,'-]{1,100}$`)
)

// mailPolicy lets through the text, tables and old-style attributes of mail and
// nothing that loads, runs or submits. There is no style at all: CSS positions
// over other things, imports and loads in too many ways. Images keep their size
// and text but no source, so that opening a mail tells its sender nothing.
var mailPolicy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "div", "span", "br", "hr", "b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "small", "big", "sub", "sup",
		"code", "pre", "tt", "kbd", "samp", "blockquote", "center", "address", "abbr", "cite", "q", "h1", "h2", "h3", "h4", "h5", "h6",
		"ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "font", "a", "img")
	p.AllowAttrs("align", "valign").Matching(htmlAlign).Globally()
	p.AllowAttrs("width", "height", "border", "cellpadding", "cellspacing").Matching(htmlNumber).OnElements("table", "td", "th", "tr", "img", "hr")
	p.AllowAttrs("colspan", "rowspan").Matching(htmlNumber).OnElements("td", "th")
	p.AllowAttrs("bgcolor").Matching(htmlColor).OnElements("table", "tr", "td", "th")
	p.AllowAttrs("color").Matching(htmlColor).OnElements("font")
	p.AllowAttrs("face").Matching(htmlFace).OnElements("font")
	p.AllowAttrs("size").Matching(regexp.MustCompile(`^[+-]?[1-7]$`)).OnElements("font")
	p.AllowAttrs("start").Matching(htmlNumber).OnElements("ol")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(?i:ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("title").OnElements("a", "abbr", "img")
	p.AllowAttrs("href").OnElements("a")
	p.AllowNoAttrs().OnElements("span", "font", "a", "img")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(false)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.SkipElementsContent("title", "svg", "math", "template", "select", "textarea", "audio", "video", "canvas", "xmp", "plaintext")
	return p
})

// SanitizeHTML makes foreign HTML safe to show: no script, no style, no form,
// nothing that loads from elsewhere (FAULTS S05). What it returns is balanced, so
// that it cannot break out of the element around it.
func SanitizeHTML(s string) string {
	s, _ = cleanText(validUTF8([]byte(s)), DefaultLimits.HTMLBytes)
	return balance(mailPolicy().Sanitize(s))
}

// balance closes what is open and drops end tags of what is not.
func balance(s string) string {
	var out strings.Builder
	out.Grow(len(s) + len(s)/8)
	z := html.NewTokenizer(strings.NewReader(s))
	var open []atom.Atom
	dropped := map[atom.Atom]int{} // start tags that were left out for being too deep
	closeTo := func(n int) {
		for len(open) > n {
			out.WriteString("</" + open[len(open)-1].String() + ">")
			open = open[:len(open)-1]
		}
	}
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			closeTo(0)
			return out.String()
		}
		raw := z.Raw()
		switch kind {
		case html.TextToken:
			out.Write(raw)
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			switch {
			case a == 0:
			case a == atom.Br || a == atom.Hr || a == atom.Img:
				out.Write(raw)
			case len(open) >= maxOpenElements:
				dropped[a]++
			default: // browsers read <a/> as <a>
				if kind == html.SelfClosingTagToken {
					raw = append(bytes.TrimRight(bytes.TrimSuffix(raw, []byte("/>")), " "), '>')
				}
				out.Write(raw)
				open = append(open, a)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			if dropped[a] > 0 {
				dropped[a]--
				continue
			}
			for i := len(open) - 1; i >= 0; i-- {
				if open[i] == a {
					closeTo(i)
					break
				}
			}
		}
	}
}
