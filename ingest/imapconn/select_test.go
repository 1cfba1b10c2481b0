package imapconn

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// F04, F05: what EXAMINE says of UIDVALIDITY and UIDNEXT is believed exactly.
func TestF04_UIDValidity(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]uint32{
		"[UIDVALIDITY 1]": 1, "[UIDVALIDITY 4294967295] x": 1<<32 - 1, "[UIDVALIDITY 2147483649]": 1<<31 + 1,
		"[UIDVALIDITY 0]": 0, "[UIDVALIDITY 4294967296]": 0, "[UIDVALIDITY -1]": 0, "[UIDVALIDITY]": 0, "[UIDVALIDITY": 0, "no code": 0,
	} {
		c := scripted(t, "", false, func(p *peer) {
			p.answer("EXAMINE", "* 3 EXISTS", "* OK "+code, "* OK [UIDNEXT 99999999999] none")
			p.answer("EXAMINE", "* OK [UIDVALIDITY 5]")
		})
		sel, err := c.Examine(t.Context(), "INBOX")
		if want == 0 {
			wantKind(t, err, KindProtocol, false)
		} else if err != nil || sel != (Selected{Name: "INBOX", UIDValidity: want, Messages: 3, NoModSeq: true}) {
			t.Errorf("%s: %+v, %v", code, sel, err)
		}
		if sel, err = c.Examine(t.Context(), "Sent"); err != nil || sel.UIDValidity != 5 {
			t.Errorf("the connection is spoilt: %+v, %v", sel, err)
		}
	}
}

// F18: a folder may keep no mod-sequences though the server does.
func TestF18_NoModSeq(t *testing.T) {
	t.Parallel()
	c := scripted(t, "CONDSTORE", false, func(p *peer) {
		p.answer("EXAMINE INBOX (CONDSTORE)", "* 3 EXISTS", "* OK [UIDVALIDITY 5]", "* OK [NOMODSEQ] none")
		p.answer("UID FETCH 1 (UID FLAGS)", "* 1 FETCH (UID 1 FLAGS ())")
	})
	if sel, err := c.Examine(t.Context(), "INBOX"); err != nil || !sel.NoModSeq {
		t.Fatalf("%+v, %v", sel, err)
	}
	n := 0
	if _, err := c.FetchFlags(t.Context(), uidset.Of(1), 77, func(FlagItem) error { n++; return nil }); err != nil || n != 1 {
		t.Errorf("%d items, %v", n, err)
	}
}

// F24: a capability that is announced and not kept costs the feature.
func TestF24_CapabilitiesNotKept(t *testing.T) {
	t.Parallel()
	c := scripted(t, "CONDSTORE ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE IDLE", false, func(p *peer) {
		p.send(p.want(`LIST "" "*" RETURN (`) + " BAD what")
		p.answer(`LIST "" "*"`, `* LIST (\HasNoChildren) "/" INBOX`, `* LIST () "/" "Sent Items"`, `* LIST (\Noselect) "/" [Gmail]`, `* LIST () "/" {8}`+"\r\nSch\"\\ule")
		tags := make([]string, 3)
		for i := range tags {
			tags[i] = p.want("STATUS")
		}
		p.send(`* STATUS "Sent Items" (MESSAGES 4 UIDNEXT 8 UIDVALIDITY 9 HIGHESTMODSEQ 0 X-FOO (1 2))`, tags[1]+" OK", `* STATUS inbox (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3 HIGHESTMODSEQ 5)`, tags[0]+" OK", tags[2]+" NO [NOPERM] not yours")
		p.send(p.want("EXAMINE INBOX (CONDSTORE)") + " BAD what")
		p.answer("EXAMINE INBOX", "* 3 EXISTS", "* OK [UIDVALIDITY 5]")
		p.send(p.want("UID SEARCH RETURN (ALL) ALL") + " BAD what")
		p.answer("UID SEARCH ALL", "* SEARCH 9 1", "* SEARCH 2 (MODSEQ 12)")
		p.send(p.want("IDLE") + " NO not now")
		p.send(p.want("EXAMINE") + " NO [NONEXISTENT] gone")
	})
	folders, err := c.Folders(t.Context())
	want := []Folder{
		{Name: "INBOX", Delimiter: "/", Role: RoleInbox, Selectable: true, Messages: 1, UIDNext: 2, UIDValidity: 3, HighestModSeq: 5, HasModSeq: true},
		{Name: "Sent Items", Delimiter: "/", Role: RoleSent, Selectable: true, Messages: 4, UIDNext: 8, UIDValidity: 9},
		{Name: "[Gmail]", Delimiter: "/"},
		{Name: `Sch"\ule`, Delimiter: "/", Selectable: true},
	}
	if err != nil || fmt.Sprintf("%+v", folders) != fmt.Sprintf("%+v", want) {
		t.Errorf("folders\n%+v\nwant\n%+v, %v", folders, want, err)
	}
	if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
		t.Error(err)
	}
	if uids, err := c.UIDs(t.Context(), time.Time{}); err != nil || uids.String() != "1:2,9" {
		t.Errorf("UIDs %s, %v", uids, err)
	}
	_, _, err = c.Idle(t.Context(), time.Minute, nil)
	wantKind(t, err, KindRefused, false)
	_, err = c.Examine(t.Context(), "Sent")
	wantKind(t, err, KindRefused, false)
	_, err = c.UIDs(t.Context(), time.Time{})
	wantKind(t, err, KindConfig, false)
}

