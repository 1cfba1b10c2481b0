package message

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// addressScan reads an address list (RFC 5322, 3.4, and what is sent instead).
// A piece that is no address costs itself only.
type addressScan struct {
	s        string
	pos      int
	list     []Address
	problems *problems

	start    int             // where the current piece starts
	phrase   strings.Builder // words of the piece outside of <>
	comment  strings.Builder // text of its comments: the name of "a@b (name)"
	angle    string          // what stood in <>
	bracket  bool            // there was a <>
	nameEnd  int             // how much of the phrase stood before it
	pending  Address         // a piece before a comma that was no address: "Doe" of "Doe, John <j@x>"
	unclosed bool            // no quoted string ends from here on
}

// parseAddresses appends the addresses of one field's unfolded value to list.
func parseAddresses(list []Address, s string, p *problems) []Address {
	a := addressScan{s: s, list: list, problems: p}
	a.run()
	return a.list
}

func (a *addressScan) run() {
	for a.pos < len(a.s) && len(a.list) < MaxAddresses {
		switch c := a.s[a.pos]; c {
		case '"':
			a.quoted()
		case '(':
			a.skipComment()
		case '<':
			a.brackets()
		case ',', ';':
			a.finish(c == ',')
			a.pos++
			a.start = a.pos
		case ':':
			if !a.bracket && !strings.ContainsRune(a.phrase.String(), '@') { // a group's name, or mailto:
				a.phrase.Reset()
				a.comment.Reset()
				a.start = a.pos + 1
			}
			a.pos++
		case '=':
			if strings.HasPrefix(a.s[a.pos:], "=?") {
				if _, _, n := encodedWord(a.s[a.pos:]); n > 0 { // may hold a raw comma
					a.phrase.WriteString(a.s[a.pos : a.pos+n])
					a.pos += n
					continue
				}
			}
			fallthrough
		default:
			a.phrase.WriteByte(c)
			a.pos++
		}
	}
	if a.pos < len(a.s) {
		a.problems.add(ProblemAddressCount)
		return
	}
	a.finish(false)
	a.keepPending()
	if len(a.list) > MaxAddresses {
		a.problems.add(ProblemAddressCount)
		a.list = a.list[:MaxAddresses]
	}
}

