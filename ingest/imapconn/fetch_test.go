package imapconn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// F16: whatever the order and the parts, the result is the same.
func TestF16_OddFetchResponses(t *testing.T) {
	t.Parallel()
	whole := func(uid int) string { return msg(uid, fmt.Sprint("h", uid)) }
	for name, lines := range map[string][]string{
		"plain":                  {whole(1), whole(2), whole(3)},
		"unsorted":               {whole(3), whole(1), whole(2)},
		"duplicated":             {whole(1), whole(1), whole(2), whole(2), whole(3), whole(1)},
		"UID after the literal":  {"* 1 FETCH (FLAGS () INTERNALDATE \"04-Mar-2026 05:06:07 +0000\" RFC822.SIZE 9 BODY[HEADER] {2}\r\nh1 UID 1)", whole(2), whole(3)},
		"split":                  {"* 1 FETCH (UID 1 FLAGS (\\Seen))", "* 1 FETCH (UID 1 RFC822.SIZE 9 INTERNALDATE \"04-Mar-2026 05:06:07 +0000\")", whole(2), "* 1 FETCH (BODY[HEADER] {2}\r\nh1 UID 1)", whole(3)},
		"wrong sequence numbers": {"* 0" + strings.TrimPrefix(whole(1), "* 1"), "* 77777777777" + strings.TrimPrefix(whole(2), "* 2"), whole(3)},
		"unknown items":          {"* 1 FETCH (X-GM-LABELS (\"a (b\" \\Inbox {3}\r\n)))) " + strings.TrimPrefix(whole(1), "* 1 FETCH ("), "* 2 FETCH (ENVELOPE (NIL \"x)\" ((NIL))) BODY[HEADER.FIELDS (\"A B\" C)]<0> {3}\r\nx)( " + strings.TrimPrefix(whole(2), "* 2 FETCH ("), whole(3)},
		"lower case, no spaces":  {strings.Replace(strings.ToLower(whole(1)), "body[header] {", "body[header]{", 1), whole(2), whole(3)},
		"quoted header":          {strings.Replace(whole(1), "{2}\r\nh1", `"h1"`, 1), whole(2), whole(3)},
		"odd flags":              {strings.Replace(whole(1), `(\Seen)`, `( $X "quoted" \* NonJunk [a] \Seen)`, 1), whole(2), whole(3)},
		"bad date":               {strings.Replace(whole(1), "04-Mar-2026", "99-Foo", 1), whole(2), whole(3)},
		"NIL date":               {strings.Replace(whole(1), `"04-Mar-2026 05:06:07 +0000"`, "NIL", 1), whole(2), whole(3)},
		"negative size":          {strings.Replace(whole(1), "SIZE 99", "SIZE -1", 1), whole(2), whole(3)},
		"items left out":         {"* 1 FETCH (UID 1 FLAGS () BODY[HEADER] {2}\r\nh1)", whole(2), whole(3)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := scripted(t, "", true, func(p *peer) { p.answer("UID FETCH 1:3 (UID ", lines...) })
			var got [4]string
			missing, err := c.FetchHeaders(t.Context(), uidset.Between(1, 3), func(h HeaderItem) error {
				if got[h.UID] != "" {
					t.Errorf("UID %d twice", h.UID)
				}
				got[h.UID] = string(h.RawHeader)
				return h.Err
			})
			if err != nil || got != [4]string{"", "h1", "h2", "h3"} || len(missing) > 0 {
				t.Errorf("got %q, missing %s, %v", got, missing, err)
			}
		})
	}
}

