package message

import (
	"sort"
	"strconv"
	"strings"
)

// parseMedia reads Content-Type or Content-Disposition: the value in lower case,
// and parameters with their continuations and charsets (RFC 2231) undone.
func parseMedia(s string) (value string, params map[string]string) {
	end := strings.IndexAny(s, "; \t(")
	if end < 0 {
		return cleanLine(strings.ToLower(s), MaxNameBytes), nil
	}
	value = cleanLine(strings.ToLower(s[:end]), MaxNameBytes)
	s = s[end:]
	var pieces []paramPiece
	for n := 0; n < MaxParams; n++ {
		s = strings.TrimLeft(s, "; \t")
		if s == "" {
			break
		}
		key, raw, rest := cutParam(s)
		s = rest
		if key == "" {
			continue
		}
		star := strings.IndexByte(key, '*')
		if star < 0 {
			if params == nil {
				params = make(map[string]string, 4)
			}
			if _, twice := params[key]; !twice {
				params[key] = plainParam(key, raw)
			}
			continue
		}
		piece := paramPiece{key: key[:star], value: raw, encoded: strings.HasSuffix(key, "*")}
		if index := strings.Trim(key[star:], "*"); index != "" {
			i, err := strconv.Atoi(index)
			if err != nil || i < 0 {
				continue
			}
			piece.index = i
		}
		pieces = append(pieces, piece)
	}
	if len(pieces) > 0 {
		if params == nil {
			params = make(map[string]string, len(pieces))
		}
		joinPieces(params, pieces)
	}
	return value, params
}

// cutParam takes key=value off the front of s. Values run to the next semicolon:
// senders forget to quote names with blanks.
func cutParam(s string) (key, value, rest string) {
	eq := strings.IndexAny(s, "=;")
	if eq < 0 {
		return "", "", ""
	}
	if s[eq] == ';' {
		return "", "", s[eq+1:]
	}
	key = strings.ToLower(strings.Trim(s[:eq], " \t"))
	if blank := strings.LastIndexAny(key, " \t"); blank >= 0 { // "(comment) key", or a lost semicolon
		key = key[blank+1:]
	}
	s = strings.TrimLeft(s[eq+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		var b strings.Builder
		for i := 1; i < len(s); i++ {
			switch c := s[i]; {
			case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'): // else a Windows path
				i++
				b.WriteByte(s[i])
			case c == '"':
				return key, b.String(), s[i+1:]
			default:
				b.WriteByte(c)
			}
		}
		return key, b.String(), ""
	}
	value, rest, _ = strings.Cut(s, ";")
	value = strings.TrimRight(value, " \t")
	if key == "charset" || key == "boundary" { // "charset=utf-8 format=flowed", "boundary=x (comment)"
		if blank := strings.IndexAny(value, " \t"); blank > 0 {
			rest = value[blank:] + ";" + rest
			value = value[:blank]
		}
	}
	return key, value, rest
}

func plainParam(key, value string) string {
	if key == "boundary" {
		return value
	}
	return cleanLine(decodeWords(value), MaxSubjectBytes)
}

// paramPiece is one section of a parameter of RFC 2231.
type paramPiece struct {
	key, value string
	index      int
	encoded    bool
}

// joinPieces puts the sections together, in their order, up to the first gap.
func joinPieces(params map[string]string, pieces []paramPiece) {
	sort.SliceStable(pieces, func(i, j int) bool {
		if pieces[i].key != pieces[j].key {
			return pieces[i].key < pieces[j].key
		}
		return pieces[i].index < pieces[j].index
	})
	for start := 0; start < len(pieces); {
		key, label := pieces[start].key, ""
		var data []byte
		next := 0
		i := start
		for ; i < len(pieces) && pieces[i].key == key; i++ {
			p := pieces[i]
			if p.index != next {
				continue
			}
			next++
			if !p.encoded {
				data = append(data, p.value...)
				continue
			}
			if p.index == 0 {
				if parts := strings.SplitN(p.value, "'", 3); len(parts) == 3 {
					label, p.value = parts[0], parts[2]
				}
			}
			data = appendPercent(data, p.value)
		}
		if data != nil {
			text, _ := decodeCharset(label, data)
			params[key] = plainParam(key, text)
		}
		start = i
	}
}

func appendPercent(out []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi < 16 && lo < 16 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}