func TestRolesBySpecialUseAndByName(t *testing.T) {
	t.Parallel()
	list := func(caps string, lines ...string) string {
		c := scripted(t, caps, false, func(p *peer) {
			p.answer("LIST", lines...)
			for {
				line, err := p.r.ReadString('\n')
				if err != nil {
					return
				}
				p.send(strings.Fields(line)[0] + " OK")
			}
		})
		folders, err := c.Folders(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range folders {
			out = append(out, fmt.Sprintf("%s:%s", f.Name, f.Role))
		}
		return strings.Join(out, " ")
	}
	if got := list("LIST-STATUS SPECIAL-USE", `* LIST (\HasNoChildren \sent) "/" "[Gmail]/Gesendet"`, `* LIST (\All \Important) NIL Alle`, `* LIST () "/" Sent`, `* LIST () "/" Trash`, `* LIST () "/" iNbOx`, `* LIST (\Subscribed) "/" INBOX`); got != "[Gmail]/Gesendet:sent Alle:all Sent: Trash: INBOX:inbox" {
		t.Error(got)
	}
	if got := list("", `* LIST () "." INBOX`, `* LIST () "." "INBOX.Sent Items"`, `* LIST () "." INBOX.Sent`, `* LIST () "." INBOX.Spam`, `* LIST () "." INBOX.Projects.Trash`, `* LIST () "." Papierkorb`, `* LIST () "." Entw&APw-rfe`); got != "INBOX:inbox INBOX.Sent Items: INBOX.Sent:sent INBOX.Spam:junk INBOX.Projects.Trash: Papierkorb:trash Entwürfe:drafts" {
		t.Error(got)
	}
}

// F11: names that cannot be named back to the server are shown and not opened;
// a broken line costs its folder.
func TestF11_NamesThatAreNotUTF7(t *testing.T) {
	t.Parallel()
	c := scripted(t, "LIST-STATUS", false, func(p *peer) {
		p.answer("LIST", "* LIST () \"/\" \"caf\xe9\"", `* LIST () "/" "a&b"`, `* LIST () "/" "&AGE-"`, `* LIST () "/" "&2D0-"`, `* LIST () "/" "&-&-"`, `* LIST () "/`, `* LIST x`, `* LIST (() "/" y`, `* LIST () "abcdef" z`, `* LIST () "/" {5000}`+"\r\n"+strings.Repeat("x", 5000), `* LIST () "/" good`)
	})
	folders, err := c.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range folders {
		got = append(got, fmt.Sprintf("%s %v", f.Name, f.Selectable))
	}
	if want := "caf\uFFFD false|a&b false|a false|\uFFFD false|&& true|good true"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// S07: a search result is bounded in what it may claim, hold and cost.
func TestS07_SearchResults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		line string
		want string // "" for an error
	}{
		"ranges":       {"* ESEARCH (TAG \"T2\") UID COUNT 5 ALL 1:3,7,5 MODSEQ 9", "1:3,5,7"},
		"empty":        {"* ESEARCH (TAG \"T2\") UID", ""},
		"reversed":     {"* ESEARCH UID ALL 9:7", "7:9"},
		"four billion": {"* ESEARCH UID ALL 1:4294967295", "error"},
		"star":         {"* ESEARCH UID ALL 1:*", "error"},
		"zero":         {"* ESEARCH UID ALL 0:5", "error"},
		"too big":      {"* ESEARCH UID ALL 4294967296", "error"},
		"cut":          {"* ESEARCH UID ALL 1:", "error"},
		"words":        {"* SEARCH 1 two 3", "error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := scripted(t, "ESEARCH", true, func(p *peer) { p.answer("UID SEARCH", c.line) })
			uids, err := conn.UIDs(t.Context(), time.Time{})
			if c.want == "error" {
				if KindOf(err) != KindProtocol {
					t.Errorf("%s, %v", uids, err)
				}
			} else if err != nil || uids.String() != c.want {
				t.Errorf("%s, %v", uids, err)
			}
		})
	}
}

