package message

import (
	"bytes"
	"encoding/hex"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/mailstamp/mailstamp/db/address"
)

// shownAttributes are all that cleaned HTML may carry, with none that loads.
var shownAttributes = map[string]bool{
	"align": true, "valign": true, "width": true, "height": true, "border": true, "cellpadding": true, "cellspacing": true, "colspan": true, "rowspan": true,
	"bgcolor": true, "color": true, "face": true, "size": true, "start": true, "dir": true, "alt": true, "title": true, "href": true, "rel": true, "target": true,
}

var loadingElements = map[string]bool{
	"script": true, "style": true, "link": true, "meta": true, "base": true, "form": true, "input": true, "button": true, "select": true, "textarea": true, "iframe": true, "frame": true, "frameset": true,
	"object": true, "embed": true, "applet": true, "svg": true, "math": true, "video": true, "audio": true, "source": true, "picture": true, "template": true, "noscript": true, "body": true, "html": true, "head": true,
	"title": true, "xmp": true, "plaintext": true, "details": true, "isindex": true, "bgsound": true, "image": true,
}

// checkSafeHTML reads cleaned HTML as a browser's tokenizer does and looks at every tag.
func checkSafeHTML(t testing.TB, in, out string) {
	t.Helper()
	if !utf8.ValidString(out) || strings.ContainsRune(out, 0) {
		t.Errorf("%q: not storable: %q", in, out)
	}
	z := html.NewTokenizer(strings.NewReader(out))
	depth := 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		switch kind {
		case html.CommentToken, html.DoctypeToken:
			t.Errorf("%q: a comment is left: %q", in, out)
		case html.EndTagToken:
			if depth--; depth < 0 {
				t.Errorf("%q: closes what it has not opened: %q", in, out)
			}
		case html.StartTagToken, html.SelfClosingTagToken: // browsers read <a/> as <a>
			if token.Data != "br" && token.Data != "hr" && token.Data != "img" {
				depth++
			}
		}
		if kind == html.TextToken {
			continue
		}
		if loadingElements[token.Data] {
			t.Errorf("%q: <%s> is left: %q", in, token.Data, out)
		}
		for _, a := range token.Attr {
			if !shownAttributes[a.Key] {
				t.Errorf("%q: attribute %s is left: %q", in, a.Key, out)
			}
			if v := strings.ToLower(a.Val); a.Key == "href" && !strings.HasPrefix(v, "http://") && !strings.HasPrefix(v, "https://") && !strings.HasPrefix(v, "mailto:") && !strings.HasPrefix(v, "tel:") && !strings.HasPrefix(v, "http:") && !strings.HasPrefix(v, "https:") {
				t.Errorf("%q: link to %q is left", in, a.Val)
			}
		}
	}
	if depth != 0 {
		t.Errorf("%q: %d elements stay open: %q", in, depth, out)
	}
	if len(out) > 20*len(in)+1000 {
		t.Errorf("%d bytes became %d", len(in), len(out))
	}
}

func FuzzSanitizeHTML(f *testing.F) {
	f.Add(`<p>Dear <b>Anna</b><img src="https://t.example/x"><a href="javascript:x">y</a>`)
	f.Add("<A/\x7f>open")
	f.Add(`<svg><style><img src=x onerror=1></style></svg></div><table><td>`)
	f.Add(`<a href="https://x.example/" title='"><script>'>x</a><!-- x --><title>y`)
	f.Fuzz(func(t *testing.T, in string) {
		checkSafeHTML(t, in, SanitizeHTML(in))
		if text := HTMLText(in); utf8.ValidString(in) && !utf8.ValidString(text) {
			t.Errorf("text of %q is %q", in, text)
		}
	})
}

