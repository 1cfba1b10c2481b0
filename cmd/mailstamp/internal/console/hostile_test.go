package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/testenv/browser"
)

// disguises are the ways in which the HTML of a mail tries to run a script or to fetch something, of which its sender
// would learn that it was read. SCRIPT stands for a call that a test hears, TRAP for an address of its server.
var disguises = []string{
	// scripts
	`<script>SCRIPT</script>`,
	`<SCRIPT SRC="TRAP/script-src"></SCRIPT>`,
	`<scr<script>ipt>SCRIPT</scr</script>ipt>`,
	"<script\n>SCRIPT</script\n>",
	"<script/x>SCRIPT</script>",
	`<<script>SCRIPT//<</script>`,
	`<script type="module">import "TRAP/module"; SCRIPT</script>`,
	`<img src=x onerror="SCRIPT">`,
	`<img src="TRAP/none.png"onerror=SCRIPT>`,
	`<IMG """><SCRIPT>SCRIPT</SCRIPT>">`,
	`<img src=` + "`javascript:SCRIPT`" + `>`,
	`<body onload="SCRIPT">`,
	`<div onmouseover="SCRIPT" style="position:fixed;inset:0;width:9999px;height:9999px">over</div>`,
	`<input autofocus onfocus="SCRIPT">`,
	`<details open ontoggle="SCRIPT"><summary>x</summary></details>`,
	`<video><source onerror="SCRIPT"></video>`,
	`<audio src="TRAP/audio" onerror="SCRIPT"></audio>`,
	`<marquee onstart="SCRIPT">x</marquee>`,
	`<iframe src="javascript:parent.SCRIPT"></iframe>`,
	`<iframe srcdoc="<script>parent.SCRIPT</script>"></iframe>`,
	`<iframe src="data:text/html,<script>SCRIPT</script>"></iframe>`,
	`<iframe src="TRAP/iframe"></iframe>`,
	`<object data="TRAP/object"></object>`,
	`<object data="data:text/html,<script>SCRIPT</script>"></object>`,
	`<embed src="TRAP/embed">`,
	`<applet code="TRAP/applet"></applet>`,
	`<a href="java&#115;cript:SCRIPT" ping="TRAP/ping">click</a>`,
	"<a href=\"jav\tascript:SCRIPT\">click</a>",
	`<form action="javascript:SCRIPT"><button id="go">go</button></form>`,
	`<isindex action="TRAP/isindex" type="submit">`,
	`<noscript><p title="</noscript><img src=x onerror=SCRIPT>"></noscript>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=SCRIPT&gt;"></table></mtext></math>`,
	`<template><script>SCRIPT</script><img src="TRAP/template"></template>`,
	`<xmp><script></xmp><img src=x onerror=SCRIPT></script>`,
	`<textarea><img title="</textarea><img src=x onerror=SCRIPT>"></textarea>`,
	`<title><img title="</title><img src=x onerror=SCRIPT>"></title>`,
	`<!--><img src=x onerror=SCRIPT>-->`,
	`<![CDATA[<img src=x onerror=SCRIPT>]]>`,
	`<!--[if gte IE 4]><script>SCRIPT</script><![endif]-->`,
	// SVG
	`<svg onload="SCRIPT"></svg>`,
	`<svg><script>SCRIPT</script></svg>`,
	`<svg><script href="TRAP/svg-script"/></svg>`,
	`<svg><image href="TRAP/svg-image" width="9" height="9"/></svg>`,
	`<svg><use href="TRAP/svg-use#x"/></svg>`,
	`<svg><foreignObject><img src="TRAP/svg-foreign"></foreignObject></svg>`,
	`<svg><animate onbegin="SCRIPT" attributeName="x" dur="1s"/></svg>`,
	`<svg><a><set attributeName="href" to="javascript:SCRIPT"/><text>x</text></a></svg>`,
	`<svg><style>@import "TRAP/svg-import";</style></svg>`,
	`<img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='TRAP/data-svg'/></svg>">`,
	// style
	`<style>@import "TRAP/import";</style>`,
	`<style>@import url(TRAP/import-url);</style>`,
	`<style>body{background:url(TRAP/css-url)}</style>`,
	`<style>p{background:\75rl(TRAP/css-escape)}</style><p>x</p>`,
	`<style>@font-face{font-family:f;src:url(TRAP/font)}b{font-family:f}</style><b>x</b>`,
	`<style>p::before{content:url(TRAP/content)}</style>`,
	`<style>ul{list-style:url(TRAP/list)}</style><ul><li>x</li></ul>`,
	`<style>i{cursor:url(TRAP/cursor),auto;border-image:url(TRAP/border) 1;mask:url(TRAP/mask)}</style><i>x</i>`,
	`<style>@media screen{q{background-image:image-set("TRAP/image-set" 1x)}}</style><q>x</q>`,
	`<div style="background:url('TRAP/style')">x</div>`,
	`<div style="background-image:url(&quot;TRAP/style-quoted&quot;)">x</div>`,
	`<link rel="stylesheet" href="TRAP/stylesheet">`,
	`<link rel="icon" href="TRAP/icon"><link rel="preload" as="image" href="TRAP/preload"><link rel="prefetch" href="TRAP/prefetch">`,
	`<link rel="modulepreload" href="TRAP/modulepreload"><link rel="manifest" href="TRAP/manifest">`,
	// what loads by itself
	`<img src="TRAP/img">`,
	`<img srcset="TRAP/srcset 1x, TRAP/srcset2 2x">`,
	`<img lowsrc="TRAP/lowsrc" dynsrc="TRAP/dynsrc">`,
	`<image src="TRAP/image">`,
	`<input type="image" src="TRAP/input">`,
	`<picture><source srcset="TRAP/source"><img></picture>`,
	`<video poster="TRAP/poster" src="TRAP/video" autoplay></video>`,
	`<video><track default kind="captions" src="TRAP/track"></video>`,
	`<table background="TRAP/table"><tr><td background="TRAP/td">x</td></tr></table>`,
	`<body background="TRAP/body">`,
	`<bgsound src="TRAP/bgsound">`,
	`<frameset><frame src="TRAP/frame"></frameset>`,
	// what changes where things lead
	`<base href="TRAP/base/"><img src="relative"><a href="relative">x</a>`,
	`<meta http-equiv="refresh" content="0;url=TRAP/refresh">`,
	`<meta http-equiv="Content-Security-Policy" content="default-src *">`,
	`<meta http-equiv="refresh" content="0;url=javascript:SCRIPT">`,
	`<form action="TRAP/form" id="f"><input name="x"></form><button form="f" formaction="TRAP/formaction">x</button>`,
	`</div></article></main></body></html><script>SCRIPT</script>`,
	`"></iframe><script>SCRIPT</script><img src="TRAP/attribute">`,
}