// F37: the hour that a change of the clocks repeats is told apart by its zone, and a leap second is a time.
func TestF37_InternalDates(t *testing.T) {
	t.Parallel()
	for told, want := range map[string]string{
		"25-Oct-2026 02:30:00 +0200": "2026-10-25T00:30:00Z",
		"25-Oct-2026 02:30:00 +0100": "2026-10-25T01:30:00Z",
		" 8-Mar-2026 02:30:00 -0500": "2026-03-08T07:30:00Z", // an hour that no clock showed
		"31-Dec-2016 23:59:60 +0000": "2017-01-01T00:00:00Z",
		"01-Jan-2017 08:59:60 +0900": "2017-01-01T00:00:00Z",
		"31-Dec-2016 23:60:00 +0000": "0001-01-01T00:00:00Z", // none, and no reason to lose the message
		"31-Dec-2016 23:59:61 +0000": "0001-01-01T00:00:00Z",
	} {
		c := scripted(t, "", true, func(p *peer) {
			p.answer("UID FETCH 1 (UID ", strings.Replace(msg(1, "h1"), "04-Mar-2026 05:06:07 +0000", told, 1))
		})
		missing, err := c.FetchHeaders(t.Context(), uidset.Of(1), func(h HeaderItem) error {
			if got := h.InternalDate.Format(time.RFC3339); got != want || h.Err != nil {
				t.Errorf("%s is read as %s, %v; want %s", told, got, h.Err, want)
			}
			return nil
		})
		if err != nil || len(missing) > 0 {
			t.Errorf("%s: missing %s, %v", told, missing, err)
		}
	}
}

// F17: what the server says unasked changes nothing of the answer and is kept
// as a hint.
func TestF17_UnsolicitedInsideCommands(t *testing.T) {
	t.Parallel()
	noise := []string{
		"* 12 EXISTS", "* 3 EXPUNGE", "* 4 FETCH (FLAGS (\\Deleted))", "* 5 FETCH (UID 50 FLAGS (\\Deleted))", "* 0 RECENT",
		"* OK [ALERT] soon {12} maintenance \"", "* NO disk is \"nearly full", "* FLAGS (\\Seen $a/b [x] {)", "* OK [PERMANENTFLAGS (\\* \\Weird[)] x",
		"* XYZZY (nested {4}\r\n)))) \"q\" ) tail", "* STATUS x (MESSAGES 1)", "* LIST () \"/\" x", "* SEARCH 7 8", "* ESEARCH UID ALL 9",
		"* VANISHED (EARLIER) 4,9", "* CAPABILITY IMAP4rev1 IDLE", "* BAD what", "* 5 FETCH", "* 6 FETCH (", "* 7 FETCH (UID)", "* 8 FETCH (UID x)", "*", "* ", "",
		"+ go on", "* FETCH", "* 1", "* \x00\xff", "* 99999999999999999999 EXISTS", "* METADATA \"\" (/x NIL)",
	}
	c := scripted(t, "IDLE", true, func(p *peer) {
		tag := p.want("UID FETCH 1:2")
		p.send(noise...)
		p.send(msg(1, "h1"))
		p.send(noise...)
		p.send(msg(2, "h2"))
		p.send(noise...)
		p.send(tag + " OK done")
		for range maxLooks { // it is asked again, because the folder changed
			tag = p.want("UID SEARCH")
			p.send(noise...)
			p.send("* SEARCH 1 2")
			p.send(tag + " OK done")
		}
	})
	checkHeaders(t, c, uidset.Between(1, 2), "1=h1 2=h2", "")
	if changed, _, err := c.Idle(t.Context(), time.Minute, nil); !changed || err != nil {
		t.Errorf("no hint of the change: %v, %v", changed, err)
	}
	if uids, err := c.UIDs(t.Context(), time.Time{}); err != nil || uids.String() != "1:2,7:9" {
		t.Errorf("search: %s, %v", uids, err)
	}
	if _, _, dropped := c.Traffic(); dropped == 0 {
		t.Error("nothing was counted as dropped")
	}
}

// F12, F15: what the server leaves out is said, and is not an error.
func TestF15_LeftOutIsMissing(t *testing.T) {
	t.Parallel()
	c := scripted(t, "", true, func(p *peer) {
		p.answer("UID FETCH 1:4", msg(1, "h1"), "* 3 FETCH (UID 3 FLAGS ())", msg(4, "h4"))
		p.answer("UID SEARCH UID 2:3", "* SEARCH 3")
	})
	checkHeaders(t, c, uidset.Between(1, 4), "1=h1 4=h4", "2:3")
	if has, err := c.HasUIDs(t.Context(), uidset.Between(2, 3)); err != nil || has.String() != "3" {
		t.Errorf("HasUIDs %s, %v", has, err)
	}
}

