package message

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jhillyerd/enmime/v2"
)

// corpusDir is mail that nobody here wrote, from the project's root.
const corpusDir = "../../../shared/corpora"

// corpusFiles lists mime/*/*.eml, or skips.
func corpusFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(corpusDir, "mime", "*", "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no corpus at %s: foreign mail is not compared; the samples of this package cover each kind", corpusDir)
	}
	return files
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// allowed are the differences from mail-parser that we mean. Each names an aspect
// of a file; everything else must agree.
var allowed = map[string]string{
	// A file name is no path: mail-parser keeps it, or drops the backslashes.
	"legacy/035.eml names": "path", "legacy/039.eml names": "path", "rfc/001.eml names": "path",
	// Three enclosed messages lie in one multipart; mail-parser takes what follows the first
	// unclosed inner multipart for its content. RFC 2046, 5.1.2: the outer boundary ends it.
	"malformed/012.eml attachments": "enclosed", "thirdparty/015.eml attachments": "enclosed",
	// An inner multipart whose parent's boundary comes first: its parts belong to the parent.
	"malformed/007.eml attachments": "nesting", "malformed/008.eml attachments": "nesting", "malformed/009.eml attachments": "nesting", "malformed/011.eml attachments": "nesting", "malformed/016.eml attachments": "nesting",
	// Content-Type twice in one part, the first a multipart: the first counts.
	"malformed/020.eml text": "twice", "malformed/021.eml text": "twice",
	// A text that says base64 and is not: we decode what can be, mail-parser attaches it as it is.
	"thirdparty/002.eml attachments": "base64",
	// uuencode is not undone: attachments are served as they came.
	"legacy/017.eml sizes": "uuencode", "legacy/048.eml sizes": "uuencode",
}

// agreement counts what agrees with mail-parser, per aspect.
type agreement map[string]int

func (c agreement) note(t *testing.T, aspect, file string, same bool, got, want any) {
	t.Helper()
	if same {
		c[aspect]++
		return
	}
	if reason := allowed[file+" "+aspect]; reason != "" {
		c["allowed"]++
		return
	}
	t.Errorf("%s: %s:\n got %.200v\nmail-parser has %.200v", file, aspect, got, want)
}

