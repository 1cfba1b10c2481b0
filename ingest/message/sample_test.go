package message

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

// parse reads a sample written with \n and requires it to be readable and clean.
func parse(t *testing.T, raw string) Message {
	t.Helper()
	m, err := Parse([]byte(raw), Limits{})
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	checkClean(t, m)
	checkAttachments(t, []byte(raw), m)
	return m
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %#v\nwant %#v", what, got, want)
	}
}

func TestPlainMail(t *testing.T) {
	t.Parallel()
	m := parse(t, strings.Join([]string{
		"Return-Path: <anna@customer.example>",
		"Received: from a by b",
		"From: Anna =?utf-8?Q?Berg=C3=A9n?= <Anna@Customer.example>",
		"Sender: office@customer.example",
		"Reply-To: Team <team@customer.example>",
		"To: \"Doe, John\" <john@vendor.example>, sales@vendor.example (Sales)",
		"Cc: Friends: a@x.example, b@x.example;, c@x.example",
		"Bcc: hidden@vendor.example",
		"Subject: =?iso-8859-1?Q?Angebot_f=FCr?= =?iso-8859-1?Q?_M=E4rz?=",
		"Date: Fri, 2 Jan 2026 12:04:05 +0100 (CET)",
		"Message-ID: <one@customer.example>",
		"In-Reply-To: <zero@vendor.example>",
		"References: <root@vendor.example>",
		"\t<zero@vendor.example> <root@vendor.example>",
		"List-Id: Our list <list.vendor.example>",
		"Precedence: Bulk",
		"", "Dear John,", "", "yes.  ", "> quoted", ""}, "\r\n"))
	h := m.Header
	equal(t, "from", h.From, []Address{{"Anna Bergén", "Anna@Customer.example"}})
	equal(t, "sender", h.Sender, []Address{{"", "office@customer.example"}})
	equal(t, "reply-to", h.ReplyTo, []Address{{"Team", "team@customer.example"}})
	equal(t, "to", h.To, []Address{{"Doe, John", "john@vendor.example"}, {"Sales", "sales@vendor.example"}})
	equal(t, "cc", h.Cc, []Address{{"", "a@x.example"}, {"", "b@x.example"}, {"", "c@x.example"}})
	equal(t, "bcc", h.Bcc, []Address{{"", "hidden@vendor.example"}})
	equal(t, "subject", h.Subject, "Angebot für März")
	equal(t, "date", h.Date, time.Date(2026, 1, 2, 11, 4, 5, 0, time.UTC))
	equal(t, "message id", h.MessageID, "one@customer.example")
	equal(t, "in-reply-to", h.InReplyTo, []string{"zero@vendor.example"})
	equal(t, "references", h.References, []string{"root@vendor.example", "zero@vendor.example"})
	equal(t, "list", h.ListID+" "+h.Precedence, "list.vendor.example bulk")
	equal(t, "return path", h.ReturnPath, "anna@customer.example")
	equal(t, "text", m.Text, "Dear John,\n\nyes.  \n> quoted\n")
	equal(t, "preview", m.Preview, "Dear John, yes.")
	equal(t, "problems", len(m.Problems), 0)
	equal(t, "threads", ThreadIDs(h), []string{"one@customer.example", "root@vendor.example", "zero@vendor.example"})
}

const mixed = `From: a@example.com
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: multipart/related; boundary="in ner"

--in ner
Content-Type: multipart/alternative; boundary=alt

--alt
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=
=C3=9Fe
--alt
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<p>Gr=FC=DFe</p><img src="cid:logo">
--alt--
--in ner
Content-Type: image/png
Content-ID: <logo>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--in ner--
--outer
Content-Type: message/rfc822

From: inner@example.com
Subject: forwarded
Content-Type: multipart/mixed; boundary=deep

--deep
Content-Type: application/pdf; name=inner.pdf

x
--deep--
--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename*0*=utf-8''Preis%20; filename*1="liste.pdf"
Content-Transfer-Encoding: base64

aGVsbG8=
--outer
Content-Type: application/ms-tnef; name="winmail.dat"
Content-Transfer-Encoding: x-uuencode

begin 644 x
--outer
Content-Type: text/plain

-- 
list footer
--outer--
epilogue
`

