package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"strings"
	"testing"
)

// typicalMail is a customer's answer as a big provider sends it: text and HTML,
// about 8 KB, a third of it header.
func typicalMail() []byte {
	var b strings.Builder
	b.WriteString("Return-Path: <anna.berg@customer.example>\r\n")
	for i := range 5 {
		fmt.Fprintf(&b, "Received: from mx%d.customer.example (mx%d.customer.example [192.0.2.%d])\r\n        by mx.google.example with ESMTPS id a1-2002a170902f70%d.31.2026.01.02.03.04.05\r\n        for <sales@vendor.example>\r\n        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\r\n        Fri, 02 Jan 2026 03:04:0%d -0800 (PST)\r\n", i, i, i, i, i)
	}
	b.WriteString("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=customer.example; s=20230601; t=1767351845;\r\n        h=to:subject:message-id:date:from:in-reply-to:references:mime-version;\r\n        b=" + strings.Repeat("Zm9vYmFyYmF6", 25) + "\r\n")
	b.WriteString("MIME-Version: 1.0\r\nReferences: <CAF+1@mail.customer.example> <CAF+2@mail.vendor.example>\r\n <CAF+3@mail.customer.example>\r\nIn-Reply-To: <CAF+3@mail.customer.example>\r\n")
	b.WriteString("From: =?UTF-8?Q?Anna_Berg=C3=A9n?= <anna.berg@customer.example>\r\nDate: Fri, 2 Jan 2026 12:04:05 +0100\r\nMessage-ID: <CAF+4@mail.customer.example>\r\n")
	b.WriteString("Subject: =?UTF-8?Q?Re=3A_Angebot_f=C3=BCr_die_n=C3=A4chste_Lieferung?=\r\nTo: Sales <sales@vendor.example>, \"Doe, John\" <john@vendor.example>\r\nCc: Carl <carl@customer.example>\r\n")
	b.WriteString("Content-Type: multipart/alternative; boundary=\"000000000000b1c2\"\r\n\r\n--000000000000b1c2\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	b.WriteString("Thanks a lot =E2=80=93 we will take it.\r\n\r\n")
	for range 20 {
		b.WriteString("> The delivery is planned for the second week of the month, as we sa=\r\n> id before.\r\n")
	}
	b.WriteString("\r\n--000000000000b1c2\r\nContent-Type: text/html; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	for range 25 {
		b.WriteString("<div dir=3D\"ltr\"><p style=3D\"margin:0\">The delivery is planned for the =\r\nsecond week</p></div>\r\n")
	}
	b.WriteString("\r\n--000000000000b1c2--\r\n")
	return []byte(b.String())
}

// letter is what most mail of a first sync looks like: about 8 KB of plain text, by
// quoted-printable, and a file of so many bytes where that is not 0.
func letter(file int) []byte {
	var b bytes.Buffer
	b.WriteString("Date: Mon, 02 Mar 2026 12:28:00 +0000\r\nFrom: Anna <anna@customer.example>\r\nTo: Joe <joe@vendor.example>\r\n")
	b.WriteString("Subject: =?utf-8?q?Re:_=C3=84nderung_der_Lieferadresse?=\r\nMessage-ID: <2.1f@customer.example>\r\nIn-Reply-To: <1.2e@vendor.example>\r\nReferences: <1.2e@vendor.example>\r\nMIME-Version: 1.0\r\n")
	if file > 0 {
		b.WriteString("Content-Type: multipart/mixed; boundary=\"=_mixed_1\"\r\n\r\n--=_mixed_1\r\n")
	}
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte("Guten Tag,\n\ndie Stückzahl hat sich geändert: bitte 40 statt 30.\n\n" + strings.Repeat("Some more words that make the letter as long as letters are. ", 125)))
	w.Close()
	b.WriteString("\r\n")
	if file > 0 {
		b.WriteString("--=_mixed_1\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=file.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		content := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("%PDF-1.4 \xe2\xe3\xcf\xd3"), file/13))
		for ; len(content) > 76; content = content[76:] {
			b.WriteString(content[:76] + "\r\n")
		}
		b.WriteString(content + "\r\n--=_mixed_1--\r\n")
	}
	return b.Bytes()
}

// BenchmarkLetter is what a first sync does with a letter behind its header.
func BenchmarkLetter(b *testing.B) {
	for _, c := range []struct {
		name string
		file int
	}{{"plain", 0}, {"file", 95_000}} {
		raw := letter(c.file)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				m, err := Parse(raw, Limits{})
				if err != nil {
					b.Fatal(err)
				}
				Identity(m.Header, raw)
			}
		})
	}
}

func BenchmarkParseHeader(b *testing.B) {
	raw := typicalMail()
	raw = raw[:bytes.Index(raw, []byte("\r\n\r\n"))+4]
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		ParseHeader(raw)
	}
}

func BenchmarkParse(b *testing.B) {
	raw := typicalMail()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIdentity(b *testing.B) {
	raw := typicalMail()
	h := ParseHeader(raw)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		Identity(h, raw)
	}
}

func BenchmarkParseAttachment5MB(b *testing.B) {
	raw := mailWithAttachment(5 << 20)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func mailWithAttachment(size int) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@example.com\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	line := strings.Repeat("JVBERi0x", 9) + "JVBE\r\n"
	for b.Len() < size {
		b.WriteString(line)
	}
	b.WriteString("--x--\r\n")
	return b.Bytes()
}

func BenchmarkSanitizeHTML(b *testing.B) {
	html := strings.Repeat(`<table width="600"><tr><td bgcolor="#ffffff"><p style="color:red">Dear <b>customer</b>, <a href="https://example.com/?a=1&amp;b=2">click</a><img src="https://track.example.com/x.gif"></p></td></tr></table>`, 100)
	b.SetBytes(int64(len(html)))
	for b.Loop() {
		SanitizeHTML(html)
	}
}
