package plan

import (
	"slices"
	"strings"
)

// Folder is a folder as the server lists it.
type Folder struct {
	Name       string
	Role       string // inbox, sent, archive, all, drafts, junk, trash, or empty
	Selectable bool
	Status     Status
}

// Status is where a folder stands: what a server shows, and what is saved as a cursor with nothing left to do.
type Status struct {
	UIDValidity uint32
	UIDNext     uint32 // 0: not told, or nothing saved
	ModSeq      uint64 // 0: none
	Messages    uint32
}

// OrListed returns s with the UIDNEXT that the folder was listed with a moment before, where opening it told none (F05,
// Courier). Should it be outdated, the folder is listed with another the next time.
func (s Status) OrListed(listed Status) Status {
	if s.UIDNext == 0 && listed.UIDValidity == s.UIDValidity && listed.Messages == s.Messages {
		s.UIDNext = listed.UIDNext
	}
	return s
}

// Reaches says that a folder that was read when it stood at s has got no mail since: it is shown with no higher UIDNEXT. Where none is
// told, that is open.
func (s Status) Reaches(shown Status) bool {
	return shown.UIDNext != 0 && shown.UIDValidity == s.UIDValidity && shown.UIDNext <= max(s.UIDNext, 1)
}

// order is that in which folders are visited: where people wait for mail first.
var order = []string{"inbox", "sent", "archive", "all"}

// Choose returns the folders to sync, in the order to visit them: those with a role of order, or those chosen by name;
// never drafts, junk or trash (SPEC 5). known are the roles of folders synced before, by name: one that was deleted and
// made again without its role goes on as what it was (F10).
func Choose(folders []Folder, choice []string, known map[string]string) []Folder {
	var out []Folder
	for _, f := range folders {
		if f.Role == "" {
			f.Role = known[f.Name]
		}
		switch {
		case !f.Selectable, f.Role == "drafts", f.Role == "junk", f.Role == "trash":
		case len(choice) > 0 && slices.Contains(choice, f.Name), len(choice) == 0 && slices.Contains(order, f.Role):
			out = append(out, f)
		}
	}
	rank := func(f Folder) int {
		if i := slices.Index(order, f.Role); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(out, func(a, b Folder) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// Unchanged says that a folder needs no visit: it stands where it stood when nothing was left to do. A server that tells
// no UIDNEXT is never believed to be unchanged (F05).
func Unchanged(saved, shown Status) bool {
	return saved.UIDNext != 0 && shown.UIDNext != 0 && saved == shown
}
