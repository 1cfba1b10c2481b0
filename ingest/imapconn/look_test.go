package imapconn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// Several folders are opened and listed in one round trip, and in one more those whose first message came before, with what came since.
// One that is refused or not listed in full is left out, and none has anything of another, its count neither.
func TestLookAhead(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	const all, first, dated = "UID SEARCH RETURN (ALL) ALL", "UID SEARCH RETURN (ALL) 1 SINCE", "UID SEARCH RETURN (ALL) SINCE"
	refused := []string{"EXAMINED NO not yours", "LISTED BAD none is open", "DATED BAD none is open"}
	told := func(exists, list, since string) []string {
		return []string{
			exists, "* OK [UIDVALIDITY 7]", "EXAMINED OK", `* ESEARCH (TAG "LISTED") UID ` + list, "LISTED OK", `* ESEARCH (TAG "DATED") UID ` + since, "DATED OK",
		}
	}
	type answers map[int][]string // of folders by their number
	for name, tc := range map[string]struct {
		first, again answers
		want         string // number, all, those since from or "undated"
		open         string // the folder that is, then
	}{
		"both":              {first: answers{0: told("* 3 EXISTS", "ALL 1,4,8", "ALL 1"), 1: told("* 1 EXISTS", "ALL 5", "ALL 5")}, want: "0 1,4,8 undated|1 5 undated", open: "1"},
		"one is empty":      {first: answers{0: told("* 2 EXISTS", "ALL 1:2", "ALL 1"), 1: told("* 0 RECENT", "", "")}, want: "0 1:2 undated|1  undated", open: "1"},
		"count of another":  {first: answers{0: told("* 2 EXISTS", "ALL 1:2", "ALL 1"), 1: told("* 0 RECENT", "ALL 1:2", "ALL 1")}, want: "0 1:2 undated"},
		"first is refused":  {first: answers{0: refused, 1: told("* 1 EXISTS", "ALL 5", "ALL 5")}, want: "1 5 undated", open: "1"},
		"last is refused":   {first: answers{0: told("* 1 EXISTS", "ALL 5", "ALL 5"), 1: refused}, want: "0 5 undated"},
		"first is short":    {first: answers{0: told("* 2 EXISTS", "ALL 5", "ALL 5"), 1: told("* 1 EXISTS", "ALL 6", "ALL 6")}, want: "1 6 undated", open: "1"},
		"one is older":      {first: answers{0: told("* 3 EXISTS", "ALL 1,4,8", ""), 1: told("* 1 EXISTS", "ALL 5", "ALL 5")}, again: answers{0: told("* 3 EXISTS", "ALL 1,4,8", "ALL 4,8")}, want: "0 1,4,8 4,8|1 5 undated", open: "0"},
		"last is older":     {first: answers{0: told("* 1 EXISTS", "ALL 5", "ALL 5"), 1: told("* 2 EXISTS", "ALL 1:2", "")}, again: answers{1: told("* 2 EXISTS", "ALL 1:2", "ALL 2")}, want: "0 5 undated|1 1:2 2", open: "1"},
		"both are older":    {first: answers{0: told("* 1 EXISTS", "ALL 5", ""), 1: told("* 2 EXISTS", "ALL 1:2", "")}, again: answers{0: told("* 2 EXISTS", "ALL 5:6", "ALL 6"), 1: told("* 2 EXISTS", "ALL 1:2", "")}, want: "0 5:6 6|1 1:2 ", open: "1"},
		"older, gone since": {first: answers{0: told("* 1 EXISTS", "ALL 5", "ALL 5"), 1: told("* 2 EXISTS", "ALL 1:2", "")}, again: answers{1: refused}, want: "0 5 undated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := scripted(t, "ESEARCH", false, func(p *peer) {
				for round, folders := range []answers{tc.first, tc.again} {
					var lines []string
					for _, i := range slices.Sorted(maps.Keys(folders)) {
						tags := strings.NewReplacer("EXAMINED", p.want(fmt.Sprintf(`EXAMINE "%d"`, i)), "LISTED", p.want(all), "DATED", p.want([]string{first, dated}[round]))
						for _, line := range folders[i] {
							lines = append(lines, tags.Replace(line))
						}
					}
					p.send(lines...)
				}
				if tc.open != "" {
					p.answer(all, "* ESEARCH UID")
				}
			})
			before := c.RoundTrips()
			looks, open, err := c.LookAhead(t.Context(), []string{"0", "1"}, from)
			var got []string
			for name, l := range looks {
				since := l.Since.String()
				if l.Undated {
					since = "undated"
				}
				got = append(got, fmt.Sprintf("%s %s %s", name, l.All, since))
				if l.Name != name || l.UIDValidity != 7 || uint64(l.Messages) != l.All.Count() || l.Undated && l.Since.String() != l.All.String() {
					t.Errorf("%s: %+v", name, l)
				}
			}
			slices.Sort(got)
			if strings.Join(got, "|") != tc.want || open != tc.open || err != nil {
				t.Errorf("%q, open %q, %v", got, open, err)
			}
			want := 1
			if tc.again != nil {
				want = 2
			}
			if n := c.RoundTrips() - before; n != want {
				t.Errorf("%d round trips", n)
			}
			if _, err := c.UIDs(t.Context(), time.Time{}); (err == nil) != (tc.open != "") {
				t.Errorf("a search in the last folder: %v", err)
			}
		})
	}
}

// A server that does not say which search it answers is not asked.
func TestLookAheadNeedsESearch(t *testing.T) {
	t.Parallel()
	c := scripted(t, "", false, func(*peer) {})
	if looks, _, err := c.LookAhead(t.Context(), []string{"a", "b"}, time.Now()); len(looks) > 0 || err != nil || c.RoundTrips() > 1 {
		t.Errorf("%v, %v", looks, err)
	}
}

// A server that asks for less is left alone.
func TestLookAheadThrottled(t *testing.T) {
	t.Parallel()
	c := scripted(t, "ESEARCH", false, func(p *peer) {
		var tags []string
		for range 6 {
			tags = append(tags, p.want(""))
		}
		for _, tag := range tags {
			p.send(tag + " NO [THROTTLED] slower")
		}
	})
	if _, _, err := c.LookAhead(t.Context(), []string{"a", "b"}, time.Now()); err == nil {
		t.Error("no error")
	} else if _, throttled := Throttled(err); !throttled {
		t.Error(err)
	}
}
