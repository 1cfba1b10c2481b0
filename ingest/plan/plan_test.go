package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

func TestChooseFolders(t *testing.T) {
	t.Parallel()
	folders := []Folder{
		{Name: "Trash", Role: "trash", Selectable: true}, {Name: "Sent", Role: "sent", Selectable: true},
		{Name: "Projects", Selectable: true}, {Name: "INBOX", Role: "inbox", Selectable: true},
		{Name: "All", Role: "all", Selectable: true}, {Name: "Junk", Role: "junk", Selectable: true},
		{Name: "Archive", Role: "archive", Selectable: true}, {Name: "Drafts", Role: "drafts", Selectable: true},
		{Name: "[Gmail]", Selectable: false}, {Name: "Old archive", Selectable: true},
	}
	for _, c := range []struct {
		choice []string
		known  map[string]string
		want   string
	}{
		{want: "INBOX Sent Archive All"},
		{choice: []string{"Projects", "INBOX"}, want: "INBOX Projects"},
		{choice: []string{"Trash", "Junk", "Drafts", "[Gmail]"}, want: ""},
		{known: map[string]string{"Old archive": "archive", "Projects": ""}, want: "INBOX Sent Archive Old archive All"},
	} {
		var got []string
		for _, f := range Choose(folders, c.choice, c.known) {
			got = append(got, f.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("choice %q, known %v: %q, want %q", c.choice, c.known, got, c.want)
		}
	}
}

func TestUnchanged(t *testing.T) {
	t.Parallel()
	s := Status{UIDValidity: 1, UIDNext: 10, ModSeq: 5, Messages: 9}
	for _, c := range []struct {
		name         string
		saved, shown Status
		want         bool
	}{
		{"same", s, s, true},
		{"nothing saved", Status{UIDValidity: 1}, Status{UIDValidity: 1}, false},
		{"F05 UIDNEXT not told", s, Status{UIDValidity: 1, ModSeq: 5, Messages: 9}, false},
		{"F05 UIDNEXT lower", s, Status{1, 9, 5, 9}, false},
		{"F18 mod-sequence lower", s, Status{1, 10, 4, 9}, false},
		{"F01 UIDVALIDITY", s, Status{2, 10, 5, 9}, false},
		{"fewer messages", s, Status{1, 10, 5, 8}, false},
	} {
		if got := Unchanged(c.saved, c.shown); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestReaches(t *testing.T) {
	t.Parallel()
	read := Status{UIDValidity: 1, UIDNext: 10, Messages: 9}
	for _, c := range []struct {
		name        string
		read, shown Status
		want        bool
	}{
		{"same", read, read, true},
		{"mail went", read, Status{1, 10, 7, 3}, true},
		{"mail came", read, Status{1, 11, 7, 9}, false},
		{"another life", read, Status{2, 10, 0, 9}, false},
		{"UIDNEXT not told", read, Status{UIDValidity: 1, Messages: 9}, false},
		{"never read", Status{UIDValidity: 1}, Status{1, 2, 0, 0}, false},
		{"never read, never had any", Status{UIDValidity: 1}, Status{1, 1, 0, 0}, true},
	} {
		if got := c.read.Reaches(c.shown); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func drawSet(t *rapid.T, name string) uidset.Set {
	return uidset.Of(rapid.SliceOfN(rapid.Uint32Range(1, 60), 0, 40).Draw(t, name)...)
}

// TestVisitCoversEveryUIDOnce: doing the work of a visit leaves exactly the server's window in the ledger, beside what is
// held and still there, whatever both showed before.
func TestVisitCoversEveryUIDOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		held, all := drawSet(t, "held"), drawSet(t, "all")
		window := all.Intersect(drawSet(t, "window"))
		wanted := held.Intersect(drawSet(t, "wanted"))
		from := rapid.Uint32Range(0, 70).Draw(t, "from")
		w := Visit(Held{UIDs: held, Wanted: wanted}, Shown{All: all, Window: window}, from, false)
		if len(w.Live.Intersect(w.Backfill)) > 0 {
			t.Fatalf("%v is both live and back-fill", w.Live.Intersect(w.Backfill))
		}
		if from > 0 && len(w.Backfill) > 0 && w.Backfill.Max() >= from || len(w.Live) > 0 && (from == 0 || w.Live.Min() < from) {
			t.Fatalf("live %v, back-fill %v, from %d", w.Live, w.Backfill, from)
		}
		end := held.Union(w.Live).Union(w.Backfill).Subtract(w.Vanished)
		if want := window.Union(held.Intersect(all)); end.String() != want.String() {
			t.Fatalf("ends with %v, want %v", end, want)
		}
		if len(w.Wanted.Subtract(wanted)) > 0 || len(w.Wanted.Subtract(all)) > 0 {
			t.Fatalf("wanted %v", w.Wanted)
		}
		again := Visit(Held{UIDs: end}, Shown{All: all, Window: window}, from, false)
		if len(again.Live)+len(again.Backfill)+len(again.Vanished) > 0 {
			t.Fatalf("a second visit finds work: %+v", again)
		}
	})
}

func TestFlagsLook(t *testing.T) {
	t.Parallel()
	held := uidset.Between(1, 9)
	s := func(modseq uint64, messages uint32) Status { return Status{1, 10, modseq, messages} }
	for _, c := range []struct {
		name         string
		saved, shown Status
		due          bool
		want         FlagsLook
	}{
		{"nothing changed", s(5, 9), s(5, 9), true, NoFlags},
		{"mod-sequence advanced", s(5, 9), s(6, 9), false, ChangedFlags},
		{"F18 mod-sequence went backwards", s(5, 9), s(4, 9), false, AllFlags},
		{"F18 no mod-sequences, folder changed", s(0, 9), s(0, 10), false, AllFlags},
		{"no mod-sequences, nothing changed", s(0, 9), s(0, 9), false, NoFlags},
		{"no mod-sequences, time has come", s(0, 9), s(0, 9), true, AllFlags},
		{"none saved yet", s(0, 9), s(5, 9), false, AllFlags},
	} {
		if got := Visit(Held{Saved: c.saved, UIDs: held}, Shown{Status: c.shown, All: held}, 10, c.due).Flags; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestBrake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		losses, stored int64
		gone, want     bool
	}{
		{0, 0, true, false}, {1, 1, false, false}, {9, 9, false, false}, {10, 10, false, true}, {50, 60, false, false},
		{51, 100, false, true}, {51, 1000, false, false}, {300, 1000, false, false}, {301, 1000, false, true}, {1, 1000, true, true},
	} {
		if got := Brake(c.losses, c.stored, c.gone); got != c.want {
			t.Errorf("%d of %d lost, folder gone %v: %v", c.losses, c.stored, c.gone, got)
		}
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	facts := map[string]Facts{
		"me": {Own: true, OfUser: true}, "bob": {OfUser: true}, "joe": {OnCard: true}, "joan": {OnCard: true},
		"bad": {OnCard: true, Blocked: true}, "bobcard": {OfUser: true, OnCard: true, Blocked: true},
	}
	for _, c := range []struct {
		from, to, cc, bcc string
		want              Disposition
		outbound          bool
		addresses         string
	}{
		{"joe", "me", "", "", Stored, false, "joe me"},
		{"me", "joe", "bob", "", Stored, true, "me joe bob"},
		{"me", "new", "", "joe", Stored, true, "me new joe"},
		{"new", "me", "", "joe", Indexed, false, "new me"}, // Bcc counts in the author's own copy only
		{"bob", "me", "joe", "", Stored, false, "bob me joe"},
		{"bob", "me", "", "", Internal, false, "bob me"},
		{"me", "me", "", "", Internal, true, "me"},
		{"bob", "me", "bobcard", "", Internal, false, "bob me bobcard"},
		{"bob", "me new", "", "", Indexed, false, "bob me new"},
		{"bad", "me", "", "", Blocked, false, "bad me"},
		{"bad", "me joe", "", "", Stored, false, "bad me joe"},
		{"new", "me", "", "", Indexed, false, "new me"},
		{"", "", "", "", Indexed, false, ""},
	} {
		p := Parties{strings.Fields(c.from), strings.Fields(c.to), strings.Fields(c.cc), strings.Fields(c.bcc)}
		v := Classify(p, func(a string) Facts { return facts[a] })
		if v.Disposition != c.want || v.Outbound != c.outbound || strings.Join(v.Addresses, " ") != c.addresses {
			t.Errorf("%+v: %+v", c, v)
		}
	}
}

// TestThreadsConverge: batches of any size in any order end in the partition of the connected messages.
func TestThreadsConverge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		messages := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, 12), 1, 3), 1, 14).Draw(t, "messages")
		seed := rapid.Uint64().Draw(t, "seed")
		random := rand.New(rand.NewPCG(seed, 1))
		if got, want := threadsOf(messages, random), naiveThreads(messages); got != want {
			t.Fatalf("threads %s, want %s", got, want)
		}
	})
}

