package imapconn

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// folderName is a folder's name as the server wrote it and as we call it.
type folderName struct {
	wire  string
	name  string
	exact bool // the name, written by the library, is wire again
}

func newFolderName(wire string, isUTF8 bool) folderName {
	if strings.EqualFold(wire, "INBOX") {
		return folderName{wire: "INBOX", name: "INBOX", exact: true}
	}
	f := folderName{wire: wire, name: strings.ToValidUTF8(wire, "\uFFFD")}
	if isUTF8 {
		f.exact = utf8.ValidString(wire) && !strings.Contains(wire, "&")
		return f
	}
	if name, ok := decodeUTF7(wire); ok {
		f.name, f.exact = name, encodeUTF7(name) == wire
	}
	if strings.ContainsRune(f.name, 0) {
		f.name, f.exact = strings.ReplaceAll(f.name, "\x00", "\uFFFD"), false
	}
	return f
}

var utf7Base64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// decodeUTF7 reads IMAP's modified UTF-7 (RFC 3501 section 5.1.3).
func decodeUTF7(s string) (string, bool) {
	var b strings.Builder
	for len(s) > 0 {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			i = len(s)
		}
		for j := range i {
			if s[j] < ' ' || s[j] > '~' {
				return "", false
			}
		}
		b.WriteString(s[:i])
		if s = s[i:]; s == "" {
			break
		}
		end := strings.IndexByte(s, '-')
		if end < 0 {
			return "", false
		}
		if end == 1 {
			b.WriteByte('&')
		} else {
			raw, err := utf7Base64.DecodeString(s[1:end])
			if err != nil || len(raw)%2 != 0 {
				return "", false
			}
			units := make([]uint16, 0, len(raw)/2)
			for k := 0; k < len(raw); k += 2 {
				units = append(units, uint16(raw[k])<<8|uint16(raw[k+1]))
			}
			b.WriteString(string(utf16.Decode(units)))
		}
		s = s[end+1:]
	}
	return b.String(), true
}

// encodeUTF7 writes it as the library does.
func encodeUTF7(s string) string {
	var b strings.Builder
	plain := func(r rune) bool { return r >= ' ' && r <= '~' }
	runes := []rune(s)
	for i := 0; i < len(runes); {
		r := runes[i]
		if plain(r) {
			b.WriteRune(r)
			if r == '&' {
				b.WriteByte('-')
			}
			i++
			continue
		}
		start := i
		for i < len(runes) && !plain(runes[i]) {
			i++
		}
		var raw []byte
		for _, u := range utf16.Encode(runes[start:i]) {
			raw = append(raw, byte(u>>8), byte(u))
		}
		b.WriteByte('&')
		b.WriteString(utf7Base64.EncodeToString(raw))
		b.WriteByte('-')
	}
	return b.String()
}
