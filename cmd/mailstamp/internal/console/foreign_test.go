package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/testenv/browser"
)

// TestForeignPagesCannotActHere opens, in an operator's browser, a page of somebody else's that posts a form here, one that
// shows ours in a frame, and one whose name resolves to this machine.
func TestForeignPagesCannotActHere(t *testing.T) {
	t.Parallel()
	window := browser.Open(t, "foreign pages in an operator's browser", browser.Look{})
	w := newWorld(t)
	pages := w.serve()
	foreign := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(rw, `<!doctype html><title>Foreign</title><iframe src="%s/as/anna/settings"></iframe>
			<form method="post" action="%[1]s/as/anna/settings"><input name="deal" value="everyone"><button>Win a crane</button></form>`, pages)
	}))
	defer foreign.Close()

	window.Go(foreign.URL)
	contains(t, strings.Join(window.Trouble(), "\n"), "what the browser says of the frame", "frame-ancestors")
	if status := window.Follow("button"); status != http.StatusForbidden {
		t.Errorf("a foreign form is answered by %d", status)
	}
	contains(t, w.get(t, "/as/anna/settings", 200), "the settings", `name="deal" value="nobody" checked`)

	address, err := url.Parse(pages)
	if err != nil {
		t.Fatal(err)
	}
	if status := window.Go("http://" + browser.Rebound + ":" + address.Port() + "/as/anna/settings"); status != http.StatusForbidden {
		t.Errorf("a foreign name of this machine is answered by %d", status)
	}
	// What the pages themselves post is accepted, also where the browser calls it localhost.
	window.Go("http://localhost:" + address.Port() + "/as/anna/settings")
	window.Click("input[name=deal][value=owner]")
	window.Follow("button.primary")
	contains(t, window.Text("main"), "the settings", "Saved.")
}
