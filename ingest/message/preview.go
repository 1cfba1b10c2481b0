package message

import (
	"strings"
	"unicode/utf8"
)

// preview is the first of what the sender wrote, as one line: from the text, or
// from the HTML where there is none. Quoted lines are left out, unless that
// leaves nothing.
func preview(text, html string) string {
	if p := previewText(text, true); p != "" {
		return p
	}
	if p := previewText(text, false); p != "" {
		return p
	}
	var out strings.Builder
	walkText(truncate(html, maxPreviewHTML), func(piece string, breaks bool) bool {
		if breaks && out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(piece)
		return out.Len() < PreviewRunes*utf8.UTFMax
	})
	return firstRunes(cleanLine(out.String(), PreviewRunes*utf8.UTFMax), PreviewRunes)
}

func previewText(text string, own bool) string {
	var out strings.Builder
	for rest := text; rest != "" && out.Len() < PreviewRunes*utf8.UTFMax; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		trimmed := strings.TrimSpace(line)
		if own {
			if line == "-- " || strings.HasPrefix(trimmed, "-----Original Message") || strings.HasPrefix(trimmed, "________________________________") {
				break
			}
			if strings.HasPrefix(trimmed, ">") || (strings.HasSuffix(trimmed, ":") && quoteFollows(rest)) {
				continue
			}
		}
		out.WriteString(truncate(trimmed, PreviewRunes*utf8.UTFMax))
		out.WriteByte(' ')
	}
	return firstRunes(cleanLine(out.String(), PreviewRunes*utf8.UTFMax), PreviewRunes)
}

// quoteFollows tells that the next line with text is a quoted one: the line before
// it says who wrote that.
func quoteFollows(rest string) bool {
	next := strings.TrimLeft(truncate(rest, 100), " \r\n\t")
	return strings.HasPrefix(next, ">")
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