// quoted reads a quoted string into the phrase; a quote without its pair is dropped.
func (a *addressScan) quoted() {
	for i := a.pos + 1; i < len(a.s) && !a.unclosed; i++ {
		switch a.s[i] {
		case '\\':
			i++
		case '"':
			text := a.s[a.pos+1 : i]
			if strings.Contains(text, `\`) {
				text = unescape(text)
			}
			a.phrase.WriteString(text)
			a.pos = i + 1
			return
		}
	}
	a.unclosed = true
	a.pos++
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// skipComment reads a comment, nested ones included, up to the end of the value.
func (a *addressScan) skipComment() {
	depth := 0
	for ; a.pos < len(a.s); a.pos++ {
		switch c := a.s[a.pos]; c {
		case '(':
			depth++
			if depth == 1 {
				continue
			}
		case ')':
			depth--
			if depth == 0 {
				a.pos++
				return
			}
		case '\\':
			if a.pos+1 < len(a.s) {
				a.pos++
			}
		}
		a.comment.WriteByte(a.s[a.pos])
	}
}

// brackets reads <…>. A second one in a piece means that a comma is missing.
func (a *addressScan) brackets() {
	if a.bracket {
		phrase := a.phrase.String()
		a.phrase.Reset()
		a.phrase.WriteString(phrase[:a.nameEnd])
		a.finish(false)
		a.phrase.WriteString(phrase[a.nameEnd:])
	}
	a.nameEnd = a.phrase.Len()
	begin := a.pos + 1
	for begin < len(a.s) && a.s[begin] == '<' {
		begin++
	}
	end, inQuotes := begin, false
scan:
	for ; end < len(a.s); end++ {
		switch c := a.s[end]; {
		case c == '\\' && inQuotes:
			end++
		case c == '"':
			inQuotes = !inQuotes
		case inQuotes:
		case c == '>' || c == '<':
			break scan
		case c == ',' && !(end > begin && a.s[begin] == '@'): // not a route <@a,@b:c@d>
			break scan
		}
	}
	end = min(end, len(a.s))
	a.angle, a.bracket = a.s[begin:end], true
	a.pos = end
	for a.pos < len(a.s) && a.s[a.pos] == '>' {
		a.pos++
	}
}

// finish ends a piece and appends its address, if it has one. A piece that is no
// address waits for what a comma brings: half of a name, or one more such piece.
func (a *addressScan) finish(comma bool) {
	phrase, comment := a.phrase.String(), a.comment.String()
	var found Address
	if a.bracket {
		if half := a.pending.Name; half != "" && strings.TrimSpace(phrase) != "" {
			phrase = half + ", " + phrase
			a.pending = Address{}
		}
		found = Address{Name: displayName(phrase, comment), Address: bareAddress(a.angle)}
	} else {
		address, name := lastAddress(a.s[a.start:a.pos], phrase)
		found = Address{Name: displayName(name, comment), Address: address}
	}
	if found != (Address{}) || a.bracket {
		a.keepPending()
		sound := strings.Contains(found.Address, "@")
		if !sound {
			a.problems.add(ProblemAddress)
		}
		switch {
		case !sound && !a.bracket && comma:
			a.pending = found
		case found != (Address{}):
			a.list = append(a.list, found)
		}
	}
	a.phrase.Reset()
	a.comment.Reset()
	a.angle, a.bracket = "", false
	a.start = a.pos
}

func (a *addressScan) keepPending() {
	if a.pending != (Address{}) {
		a.list = append(a.list, a.pending)
		a.pending = Address{}
	}
}

func displayName(phrase, comment string) string {
	if name := cleanLine(decodeWords(phrase), MaxNameBytes); name != "" {
		return name
	}
	return cleanLine(decodeWords(comment), MaxNameBytes)
}

// lastAddress finds the address in a piece without brackets, and leaves its other
// words as the name.
func lastAddress(piece, phrase string) (address, name string) {
	if strings.Contains(piece, `"@`) { // "john doe"@example.com
		if whole := bareAddress(piece); strings.HasPrefix(whole, `"`) {
			return whole, ""
		}
	}
	phrase = strings.TrimSpace(phrase)
	if !strings.ContainsAny(phrase, " \t") {
		if !strings.Contains(phrase, "@") || strings.HasPrefix(phrase, "=?") {
			return "", phrase
		}
		return bareAddress(phrase), ""
	}
	phrase = strings.ReplaceAll(strings.ReplaceAll(phrase, " @", "@"), "@ ", "@")
	words := strings.Fields(phrase)
	for i := len(words) - 1; i >= 0; i-- {
		if strings.Contains(words[i], "@") {
			return bareAddress(words[i]), strings.Join(append(words[:i:i], words[i+1:]...), " ")
		}
	}
	return "", phrase
}

// bareAddress drops blanks, comments, controls and a source route off an address.
func bareAddress(s string) string {
	var b strings.Builder
	b.Grow(min(len(s), MaxAddressBytes))
	depth, inQuotes := 0, false
	for i, r := range s {
		switch {
		case r == utf8.RuneError || unicode.IsControl(r):
			continue
		case r == '"' && depth == 0 && (i == 0 || s[i-1] != '\\'):
			inQuotes = !inQuotes
		case inQuotes:
		case r == '(':
			depth++
		case r == ')' && depth > 0:
			depth--
			continue
		case isBlank(r):
			continue
		}
		if depth == 0 {
			b.WriteRune(r)
		}
		if b.Len() > 2*MaxAddressBytes {
			return ""
		}
	}
	out := b.String()
	if strings.HasPrefix(out, "@") {
		if colon := strings.IndexByte(out, ':'); colon > 0 {
			out = out[colon+1:]
		}
	}
	return strings.TrimPrefix(out, "mailto:")
}