// Every mail of the corpus is readable, and what mail-parser expects of it is
// what we read.
func TestCorpusAgreesWithMailParser(t *testing.T) {
	t.Parallel()
	c := agreement{}
	for _, file := range corpusFiles(t) {
		raw := readFile(t, file)
		base := strings.TrimSuffix(file, ".eml")
		expectations := base + ".json"
		if bytes.Contains(raw, []byte("\r\n")) {
			expectations = base + ".crlf.json"
		}
		var want expectedMail
		if err := json.Unmarshal(readFile(t, expectations), &want); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(file, corpusDir+"/mime/")
		got, err := Parse(raw, Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		compareHeader(t, c, name, got.Header, want.Parts[0])
		compareBody(t, c, name, got, want)
	}
	t.Logf("agreements: %v", c)
	for aspect, floor := range map[string]int{"addresses": 140, "subject": 75, "message_id": 60, "date": 70, "text": 110, "html": 30, "attachments": 95, "names": 70, "sizes": 75} {
		if c[aspect] < floor {
			t.Errorf("%s: %d agreements, want at least %d: the comparison has lost its grip", aspect, c[aspect], floor)
		}
	}
}

// Every mail of both corpora is readable and clean, its attachments open as
// described, and its header alone reads like its header in the whole.
func TestCorpusIsReadable(t *testing.T) {
	t.Parallel()
	files := corpusFiles(t)
	bounces, err := filepath.Glob(filepath.Join(corpusDir, "bounces", "mail", "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, bounces...) {
		raw := readFile(t, file)
		m, err := Parse(raw, Limits{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		checkClean(t, m)
		checkAttachments(t, raw, m)
		header := raw[:bodyStart(raw)]
		if alone := ParseHeader(header); !reflect.DeepEqual(alone, m.Header) {
			t.Errorf("%s: header alone reads %+v, in the mail %+v", file, alone, m.Header)
		}
		if HeaderDigest(header) != HeaderDigest(raw) {
			t.Errorf("%s: the header's digest depends on the body", file)
		}
		if t.Failed() {
			t.Fatalf("in %s", file)
		}
	}
	t.Logf("%d mails", len(files)+len(bounces))
}

// The shape of mail-parser's expectations, as far as we compare.
type expectedMail struct {
	HTMLBody    []int          `json:"html_body"`
	TextBody    []int          `json:"text_body"`
	Attachments []int          `json:"attachments"`
	Parts       []expectedPart `json:"parts"`
}

type expectedPart struct {
	Headers []struct {
		Name  any             `json:"name"`
		Value json.RawMessage `json:"value"`
	} `json:"headers"`
	Body map[string]json.RawMessage `json:"body"`
}

type expectedValue struct {
	Text    *string
	Address *struct {
		List  []expectedAddress
		Group []struct {
			Addresses []expectedAddress `json:"addresses"`
		}
	}
	DateTime *struct {
		Year, Month, Day, Hour, Minute, Second int
		West                                   bool `json:"tz_before_gmt"`
		TzHour                                 int  `json:"tz_hour"`
		TzMinute                               int  `json:"tz_minute"`
	}
	ContentType *struct {
		Type       string  `json:"c_type"`
		Subtype    *string `json:"c_subtype"`
		Attributes []struct{ Name, Value string }
	}
}

type expectedAddress struct{ Name, Address *string }

// header is the last field of that name: mail-parser's rule for a repeated one.
func (p expectedPart) header(name string) (v expectedValue) {
	for _, h := range p.Headers {
		if h.Name == name {
			v = expectedValue{}
			_ = json.Unmarshal(h.Value, &v) // "Empty" is a string: nothing to compare
		}
	}
	return v
}

func compareHeader(t *testing.T, c agreement, file string, h Header, want expectedPart) {
	for name, list := range map[string][]Address{"from": h.From, "to": h.To, "cc": h.Cc} {
		v := want.header(name)
		if v.Address == nil {
			continue
		}
		addresses := v.Address.List
		for _, g := range v.Address.Group {
			addresses = append(addresses, g.Addresses...)
		}
		var wantLine, gotLine []string
		for _, a := range addresses {
			wantLine = append(wantLine, deref(a.Name)+"<"+deref(a.Address)+">")
		}
		for _, a := range list {
			gotLine = append(gotLine, a.Name+"<"+a.Address+">")
		}
		g, w := strings.Join(gotLine, ", "), strings.Join(wantLine, ", ")
		c.note(t, "addresses", file, sameText(g, w), g, w)
	}
	if v := want.header("subject"); v.Text != nil {
		c.note(t, "subject", file, sameText(h.Subject, *v.Text), h.Subject, *v.Text)
	}
	if v := want.header("message_id"); v.Text != nil {
		c.note(t, "message_id", file, h.MessageID == *v.Text, h.MessageID, *v.Text)
	}
	if d := want.header("date").DateTime; d != nil {
		offset := time.Duration(d.TzHour)*time.Hour + time.Duration(d.TzMinute)*time.Minute
		if !d.West {
			offset = -offset
		}
		date := time.Date(d.Year, time.Month(d.Month), d.Day, d.Hour, d.Minute, d.Second, 0, time.UTC).Add(offset)
		c.note(t, "date", file, h.Date.Equal(date), h.Date, date)
	}
}

func compareBody(t *testing.T, c agreement, file string, m Message, want expectedMail) {
	for _, form := range []struct {
		aspect, kind, have string
		parts              []int
	}{{"text", "Text", m.Text, want.TextBody}, {"html", "Html", m.HTML, want.HTMLBody}} {
		for _, id := range form.parts {
			var text string
			if data, ok := want.Parts[id].Body[form.kind]; !ok || json.Unmarshal(data, &text) != nil {
				continue
			}
			c.note(t, form.aspect, file, containsText(form.have, text), form.have, text)
		}
	}
	var got, expected []string
	var ids []int
	for _, a := range m.Attachments {
		got = append(got, a.Type)
	}
	for _, id := range want.Attachments {
		part := want.Parts[id]
		// Text parts without a name are read, not attached, wherever they stand; and a
		// multipart without parts is its text.
		var text string
		for _, kind := range []string{"Text", "Html"} {
			if data, ok := part.Body[kind]; ok && json.Unmarshal(data, &text) == nil && part.fileName() == "" && containsText(m.Text+m.HTML, text) {
				id = -1
			}
		}
		if id >= 0 {
			ids = append(ids, id)
			expected = append(expected, part.media())
		}
	}
	g, w := strings.Join(got, ","), strings.Join(expected, ",")
	c.note(t, "attachments", file, g == w, g, w)
	if g != w {
		return
	}
	for i, id := range ids {
		part, a := want.Parts[id], m.Attachments[i]
		if name := part.fileName(); name != "" {
			c.note(t, "names", file, sameText(a.Name, name), a.Name, name)
		}
		for _, kind := range []string{"Binary", "InlineBinary"} {
			var data []int
			if raw, ok := part.Body[kind]; ok && json.Unmarshal(raw, &data) == nil {
				c.note(t, "sizes", file, a.Size == int64(len(data)), a.Size, len(data))
			}
		}
	}
}

func (p expectedPart) media() string {
	if v := p.header("content_type").ContentType; v != nil && v.Subtype != nil {
		return v.Type + "/" + *v.Subtype
	}
	if _, ok := p.Body["Message"]; ok {
		return "message/rfc822"
	}
	return "text/plain"
}

func (p expectedPart) fileName() string {
	for _, where := range []struct{ header, attribute string }{{"content_disposition", "filename"}, {"content_type", "name"}} {
		if v := p.header(where.header).ContentType; v != nil {
			for _, a := range v.Attributes {
				if a.Name == where.attribute {
					return a.Value
				}
			}
		}
	}
	return ""
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// loose folds blanks, so that line ends and trailing blanks do not count.
func loose(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\x00", "")), " ")
}

// sameText compares but for blanks. Where mail-parser gave up on a character
// (U+FFFD) we may have read one.
func sameText(got, want string) bool {
	g, w := []rune(loose(got)), []rune(loose(want))
	return len(g) == len(w) && containsText(string(g), string(w))
}

func containsText(have, want string) bool {
	h, w := []rune(loose(have)), []rune(loose(want))
	for start := 0; start+len(w) <= len(h); start++ {
		n := 0
		for n < len(w) && (h[start+n] == w[n] || w[n] == '\ufffd') {
			n++
		}
		if n == len(w) {
			return true
		}
	}
	return false
}

// Where enmime reads a mail without complaint, it sees the same subject, text
// and attachments.
func TestCorpusAgreesWithEnmime(t *testing.T) {
	t.Parallel()
	compared, same := 0, 0
	for _, file := range corpusFiles(t) {
		raw := readFile(t, file)
		env, err := enmime.ReadEnvelope(bytes.NewReader(raw))
		if err != nil || len(env.Errors) > 0 {
			continue
		}
		m, err := Parse(raw, Limits{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		compared++
		// enmime reads raw 8-bit text within encoded words as UTF-8, whatever they say.
		header := raw[:bodyStart(raw)]
		subject := !isASCII(string(header)) || sameText(m.Header.Subject, env.GetHeader("Subject"))
		// It makes text of HTML where there is no text, and puts a line between texts.
		text := m.Text == "" || containsText(m.Text, strings.ReplaceAll(env.Text, "\n--\n", "\n"))
		// It counts texts that say "inline" among the files.
		files := len(env.Attachments) + len(env.OtherParts)
		for _, part := range env.Inlines {
			if !strings.HasPrefix(part.ContentType, "text/") || part.FileName != "" {
				files++
			}
		}
		if subject && text && len(m.Attachments) == files {
			same++
		} else {
			t.Logf("%s: subject %v, text %v, %d files and %d", file, subject, text, len(m.Attachments), files)
		}
	}
	t.Logf("%d of %d agree", same, compared)
	if compared < 60 || compared-same > 2 {
		t.Errorf("%d of %d mails agree with enmime, want all but two of at least 60", same, compared)
	}
}
