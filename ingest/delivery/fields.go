package delivery

import (
	"bytes"
	"strings"
)

// field is one header field, unfolded.
type field struct{ name, value string } // name in lower case

type fields []field

// get is the first value of a field.
func (f fields) get(name string) string {
	for i := range f {
		if f[i].name == name {
			return f[i].value
		}
	}
	return ""
}

func (f fields) has(name string) bool {
	for i := range f {
		if f[i].name == name {
			return true
		}
	}
	return false
}

// parseFields reads fields up to the first empty line and returns what follows.
// Lines that are no field are skipped; a text that starts with none has no header.
func parseFields(raw []byte) (fields, []byte) {
	var out fields
	rest := raw
	for len(rest) > 0 {
		line, next := cutLine(rest)
		if len(bytes.TrimRight(line, " \t")) == 0 {
			return out, next
		}
		rest = next
		if line[0] == ' ' || line[0] == '\t' {
			if n := len(out); n > 0 && len(out[n-1].value) < maxFieldBytes {
				// An X-header folded in the middle of its value is joined with a blank.
				out[n-1].value += " " + string(bytes.TrimSpace(clip(line, maxFieldBytes)))
			}
			continue
		}
		if len(out) >= maxFields {
			continue
		}
		name, value, ok := cutField(line)
		if n := len(out); len(line) > 4 && n > 0 && replyAt(string(line[:4]), 0) && len(out[n-1].value) < maxFieldBytes {
			// The next line of a reply of several, put there without folding.
			out[n-1].value += " " + string(bytes.TrimSpace(clip(line, maxFieldBytes)))
			continue
		}
		if !ok {
			continue
		}
		out = append(out, field{name: name, value: value})
	}
	return out, nil
}

// cutField splits "Name: value"; the name has no blanks and is in lower case.
func cutField(line []byte) (name, value string, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 76 {
		return "", "", false
	}
	n := bytes.TrimRight(line[:i], " \t")
	for _, c := range n {
		if c <= ' ' || c >= 0x7f {
			return "", "", false
		}
	}
	if len(n) == 0 {
		return "", "", false
	}
	return strings.ToLower(string(n)), string(bytes.TrimSpace(clip(line[i+1:], maxFieldBytes))), true
}

func cutLine(b []byte) (line, rest []byte) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return bytes.TrimSuffix(b[:i], []byte{'\r'}), b[i+1:]
	}
	return bytes.TrimSuffix(b, []byte{'\r'}), nil
}

func clip(b []byte, n int) []byte {
	if len(b) > n {
		return b[:n]
	}
	return b
}