// S07: megabytes of parentheses, descending UIDs, literals and silence leave
// memory flat and end soon.
func TestS07_MemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 200 MB")
	}
	parens := strings.Repeat("(", 4<<20)
	var descending strings.Builder
	for i := 1_100_000; i > 0; i-- {
		fmt.Fprintf(&descending, " %d", i*2)
	}
	var m0, m1 runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m0)
	start := time.Now()
	c := scripted(t, "", true, func(p *peer) {
		tag := p.want("UID FETCH")
		p.send("* 1 FETCH (UID 1 BODYSTRUCTURE "+parens+" BODY[HEADER] {1}\r\nx)", "* 2 FETCH "+parens, "* LIST "+parens, "* "+parens, "* OK ["+parens)
		for range 40 {
			p.send("* XX {4194304}")
			p.raw(parens[:4<<20])
			p.send("")
		}
		p.send(msg(3, "h"), tag+" OK")
		tag = p.want("UID SEARCH")
		p.raw("* SEARCH")
		p.raw(descending.String())
		p.send("", tag+" OK")
	})
	checkHeaders(t, c, uidset.Between(1, 3), "1!malformed response 3=h", "2")
	_, err := c.UIDs(t.Context(), time.Time{})
	wantKind(t, err, KindProtocol, false)
	runtime.GC()
	runtime.ReadMemStats(&m1)
	if grown := int64(m1.HeapAlloc) - int64(m0.HeapAlloc); grown > 16<<20 {
		t.Errorf("heap grew by %d MB", grown>>20)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// F25: IDLE is renewed at least every 10 minutes, for hours.
func TestF25_IdleIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Duration
		start := time.Now()
		c := scripted(t, "IDLE", true, func(p *peer) {
			for {
				tag := p.want("")
				if tag == "none" {
					return
				}
				times = append(times, time.Since(start))
				p.send("+ idling", "* OK Still here", "* 9 EXISTS")
				if time.Since(start) >= 85*time.Minute {
					p.send("* 10 EXISTS")
				}
				if p.want("DONE") == "none" {
					return
				}
				p.send(tag + " OK done")
			}
		})
		changed, _, err := c.Idle(t.Context(), 5*time.Hour, nil)
		if !changed || err != nil || time.Since(start) != 90*time.Minute {
			t.Errorf("changed %v, %v after %v", changed, err, time.Since(start))
		}
		if len(times) != 10 {
			t.Errorf("IDLE at %v", times)
		}
		c.Close()
		synctest.Wait()
	})
}

// However long one IDLE lasts, its end has the time of a command.
func TestF25_IdleOutlastsTheCommandTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := scriptedWith(t, "IDLE", true, Limits{Idle: 3 * CommandTimeout}, func(p *peer) {
			for {
				tag := p.want("")
				if tag == "none" {
					return
				}
				p.send("+ idling")
				if p.want("DONE") == "none" {
					return
				}
				time.Sleep(ResponseTimeout / 2)
				p.send(tag + " OK done")
			}
		})
		if changed, _, err := c.Idle(t.Context(), 5*CommandTimeout, nil); changed || err != nil {
			t.Errorf("changed %v, %v", changed, err)
		}
		c.Close()
		synctest.Wait()
	})
}

