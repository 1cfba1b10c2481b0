package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/mailstamp/mailstamp/testenv"
)

// Look is how a window looks at pages.
type Look struct {
	NoScript bool // scripts do not run
	Dark     bool // the dark scheme
	Narrow   bool // a telephone's width
}

// Ran is a function that every page has: a script that calls it with a name is listed in Trouble.
const Ran = "ran"

// Window is a window of its own.
type Window struct {
	tb  testing.TB
	ctx context.Context

	mu      sync.Mutex
	asked   []request
	trouble []string
}

type request struct {
	id  network.RequestID
	url string
}

// Open opens a window for a test, which is closed with it. covers says what is not covered where there is no browser.
func Open(tb testing.TB, covers string, look Look) *Window {
	tb.Helper()
	p, err := start()
	if errors.Is(err, errNone) && os.Getenv("CI") != "true" {
		tb.Skipf("no chromium: %s is not covered", covers)
	}
	if err != nil {
		tb.Fatalf("browser: %v", err)
	}
	w := &Window{tb: tb}
	ctx, cancel := chromedp.NewContext(p.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(w.hear))
	w.ctx = ctx
	tb.Cleanup(func() {
		defer cancel()
		if err := chromedp.Cancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
			tb.Errorf("browser: close the window: %v", err)
		}
	})
	if err := chromedp.Do(ctx); err != nil { // makes the window, which lives as long as this call's context
		tb.Fatalf("browser: open a window: %v", err)
	}
	width, scheme := int64(Width), "light"
	if look.Narrow {
		width = NarrowWidth
	}
	if look.Dark {
		scheme = "dark"
	}
	w.Do(chromedp.EmulateViewport(width, Height),
		call(runtime.AddBinding, runtime.AddBindingParams{Name: Ran}),
		call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}),
		call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: look.NoScript}))
	return w
}

func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// hear keeps what a test may want to know of what the pages did.
func (w *Window) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.asked = append(w.asked, request{e.RequestID, e.Request.URL})
	case *network.EventLoadingFailed:
		if e.BlockedReason != "" { // it never left
			w.asked = slices.DeleteFunc(w.asked, func(r request) bool { return r.id == e.RequestID })
		}
	case *runtime.EventBindingCalled:
		w.trouble = append(w.trouble, "ran: "+e.Payload)
	case *runtime.EventExceptionThrown:
		w.trouble = append(w.trouble, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			w.trouble = append(w.trouble, "error: "+e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// Asked are the addresses that the pages asked for, in order, but for what a policy kept from leaving.
func (w *Window) Asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var urls []string
	for _, r := range w.asked {
		if !strings.HasPrefix(r.url, "data:") {
			urls = append(urls, r.url)
		}
	}
	return urls
}

// Trouble are exceptions, errors in the console, policies broken, and calls of Ran.
func (w *Window) Trouble() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.trouble)
}

// Do runs steps of package chromedp.
func (w *Window) Do(steps ...chromedp.Action[chromedp.Void]) {
	w.tb.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.fail(err)
	}
}

// fail ends the test with what the window shows.
func (w *Window) fail(err error) {
	w.tb.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	where, _ := chromedp.Run(ctx, chromedp.Location())                                 // what can be had of it:
	page, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText")) // the test has failed already
	w.tb.Fatalf("browser: %v\nat %s\ntrouble: %q\n%s", err, where, w.Trouble(), page)
}

// Go opens an address, waits until it is there, and returns the status.
func (w *Window) Go(url string) int64 {
	w.tb.Helper()
	return w.arrive(chromedp.Navigate(url))
}

// Follow clicks what leads to another page, waits until it is there, and returns the status.
func (w *Window) Follow(selector string) int64 {
	w.tb.Helper()
	return w.arrive(chromedp.Click(chromedp.CSS(selector)))
}

// FollowKey presses a key that leads to another page, waits until it is there, and returns the status.
func (w *Window) FollowKey(key string) int64 {
	w.tb.Helper()
	return w.arrive(chromedp.KeyEvent(key))
}

func (w *Window) arrive(step chromedp.Action[chromedp.Void]) int64 {
	w.tb.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, step)
	if err != nil {
		w.fail(err)
	}
	if response == nil { // not from a server
		return 0
	}
	return response.Status
}

// Click clicks without leaving the page.
func (w *Window) Click(selector string) {
	w.tb.Helper()
	w.Do(chromedp.Click(chromedp.CSS(selector)))
}

// Await waits until something is to be seen.
func (w *Window) Await(selector string) {
	w.tb.Helper()
	w.Do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Keys that are no letters.
const Tab, Enter, Escape = kb.Tab, kb.Enter, kb.Escape

// Press types keys into whatever has the focus.
func (w *Window) Press(keys string) {
	w.tb.Helper()
	w.Do(chromedp.KeyEvent(keys))
}

// Text is what can be read on the page, or in the first part of it that a selector names.
func (w *Window) Text(selector string) string {
	w.tb.Helper()
	return Ask[string](w, "document.querySelector("+quote(selector)+")?.innerText ?? ''")
}

// Count says how many elements a selector names.
func (w *Window) Count(selector string) int {
	w.tb.Helper()
	return Ask[int](w, "document.querySelectorAll("+quote(selector)+").length")
}

// Ask evaluates an expression in the page, where the page's own scripts may be disabled.
func Ask[T any](w *Window, expression string) T {
	w.tb.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		w.fail(err)
	}
	return value
}

// Poll waits until an expression is true in the page.
func (w *Window) Poll(expression string) {
	w.tb.Helper()
	testenv.Eventually(w.tb, patience, func() error {
		if !Ask[bool](w, expression) {
			return fmt.Errorf("not true on the page: %s\n%s", expression, w.Text("main"))
		}
		return nil
	})
}

// Picture writes the whole page as name.png to bin/screenshots, for a person to look at.
func (w *Window) Picture(name string) {
	w.tb.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		w.fail(err)
	}
	dir := filepath.Join(testenv.Root(w.tb), "bin", "screenshots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.tb.Fatalf("browser: make the directory of pictures: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		w.tb.Fatalf("browser: write a picture: %v", err)
	}
}

func quote(s string) string { return "`" + strings.ReplaceAll(s, "`", "\\`") + "`" }