func TestMixedMail(t *testing.T) {
	t.Parallel()
	m := parse(t, mixed)
	equal(t, "text", m.Text, "Grüße\n-- \nlist footer")
	equal(t, "html", m.HTML, "<p>Grüße</p><img src=\"cid:logo\"><pre>-- \nlist footer</pre>\n")
	equal(t, "attachments", m.Attachments, []Attachment{
		{1, "attachment-1.png", "image/png", 8, true, "logo"},
		{2, "attachment-2.eml", "message/rfc822", 153, false, ""},
		{3, "Preis liste.pdf", "application/pdf", 5, false, ""},
		{4, "winmail.dat", "application/ms-tnef", 11, false, ""},
	})
	_, r, err := OpenAttachment([]byte(mixed), 3)
	if err != nil {
		t.Fatal(err)
	}
	content, _ := io.ReadAll(r)
	equal(t, "content", string(content), "hello")
	if _, _, err := OpenAttachment([]byte(mixed), 5); !errors.Is(err, ErrNoAttachment) {
		t.Errorf("attachment 5: %v", err)
	}
}

// Each broken mail keeps what its sound parts say.
func TestBrokenMail(t *testing.T) {
	t.Parallel()
	const head = "From: a@example.com\n"
	for name, c := range map[string]struct {
		raw, subject, text string
		files              int
		problem            string
	}{
		"bad lines":            {head + "what is this\n\x00\x01: x\n: y\nSubject : s\n\nbody", "s", "body", 0, ProblemHeaderLine},
		"mbox line":            {"From a@b Fri Jan  2 2026\n" + head + "Subject: s\n\nbody", "s", "body", 0, ""},
		"no empty line":        {head + "Subject: s\nhello there\nbody", "s", "hello there\nbody", 0, ProblemHeaderLine},
		"header only":          {head + "Subject: s", "s", "", 0, ""},
		"second subject":       {head + "Subject: s\nSubject: t\n\nbody", "s", "body", 0, ProblemDuplicateField},
		"folded by a blank":    {head + "Subject: s\n \n t\n\nbody", "s t", "body", 0, ""},
		"raw 8-bit":            {head + "Subject: caf\xe9\n\ncaf\xe9 \x80", "café", "café €", 0, ""},
		"raw koi8":             {head + "Content-Type: text/plain; charset=koi8-r\nSubject: \xf0\xf2\xf7\n\n\xf0\xf2\xf7", "ПРВ", "ПРВ", 0, ""},
		"split character":      {head + "Subject: =?utf-8?B?ww==?= =?utf-8?B?qQ==?=\n\nx", "é", "x", 0, ""},
		"broken words":         {head + "Subject: =?utf-8?Q?a=ZZb?= =?x?= =?utf-8?X?a?= =?nope?Q?=E9?=\n\nx", "a=ZZb =?x?= =?utf-8?X?a?= é", "x", 0, ""},
		"injection":            {head + "Subject: =?utf-8?Q?a=0D=0ABcc:_x=00?=\n\nx", "a Bcc: x", "x", 0, ""},
		"unknown charset":      {head + "Content-Type: text/plain; charset=klingon\n\ncaf\xe9", "", "café", 0, ProblemCharset},
		"wrong charset":        {head + "Content-Type: text/plain; charset=utf-8\n\ncaf\xe9!", "", "caf\ufffd!", 0, ""},
		"cp932":                {head + "Content-Type: text/plain; charset=cp932\n\n\x93\xfa\x96{", "", "日本", 0, ""},
		"latin-1":              {head + "Content-Type: text/plain; charset=\"Latin-1\"\n\n\xe9\x80", "", "é€", 0, ""},
		"utf-7":                {head + "Content-Type: text/plain; charset=unicode-1-1-utf-7\n\nA+ImIDkQ. +- 1+", "", "A≢Α. + 1+", 0, ""},
		"iso-2022-jp":          {head + "Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$BF|K\\\x1b(B", "", "日本", 0, ""},
		"jp undeclared":        {head + "\n\x1b$BF|K\\\x1b(B", "", "日本", 0, ""},
		"gb2312":               {head + "Content-Type: text/plain; charset=gb2312\n\n\xc4\xe3\xba\xc3", "", "你好", 0, ""},
		"nul":                  {head + "\na\x00b\x07c", "", "abc", 0, ""},
		"unknown encoding":     {head + "Content-Transfer-Encoding: rot13\n\nabc", "", "abc", 0, ProblemEncoding},
		"bad base64":           {head + "Content-Transfer-Encoding: base64\n\naGV\n-*sb\nG8", "", "hello", 0, ""},
		"bad quoted":           {head + "Content-Transfer-Encoding: quoted-printable\n\na=zz=3d=\nb=", "", "a=zz=b", 0, ""},
		"no boundary":          {head + "Content-Type: multipart/mixed\n\nbody", "", "body", 0, ProblemBoundary},
		"boundary absent":      {head + "Content-Type: multipart/mixed; boundary=b\n\nbody", "", "body", 0, ProblemBoundary},
		"only a closing one":   {head + "Content-Type: multipart/mixed; boundary=b\n\nbody\n--b--\nend", "", "body", 0, ProblemBoundary},
		"unclosed":             {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbody\n--b\nContent-Type: image/png\n\nx", "", "body", 1, ProblemUnclosed},
		"unclosed inner":       {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--", "", "one\ntwo", 0, ProblemUnclosed},
		"part without header":  {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nHello!\nyou\n--b--", "", "Hello!\nyou", 0, ""},
		"part header cut":      {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/png; name=x.png\n--b\n\ntext\n--b--", "", "text", 1, ""},
		"bad part header":      {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\nnonsense\n\none\n--b\n\ntwo\n--b--", "", "one\ntwo", 0, ProblemHeaderLine},
		"same boundary nested": {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--", "", "one\ntwo", 0, ""},
		"bare type":            {head + "Content-Type: text\n\nbody", "", "body", 0, ""},
		"lost semicolon":       {head + "Content-Type: text/plain charset=iso-8859-1 format=flowed\n\n\xe9", "", "é", 0, ""},
		"digest":               {head + "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\none\n--b--", "", "", 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, raw := range []string{c.raw, strings.ReplaceAll(c.raw, "\n", "\r\n")} {
				m := parse(t, raw)
				equal(t, "subject", m.Header.Subject, c.subject)
				equal(t, "text", m.Text, c.text)
				equal(t, "files", len(m.Attachments), c.files)
				if found := strings.Contains(strings.Join(m.Problems, " ")+" ", c.problem); !found {
					t.Errorf("problems %v, want %q", m.Problems, c.problem)
				}
			}
		})
	}
}

func TestHTMLMail(t *testing.T) {
	t.Parallel()
	m := parse(t, "From: a@example.com\nContent-Type: text/html\n\n<html><head><meta charset=\"iso-8859-2\"><title>no</title><style>p{}</style></head><body><p>Dear&nbsp;Ji\xf8\xed,</p>\n<div>we   <b>agree</b>.</div><script>x</script></body>")
	equal(t, "text", m.Text, "")
	equal(t, "preview", m.Preview, "Dear Jiří, we agree.")
	equal(t, "as text", HTMLText(m.HTML), "Dear Jiří,\nwe agree.")
}

func TestPreviewSkipsQuotes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"On Monday Anna wrote:\n\n> old\n> older\n\nYes, please.": "Yes, please.",
		"Fine.\n-- \nAnna\nCEO":                                   "Fine.",
		"> only\n> quotes":                                        "> only > quotes",
		"Fine:\nit works":                                         "Fine: it works",
		"Ok\n\n-----Original Message-----\nFrom: x":               "Ok",
		strings.Repeat("é", 300):                                  strings.Repeat("é", PreviewRunes),
	} {
		equal(t, "preview of "+text, preview(text, ""), want)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	for raw, reason := range map[string]string{"": ReasonEmpty, " \r\n\r\n": ReasonEmpty, "\nbody only": ReasonNoHeader, "no header at all\nand more": ReasonNoHeader} {
		_, err := Parse([]byte(raw), Limits{})
		var u *Unreadable
		if !errors.As(err, &u) || u.Reason != reason {
			t.Errorf("%q: %v, want %s", raw, err, reason)
		}
	}
	m, err := Parse([]byte("Subject: s\n\nbody"), Limits{Bytes: 10})
	var u *Unreadable
	if !errors.As(err, &u) || u.Reason != ReasonTooLarge || m.Header.Subject != "s" {
		t.Errorf("too large: %v, %+v", err, m)
	}
}

func TestSafeFileNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"../../etc/passwd": "passwd", `C:\temp\x.doc`: "x.doc", "..": "attachment-7.pdf", "": "attachment-7.pdf", ".bashrc": "bashrc",
		"a\r\nb\x00.txt": "a b .txt", "exe\u202efdp.exe": "exefdp.exe", "a:b?.txt": "a_b_.txt", "trailing. ": "trailing", "Übersicht.xls": "Übersicht.xls",
	} {
		equal(t, "name of "+name, safeFileName(name, "application/pdf", 7), want)
	}
	long := safeFileName(strings.Repeat("é", 300)+".docx", "", 1)
	if len(long) > MaxFileNameBytes || !strings.HasSuffix(long, "é.docx") {
		t.Errorf("long name: %d bytes, %q", len(long), long)
	}
}
