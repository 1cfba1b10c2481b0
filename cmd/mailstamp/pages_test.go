//go:build unix

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/testenv/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m).Run()) }

// pages are the demo's pages, as a person may come to them, by the names of their pictures.
var pages = []struct{ name, path string }{
	{"home", "/"},
	{"cards", "/as/anna/"},
	{"card", "/as/anna/card/deal/warehouse-3"},
	{"card-of-colleague", "/as/ben/card/deal/warehouse-3"},
	{"card-empty", "/as/ben/card/lead/priya-raman"},
	{"threads", "/as/anna/card/deal/warehouse-3/threads"},
	{"sharing", "/as/anna/card/contact/henrik-dahl/share"},
	{"settings", "/as/anna/settings"},
	{"blocked", "/as/anna/blocked"},
	{"mailboxes", "/mailboxes"},
	{"reports", "/reports"},
	{"events", "/events"},
	{"trail", "/trail?check=1"},
	{"not-found", "/as/clara/card/deal/warehouse-3"},
}

// TestPagesInBrowser drives the demo's pages in a real browser: with script, without it, on a telephone, in the dark.
func TestPagesInBrowser(t *testing.T) {
	t.Parallel()
	const covers = "the pages in a real browser"
	w := browser.Open(t, covers, browser.Look{})
	parent := t.TempDir()
	if err := os.Chmod(filepath.Dir(parent), 0o711); err != nil { // root's PostgreSQL runs as another user, who must get through
		t.Fatal(err)
	}
	d := startDemo(t, filepath.Join(parent, "demo"), "127.0.0.1:0")
	defer d.stop()

	person{w, d}.shares()
	person{w, d}.sharesInDialog()
	person{browser.Open(t, covers, browser.Look{NoScript: true}), d}.shares()

	for name, look := range map[string]browser.Look{"light": {}, "dark": {Dark: true}, "narrow": {Narrow: true}} {
		w := browser.Open(t, covers, look)
		for _, page := range pages {
			w.Go(d.console + page.path)
			person{w, d}.looksOver(name + "-" + page.name)
		}
		person{w, d}.opens("contact/george-papadakis", "Spring at the old harbour")
		person{w, d}.looksOver(name + "-message-html")
		person{w, d}.opens("deal/warehouse-3", "Quotation 2291: warehouse 3")
		person{w, d}.looksOver(name + "-message")
		w.Follow("a.whylink")
		w.Follow(".asked a:last-child")
		person{w, d}.looksOver(name + "-why")
		w.Go(d.console + "/as/anna/settings")
		w.Click("input[name=deal][value=everyone]")
		w.Follow("button[name=preview]")
		person{w, d}.looksOver(name + "-preview")
		w.Go(d.console + "/as/anna/card/contact/henrik-dahl")
		w.Click("aside a[data-dialog]")
		w.Await("dialog[open]")
		w.Picture(name + "-dialog")
		w.Click("dialog button[value=private]")
		w.Await("dialog .question")
		person{w, d}.looksOver(name + "-question")
	}
}

// person does with a window what people do.
type person struct {
	*browser.Window
	d *demoRun
}

// sees says whether a user's page of a card has a text.
func (p person) sees(user, card, text string, want bool) {
	p.d.Helper()
	p.Go(p.d.console + "/as/" + user + "/card/" + card)
	if got := strings.Contains(p.Text("main"), text); got != want {
		p.d.Errorf("%s on %s sees %q: %v, want %v:\n%s", user, card, text, got, want, p.Text("main"))
	}
}

const (
	sofias  = "Order PO-55812: confirmation and dates"
	henriks = "Photographs of warehouse 3"
)

// opens opens a message as Anna.
func (p person) opens(card, subject string) {
	p.d.Helper()
	p.Go(p.d.console + "/as/anna/card/" + card)
	p.Go(browser.Ask[string](p.Window, fmt.Sprintf(`[...document.querySelectorAll(".item h3 a")].find(a => a.textContent === %q).href`, subject)))
}

