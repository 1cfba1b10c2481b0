package message

import (
	"bytes"
	"fmt"
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
