package message

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
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
	Body        map[string]json.RawMessage `json:"body"`
	OffsetBody  int                        `json:"offset_body"`
	OffsetEnd   int                        `json:"offset_end"`
	OffsetStart int                        `json:"offset_header"`
}

func (p expectedPart) header(name string) json.RawMessage {
	var last json.RawMessage
	for _, h := range p.Headers {
		if h.Name == name {
			last = h.Value
		}
	}
	return last
}

func (p expectedPart) text(t *testing.T) (string, bool) {
	for _, kind := range []string{"Text", "Html"} {
		if raw, ok := p.Body[kind]; ok {
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				t.Fatal(err)
			}
			return s, true
		}
	}
	return "", false
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
		Before                                 bool `json:"tz_before_gmt"`
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

// tally counts agreements and lists differences per aspect.
type tally struct {
	agree map[string]int
	all   map[string]int
}

func (c *tally) note(t *testing.T, aspect, file string, same bool, got, want any) {
	c.all[aspect]++
	if same {
		c.agree[aspect]++
		return
	}
	t.Logf("%s: %s: got %.200q, mail-parser has %.200q", file, aspect, got, want)
}

func TestCorpusAgreesWithMailParser(t *testing.T) {
	c := tally{map[string]int{}, map[string]int{}}
	for _, file := range corpusFiles(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want expectedMail
		data, err := os.ReadFile(strings.TrimSuffix(file, ".eml") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(file, corpusDir+"/mime/")
		got, err := Parse(raw, Limits{})
		if err != nil {
			c.note(t, "readable", name, false, err, nil)
			continue
		}
		c.note(t, "readable", name, true, nil, nil)
		compareHeader(t, &c, name, got.Header, want.Parts[0])
		compareBody(t, &c, name, raw, got, want)
	}
	for aspect, n := range c.all {
		t.Logf("%-12s %3d of %3d", aspect, c.agree[aspect], n)
	}
}

func compareHeader(t *testing.T, c *tally, file string, h Header, want expectedPart) {
	for name, list := range map[string][]Address{"from": h.From, "to": h.To, "cc": h.Cc} {
		var v expectedValue
		if json.Unmarshal(want.header(name), &v) != nil || v.Address == nil {
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
		c.note(t, "addresses", file, g == w, g, w)
	}
	var v expectedValue
	if json.Unmarshal(want.header("subject"), &v) == nil && v.Text != nil {
		c.note(t, "subject", file, h.Subject == strings.TrimSpace(*v.Text), h.Subject, *v.Text)
	}
	v = expectedValue{}
	if json.Unmarshal(want.header("message_id"), &v) == nil && v.Text != nil {
		c.note(t, "message_id", file, h.MessageID == *v.Text, h.MessageID, *v.Text)
	}
	v = expectedValue{}
	if json.Unmarshal(want.header("date"), &v) == nil && v.DateTime != nil {
		d := v.DateTime
		offset := time.Duration(d.TzHour)*time.Hour + time.Duration(d.TzMinute)*time.Minute
		if !d.Before {
			offset = -offset
		}
		date := time.Date(d.Year, time.Month(d.Month), d.Day, d.Hour, d.Minute, d.Second, 0, time.UTC).Add(offset)
		c.note(t, "date", file, h.Date.Equal(date), h.Date.String(), date.String())
	}
}

func compareBody(t *testing.T, c *tally, file string, raw []byte, m Message, want expectedMail) {
	for aspect, list := range map[string][]int{"text": want.TextBody, "html": want.HTMLBody} {
		have := m.Text
		kind := "Text"
		if aspect == "html" {
			have, kind = m.HTML, "Html"
		}
		for _, id := range list {
			part := want.Parts[id]
			if _, ok := part.Body[kind]; !ok {
				continue
			}
			text, _ := part.text(t)
			c.note(t, aspect, file, strings.Contains(loose(have), loose(text)), loose(have), loose(text))
		}
	}
	var names, wantNames []string
	for _, a := range m.Attachments {
		names = append(names, a.Type)
	}
	for _, id := range want.Attachments {
		wantNames = append(wantNames, partType(want.Parts[id]))
	}
	c.note(t, "attachments", file, strings.Join(names, ",") == strings.Join(wantNames, ","), strings.Join(names, ","), strings.Join(wantNames, ","))
	if len(names) != len(wantNames) {
		return
	}
	for i, id := range want.Attachments {
		part := want.Parts[id]
		if name := partName(part); name != "" {
			c.note(t, "names", file, m.Attachments[i].Name == name, m.Attachments[i].Name, name)
		}
		for _, kind := range []string{"Binary", "InlineBinary"} {
			if data, ok := part.Body[kind]; ok {
				var bytes []int
				if err := json.Unmarshal(data, &bytes); err != nil {
					t.Fatal(err)
				}
				c.note(t, "sizes", file, m.Attachments[i].Size == int64(len(bytes)), m.Attachments[i].Size, len(bytes))
			}
		}
	}
	_ = raw
}

func partType(p expectedPart) string {
	var v expectedValue
	if json.Unmarshal(p.header("content_type"), &v) == nil && v.ContentType != nil && v.ContentType.Subtype != nil {
		return v.ContentType.Type + "/" + *v.ContentType.Subtype
	}
	if _, ok := p.Body["Message"]; ok {
		return "message/rfc822"
	}
	return "text/plain"
}

func partName(p expectedPart) string {
	for _, where := range []struct{ header, attribute string }{{"content_disposition", "filename"}, {"content_type", "name"}} {
		var v expectedValue
		if json.Unmarshal(p.header(where.header), &v) == nil && v.ContentType != nil {
			for _, a := range v.ContentType.Attributes {
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

var _ = utf8.ValidString
