package message

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding/charmap"
)

// charsetAliases maps names that mail really uses to names that the charset
// library knows. The Latin and Chinese ones go to their supersets, as browsers do.
var charsetAliases = map[string]string{
	"latin1": "windows-1252", "latin-1": "windows-1252", "iso-8859-1": "windows-1252",
	"iso8859-1": "windows-1252", "iso_8859-1": "windows-1252", "iso88591": "windows-1252", "8859-1": "windows-1252",
	"cp1252": "windows-1252", "cp-1252": "windows-1252", "ansi": "windows-1252", "x-ansi": "windows-1252", "windows1252": "windows-1252",
	"iso8859-2": "iso-8859-2", "iso8859-15": "iso-8859-15", "latin2": "iso-8859-2", "latin-2": "iso-8859-2",
	"latin9": "iso-8859-15", "latin-9": "iso-8859-15", "iso-8859-9": "windows-1254", "latin5": "windows-1254", "iso-8859-8-i": "iso-8859-8",
	"cp1250": "windows-1250", "cp-1250": "windows-1250", "cp1251": "windows-1251", "cp-1251": "windows-1251", "win-1251": "windows-1251",
	"cp1253": "windows-1253", "cp1254": "windows-1254", "cp1255": "windows-1255", "cp1256": "windows-1256",
	"cp1257": "windows-1257", "cp1258": "windows-1258", "cp866": "ibm866", "cp-866": "ibm866", "koi8r": "koi8-r", "koi8": "koi8-r",
	"cp437": "ibm437", "cp850": "ibm850", "cp852": "ibm852", "cp855": "ibm855", "cp858": "ibm00858", "cp862": "ibm862",
	"cp932": "shift_jis", "cp-932": "shift_jis", "ms932": "shift_jis", "windows-31j": "shift_jis", "x-sjis": "shift_jis", "sjis": "shift_jis", "shift-jis": "shift_jis",
	"eucjp": "euc-jp", "x-euc-jp": "euc-jp", "iso-2022-jp-1": "iso-2022-jp", "iso-2022-jp-2": "iso-2022-jp", "iso-2022-jp-ms": "iso-2022-jp", "cp50220": "iso-2022-jp",
	"gb2312": "gb18030", "gb-2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "cp-936": "gb18030", "euc-cn": "gb18030", "gb_2312-80": "gb18030", "csgb2312": "gb18030",
	"big5-hkscs": "big5", "cp950": "big5", "x-big5": "big5", "cn-big5": "big5",
	"ks_c_5601-1987": "euc-kr", "ks_c_5601": "euc-kr", "ksc5601": "euc-kr", "ks-c-5601-1987": "euc-kr", "cp949": "euc-kr", "uhc": "euc-kr", "euckr": "euc-kr", "iso-2022-kr": "euc-kr",
	"tis-620": "windows-874", "iso-8859-11": "windows-874", "cp874": "windows-874", "x-mac-roman": "macintosh", "macroman": "macintosh", "x-macroman": "macintosh",
	"unicode": "utf-16", "ucs-2": "utf-16", "utf16": "utf-16", "utf16le": "utf-16le", "utf16be": "utf-16be",
}

// decodeCharset turns bytes of a declared charset into valid UTF-8. ok is false
// where the name means nothing to us; the text is then read as if undeclared.
func decodeCharset(label string, b []byte) (text string, ok bool) {
	decoded, ok := decodeBytes(label, b)
	return string(decoded), ok
}

// decodeBytes is decodeCharset without a copy: what is valid already is b itself.
func decodeBytes(label string, b []byte) (text []byte, ok bool) {
	label = strings.ToLower(strings.Trim(label, " \t\"'"))
	switch label {
	case "utf-8", "utf8", "unicode-1-1-utf-8", "x-utf-8", "cp65001", "utf-8-mac":
		return validUTF8(b), true
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "7bit", "8bit", "unknown-8bit", "x-unknown", "unknown", "default", "x-user-defined", "binary":
		return decodeUndeclared(b), true
	case "utf-7", "utf7", "unicode-1-1-utf-7", "csunicode11utf7", "x-unicode-2-0-utf-7", "unicode-2-0-utf-7":
		return []byte(decodeUTF7(b)), true
	}
	if alias, found := charsetAliases[label]; found {
		label = alias
	}
	r, err := charset.Reader(label, bytes.NewReader(b))
	if err != nil {
		return decodeUndeclared(b), false
	}
	// A decoder that stops in the middle keeps what it had read.
	decoded, _ := io.ReadAll(r)
	return validUTF8(decoded), true
}

// validUTF8 is bytes.ToValidUTF8, which looks at every byte and copies always.
func validUTF8(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return bytes.ToValidUTF8(b, []byte("\ufffd"))
}

// decodeUndeclared reads text that says nothing of its charset: the escapes of
// ISO-2022-JP need no label; else UTF-8 where it is valid, and Windows-1252, which
// has a character for every byte, where it is not.
func decodeUndeclared(b []byte) []byte {
	if bytes.Contains(b, []byte("\x1b$")) {
		text, _ := decodeBytes("iso-2022-jp", b)
		return text
	}
	if utf8.Valid(b) {
		return b
	}
	decoded, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return validUTF8(b)
	}
	return decoded
}

// decodeUTF7 reads RFC 2152, which no library here has. Broken runs are dropped.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	for len(b) > 0 {
		plus := bytes.IndexByte(b, '+')
		if plus < 0 {
			out.Write(decodeUndeclared(b))
			break
		}
		out.Write(decodeUndeclared(b[:plus]))
		b = b[plus+1:]
		n := 0
		for n < len(b) && base64Value[b[n]] < 64 {
			n++
		}
		if n == 0 {
			out.WriteByte('+')
		} else {
			units := make([]byte, base64.RawStdEncoding.DecodedLen(n))
			got, _ := base64.RawStdEncoding.Decode(units, b[:n])
			words := make([]uint16, got/2)
			for i := range words {
				words[i] = uint16(units[2*i])<<8 | uint16(units[2*i+1])
			}
			out.WriteString(string(utf16.Decode(words)))
		}
		b = b[n:]
		if len(b) > 0 && b[0] == '-' {
			b = b[1:]
		}
	}
	return out.String()
}