// F22, F25: silence is found: in a fetch after the response time, in IDLE at
// its renewal.
func TestF22_FreezeIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		script func(*peer)
		call   func(*Conn) error
		after  time.Duration
		uid    uint32
	}{
		"fetch": {func(p *peer) { p.want("UID FETCH"); p.raw("* 1 FETCH (UID 1 BODY[HEADER] {100}\r\nhalf") },
			func(c *Conn) error { _, _, err := headers(c, uidset.Of(1)); return err }, ResponseTimeout, 1},
		"dripping fetch": {func(p *peer) {
			p.want("UID FETCH")
			p.raw("* 1 FETCH (UID 1 BODY[HEADER] {100000}\r\n")
			for range 10_000 {
				time.Sleep(ResponseTimeout - time.Second)
				p.raw("x")
			}
		}, func(c *Conn) error { _, _, err := headers(c, uidset.Of(1)); return err }, CommandTimeout, 1},
		"idle": {func(p *peer) { p.want("IDLE"); p.send("+ idling") },
			func(c *Conn) error { _, _, err := c.Idle(context.Background(), time.Hour, nil); return err }, IdleRestart + ResponseTimeout, 0},
		"start of idle": {func(p *peer) { p.want("IDLE") },
			func(c *Conn) error { _, _, err := c.Idle(context.Background(), time.Hour, nil); return err }, ResponseTimeout, 0},
		"examine": {func(p *peer) { p.want("EXAMINE") },
			func(c *Conn) error { _, err := c.Examine(context.Background(), "x"); return err }, ResponseTimeout, 0},
		"server that does not read": {func(p *peer) { time.Sleep(10 * ResponseTimeout) },
			func(c *Conn) error { _, err := c.UIDs(context.Background(), time.Time{}); return err }, ResponseTimeout, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := scripted(t, "IDLE", true, c.script)
				start := time.Now()
				e := wantKind(t, c.call(conn), KindTimeout, true)
				if took := time.Since(start); took > c.after+time.Second {
					t.Errorf("found after %v, want %v", took, c.after)
				}
				if e.UID != c.uid {
					t.Errorf("while reading %d, want %d", e.UID, c.uid)
				}
			})
		})
	}
}

// A caller that is slow to take messages is not a server that is slow.
func TestSlowCallerIsNotATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := scripted(t, "", true, func(p *peer) {
			tag := p.want("UID FETCH")
			for u := range 40 {
				p.send(msg(u+1, "h"))
			}
			p.send(tag + " OK")
		})
		n := 0
		_, err := c.FetchHeaders(t.Context(), uidset.Between(1, 40), func(HeaderItem) error {
			n++
			time.Sleep(time.Minute)
			return nil
		})
		if err != nil || n != 40 {
			t.Errorf("%d items, %v", n, err)
		}
	})
}

// F23: BYE during IDLE is told as such; F24: a server without IDLE is asked.
func TestF23_ByeDuringIdle(t *testing.T) {
	t.Parallel()
	c := scripted(t, "IDLE", true, func(p *peer) {
		p.want("IDLE")
		p.send("+ idling", "* BYE Autologout; idle for too long")
	})
	_, _, err := c.Idle(t.Context(), time.Minute, nil)
	wantKind(t, err, KindBye, true)
	if _, err := c.UIDs(t.Context(), time.Time{}); !Broken(err) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestF24_NoopInsteadOfIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := scripted(t, "", true, func(p *peer) {
			p.answer("NOOP")
			p.answer("NOOP", "* 4 EXPUNGE")
		})
		start := time.Now()
		if changed, _, err := c.Idle(t.Context(), 5*time.Minute, nil); changed || err != nil || time.Since(start) != 5*time.Minute {
			t.Errorf("%v, %v after %v", changed, err, time.Since(start))
		}
		if changed, _, err := c.Idle(t.Context(), 5*time.Minute, nil); !changed || err != nil {
			t.Errorf("%v, %v", changed, err)
		}
	})
}

// A flood of unasked responses ends the connection.
func TestS07_FloodDuringIdle(t *testing.T) {
	t.Parallel()
	c := scripted(t, "", true, func(p *peer) {
		block := strings.Repeat("* 9 EXISTS\r\n", 1000)
		for range maxUnasked/1000 + 10 {
			p.raw(block)
		}
	})
	_, _, err := c.Idle(t.Context(), time.Minute, nil)
	wantKind(t, err, KindProtocol, true)
}

