package imapconn

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// resyncing is a Conn to a server with QRESYNC; it has looked once, so that
// the server has answered to ENABLE.
func resyncing(t *testing.T, enabled string, script func(*peer)) *Conn {
	t.Helper()
	c := scripted(t, "CONDSTORE QRESYNC LIST-STATUS", false, func(p *peer) {
		p.answer("ENABLE QRESYNC", enabled)
		p.answer("LIST")
		script(p)
	})
	c.enableQResync()
	if _, err := c.Folders(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

const enabled = "* ENABLED CONDSTORE QRESYNC"

// What a server tells of a folder's changes is believed only where it is all
// there; F18: the mod-sequence went backwards, or there are none.
func TestF18_Resync(t *testing.T) {
	t.Parallel()
	ok := []string{"* 5 EXISTS", "* OK [UIDVALIDITY 7]", "* OK [UIDNEXT 20]", "* OK [HIGHESTMODSEQ 90]"}
	for name, c := range map[string]struct {
		lines []string
		want  string // of Changes; "" for not told
	}{
		"changes":                            {append([]string{"* VANISHED (EARLIER) 3:4,9", "* 1 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (88))", "* 5 FETCH (FLAGS () UID 19 MODSEQ (90))"}, ok...), "-3:4,9 +2,19"},
		"nothing":                            {ok, "- +"},
		"what was told of the folder before": {append([]string{"* 4 FETCH (UID 3 FLAGS ())", "* VANISHED 5", "* OK [CLOSED] x", "* VANISHED (EARLIER) 6"}, ok...), "-6 +"},
		"vanishing now":                      {append(ok, "* VANISHED 5"), "- +"},
		"another life":                       {append(ok[:1:1], "* OK [UIDVALIDITY 8]", "* OK [HIGHESTMODSEQ 90]"), ""},
		"F18 backwards":                      {append(ok[:3:3], "* OK [HIGHESTMODSEQ 79]"), ""},
		"F18 NOMODSEQ":                       {append(ok[:3:3], "* OK [NOMODSEQ] none"), ""},
		"F18 not told":                       {ok[:3], ""},
		"without UID":                        {append([]string{"* 1 FETCH (FLAGS (\\Seen) MODSEQ (88))"}, ok...), ""},
		"broken FETCH":                       {append([]string{"* 1 FETCH (UID 2 FLAGS"}, ok...), ""},
		"broken set":                         {append([]string{"* VANISHED (EARLIER) 3:"}, ok...), ""},
		"no set":                             {append([]string{"* VANISHED (EARLIER) *"}, ok...), ""},
		"open parenthesis":                   {append([]string{"* VANISHED (EARLIER 3"}, ok...), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := resyncing(t, enabled, func(p *peer) {
				p.answer("EXAMINE INBOX (QRESYNC (7 80))", c.lines...)
				p.answer("UID SEARCH", "* SEARCH 1 2")
			})
			sel, changes, told, err := conn.Resync(t.Context(), "INBOX", 7, 80)
			got := fmt.Sprintf("-%s +%s", changes.Vanished, changes.Changed)
			if err != nil || told != (c.want != "") || told && got != c.want || sel.UIDValidity == 0 {
				t.Errorf("%+v, %s, told %v, %v", sel, got, told, err)
			}
			if uids, err := conn.UIDs(t.Context(), time.Time{}); err != nil || uids.String() != "1:2" {
				t.Errorf("afterwards: %s, %v", uids, err)
			}
		})
	}
}

// F24: QRESYNC that is announced and not kept costs the feature.
func TestF24_QResyncNotKept(t *testing.T) {
	t.Parallel()
	lines := []string{"* 1 EXISTS", "* OK [UIDVALIDITY 7]", "* OK [HIGHESTMODSEQ 90]"}
	c := resyncing(t, enabled, func(p *peer) {
		p.send(p.want("EXAMINE INBOX (QRESYNC (7 80))") + " BAD what")
		p.answer("EXAMINE INBOX (CONDSTORE)", lines...)
		p.answer("EXAMINE INBOX (CONDSTORE)", lines...)
	})
	for range 2 {
		if sel, _, told, err := c.Resync(t.Context(), "INBOX", 7, 80); told || err != nil || sel.HighestModSeq != 90 {
			t.Errorf("%+v, told %v, %v", sel, told, err)
		}
	}
	c = resyncing(t, "* ENABLED CONDSTORE", func(p *peer) { p.answer("EXAMINE INBOX (CONDSTORE)", lines...) })
	if sel, _, told, err := c.Resync(t.Context(), "INBOX", 7, 80); told || err != nil || c.CanResync() {
		t.Errorf("not enabled: %+v, told %v, %v", sel, told, err)
	}
}

// VANISHED outside EXAMINE is a hint, and lowers the count that searches are
// measured against.
func TestVanishedNowIsAHint(t *testing.T) {
	t.Parallel()
	c := resyncing(t, enabled, func(p *peer) {
		p.answer("EXAMINE", "* 9 EXISTS", "* OK [UIDVALIDITY 7]", "* OK [HIGHESTMODSEQ 90]")
		p.answer("NOOP", "* VANISHED 3:5,8")
	})
	if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
		t.Fatal(err)
	}
	changed, _, err := c.noopAfter(t.Context(), time.Millisecond, nil)
	if !changed || err != nil || c.g.existsNow() != 5 {
		t.Errorf("changed %v, %v, %d messages", changed, err, c.g.existsNow())
	}
}

// S07: a server may claim what it likes to have vanished.
func TestS07_VanishedIsBounded(t *testing.T) {
	t.Parallel()
	var odd strings.Builder
	for i := range maxRanges + 10 {
		fmt.Fprintf(&odd, "%d,", i*2+1)
	}
	c := resyncing(t, enabled, func(p *peer) {
		p.answer("EXAMINE", "* VANISHED (EARLIER) "+odd.String()+"4294967295", "* 1 EXISTS", "* OK [UIDVALIDITY 7]", "* OK [HIGHESTMODSEQ 90]")
		p.answer("EXAMINE", "* VANISHED (EARLIER) 1:4294967295", "* 1 EXISTS", "* OK [UIDVALIDITY 7]", "* OK [HIGHESTMODSEQ 90]")
	})
	if _, _, told, err := c.Resync(t.Context(), "INBOX", 7, 80); told || err != nil {
		t.Errorf("told %v, %v", told, err)
	}
	if _, changes, told, err := c.Resync(t.Context(), "INBOX", 7, 80); !told || err != nil || changes.Vanished.Count() != 1<<32-1 {
		t.Errorf("told %v, %v", told, err)
	}
}