// threadsOf stores messages as ingest does, in random order and batches.
func threadsOf(messages [][]int, random *rand.Rand) string {
	links, threadOf := map[string]int64{}, map[int]int64{}
	next := int64(100)
	order := random.Perm(len(messages))
	for len(order) > 0 {
		n := 1 + random.IntN(len(order))
		known := map[string]int64{}
		for _, i := range order[:n] {
			for _, k := range messages[i] {
				if id, ok := links[fmt.Sprint(k)]; ok {
					known[fmt.Sprint(k)] = id
				}
			}
		}
		t := NewThreads(known)
		nodes := map[int]int{}
		for _, i := range order[:n] {
			var keys []string
			for _, k := range messages[i] {
				keys = append(keys, fmt.Sprint(k))
			}
			nodes[i] = t.Message(keys)
		}
		o := t.Solve()
		base := next
		next += int64(o.Fresh)
		id := func(n int64) int64 {
			if n < 0 {
				return base - n - 1
			}
			return n
		}
		for k, thread := range o.Links {
			links[k] = id(thread)
		}
		for k, thread := range links {
			if winner, lost := o.Merged[thread]; lost {
				links[k] = winner
			}
		}
		for i, thread := range threadOf {
			if winner, lost := o.Merged[thread]; lost {
				threadOf[i] = winner
			}
		}
		for i, node := range nodes {
			threadOf[i] = id(o.Of(node))
		}
		order = order[n:]
	}
	groups := map[int64][]int{}
	for i, thread := range threadOf {
		groups[thread] = append(groups[thread], i)
	}
	return partition(groups)
}

func naiveThreads(messages [][]int) string {
	group := make([]int64, len(messages))
	for i := range group {
		group[i] = int64(i)
	}
	for changed := true; changed; {
		changed = false
		for i := range messages {
			for j := range messages {
				if group[i] > group[j] && slices.ContainsFunc(messages[i], func(k int) bool { return slices.Contains(messages[j], k) }) {
					group[i], changed = group[j], true
				}
			}
		}
	}
	groups := map[int64][]int{}
	for i, g := range group {
		groups[g] = append(groups[g], i)
	}
	return partition(groups)
}

func partition(groups map[int64][]int) string {
	var out []string
	for _, g := range groups {
		slices.Sort(g)
		out = append(out, fmt.Sprint(g))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestSubjectMatesIsSymmetric(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		days   int
		ra, rb bool
		want   bool
	}{{1, true, false, true}, {30, false, true, true}, {31, true, true, false}, {1, false, false, false}} {
		other := at.AddDate(0, 0, c.days)
		if SubjectMates(at, other, c.ra, c.rb) != c.want || SubjectMates(other, at, c.rb, c.ra) != c.want {
			t.Errorf("%+v", c)
		}
	}
}