// A wake ends IDLE and leaves the connection usable; an IDLE that the server ends by itself is not ended again; a server that
// does not let go is given up soon.
func TestIdleIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := scripted(t, "IDLE", true, func(p *peer) {
			tag := p.want("IDLE")
			p.send("+ idling")
			p.want("DONE")
			p.send(tag + " OK done")
			tag = p.want("IDLE")
			p.send("+ idling", tag+" OK long enough")
			p.answer("UID SEARCH", "* SEARCH 4")
			p.want("IDLE")
			p.send("+ idling")
			p.want("DONE")
		})
		wake := make(chan struct{}, 1)
		wake <- struct{}{}
		if changed, woken, err := c.Idle(t.Context(), time.Hour, wake); changed || !woken || err != nil {
			t.Errorf("changed %v, woken %v, %v", changed, woken, err)
		}
		if changed, woken, err := c.Idle(t.Context(), time.Hour, wake); !changed || woken || err != nil {
			t.Errorf("ended by the server: changed %v, woken %v, %v", changed, woken, err)
		}
		if uids, err := c.UIDs(t.Context(), time.Time{}); err != nil || uids.String() != "4" {
			t.Errorf("UIDs %s, %v", uids, err)
		}
		wake <- struct{}{}
		began := time.Now()
		if _, woken, err := c.Idle(t.Context(), time.Hour, wake); !woken || !Broken(err) || time.Since(began) > idleStop {
			t.Errorf("woken %v, %v after %v", woken, err, time.Since(began))
		}
	})
}

// The list that is asked for with EXAMINE comes in its round trip. It is not believed where the server tells of news with it, where
// it is shorter than the folder, as when it comes before the folder is open, and where the folder or the search is refused.
func TestExamineListsAhead(t *testing.T) {
	t.Parallel()
	const all = "UID SEARCH RETURN (ALL) ALL"
	opened := []string{"* 3 EXISTS", "* OK [UIDVALIDITY 7]", "* OK [UIDNEXT 9]"}
	for name, tc := range map[string]struct {
		with  []string // what comes after EXAMINE's answers; its result is EXAMINED, the search's LISTED
		again string   // what the search alone tells; "" where it is not asked
		want  string
	}{
		"listed":          {with: []string{"EXAMINED OK", "* ESEARCH UID ALL 1,4,8", "LISTED OK"}, want: "1,4,8"},
		"news":            {with: []string{"EXAMINED OK", "* ESEARCH UID ALL 1,4,8", "* 4 EXISTS", "LISTED OK"}, again: "1,4,8:9", want: "1,4,8:9"},
		"a message goes":  {with: []string{"EXAMINED OK", "* ESEARCH UID ALL 1,4,8", "* 1 EXPUNGE", "LISTED OK"}, again: "4,8", want: "4,8"},
		"short":           {with: []string{"EXAMINED OK", "* ESEARCH UID ALL 1,8", "LISTED OK"}, again: "1,4,8", want: "1,4,8"},
		"too early":       {with: []string{"* ESEARCH UID ALL 1,4,8", "EXAMINED OK", "LISTED OK"}, again: "1,4,8", want: "1,4,8"},
		"out of turn":     {with: []string{"* ESEARCH UID ALL 1,4,8", "LISTED OK", "EXAMINED OK"}, again: "1,4,8", want: "1,4,8"},
		"search refused":  {with: []string{"EXAMINED OK", "LISTED NO too busy"}, again: "1,4,8", want: "1,4,8"},
		"not there":       {with: []string{"EXAMINED NO not yours", "LISTED BAD no folder is open"}},
		"not there, told": {with: []string{"EXAMINED NO not yours", "* ESEARCH UID ALL 1,4,8", "LISTED OK"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := scripted(t, "ESEARCH", false, func(p *peer) {
				tags := strings.NewReplacer("EXAMINED", p.want("EXAMINE"), "LISTED", p.want(all))
				p.send(opened...)
				for _, line := range tc.with {
					p.send(tags.Replace(line))
				}
				if tc.want == "" {
					p.answer("EXAMINE", opened...)
					p.answer(all, "* ESEARCH UID ALL 2:4")
				} else if tc.again != "" {
					p.answer(all, "* ESEARCH UID ALL "+tc.again)
				}
			})
			before, trips := c.RoundTrips(), 1
			c.ListAhead(time.Time{})
			sel, err := c.Examine(t.Context(), "INBOX")
			want := tc.want
			switch {
			case want == "": // the next folder has nothing of it
				wantKind(t, err, KindRefused, false)
				if _, err := c.Examine(t.Context(), "Sent"); err != nil {
					t.Fatal(err)
				}
				want, trips = "2:4", 3
			case err != nil || sel.Messages != 3 || sel.UIDNext != 9:
				t.Fatalf("%+v, %v", sel, err)
			case tc.again != "":
				trips = 2
			}
			if uids, err := c.UIDs(t.Context(), time.Time{}); err != nil || uids.String() != want {
				t.Errorf("listed %s, %v, want %s", uids, err, want)
			}
			if n := c.RoundTrips() - before; n != trips {
				t.Errorf("%d round trips, want %d", n, trips)
			}
		})
	}
}

