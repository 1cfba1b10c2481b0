package plan

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// Following what changed ends where listing everything ends, or says that it does not know; whatever a server makes up of
// UIDs that vanished before or never were.
func TestAdvanceEqualsListing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		were, now := drawSet(t, "were"), drawSet(t, "now")
		next := max(were.Max(), now.Max()) + 1
		// UIDs only grow: what is there now was there, or is new.
		now = now.Intersect(were.Union(uidset.Between(were.Max()+1, 99)))
		madeUp := drawSet(t, "made up").Subtract(now)
		c := Changes{
			Vanished: were.Subtract(now).Union(madeUp),
			Changed:  now.Subtract(were).Union(now.Intersect(drawSet(t, "flags"))),
		}
		shown := Status{UIDNext: next, Messages: uint32(now.Count())}
		all, ok := Advance(were, c, shown)
		if !ok || all.String() != now.String() {
			t.Fatalf("%v, %v, want %v", all, ok, now)
		}
		// Leaving something out is noticed.
		if forgot := c.Vanished.Intersect(were).Subtract(now); len(forgot) > 0 {
			if all, ok := Advance(were, Changes{Changed: c.Changed}, shown); ok {
				t.Fatalf("without the vanished: %v", all)
			}
		}
		held := were.Intersect(drawSet(t, "held"))
		told := Visit(Held{UIDs: held}, Shown{All: all, Window: all, Changed: c.Changed, Told: true}, next, false)
		listed := Visit(Held{UIDs: held}, Shown{All: now, Window: now}, next, false)
		for _, sets := range [][2]uidset.Set{{told.Live, listed.Live}, {told.Backfill, listed.Backfill}, {told.Vanished, listed.Vanished}} {
			if sets[0].String() != sets[1].String() {
				t.Fatalf("work %+v, by listing %+v", told, listed)
			}
		}
	})
}

func TestAdvanceDoubts(t *testing.T) {
	t.Parallel()
	were := uidset.Between(1, 5)
	for name, c := range map[string]struct {
		changes Changes
		shown   Status
	}{
		"too few":              {Changes{Vanished: uidset.Of(2)}, Status{UIDNext: 6, Messages: 5}},
		"too many":             {Changes{Changed: uidset.Of(6)}, Status{UIDNext: 7, Messages: 5}},
		"beyond UIDNEXT":       {Changes{Vanished: uidset.Of(2), Changed: uidset.Of(9)}, Status{UIDNext: 7, Messages: 5}},
		"vanished and changed": {Changes{Vanished: uidset.Of(2), Changed: uidset.Of(2)}, Status{UIDNext: 6, Messages: 5}},
	} {
		if all, ok := Advance(were, c.changes, c.shown); ok {
			t.Errorf("%s: %v", name, all)
		}
	}
}

func TestFlagsLookAtWhatWasTold(t *testing.T) {
	t.Parallel()
	held, s := uidset.Between(1, 9), Status{1, 12, 8, 11}
	h := Held{Saved: Status{1, 10, 5, 9}, UIDs: held}
	for changed, want := range map[uint32]FlagsLook{3: ChangedFlags, 11: NoFlags} {
		if got := Visit(h, Shown{Status: s, All: held, Changed: uidset.Of(changed), Told: true}, 10, false).Flags; got != want {
			t.Errorf("changed %d: %v, want %v", changed, got, want)
		}
	}
}

func TestF05UIDNextOfTheListing(t *testing.T) {
	t.Parallel()
	opened := Status{UIDValidity: 1, Messages: 9}
	for listed, want := range map[Status]uint32{
		{UIDValidity: 1, UIDNext: 10, Messages: 9}: 10, {UIDValidity: 1, UIDNext: 10, Messages: 8}: 0, {UIDValidity: 2, UIDNext: 10, Messages: 9}: 0,
	} {
		if got := opened.OrListed(listed); got.UIDNext != want {
			t.Errorf("listed as %+v: %+v", listed, got)
		}
	}
	if told := (Status{UIDValidity: 1, UIDNext: 7, Messages: 9}); told.OrListed(Status{1, 10, 0, 9}) != told {
		t.Error("what the folder tells itself is overruled")
	}
}