func FuzzParseHeader(f *testing.F) {
	f.Add([]byte("From: a <a@x.example>\nTo: \"b\" <b@x.example>, c: d@x.example;\nReferences: <a@b>\n <c@d>\nDate: Fri, 2 Jan 2026 12:04:05 +0100\n\n"))
	f.Add([]byte("Subject: =?utf-8?B?w6k=?= =?iso-8859-1*de?Q?=E9?=\r\nMessage-ID: <x>\r\nContent-Type: text/plain; name*0*=utf-8''%41; name*1=b\r\n\r\n"))
	f.Add([]byte("Return-Path: <>\nList-Id: x <y>\nAuto-Submitted: auto-replied; a=b\nX-Failed-Recipients: a@b\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h := ParseHeader(raw)
		checkClean(t, Message{Header: h})
		for _, list := range [][]Address{h.From, h.To, h.Cc} {
			for _, a := range list {
				if c, ok := address.Canonical(a.Address); ok {
					if again, ok := address.Canonical(c); !ok || again != c {
						t.Errorf("%q becomes %q and then %q", a.Address, c, again)
					}
				}
			}
		}
		if base, _ := BaseSubject(h.Subject); !utf8.ValidString(base) {
			t.Errorf("base subject %q", base)
		}
	})
}

var (
	paddedEnds = regexp.MustCompile(`[ \t]+(\r?\n|\z)`)
	escapes    = regexp.MustCompile(`=(?:[0-9A-Fa-f]{2}|\r?\n|\z)`)
)

// slowQuoted, slowClean: the same as the fast ones, in the words of RFC 2045 and of cleanText.
func slowQuoted(b []byte) []byte {
	return escapes.ReplaceAllFunc(paddedEnds.ReplaceAll(b, []byte("$1")), func(e []byte) []byte {
		decoded, _ := hex.DecodeString(strings.TrimRight(string(e[1:]), "\r\n"))
		return decoded
	})
}

func slowClean(s string) string {
	s = strings.ReplaceAll(strings.TrimPrefix(s, "\ufeff"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case unicode.IsControl(r) && r != '\n' && r != '\t':
			return -1
		}
		return r
	}, s)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("a=\r\n b =3D= \t\r\n=C3=A9=4\r\n=zz \r\r\n==\n  \n\r"), uint8(0))
	f.Add([]byte("QUJD\r\nRE=V\r\n=Rg==R0hJ*Sg"), uint8(3))
	f.Add([]byte("\xef\xbb\xbfone\r\ntwo\rthree\x7f and\x00 \xc2\x85 eight \xc2\xa0 \xe2\x80\x93 \xff nine\tten\xc2"), uint8(255))
	f.Fuzz(func(t *testing.T, b []byte, room uint8) {
		var quoted bytes.Buffer
		p := make([]byte, int(room)+1) // a reader with little room stops anywhere
		for r := (&quotedReader{src: b}); ; {
			n, err := r.Read(p)
			quoted.Write(p[:n])
			if err != nil {
				break
			}
		}
		if want := slowQuoted(b); !bytes.Equal(quoted.Bytes(), want) {
			t.Errorf("quoted-printable %q becomes %q, want %q", b, quoted.Bytes(), want)
		}
		if decoded, _ := io.ReadAll(&base64Reader{src: b}); base64Size(b) != int64(len(decoded)) {
			t.Errorf("base64 %q has %d bytes, size says %d", b, len(decoded), base64Size(b))
		}
		valid := strings.ToValidUTF8(string(b), "\ufffd")
		if got := string(validUTF8(b)); got != valid {
			t.Errorf("%q made valid is %q, want %q", b, got, valid)
		}
		if got, _ := cleanText([]byte(valid), len(valid)); got != slowClean(valid) {
			t.Errorf("%q cleaned is %q, want %q", valid, got, slowClean(valid))
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(mixed))
	f.Add([]byte(identityMail))
	f.Add(typicalMail())
	f.Add([]byte("From: a@b\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+\n--b\nContent-Type: image/gif; name=\"a/b\"\n\nx"))
	f.Add([]byte("A: b\nContent-Transfer-Encoding: quoted-printable\n\na=\n b =3D=\r\n  \n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, _ := Parse(raw, Limits{})
		checkClean(t, m)
		checkAttachments(t, raw, m)
		// A bare CR would become a line end of its own.
		if unix := bytes.ReplaceAll(raw, []byte("\r"), nil); len(raw) < MaxHeaderBytes/2 {
			dos := bytes.ReplaceAll(unix, []byte("\n"), []byte("\r\n"))
			if Identity(ParseHeader(unix), unix) != Identity(ParseHeader(dos), dos) {
				t.Error("identity depends on line ends")
			}
			if HeaderDigest(unix) != HeaderDigest(dos) {
				t.Error("header digest depends on line ends")
			}
		}
	})
}