// row is the form of an address in the share dialog.
func row(address string) string {
	return fmt.Sprintf(`form.conversation:has(input[value=%q]) `, address)
}

// shares goes from page to page, so it needs no script: shares, answers both questions, and looks as the colleague.
func (p person) shares() {
	p.d.Helper()
	const deal, contact = "deal/warehouse-3", "contact/henrik-dahl"
	p.Go(p.d.console)
	p.Follow(`a[href="/as/anna/"]`)
	p.Follow(`main a[href$="/deal/warehouse-3"]`)

	p.sees("ben", deal, sofias, false)
	p.Go(p.d.console + "/as/anna/card/" + deal + "/share")
	p.Follow(row("sofia.lindqvist@harbour-logistics.example") + "button[value=shared]")
	p.says(".notice", "Shared.")
	p.sees("ben", deal, sofias, true)
	p.Go(p.d.console + "/as/anna/card/" + deal + "/share")
	p.Follow(row("sofia.lindqvist@harbour-logistics.example") + "button[value=none]")
	p.sees("ben", deal, sofias, false)

	// On the contact: those deals keep it.
	p.Go(p.d.console + "/as/anna/card/" + contact + "/share")
	p.Follow(row("henrik.dahl@harbour-logistics.example") + "button[value=private]")
	p.says(".question", "Also on 2 deals?")
	p.Follow(".question button[value=no]")
	p.sees("clara", contact, henriks, false)
	p.sees("ben", deal, henriks, true)
	p.Go(p.d.console + "/as/anna/card/" + contact + "/share")
	p.Follow(row("henrik.dahl@harbour-logistics.example") + "button[value=shared]")
	p.sees("clara", contact, henriks, true)

	// On the deal: the contact too.
	p.Go(p.d.console + "/as/anna/card/" + deal + "/share")
	p.Follow(row("henrik.dahl@harbour-logistics.example") + "button[value=private]")
	p.says(".question", "Also on the contact?")
	p.Follow(".question button[value=yes]")
	p.sees("ben", deal, henriks, false)
	p.sees("clara", contact, henriks, false)
	p.Go(p.d.console + "/as/anna/card/" + contact + "/share")
	p.Follow(row("henrik.dahl@harbour-logistics.example") + "button[value=shared]")
	p.sees("ben", deal, henriks, true)

	// Settings: what would change, then change it.
	p.Go(p.d.console + "/as/anna/settings")
	p.Click("input[name=deal][value=everyone]")
	p.Follow("button[name=preview]")
	p.says(".forecast", "Not saved yet", "Shown", "Warehouse 3, new lighting")
	p.sees("ben", deal, sofias, false)
	p.Go(p.d.console + "/as/anna/settings")
	p.Click("input[name=deal][value=everyone]")
	p.Follow("button.primary")
	p.says(".notice", "Saved.")
	p.Go(p.d.console + "/as/anna/settings")
	p.Click("input[name=deal][value=nobody]")
	p.Follow("button.primary")
	p.sees("ben", deal, sofias, false)
}