// Of what goes with EXAMINE, each search has its own answer, in any order, and a server that does not say which it answers is
// asked again.
func TestExamineListsAheadFromATime(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for name, tc := range map[string]struct {
		with  []string // what comes after EXAMINE's result; A1 and A2 are the searches' tags
		again bool     // all are listed again, and nothing is known of the first
	}{
		"in turn":            {with: []string{`* ESEARCH (TAG "A1") UID ALL 1,4,8`, "A1 OK", `* ESEARCH (TAG "A2") UID ALL 1`, "A2 OK"}},
		"at once":            {with: []string{`* ESEARCH (TAG "A2") UID ALL 1`, `* ESEARCH (TAG "A1") UID ALL 1,4,8`, "A1 OK", "A2 OK"}},
		"the other first":    {with: []string{`* ESEARCH (TAG "A2") UID ALL 1`, "A2 OK", `* ESEARCH (TAG "A1") UID ALL 1,4,8`, "A1 OK"}},
		"without tags":       {with: []string{"* ESEARCH UID ALL 1,4,8", "A1 OK", "* ESEARCH UID ALL 1", "A2 OK"}, again: true},
		"of another command": {with: []string{`* ESEARCH (TAG "A1") UID ALL 1,4,8`, "A1 OK", `* ESEARCH (TAG "x") UID ALL 1`, `* ESEARCH (TAG "A2") UID ALL 1`, "A2 OK"}, again: true},
		"one is not told":    {with: []string{`* ESEARCH (TAG "A1") UID ALL 1,4,8`, "A1 OK", "A2 OK"}, again: true},
		"one is refused":     {with: []string{`* ESEARCH (TAG "A1") UID ALL 1,4,8`, "A1 OK", "A2 NO too busy"}, again: true},
		"news":               {with: []string{`* ESEARCH (TAG "A1") UID ALL 1,4,8`, "A1 OK", `* ESEARCH (TAG "A2") UID ALL 1`, "* 1 EXPUNGE", "* 3 EXISTS", "A2 OK"}, again: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := scripted(t, "ESEARCH", false, func(p *peer) {
				examined := p.want("EXAMINE")
				tags := strings.NewReplacer("A1", p.want("UID SEARCH RETURN (ALL) ALL"), "A2", p.want("UID SEARCH RETURN (ALL) 1 SINCE"))
				p.send("* 3 EXISTS", "* OK [UIDVALIDITY 7]", examined+" OK")
				for _, line := range tc.with {
					p.send(tags.Replace(line))
				}
				if tc.again {
					p.answer("UID SEARCH RETURN (ALL) ALL", "* ESEARCH UID ALL 1,4,8")
				}
			})
			before, trips := c.RoundTrips(), 1
			if tc.again {
				trips = 2
			}
			c.ListAhead(from)
			if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
				t.Fatal(err)
			}
			uids, err := c.UIDs(t.Context(), time.Time{})
			if err != nil || uids.String() != "1,4,8" {
				t.Errorf("listed %s, %v", uids, err)
			}
			if c.BeginsSince(from) == tc.again || c.BeginsSince(from) {
				t.Errorf("the first message arrived since then: %v, or it is told twice", !tc.again)
			}
			if n := c.RoundTrips() - before; n != trips {
				t.Errorf("%d round trips, want %d", n, trips)
			}
		})
	}
}
