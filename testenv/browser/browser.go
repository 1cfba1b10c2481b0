// Package browser lets tests look at pages in a real browser: chromium, one process for each test process, and in it a
// window of its own for each test, with its own cookies and cache. It is run by the Chrome DevTools Protocol.
//
// Invariants:
//
//   - Nothing that a page does reaches further than loopback: no name resolves to anything else.
//   - A window keeps what the browser asked for and what scripts said, so that a test can tell that nothing was asked and
//     nothing ran.
//   - Without chromium a test is skipped with a line that says what is not covered; with CI=true that is a failure.
//   - A TestMain that looks for leaks uses Main.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const (
	// patience bounds one step of a window on a busy machine; a step takes milliseconds.
	patience = 30 * time.Second
	// startPatience bounds the start of the browser.
	startPatience = time.Minute
	// Width and Height are those of a window in CSS pixels: a laptop's.
	Width, Height = 1280, 860
	// NarrowWidth is a telephone's.
	NarrowWidth = 390
)

// Rebound is a name that resolves to this machine, as a stranger's may be made to.
const Rebound = "rebound.example"

// names by which chromium is looked for; .ci/run installs the first.
var names = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"}

// process is the browser of this test process.
type process struct {
	ctx  context.Context
	stop func() error
}

var (
	mu     sync.Mutex
	shared *process
)

var errNone = errors.New("chromium is not installed")

// start starts the browser unless it runs.
func start() (*process, error) {
	mu.Lock()
	defer mu.Unlock()
	if shared != nil {
		return shared, nil
	}
	path := ""
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, errNone
	}
	allocator, closeAllocator := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(startPatience),
		chromedp.WindowSize(Width, Height), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("host-resolver-rules", "MAP "+Rebound+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
		// Sandboxed frames stay in their page's process, where the page's session sees what they do.
		chromedp.Flag("disable-features", "Translate,IsolateSandboxedIframes"))...)
	ctx, cancel := chromedp.NewContext(allocator)
	stop := func() error {
		defer closeAllocator()
		defer cancel()
		late, end := context.WithTimeout(ctx, patience)
		defer end()
		return chromedp.Cancel(late)
	}
	if err := chromedp.Do(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", path, err), stop())
	}
	shared = &process{ctx, stop}
	return shared, nil
}

// Main is m with the browser ended after the tests, for a TestMain that looks for leaks.
func Main(m *testing.M) Runner { return Runner{m} }

// Runner runs tests.
type Runner struct{ m *testing.M }

// Run runs the tests and ends the browser.
func (r Runner) Run() int {
	code := r.m.Run()
	if err := end(); err != nil {
		fmt.Fprintln(os.Stderr, "browser: end it:", err)
		code = max(code, 1)
	}
	return code
}

func end() error {
	mu.Lock()
	defer mu.Unlock()
	if shared == nil {
		return nil
	}
	p := shared
	shared = nil
	return p.stop()
}