// trap is the server that every disguise points to. It keeps who called.
type trap struct {
	*httptest.Server
	mu     sync.Mutex
	called []string
}

func newTrap(t *testing.T) *trap {
	tr := &trap{}
	tr.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.called = append(tr.called, r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(tr.Close)
	return tr
}

func (tr *trap) calls() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return append([]string(nil), tr.called...)
}

// letter has all disguises in it, each named by its number.
func (tr *trap) letter() string {
	var all strings.Builder
	all.WriteString("<p>Dear Anna, this is the text.</p>\n")
	for i, way := range disguises {
		way = strings.ReplaceAll(way, "SCRIPT", fmt.Sprintf("%s('%d')", browser.Ran, i))
		all.WriteString(strings.ReplaceAll(way, "TRAP", tr.URL) + "\n")
	}
	all.WriteString("<p>And this is its end.</p>")
	return all.String()
}

// TestS05HostileHTML opens a letter with every disguise in a real browser: no script runs, and nothing is asked for. Each
// of the two walls, the sanitiser and the frame with its policy, holds without the other.
func TestS05HostileHTML(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		sanitize func(string) string
		bare     bool // without the frame and its policy
		sound    bool // nothing may happen
	}{
		{"as it is shown", message.SanitizeHTML, false, true},
		{"without the sanitiser", func(html string) string { return html }, false, true},
		{"without the frame", message.SanitizeHTML, true, true},
		{"without both", func(html string) string { return html }, true, false}, // they do work, so that the others say something
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			window := browser.Open(t, "hostile HTML in a real browser (S05)", browser.Look{})
			tr := newTrap(t)
			html := tr.letter()
			if c.bare {
				page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/html; charset=utf-8")
					fmt.Fprint(w, c.sanitize(html))
				}))
				defer page.Close()
				window.Go(page.URL)
			} else {
				w := newWorld(t)
				w.feed.SanitizeHTML = c.sanitize
				id := w.store(mail{from: work, to: "anna@us.example", subject: "Hostile " + hostile, text: "Text of it", html: html})
				console := w.serve()
				window.Go(console + "/as/anna/message/" + id)
				window.Await("iframe.mail")
				contains(t, window.Text("body"), "the page", "Hostile <script>alert(\"x\")</script>")
				window.Go(console + "/as/anna/message/" + id + "/html")
				contains(t, window.Text("body"), "the letter", "Dear Anna, this is the text.")
			}
			window.Click("body")
			window.Go("about:blank") // whatever the page began has begun
			ran := strings.Count(strings.Join(window.Trouble(), "\n"), "ran: ")
			left := 0
			for _, url := range window.Asked() {
				if strings.HasPrefix(url, tr.URL) {
					left++
				}
			}
			calls := tr.calls()
			t.Logf("%d scripts ran, the browser asked for %d things, %d came", ran, left, len(calls))
			if c.sound && (ran > 0 || left > 0 || len(calls) > 0) {
				t.Errorf("trouble: %q\nasked: %q\ncame: %q", window.Trouble(), window.Asked(), calls)
			}
			if !c.sound && (ran < 20 || len(calls) < 30) {
				t.Errorf("the disguises do not work: %q, %q", window.Trouble(), calls)
			}
		})
	}
}
