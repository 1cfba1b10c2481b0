package plan

import "github.com/mailstamp/mailstamp/ingest/uidset"

// Held is what we hold of a folder, of its present UIDVALIDITY.
type Held struct {
	Saved  Status     // ModSeq: up to which flags are known
	UIDs   uidset.Set // with a disposition other than expunged
	Wanted uidset.Set // known, but now to be fetched
}

// Shown is what the server shows of a folder just opened.
type Shown struct {
	Status Status
	All    uidset.Set // every UID
	Window uidset.Set // those within the window; it need not tell of what is held
	// Changed are the new and those with other flags since Held.Saved.ModSeq, where Told.
	Changed uidset.Set
	Told    bool
}

// Changes are what a server tells of a folder since the mod-sequence up to which it is known (QRESYNC).
type Changes struct {
	Vanished uidset.Set // may name UIDs that never were
	Changed  uidset.Set // new, or with other flags
}

// Advance returns every UID of a folder: those that were there, and what changed. It is false where that does not add up
// to what the server shows: then all must be listed.
func Advance(were uidset.Set, c Changes, shown Status) (all uidset.Set, ok bool) {
	all = were.Subtract(c.Vanished).Union(c.Changed)
	switch {
	case len(c.Changed.Intersect(c.Vanished)) > 0,
		all.Count() != uint64(shown.Messages),
		shown.UIDNext != 0 && len(all) > 0 && all.Max() >= shown.UIDNext:
		return nil, false
	}
	return all, true
}

// FlagsLook says which flags to compare.
type FlagsLook int

const (
	NoFlags      FlagsLook = iota // nothing can have changed
	ChangedFlags                  // those changed since the saved mod-sequence
	AllFlags                      // all of stored mail
)

// Work is what is to be done in a folder.
type Work struct {
	Live     uidset.Set // new mail: fetched before any back-fill
	Backfill uidset.Set // older mail, newest first
	Wanted   uidset.Set // known mail to be fetched, still on the server
	Vanished uidset.Set // to be proved absent
	Flags    FlagsLook
}

// Visit compares a folder with the ledger. liveFrom is the lowest UID that counts as new mail: the UIDNEXT that was
// known before. flagsDue asks for flags although no mod-sequence tells of a change.
func Visit(h Held, s Shown, liveFrom uint32, flagsDue bool) Work {
	missing := s.Window.Intersect(s.All).Subtract(h.UIDs)
	w := Work{
		Vanished: h.UIDs.Subtract(s.All),
		Wanted:   h.Wanted.Intersect(s.All),
	}
	if liveFrom == 0 {
		w.Backfill = missing
	} else {
		w.Live = missing.Intersect(uidset.Between(liveFrom, ^uint32(0)))
		w.Backfill = missing.Subtract(w.Live)
	}
	switch {
	case len(h.UIDs) == 0:
	case s.Status.ModSeq == 0 || h.Saved.ModSeq == 0 || s.Status.ModSeq < h.Saved.ModSeq:
		// No mod-sequences, none saved, or they went backwards (F18).
		if flagsDue || h.Saved != s.Status {
			w.Flags = AllFlags
		}
	case s.Status.ModSeq > h.Saved.ModSeq && (!s.Told || len(h.UIDs.Intersect(s.Changed)) > 0):
		w.Flags = ChangedFlags
	}
	return w
}

// Brake bounds what deletions may take at once without a person's word.
const (
	// brakeMin and brakePercent: more than both of a mailbox's stored messages at once is no tidying up.
	brakeMin     = 50
	brakePercent = 30
	// brakeEmptied: a mailbox with this many stored messages is not emptied silently.
	brakeEmptied = 10
)

// Brake says that the loss of messages must wait for a person's word: too many of those stored, all of them, or any with
// a folder that is gone as a whole.
func Brake(losses, stored int64, folderGone bool) bool {
	switch {
	case losses == 0:
		return false
	case folderGone:
		return true
	case losses > brakeMin && losses*100 > stored*brakePercent:
		return true
	}
	return losses >= stored && stored >= brakeEmptied
}