// sharesInDialog does it without leaving the card.
func (p person) sharesInDialog() {
	p.d.Helper()
	const contact = "/card/contact/henrik-dahl"
	p.Go(p.d.console + "/as/anna" + contact)
	p.Click("aside a[data-dialog]")
	p.Await("dialog[open]")
	p.Click("dialog " + row("henrik.dahl@harbour-logistics.example") + "button[value=private]")
	p.Await("dialog .question")
	p.says("dialog", "Also on 2 deals?")
	if focus := browser.Ask[string](p.Window, "document.activeElement.id"); focus != "question" {
		p.d.Errorf("the focus is on %q, not on the question", focus)
	}
	p.Click("dialog .question button[value=yes]")
	p.Await("dialog .notice")
	p.Follow("dialog .close") // makes the card behind it again
	if p.Count("aside .lock.open") > 0 {
		p.d.Error("the card still shows a conversation as shared")
	}
	p.sees("ben", "deal/warehouse-3", henriks, false)
	p.Go(p.d.console + "/as/anna" + contact)
	p.Click("aside a[data-dialog]")
	p.Await("dialog[open]")
	p.Click("dialog " + row("henrik.dahl@harbour-logistics.example") + "button[value=shared]")
	p.Await("dialog .notice")
	p.FollowKey(browser.Escape) // closes it, and makes the card behind it again
	p.sees("ben", "deal/warehouse-3", henriks, true)

	p.Go(p.d.console + "/as/ben/card/deal/warehouse-3")
	p.Press(browser.Tab)
	if got := browser.Ask[bool](p.Window, "document.activeElement.className === 'skip' && document.activeElement.getBoundingClientRect().left >= 0"); !got {
		p.d.Error("the first press of Tab does not show the skip link")
	}
	p.Press(browser.Enter)
	p.Poll("document.activeElement.id === 'main'")
	p.Press("jjjk")
	if got := browser.Ask[bool](p.Window, "document.activeElement === document.querySelectorAll('.item h3 a')[1]"); !got {
		p.d.Error("j and k do not walk through the list")
	}
}

// says expects texts in a part of the page.
func (p person) says(selector string, texts ...string) {
	p.d.Helper()
	got := p.Text(selector)
	for _, text := range texts {
		if !strings.Contains(got, text) {
			p.d.Fatalf("%s: %q is missing in %q", selector, text, got)
		}
	}
}

// allPages lists what is wrong with a page.
const allPages = `(() => {
	const all = selector => [...document.querySelectorAll(selector)], ids = all('[id]').map(e => e.id);
	const colour = text => [...text.matchAll(/[\d.]+/g)].map(Number);
	const ground = e => { // the colour behind an element; ours are opaque or none
		for (; e; e = e.parentElement) {
			const [r, g, b, a = 1] = colour(getComputedStyle(e).backgroundColor);
			if (a > 0) return [r, g, b];
		}
		return [255, 255, 255];
	};
	const luminance = rgb => rgb.slice(0, 3).map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
	const pale = e => {
		const [a, b] = [luminance(colour(getComputedStyle(e).color)), luminance(ground(e))];
		return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5;
	};
	const written = all('body *').filter(e => e.offsetParent && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
	return Object.entries({
		["has text that is hard to read: " + written.filter(pale).map(e => e.textContent.trim())]: written.some(pale),
		"can be scrolled sideways": document.documentElement.scrollWidth > innerWidth,
		"cuts off what sticks out": all('main *').some(e => e.offsetParent && !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1),
		"has no language": !document.documentElement.lang,
		"has not one main heading": all('h1').length !== 1,
		"does not begin with the skip link": all('a')[0].className !== 'skip',
		"has a field without a name": all('input:not([type=hidden]), select, textarea, progress').some(e => !e.labels.length && !e.ariaLabel),
		"has a control without a name": all('a, button, summary, iframe').some(e => !(e.textContent || e.ariaLabel || e.title).trim()),
		"has one id twice": new Set(ids).size !== ids.length,
	}).filter(([, wrong]) => wrong).map(([what]) => what);
})()`

// looksOver holds every page to what is true of all, and takes its picture.
func (p person) looksOver(name string) {
	p.d.Helper()
	p.Picture(name)
	for _, wrong := range browser.Ask[[]string](p.Window, allPages) {
		p.d.Errorf("%s %s", name, wrong)
	}
	for _, url := range p.Asked() {
		if !strings.HasPrefix(url, p.d.console) && url != "about:blank" {
			p.d.Errorf("%s asked for %s", name, url)
		}
	}
	trouble := slices.DeleteFunc(p.Trouble(), func(line string) bool { // what is asked for on purpose
		return strings.Contains(line, "404 (Not Found)") || strings.Contains(line, "409 (Conflict)")
	})
	if len(trouble) > 0 {
		p.d.Errorf("%s: %q", name, trouble)
	}
}
