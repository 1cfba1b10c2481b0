package ingest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// wrapped is a connection of which a test counts or changes what it asks for and what it is told. A nil hook does nothing.
type wrapped struct {
	conn
	folders func([]imapconn.Folder)
	examine func(*imapconn.Selected) error
	dates   func(imapconn.UIDRanges)
	headers func(imapconn.UIDRanges)
	bodies  func(imapconn.UIDRanges)
	flags   func(imapconn.UIDRanges)
}

// tellNoUIDNext is folders of a server that lists none.
func tellNoUIDNext(folders []imapconn.Folder) {
	for i := range folders {
		folders[i].UIDNext = 0
	}
}

func (b *bundle) wrapped(w wrapped) {
	b.opts.dial = func(ctx context.Context, cfg imapconn.Config) (conn, error) {
		c, err := dialIMAP(ctx, cfg)
		w := w
		w.conn = c
		return &w, err
	}
}

func (w *wrapped) Folders(ctx context.Context) ([]imapconn.Folder, error) {
	folders, err := w.conn.Folders(ctx)
	if w.folders != nil {
		w.folders(folders)
	}
	return folders, err
}

func (w *wrapped) Examine(ctx context.Context, name string) (imapconn.Selected, error) {
	sel, err := w.conn.Examine(ctx, name)
	if w.examine != nil && err == nil {
		err = w.examine(&sel)
	}
	return sel, err
}

// LookAhead tells nothing of what the hook changes: it is asked when the folders are opened one by one.
func (w *wrapped) LookAhead(ctx context.Context, names []string, from time.Time) (map[string]imapconn.Look, string, error) {
	if w.examine != nil {
		return nil, "", nil
	}
	return w.conn.LookAhead(ctx, names, from)
}

func (w *wrapped) UIDsSince(ctx context.Context, uids imapconn.UIDRanges, since time.Time) (imapconn.UIDRanges, error) {
	if w.dates != nil {
		w.dates(uids)
	}
	return w.conn.UIDsSince(ctx, uids, since)
}

func (w *wrapped) AskHeaders(uids imapconn.UIDRanges, fn func(imapconn.HeaderItem) error) imapconn.Answer {
	if w.headers != nil {
		w.headers(uids)
	}
	return w.conn.AskHeaders(uids, fn)
}

func (w *wrapped) AskBodies(uids imapconn.UIDRanges, most int64, fn func(imapconn.BodyItem) error) imapconn.Answer {
	if w.bodies != nil {
		w.bodies(uids)
	}
	return w.conn.AskBodies(uids, most, fn)
}

func (w *wrapped) FetchFlags(ctx context.Context, uids imapconn.UIDRanges, since uint64, fn func(imapconn.FlagItem) error) (imapconn.UIDRanges, error) {
	if w.flags != nil {
		w.flags(uids)
	}
	return w.conn.FetchFlags(ctx, uids, since, fn)
}

// F04, first half: any UIDVALIDITY up to 2^32-1 is one.
func TestF04LargeUIDValidity(t *testing.T) {
	t.Parallel()
	for _, validity := range []uint32{1<<31 + 1, 1<<32 - 1} {
		b := office(t)
		b.wrapped(wrapped{
			folders: func(folders []imapconn.Folder) {
				for i := range folders {
					folders[i].UIDValidity = validity
				}
			},
			examine: func(sel *imapconn.Selected) error { sel.UIDValidity = validity; return nil },
		})
		b.sync("ann-box")
		b.checkLedger("ann-box")
		if got := b.rows(`select distinct uid_validity from ledger`); !slices.Equal(got, []string{fmt.Sprintf("(%d)", validity)}) {
			t.Errorf("in the ledger: %q", got)
		}
		if n := b.writtenIn(func() { b.sync("ann-box") }); n != 0 {
			t.Errorf("a second sync wrote %d times", n)
		}
	}
}

