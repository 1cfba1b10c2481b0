package delivery

import (
	"html"
	"strings"
)

// plain is the text of an HTML page, good enough to search: tags become blanks or
// line ends, scripts and styles go.
func plain(page string) string {
	var out strings.Builder
	for len(page) > 0 {
		i := strings.IndexByte(page, '<')
		if i < 0 {
			out.WriteString(page)
			break
		}
		out.WriteString(strings.ReplaceAll(page[:i], "\n", " "))
		page = page[i:]
		end := strings.IndexByte(page, '>')
		if end < 0 {
			break
		}
		tag := strings.ToLower(page[1:end])
		if at := strings.IndexByte(tag, '@'); at > 0 && !strings.ContainsAny(tag, " =\"'") {
			out.WriteString(page[:end+1]) // an address in <>, not a tag
		}
		page = page[end+1:]
		name := strings.TrimLeft(tag, "/")
		if n := strings.IndexAny(name, " \t\n/"); n >= 0 {
			name = name[:n]
		}
		switch name {
		case "style", "script", "head":
			if !strings.HasPrefix(tag, "/") && !strings.HasSuffix(tag, "/") {
				e := indexFold(page, "</"+name)
				if e < 0 {
					e = len(page) // never closed: nothing after it is text
				}
				page = page[e:]
			}
		case "br", "p", "div", "tr", "li", "table", "h1", "h2", "h3", "h4", "pre", "ul":
			out.WriteByte('\n')
		case "td", "th":
			out.WriteByte(' ')
		}
	}
	return html.UnescapeString(out.String())
}

// indexFold is strings.Index for a lower-case ASCII needle in any case of text.
func indexFold(s, needle string) int {
	for i := 0; i+len(needle) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(needle)], needle) {
			return i
		}
	}
	return -1
}