// F28: a line of 10 MB, NULs and 8-bit cost at most their own message.
func TestF28_OversizedAndBinary(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10<<20)
	c := scripted(t, "", true, func(p *peer) {
		p.answer("UID FETCH 1:5",
			msg(1, "h\x00\xff1"),
			"* 2 FETCH (UID 2 X-JUNK "+long+" BODY[HEADER] {2}\r\nh2)",
			fmt.Sprintf("* 3 FETCH (UID 3 BODY[HEADER] {%d}\r\n%s)", len(long), long),
			"* OK "+long,
			"* "+long[:30]+" "+long,
			"* 4 FETCH (UID 4 X-JUNK \""+long+"\" BODY[HEADER] {2}\r\nh4)",
			msg(5, "h5"))
	})
	checkHeaders(t, c, uidset.Between(1, 5), "1=h\x00\xff1 2!malformed response 3!message too large 4!malformed response 5=h5", "")
}

// F27: a literal whose size is a lie ends the connection, names the message,
// and takes no memory.
func TestF27_LiteralLies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		response string
		item     string // what is told of message 2
		detail   string
	}{
		"negative":        {"* 2 FETCH (UID 2 BODY[HEADER] {-1}", "2!malformed response", "literal size"},
		"2^63":            {"* 2 FETCH (UID 2 BODY[HEADER] {9223372036854775808}", "2!malformed response", "literal size"},
		"2^64+2":          {"* 2 FETCH (UID 2 BODY[HEADER] {18446744073709551618}\r\nh2)", "2!malformed response", "literal size"},
		"3 GB":            {"* 2 FETCH (UID 2 BODY[HEADER] {3221225472}\r\nh2)", "2!message too large", "literal size"},
		"shorter than it": {"* 2 FETCH (UID 2 BODY[HEADER] {3}\r\nSubject: x)", "2!malformed response", "literal size"},
		"longer than it":  {"* 2 FETCH (UID 2 BODY[HEADER] {20}\r\nSubject: x)\r\n* 3 FETCH (UID 3 BODY[HEADER] {2}\r\nh3)", "2!malformed response", "literal size"},
		"no number":       {"* 2 FETCH (UID 2 BODY[HEADER] {x}", "2!malformed response", "literal size"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := scripted(t, "", true, func(p *peer) {
				p.want("UID FETCH")
				p.send(msg(1, "h1"), c.response)
			})
			got, _, err := headers(conn, uidset.Between(1, 3))
			e := wantKind(t, err, KindProtocol, true)
			if e.Detail != c.detail && name != "3 GB" {
				t.Errorf("detail %q, want %q", e.Detail, c.detail)
			}
			if want := "1=h1 " + c.item; name != "3 GB" && strings.Join(got, " ") != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// F20, F21 on one connection: what is cut is no message, what was whole is.
func TestF20_CutMidLiteral(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("0123456789", 10)
	for _, cut := range []int{0, 1, 10, 50, 99, 100, 101, 102, 103} {
		conn := scripted(t, "", true, func(p *peer) {
			p.want("UID FETCH")
			p.send("* 1 FETCH (UID 1 BODY[] {3}\r\none)")
			p.raw("* 2 FETCH (UID 2 BODY[] {100}\r\n")
			p.raw((body + ")\r\n")[:cut])
			p.conn.Close()
		})
		var got []uint32
		_, err := conn.FetchBodies(t.Context(), uidset.Between(1, 3), 1<<20, func(b BodyItem) error {
			got = append(got, b.UID)
			return b.Err
		})
		e := wantKind(t, err, KindClosed, true)
		want, reading := "[1]", uint32(2)
		if cut == 103 { // the response was closed; only the tagged OK is missing (F21)
			want, reading = "[1 2]", 0
		}
		if fmt.Sprint(got) != want || e.UID != reading {
			t.Errorf("cut at %d: got %v while reading %d, want %s while reading %d", cut, got, e.UID, want, reading)
		}
	}
}

// A body beyond the limit is passed over; its neighbours come.
func TestTooLargeBodyIsPassedOver(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 5000)
	c := scripted(t, "", true, func(p *peer) {
		p.answer("UID FETCH 1:5 (UID BODY.PEEK[])",
			"* 1 FETCH (UID 1 BODY[] {5000}\r\n"+big+")", "* 2 FETCH (UID 2 BODY[] {4}\r\nmail)", "* 3 FETCH (UID 3 BODY[] NIL)", "* 4 FETCH (UID 4 BODY[] \"\")", "* 5 FETCH (UID 5 BODY[] {4999}\r\n"+big[1:]+")")
	})
	var got []string
	missing, err := c.FetchBodies(t.Context(), uidset.Between(1, 5), 4999, func(b BodyItem) error {
		got = append(got, fmt.Sprintf("%d %d %d %v", b.UID, b.Size, len(b.Raw), b.Err))
		return nil
	})
	want := "1 5000 0 message too large|2 4 4 <nil>|3 0 0 server gave no content|4 0 0 server gave no content|5 4999 4999 <nil>"
	if err != nil || len(missing) > 0 || strings.Join(got, "|") != want {
		t.Errorf("got %s, missing %s, %v", strings.Join(got, "|"), missing, err)
	}
}

// A command that is refused for one message is repeated in halves until that
// one is found (F24).
func TestF24_RefusedFetchIsHalved(t *testing.T) {
	t.Parallel()
	bad := uint32(6)
	commands := 0
	c := scripted(t, "", true, func(p *peer) {
		for {
			line, err := p.r.ReadString('\n')
			if err != nil {
				return
			}
			commands++
			words := strings.Fields(line)
			var first, last uint32
			if n, _ := fmt.Sscanf(words[3], "%d:%d", &first, &last); n == 1 {
				last = first
			}
			if first <= bad && bad <= last {
				p.send(words[0] + " NO [SERVERBUG] cannot read a message")
				continue
			}
			for u := first; u <= last; u++ {
				p.send(msg(int(u), "h"))
			}
			p.send(words[0] + " OK")
		}
	})
	got, missing, err := headers(c, uidset.Between(1, 8))
	if err != nil || missing != "" || len(got) != 8 || !strings.Contains(strings.Join(got, " "), "6!server refused the message") {
		t.Errorf("got %q, missing %q, %v", got, missing, err)
	}
	if commands > 8 {
		t.Errorf("%d commands", commands)
	}
}

// Where the whole folder is refused the call ends soon and the Conn lives.
func TestF24_AllRefused(t *testing.T) {
	t.Parallel()
	commands := 0
	c := scripted(t, "", true, func(p *peer) {
		for {
			line, err := p.r.ReadString('\n')
			if err != nil {
				return
			}
			commands++
			p.send(strings.Fields(line)[0] + " NO go away")
		}
	})
	_, _, err := headers(c, uidset.Between(1, 10_000))
	wantKind(t, err, KindRefused, false)
	if commands > 100 {
		t.Errorf("%d commands", commands)
	}
}

// F29: a throttled fetch stops at once with the server's hint.
func TestF29_ThrottledFetch(t *testing.T) {
	t.Parallel()
	c := scripted(t, "", true, func(p *peer) {
		tag := p.want("UID FETCH")
		p.send(msg(1, "h1"), tag+" BAD Request is throttled. Suggested Backoff Time: 51423 milliseconds")
	})
	got, _, err := headers(c, uidset.Between(1, 3))
	if backoff, ok := Throttled(err); !ok || backoff != 51423*time.Millisecond || Broken(err) {
		t.Errorf("error %v, backoff %v", err, backoff)
	}
	if strings.Join(got, " ") != "1=h1" {
		t.Errorf("got %q", got)
	}
}

// An error of the caller's function ends the call; the Conn stays usable.
func TestCallersErrorLeavesTheConnUsable(t *testing.T) {
	t.Parallel()
	c := scripted(t, "", true, func(p *peer) {
		p.answer("UID FETCH 1:3", "* 1 FETCH (UID 1 BODY[] {1}\r\na)", "* 2 FETCH (UID 2 BODY[] {1}\r\nb)", "* 3 FETCH (UID 3 BODY[] {1}\r\nc)")
		p.answer("UID SEARCH ALL", "* SEARCH 1")
	})
	mine, calls := errors.New("mine"), 0
	_, err := c.FetchBodies(t.Context(), uidset.Between(1, 3), 100, func(BodyItem) error { calls++; return mine })
	if err != mine || calls != 1 {
		t.Errorf("error %v after %d calls", err, calls)
	}
	if uids, err := c.UIDs(t.Context(), time.Time{}); err != nil || uids.String() != "1" {
		t.Errorf("afterwards: %s, %v", uids, err)
	}
}

// A context that ends ends the call at once, also while a body is being read.
func TestContextEndsAFetch(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := scripted(t, "", true, func(p *peer) {
		p.want("UID FETCH")
		p.raw("* 1 FETCH (UID 1 BODY[] {1000000}\r\nhello")
		cancel()
	})
	_, err := c.FetchBodies(ctx, uidset.Of(1), 1<<20, func(BodyItem) error { return nil })
	wantKind(t, err, KindCanceled, true)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// A panic in the caller's function reaches the caller and ends the Conn.
func TestCallersPanicIsTheCallers(t *testing.T) {
	t.Parallel()
	c := scripted(t, "", true, func(p *peer) { p.answer("UID FETCH", msg(1, "h"), msg(2, "h")) })
	func() {
		defer func() {
			if recover() != "mine" {
				t.Error("no panic")
			}
		}()
		_, _ = c.FetchHeaders(t.Context(), uidset.Between(1, 2), func(HeaderItem) error { panic("mine") })
	}()
	if _, err := c.UIDs(t.Context(), time.Time{}); !Broken(err) {
		t.Errorf("afterwards: %v", err)
	}
}

// Many messages go in several commands; what one of them lacks is missing.
func TestManyMessages(t *testing.T) {
	t.Parallel()
	c := scripted(t, "CONDSTORE", true, func(p *peer) {
		for {
			line, err := p.r.ReadString('\n')
			if err != nil {
				return
			}
			words := strings.Fields(line)
			var first, last int
			if n, _ := fmt.Sscanf(words[3], "%d:%d", &first, &last); n != 2 || last-first >= headersPerFetch {
				p.t.Errorf("command %q", line)
			}
			for u := last; u >= first; u-- {
				if u%100 != 0 {
					p.send(msg(u, "h"))
				}
			}
			p.send(words[0] + " OK")
		}
	})
	got, missing, err := headers(c, uidset.Between(1, 1000))
	if err != nil || len(got) != 990 || missing != "100,200,300,400,500,600,700,800,900,1000" {
		t.Errorf("%d items, missing %s, %v", len(got), missing, err)
	}
}

func TestFetchFlagsChangedSince(t *testing.T) {
	t.Parallel()
	c := scripted(t, "CONDSTORE", false, func(p *peer) {
		p.answer("EXAMINE INBOX (CONDSTORE)", "* 9 EXISTS", "* OK [UIDVALIDITY 7]", "* OK [HIGHESTMODSEQ 90060115205545359] x")
		p.answer("UID FETCH 1:1000 (UID", "* 4 FETCH (UID 4 FLAGS (\\Flagged) MODSEQ (90060115205545359))")
	})
	sel, err := c.Examine(t.Context(), "INBOX")
	if err != nil || sel.NoModSeq || sel.HighestModSeq != 90060115205545359 {
		t.Fatalf("%+v, %v", sel, err)
	}
	var got []FlagItem
	missing, err := c.FetchFlags(t.Context(), uidset.Between(1, 1000), 5, func(f FlagItem) error {
		got = append(got, f)
		return nil
	})
	if err != nil || len(missing) > 0 || len(got) != 1 || got[0] != (FlagItem{4, Flags{Flagged: true}, 90060115205545359}) {
		t.Errorf("got %+v, missing %s, %v", got, missing, err)
	}
}
