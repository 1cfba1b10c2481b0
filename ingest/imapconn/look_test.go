package imapconn

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Several folders are opened and listed in one round trip. One that is refused or not listed in full is left out, and none has
// anything of another, its count neither.
func TestLookAhead(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	const all, dated = "UID SEARCH RETURN (ALL) ALL", "UID SEARCH RETURN (ALL) SINCE"
	refused := []string{"EXAMINED NO not yours", "LISTED BAD none is open", "DATED BAD none is open"}
	told := func(exists, list, since string) []string {
		return []string{
			exists, "* OK [UIDVALIDITY 7]", "EXAMINED OK", `* ESEARCH (TAG "LISTED") UID ` + list, "LISTED OK", `* ESEARCH (TAG "DATED") UID ` + since, "DATED OK",
		}
	}
	for name, tc := range map[string]struct {
		folders [][]string // how each is answered
		want    string     // number, all, and those since from
		open    bool       // the last one is, then
	}{
		"both":             {folders: [][]string{told("* 3 EXISTS", "ALL 1,4,8", "ALL 4,8"), told("* 1 EXISTS", "ALL 5", "")}, want: "0 1,4,8 4,8|1 5 ", open: true},
		"one is empty":     {folders: [][]string{told("* 2 EXISTS", "ALL 1:2", ""), told("* 0 RECENT", "", "")}, want: "0 1:2 |1  ", open: true},
		"count of another": {folders: [][]string{told("* 2 EXISTS", "ALL 1:2", ""), told("* 0 RECENT", "ALL 1:2", "")}, want: "0 1:2 "},
		"first is refused": {folders: [][]string{refused, told("* 1 EXISTS", "ALL 5", "ALL 5")}, want: "1 5 5", open: true},
		"last is refused":  {folders: [][]string{told("* 1 EXISTS", "ALL 5", "ALL 5"), refused}, want: "0 5 5"},
		"first is short":   {folders: [][]string{told("* 2 EXISTS", "ALL 5", "ALL 5"), told("* 1 EXISTS", "ALL 6", "ALL 6")}, want: "1 6 6", open: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := scripted(t, "ESEARCH", false, func(p *peer) {
				var answers []string
				for i, answer := range tc.folders {
					tags := strings.NewReplacer("EXAMINED", p.want(fmt.Sprintf(`EXAMINE "%d"`, i)), "LISTED", p.want(all), "DATED", p.want(dated))
					for _, line := range answer {
						answers = append(answers, tags.Replace(line))
					}
				}
				p.send(answers...)
				if tc.open {
					p.answer(all, "* ESEARCH UID")
				}
			})
			before := c.RoundTrips()
			looks, err := c.LookAhead(t.Context(), []string{"0", "1"}, from)
			var got []string
			for name, l := range looks {
				got = append(got, fmt.Sprintf("%s %s %s", name, l.All, l.Since))
				if l.Name != name || l.UIDValidity != 7 || uint64(l.Messages) != l.All.Count() {
					t.Errorf("%s: %+v", name, l)
				}
			}
			slices.Sort(got)
			if strings.Join(got, "|") != tc.want || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			if n := c.RoundTrips() - before; n != 1 {
				t.Errorf("%d round trips", n)
			}
			if _, err := c.UIDs(t.Context(), time.Time{}); (err == nil) != tc.open {
				t.Errorf("a search in the last folder: %v", err)
			}
		})
	}
}

// A server that does not say which search it answers is not asked.
func TestLookAheadNeedsESearch(t *testing.T) {
	t.Parallel()
	c := scripted(t, "", false, func(*peer) {})
	if looks, err := c.LookAhead(t.Context(), []string{"a", "b"}, time.Now()); len(looks) > 0 || err != nil || c.RoundTrips() > 1 {
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
	if _, err := c.LookAhead(t.Context(), []string{"a", "b"}, time.Now()); err == nil {
		t.Error("no error")
	} else if _, throttled := Throttled(err); !throttled {
		t.Error(err)
	}
}