// F04, second half: nothing is remembered of a folder without one, that is said, and the others go on. Where only the list
// does not tell it, opening does.
func TestF04MissingUIDValidity(t *testing.T) {
	t.Parallel()
	b := office(t)
	missing := true
	b.wrapped(wrapped{
		folders: func(folders []imapconn.Folder) {
			for i := range folders {
				if folders[i].Name != "INBOX" {
					folders[i].UIDValidity, folders[i].UIDNext = 0, 0
				}
			}
		},
		examine: func(sel *imapconn.Selected) error {
			if sel.Name == "Archive" && missing {
				return &imapconn.Error{Op: "examine", Kind: imapconn.KindProtocol, Detail: "no UIDVALIDITY"}
			}
			return nil
		},
	})
	b.sync("ann-box")
	if got := b.ledger("ann-box"); !slices.Equal(got, []string{"INBOX/1 stored", "INBOX/2 indexed", "INBOX/3 internal", "Sent/1 stored"}) {
		t.Errorf("ledger %q", got)
	}
	b.checkHealth("ann-box", "live", "folder_refused")
	missing = false
	b.sync("ann-box")
	b.checkLedger("ann-box")
	b.checkHealth("ann-box", "live", "")
}

// F05: a server that tells no UIDNEXT, or a lower one than before, is looked at closely and loses nothing.
func TestF05UIDNextMissingOrLower(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(uint32) uint32{
		"missing": func(uint32) uint32 { return 0 },
		"lower":   func(told uint32) uint32 { return max(told, 3) - 2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := office(t)
			b.sync("ann-box")
			b.wrapped(wrapped{
				folders: func(folders []imapconn.Folder) {
					for i := range folders {
						folders[i].UIDNext = change(folders[i].UIDNext)
					}
				},
				examine: func(sel *imapconn.Selected) error { sel.UIDNext = change(sel.UIDNext); return nil },
			})
			b.sync("ann-box")
			b.append("ann-box", "INBOX", mail{id: "new@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
			must(t, b.server.Expunge("ann-box", "INBOX", 2))
			b.sync("ann-box")
			b.checkLedger("ann-box")
			if n := b.writtenIn(func() { b.sync("ann-box") }); n != 0 {
				t.Errorf("a second sync wrote %d times", n)
			}
		})
	}
}

// F06: UIDNEXT far above the highest UID is no loss, and asks for nothing again and again.
func TestF06GapsInUIDs(t *testing.T) {
	t.Parallel()
	b := office(t)
	for i := range 40 {
		uid := b.append("ann-box", "INBOX", mail{id: fmt.Sprintf("gone%d@x", i), from: "joe@acme.example", to: "ann@firm.example", body: "x"})
		if i%8 != 7 {
			must(t, b.server.Expunge("ann-box", "INBOX", uid))
		}
	}
	far := func(told *uint32) {
		if *told > 40 {
			*told = 4_000_000_000
		}
	}
	b.wrapped(wrapped{
		folders: func(folders []imapconn.Folder) {
			for i := range folders {
				far(&folders[i].UIDNext)
			}
		},
		examine: func(sel *imapconn.Selected) error { far(&sel.UIDNext); return nil },
	})
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if got := b.rows(`select 1 from ledger where disposition in ('quarantined', 'expunged')`); len(got) != 0 {
		t.Errorf("%d UIDs that never were, or are gone, have a disposition", len(got))
	}
	var trips int
	if n := b.writtenIn(func() {
		l := b.dialed("ann-box")
		defer l.disconnect()
		before := l.conn.RoundTrips()
		must(t, passes(b.ctx, l))
		trips = l.conn.RoundTrips() - before
	}); n != 0 || trips > 2 {
		t.Errorf("nothing new took %d writes and %d round trips", n, trips)
	}
	h, err := b.boxes.Get(b.ctx, b.acc, "ann-box")
	must(t, err)
	if h.State != "live" || h.Progress.Done != h.Progress.Total {
		t.Errorf("health %+v", h)
	}
	b.append("ann-box", "INBOX", mail{id: "new@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	b.sync("ann-box")
	b.checkLedger("ann-box")
}

// F10: mail follows a renamed folder and one that is made again; a folder that goes takes its mail, once that is confirmed.
func TestF10RenamedDeletedAndMadeAgain(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	who := func() string {
		return strings.Join(b.rows(`select header_id, id, thread_id, stored_at from messages order by 1`), "\n")
	}
	before := who()
	must(t, b.server.RenameFolder("ann-box", "Archive", "Older")) // its SPECIAL-USE goes with it
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if after := who(); after != before {
		t.Errorf("renamed:\n%s", diff(before, after))
	}
	if got := b.ledger("ann-box"); !slices.Contains(got, "Older/1 stored") {
		t.Errorf("ledger %q", got)
	}
	// Two folders change names: the UIDs of one are not the other's.
	must(t, b.server.RenameFolder("ann-box", "Older", "tmp"))
	must(t, b.server.RenameFolder("ann-box", "Sent", "Older"))
	must(t, b.server.RenameFolder("ann-box", "tmp", "Sent"))
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if after := who(); after != before {
		t.Errorf("names changed:\n%s", diff(before, after))
	}
	// Made again under its name with the same mail in it: another UIDVALIDITY.
	must(t, b.server.DeleteFolder("ann-box", "Sent"))
	must(t, b.server.CreateFolder("ann-box", "Sent"))
	b.append("ann-box", "Sent", mail{id: "5@x", from: "joe.second@acme.example", to: "ann@firm.example", subject: "Other", body: "Hello."})
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if after := who(); after != before {
		t.Errorf("made again:\n%s", diff(before, after))
	}
	must(t, b.server.DeleteFolder("ann-box", "Sent"))
	b.sync("ann-box")
	if got := b.one(`select state, (select count(*) from messages) from mailboxes`); got != "held,3" {
		t.Fatalf("a folder gone: %s", got)
	}
	b.put("ann-box", "ann")
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if got := b.one(`select state, (select count(*) from messages) from mailboxes`); got != "live,2" {
		t.Errorf("confirmed: %s", got)
	}
}

// F11, S08: what a folder is called on the server is what it is called here, and what it is opened by; no name is a
// command, a path or a statement.
func TestF11S08FolderNamesRoundTrip(t *testing.T) {
	t.Parallel()
	names := []string{
		"a/b/c", "{5}", "Entwürfe", "日本語/台北 😀", `back\slash`, `quo"te`, "&", "100%", "star*", "[Gmail]/All Mail", " lead", "trail ", "inbox/sub", "Inbox2", "tab\there",
		"../../etc/passwd", "'; drop table folders; --", "x) UID FETCH 1 (", "\u202eright", "e\u0301 é", strings.Repeat("deep/", 199) + "end",
	}
	b := newBundle(t)
	b.user("ann", "ann@firm.example")
	b.card("acme", "joe@acme.example")
	must(t, b.server.AddUser("ann-box", password))
	cfg := b.config("ann-box", "ann")
	cfg.Folders = names
	_, err := b.boxes.Put(b.ctx, b.acc, "ann-box", cfg)
	must(t, err)
	for i, n := range names {
		must(t, b.server.CreateFolder("ann-box", n))
		b.append("ann-box", n, mail{id: fmt.Sprintf("%d@x", i), from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	}
	b.sync("ann-box")
	h, err := b.boxes.Get(b.ctx, b.acc, "ann-box")
	must(t, err)
	got := map[string]int64{}
	for _, f := range h.Folders {
		got[f.Name] = f.Stored
	}
	for _, n := range names {
		if got[n] != 1 {
			t.Errorf("folder %q has %d messages", n, got[n])
		}
	}
	if len(got) != len(names) {
		t.Errorf("%d folders, want %d", len(got), len(names))
	}
	if n := b.writtenIn(func() { b.sync("ann-box") }); n != 0 {
		t.Errorf("a second sync wrote %d times", n)
	}
	for _, n := range []string{"a\r\nb", "a\x00b", "", strings.Repeat("x", maxSecretBytes+1), "bad \xff"} {
		cfg.Folders = []string{n}
		if _, err := b.boxes.Put(b.ctx, b.acc, "ann-box", cfg); err == nil {
			t.Errorf("folder %.20q was taken", n)
		}
	}
}

// F19: a storm of flags costs no mail and few writes.
func TestF19FlagStorm(t *testing.T) {
	t.Parallel()
	const n = 10_000
	b := joesMailbox(t)
	var uids []uint32
	for i := range n {
		uids = append(uids, b.append("ann-box", "INBOX", mail{id: fmt.Sprintf("%d@x", i), from: "joe@acme.example", to: "ann@firm.example", body: "x"}))
	}
	b.sync("ann-box")
	must(t, b.server.SetFlags("ann-box", "INBOX", []string{`\Seen`, `\Flagged`, "$Label"}, uids...))
	bodies := 0
	b.wrapped(wrapped{bodies: func(uids imapconn.UIDRanges) { bodies += int(uids.Count()) }})
	b.append("ann-box", "INBOX", mail{id: "new@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	writes := b.writtenIn(func() { b.sync("ann-box") })
	if bodies != 1 {
		t.Errorf("%d bodies were read for one new message", bodies)
	}
	// Addresses, batch, flags, cursor; the states between.
	if most := n/flagChunk + 6; writes > most {
		t.Errorf("%d writes, want at most %d", writes, most)
	}
	if got := b.one(`select count(*) from messages where seen`); got != fmt.Sprint(n) {
		t.Errorf("%s messages are seen", got)
	}
	if writes := b.writtenIn(func() { b.sync("ann-box") }); writes != 0 {
		t.Errorf("a further sync wrote %d times", writes)
	}
}

// TestFlagsAreComparedWithinASession where the server keeps no mod-sequences: not only after the next connection.
func TestFlagsAreComparedWithinASession(t *testing.T) {
	t.Parallel()
	b := office(t)
	l := b.dialed("ann-box")
	defer l.disconnect()
	must(t, passes(b.ctx, l))
	must(t, b.server.SetFlags("ann-box", "Archive", []string{`\Seen`}, 1))
	l.folders["Archive"].flagsAt = time.Now().Add(-2 * flagsEvery)
	must(t, passes(b.ctx, l))
	if got := b.rows(`select header_id from messages where seen order by 1`); !slices.Equal(got, []string{"(1@x)", "(5@x)"}) {
		t.Errorf("seen are %q", got)
	}
}

// TestBackfillGoesOnWhereOpeningTakesATurn: each pass opens INBOX too, of which no UIDNEXT is told, so the folder is opened anew in each turn.
func TestBackfillGoesOnWhereOpeningTakesATurn(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.wrapped(wrapped{
		folders: tellNoUIDNext,
		examine: func(sel *imapconn.Selected) error {
			sel.UIDNext = 0
			time.Sleep(2 * b.opts.Timing.LiveCheck) // a slow server
			return nil
		},
	})
	b.opts.Timing.LiveCheck = 5 * time.Millisecond
	b.sync("ann-box")
	b.checkLedger("ann-box")
}

// TestFlagsAreComparedAfterARestart, also in a folder that stands as the process before left it.
func TestFlagsAreComparedAfterARestart(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	must(t, b.server.SetFlags("ann-box", "Archive", []string{`\Seen`}, 1))
	l := b.loopOf("ann-box")
	must(t, l.load(b.ctx))
	l.folders["Archive"].metAt = time.Now().Add(-2 * flagsEvery)
	must(t, l.load(b.ctx)) // as after a lost connection
	must(t, l.dial(b.ctx))
	defer l.disconnect()
	must(t, passes(b.ctx, l))
	if got := b.rows(`select header_id from messages where seen order by 1`); !slices.Equal(got, []string{"(1@x)", "(5@x)"}) {
		t.Errorf("seen are %q", got)
	}
}

// TestFlagsOfManyFolders come due together and are looked at in parts, each folder in its turn, refused ones too.
func TestFlagsOfManyFolders(t *testing.T) {
	t.Parallel()
	b := office(t)
	cfg := b.config("ann-box", "ann")
	for i := range 2*flagFolders + 1 {
		name := fmt.Sprintf("Folder %03d", i)
		cfg.Folders = append(cfg.Folders, name)
		must(t, b.server.CreateFolder("ann-box", name))
		b.append("ann-box", name, mail{id: name + "@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	}
	_, err := b.boxes.Put(b.ctx, b.acc, "ann-box", cfg)
	must(t, err)
	refuses, visited := false, map[string]bool{}
	b.wrapped(wrapped{examine: func(sel *imapconn.Selected) error {
		visited[sel.Name] = true
		if refuses && sel.Name < "Folder 010" {
			return refusal()
		}
		return nil
	}})
	l := b.dialed("ann-box")
	defer l.disconnect()
	must(t, passes(b.ctx, l))
	for _, f := range l.folders {
		f.flagsAt = time.Now().Add(-2 * flagsEvery)
	}
	refuses = true
	clear(visited)
	for pass, want := range []int{flagFolders, 2 * flagFolders, len(cfg.Folders)} {
		_, err := l.pass(b.ctx)
		must(t, err)
		if got := len(visited); got != want {
			t.Errorf("after pass %d %d folders were visited, want %d", pass+1, got, want)
		}
	}
}

// TestManyMessagesAtOnce in one folder, new or wanted, do not keep the others from their turns.
func TestManyMessagesAtOnce(t *testing.T) {
	t.Parallel()
	const n = 2*maxLive + 1
	many := func(b *bundle) {
		for i := range n {
			b.append("ann-box", "Archive", mail{id: fmt.Sprintf("m%d@x", i), from: "eve@other.example", to: "ann@firm.example", body: "x"})
		}
	}
	for name, come := range map[string]func(b *bundle){
		"new":    func(b *bundle) { b.card("eve", "eve@other.example"); many(b) },
		"wanted": func(b *bundle) { many(b); b.sync("ann-box"); b.card("eve", "eve@other.example") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := office(t)
			b.sync("ann-box")
			come(b)
			b.opts.Timing.LiveCheck = time.Millisecond
			came := false
			b.wrapped(wrapped{bodies: func(imapconn.UIDRanges) {
				if !came { // while the others are fetched
					came = true
					b.append("ann-box", "INBOX", mail{id: "new@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
				}
			}})
			b.sync("ann-box")
			b.checkLedger("ann-box")
			if got := b.one(`select count(*) from messages where from_addr->>'address' = 'eve@other.example'`); got != fmt.Sprint(n) {
				t.Errorf("%s of %d messages are stored", got, n)
			}
			before, err := strconv.Atoi(b.one(`select count(*) from messages m, messages new where new.header_id = 'new@x' and m.header_id like 'm%' and m.id < new.id`))
			must(t, err)
			if most := maxLive + batchSize; before > most {
				t.Errorf("%d messages were stored before the one that came to INBOX, want at most %d", before, most)
			}
		})
	}
}

// TestFlagsWaitForBackfill: no folder is looked at for its flags in each turn, as they are followed after the last one only.
func TestFlagsWaitForBackfill(t *testing.T) {
	t.Parallel()
	b := office(t)
	opened := 0
	b.wrapped(wrapped{examine: func(sel *imapconn.Selected) error {
		if sel.Name == "Archive" {
			opened++
		}
		return nil
	}})
	b.opts.Timing.LiveCheck = 100 * time.Microsecond // a batch is a turn
	l := b.dialed("ann-box")
	defer l.disconnect()
	must(t, passes(b.ctx, l))
	must(t, b.server.SetFlags("ann-box", "Archive", []string{`\Seen`}, 1))
	l.folders["Archive"].flagsAt = time.Now().Add(-2 * flagsEvery)
	must(t, b.server.DeleteFolder("ann-box", "Sent"))
	must(t, b.server.CreateFolder("ann-box", "Sent"))
	for i := range 4 * firstBatch {
		b.append("ann-box", "Sent", mail{id: fmt.Sprintf("s%d@x", i), from: "ann@firm.example", to: "joe@acme.example", body: "x"})
	}
	_, err := l.pass(b.ctx) // finds the back-fill
	must(t, err)
	turns := 0
	for more := true; more; turns++ {
		opened = 0
		more, err = l.pass(b.ctx)
		must(t, err)
		if more && opened > 0 {
			t.Errorf("Archive was opened %d times in a turn of back-fill", opened)
		}
	}
	if turns < 2 {
		t.Error("there was one turn only")
	}
	if got := b.rows(`select header_id from messages where seen order by 1`); !slices.Equal(got, []string{"(1@x)", "(5@x)"}) {
		t.Errorf("seen are %q", got)
	}
}

// TestF05UIDNextMissingWithinASession: of a server that tells none, one mail for another is no standstill.
func TestF05UIDNextMissingWithinASession(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.wrapped(wrapped{
		folders: tellNoUIDNext,
		examine: func(sel *imapconn.Selected) error { sel.UIDNext = 0; return nil },
	})
	l := b.dialed("ann-box")
	defer l.disconnect()
	must(t, passes(b.ctx, l))
	b.append("ann-box", "Archive", mail{id: "new@x", from: "joe@acme.example", to: "ann@firm.example", body: "x"})
	must(t, b.server.Expunge("ann-box", "Archive", 1))
	must(t, passes(b.ctx, l))
	b.checkLedger("ann-box")
}
