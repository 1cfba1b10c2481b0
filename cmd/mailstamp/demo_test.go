//go:build unix

package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

const (
	// demoStart is what a start may take on a busy machine under the race detector; alone it is a few seconds.
	demoStart = 2 * time.Minute
	// demoStop bounds the end after Ctrl-C.
	demoStop = 30 * time.Second
)

// demoRun is `mailstamp demo`, started.
type demoRun struct {
	*testing.T
	dir          string
	console, api string
	imap         string
	postgres     int
	cmd          *exec.Cmd
	output       *lockedBuffer
	ended        chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var (
	consoleLine  = regexp.MustCompile(`(http://\S+)/as/anna/card/deal/warehouse-3`)
	apiLine      = regexp.MustCompile(`(http://\S+)/v1/cards/`)
	imapLine     = regexp.MustCompile(`imap://(\S+)/INBOX`)
	postgresLine = regexp.MustCompile(`PostgreSQL  in (\S+),`)
)

// startDemo starts the demo as `make run` does and waits until it says what to try.
func startDemo(t *testing.T, dir, listen string) *demoRun {
	t.Helper()
	d := &demoRun{T: t, dir: dir, output: &lockedBuffer{}, ended: make(chan error, 1)}
	d.cmd = exec.Command(testenv.Binary(t), "demo", "--dir", dir, "--listen", listen, "--admin-listen", "127.0.0.1:0")
	d.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + os.TempDir(), "GORACE=halt_on_error=1 exitcode=66"}
	d.cmd.Stdout, d.cmd.Stderr = d.output, d.output
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.ended <- d.cmd.Wait() }()
	t.Cleanup(func() { d.cmd.Process.Kill() })
	testenv.Eventually(t, demoStart, func() error {
		select {
		case err := <-d.ended:
			t.Fatalf("the demo ended: %v\n%s", err, d.output)
		default:
		}
		if !strings.Contains(d.output.String(), "Ctrl-C stops") {
			return fmt.Errorf("not ready:\n%s", d.output)
		}
		return nil
	})
	for pattern, into := range map[*regexp.Regexp]*string{consoleLine: &d.console, apiLine: &d.api, imapLine: &d.imap} {
		match := pattern.FindStringSubmatch(d.output.String())
		if match == nil {
			t.Fatalf("the demo does not say %s:\n%s", pattern, d.output)
		}
		*into = match[1]
	}
	where := postgresLine.FindStringSubmatch(d.output.String())
	if where == nil {
		t.Fatalf("the demo does not say where PostgreSQL is:\n%s", d.output)
	}
	pid, err := os.ReadFile(filepath.Join(where[1], "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(pid), "\n")
	if d.postgres, err = strconv.Atoi(first); err != nil {
		t.Fatal(err)
	}
	return d
}

// stop is Ctrl-C.
func (d *demoRun) stop() {
	d.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGINT); err != nil {
		d.Fatal(err)
	}
	select {
	case err := <-d.ended:
		if err != nil {
			d.Fatalf("the demo ended with %v\n%s", err, d.output)
		}
	case <-time.After(demoStop):
		d.Fatalf("the demo does not stop\n%s", d.output)
	}
	if err := syscall.Kill(d.postgres, 0); !errors.Is(err, syscall.ESRCH) {
		d.Errorf("PostgreSQL (process %d) outlives the demo: %v", d.postgres, err)
	}
}

func (d *demoRun) get(url, user string, want int) []byte {
	d.Helper()
	return d.do(http.MethodGet, url, user, "", want)
}

func (d *demoRun) do(method, url, user, body string, want int) []byte {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), method, url, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	if user != "" {
		token, err := os.ReadFile(filepath.Join(d.dir, user+".token"))
		if err != nil {
			d.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+string(token))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		d.Fatal(err)
	}
	if resp.StatusCode != want {
		d.Fatalf("%s %s as %s: %s\n%s", method, url, user, resp.Status, answer)
	}
	return answer
}

type demoItem struct {
	Message, Author, Subject, Padlock string
	Bcc                               []any
	Seen                              *bool
	Delivery                          *struct{ Status string }
}

func (d *demoRun) feed(card, user string) []demoItem {
	d.Helper()
	var page struct{ Items []demoItem }
	if err := json.Unmarshal(d.get(d.api+"/v1/cards/"+card+"/feed?limit=200", user, 200), &page); err != nil {
		d.Fatal(err)
	}
	return page.Items
}

// lines are a feed's entries in words, newest first.
func lines(items []demoItem) []string {
	out := []string{}
	for _, item := range items {
		out = append(out, item.Author+" "+item.Padlock+" "+item.Subject)
	}
	return out
}

// TestDemo is `make run` for a newcomer: what the printed addresses show, what the second start keeps, and the end.
func TestDemo(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	if err := os.Chmod(filepath.Dir(parent), 0o711); err != nil { // root's PostgreSQL runs as another user, who must get through
		t.Fatal(err)
	}
	d := startDemo(t, filepath.Join(parent, "demo"), "127.0.0.1:0")

	harbour := []string{ // Anna's mail with Henrik's shared address, some of it with Ben in Cc
		"Photographs of warehouse 3", "Re: Service contract", "Re: First night", "Re: First night", "First night",
		"Re: Quotation 2291: warehouse 3", "Quotation 2291: warehouse 3",
		"Re: Lighting for warehouse 3", "Re: Lighting for warehouse 3", "Re: Lighting for warehouse 3",
		"Re: Lighting for warehouse 3", "Lighting for warehouse 3"}
	var shared []string
	for _, subject := range harbour {
		shared = append(shared, "anna open "+subject)
	}
	compare := func(card, user string, want []string) {
		t.Helper()
		if got := lines(d.feed(card, user)); !slices.Equal(got, want) {
			t.Errorf("%s as %s:\n%s\nwant\n%s", card, user, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	compare("contact/henrik-dahl", "clara", shared)
	compare("deal/warehouse-3", "anna", []string{
		"anna open Photographs of warehouse 3", "anna open Re: Service contract", "anna open Re: First night", "anna open Re: First night",
		"anna open First night", "anna closed Automatic reply: Order PO-55812: confirmation and dates",
		"anna closed Order PO-55812: confirmation and dates", "anna closed Re: before it is official", "anna closed before it is official",
		"anna open Re: Quotation 2291: warehouse 3", "anna closed Re: Quotation 2291: warehouse 3", "anna closed Re: Quotation 2291: warehouse 3",
		"anna open Quotation 2291: warehouse 3", "anna open Re: Lighting for warehouse 3",
		"anna open Re: Lighting for warehouse 3", "anna open Re: Lighting for warehouse 3", "anna open Re: Lighting for warehouse 3",
		"anna open Lighting for warehouse 3"})
	compare("deal/warehouse-3", "ben", []string{ // his own copies first where he has one
		"anna open Photographs of warehouse 3", "ben closed Re: Service contract", "ben closed Re: Service contract", "ben closed Service contract",
		"ben closed Re: First night", "ben closed Re: First night", "anna open First night", "anna open Re: Quotation 2291: warehouse 3",
		"ben closed Re: Quotation 2291: warehouse 3", "anna open Quotation 2291: warehouse 3",
		"ben closed Re: Lighting for warehouse 3", "ben closed Re: Lighting for warehouse 3", "anna open Re: Lighting for warehouse 3",
		"anna open Re: Lighting for warehouse 3", "anna open Lighting for warehouse 3"})
	compare("lead/tomasz-zielinski", "anna", []string{})
	// Reports are no entries of their own; they say what became of the mail.
	if newest := d.feed("lead/tomasz-zielinski", "ben")[0]; newest.Delivery == nil || newest.Delivery.Status != "bounced" {
		t.Errorf("%q should have bounced: %+v", newest.Subject, newest.Delivery)
	}
	// Handed over: Ben's setting shows Anna's older mail. Of copies that both have, either may be shown.
	var handed []string
	for _, item := range d.feed("contact/george-papadakis", "clara") {
		handed = append(handed, item.Padlock+" "+item.Subject)
	}
	if want := []string{"open Floor 1 is ready for you", "open Spring at the old harbour", "open Re: Quotation 2304: lobby and 84 rooms",
		"open Re: Quotation 2304: lobby and 84 rooms", "open Re: Quotation 2304: lobby and 84 rooms", "open Quotation 2304: lobby and 84 rooms",
		"open Your new man at Northlight: Ben", "open Re: Lobby and 84 rooms", "open Re: Lobby and 84 rooms", "open Lobby and 84 rooms",
	}; !slices.Equal(handed, want) {
		t.Errorf("the contact that was handed over, as clara:\n%s\nwant\n%s", strings.Join(handed, "\n"), strings.Join(want, "\n"))
	}

	hidden := d.get(d.api+"/v1/cards/deal/warehouse-3/feed", "clara", 404)
	unknown := d.get(d.api+"/v1/cards/deal/no-such-deal/feed", "clara", 404)
	if !bytes.Equal(hidden, unknown) {
		t.Errorf("clara can tell a hidden deal from none:\n%s\n%s", hidden, unknown)
	}
	d.get(d.console+"/as/clara/card/deal/warehouse-3", "", 404)
	if page := d.get(d.console+"/as/ben/card/deal/warehouse-3", "", 200); !bytes.Contains(page, []byte("Photographs of warehouse 3")) || bytes.Contains(page, []byte("before it is official")) {
		t.Errorf("the page of ben's deal:\n%s", page)
	}
	d.nothingUntracked()

	// A mail that arrives now shows by itself.
	raw, err := os.ReadFile(filepath.Join(d.dir, "new-mail.eml"))
	if err != nil {
		t.Fatal(err)
	}
	d.append("anna", raw)
	testenv.Eventually(t, 30*time.Second, func() error {
		if items := d.feed("contact/henrik-dahl", "clara"); items[0].Subject != "One more thing" {
			return fmt.Errorf("the newest is %q", items[0].Subject)
		}
		return nil
	})
	// Shared is seen, and this is kept.
	d.do(http.MethodPut, d.api+"/v1/shares", "anna", `{"card":{"kind":"deal","id":"warehouse-3"},
		"address":"sofia.lindqvist@harbour-logistics.example","state":"shared"}`, 200)
	before := map[string][]demoItem{}
	for _, user := range []string{"anna", "ben"} {
		before[user] = d.feed("deal/warehouse-3", user)
	}
	if !slices.Contains(lines(before["ben"]), "anna open Order PO-55812: confirmation and dates") {
		t.Errorf("what anna shares with Sofia does not reach ben: %v", lines(before["ben"]))
	}
	d.stop()

	d = startDemo(t, d.dir, "127.0.0.1:0")
	for user, want := range before {
		if got := d.feed("deal/warehouse-3", user); !slices.Equal(ids(got), ids(want)) {
			t.Errorf("after the second start %s sees\n%v\nwant the same messages as before\n%v", user, lines(got), lines(want))
		}
	}
	d.nothingUntracked()
	d.stop()
}

func ids(items []demoItem) []string {
	var out []string
	for _, item := range items {
		out = append(out, item.Message+" "+item.Padlock)
	}
	return out
}

// nothingUntracked reads every card as every user: no private or internal mail, none of a folder that is not read, nothing
// of an author's own for another.
func (d *demoRun) nothingUntracked() {
	d.Helper()
	cards := []string{"lead/mira-solano", "lead/tomasz-zielinski", "lead/priya-raman", "contact/henrik-dahl", "contact/sofia-lindqvist",
		"contact/george-papadakis", "contact/li-wen", "deal/warehouse-3", "deal/service-contract", "deal/lobby-84-rooms", "deal/six-shops"}
	entries := 0
	for _, user := range []string{"anna", "ben", "clara"} {
		for _, card := range cards {
			if user == "clara" && card == "deal/warehouse-3" {
				continue
			}
			for _, item := range d.feed(card, user) {
				entries++
				for _, word := range []string{"internal", "root canal", "statement of account", "regatta", "flats", "Draft", "won a crane", "Thrown away"} {
					if strings.Contains(item.Subject, word) {
						d.Errorf("%s as %s shows %q", card, user, item.Subject)
					}
				}
				if item.Author != user && (item.Bcc != nil || item.Seen != nil) {
					d.Errorf("%s as %s: bcc or seen of a mail of %s", card, user, item.Author)
				}
			}
		}
	}
	if entries < 150 {
		d.Errorf("only %d entries on all cards: was everything read?", entries)
	}
}

// append puts a mail into an INBOX over IMAP, as the printed curl line does.
func (d *demoRun) append(user string, raw []byte) {
	d.Helper()
	conn, err := net.DialTimeout("tcp", d.imap, 10*time.Second)
	if err != nil {
		d.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	answers := bufio.NewReader(conn)
	await := func(prefix string) {
		d.Helper()
		for {
			line, err := answers.ReadString('\n')
			if err != nil {
				d.Fatalf("await %q: %v", prefix, err)
			}
			if strings.HasPrefix(line, prefix) {
				return
			}
		}
	}
	fmt.Fprintf(conn, "a LOGIN %s northlight\r\n", user)
	await("a OK")
	fmt.Fprintf(conn, "b APPEND INBOX {%d}\r\n", len(raw))
	await("+")
	fmt.Fprintf(conn, "%s\r\n", raw)
	await("b OK")
}

// TestDemoBesideOthers starts the demo where another program has its port, and a second demo on its directory.
func TestDemoBesideOthers(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	if err := os.Chmod(filepath.Dir(parent), 0o711); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	taken := other.Addr().String()
	d := startDemo(t, filepath.Join(parent, "demo"), taken)
	if !strings.Contains(d.output.String(), taken+" is taken by another program") || d.api == "http://"+taken {
		t.Errorf("it does not say that its port is taken:\n%s", d.output)
	}
	second := exec.Command(testenv.Binary(t), "demo", "--dir", d.dir)
	second.Env = d.cmd.Env
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "a demo is running already") {
		t.Errorf("a second demo on the same directory: %v\n%s", err, out)
	}
	if items := d.feed("contact/henrik-dahl", "clara"); len(items) == 0 { // with the token that the first wrote
		t.Error("the first demo has no mail any more")
	}
	d.stop()
}
