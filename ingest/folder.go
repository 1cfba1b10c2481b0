package ingest

import (
	"time"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/plan"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// parkFor is how long a folder rests whose UIDVALIDITY flaps.
const parkFor = time.Hour

// folder is what a loop knows of a folder. All of it but the row can be found again from ledger and server.
type folder struct {
	row     queries.Folder
	present bool // listed by the server and chosen, in this pass

	loaded bool       // uids is current
	uids   uidset.Set // with a disposition, of the present UIDVALIDITY
	held   int64      // how many

	visited  bool        // work below is of a visit in this session
	shown    plan.Status // as of that visit
	liveFrom uint32      // UIDs from here on are new mail; 0: not known yet
	work     plan.Work
	all      uidset.Set // every UID as of that visit
	listedAt time.Time  // of the last list of all UIDs, or the first visit of this process
	partial  bool       // a visit saw less than the server has: the cursor stays behind
	short    int        // visits in a row before the last one that did

	window   uidset.Set // UIDs of which it is known, or believed, that they are within the window
	believed bool       // it is believed of some: their headers will tell
	strays   bool       // of some they told that it may not be so

	flagsModSeq  uint64    // up to which flags are known
	flagsAt      time.Time // of the last full look by this process
	flagsTriedAt time.Time // when it was last to be visited for one
	metAt        time.Time // when this process came to know the folder

	size         uint64 // of the next batch; halved when one breaks the connection
	tries        map[uint32]int
	turn         int // of back-fill
	revalidated  int
	parkedUntil  time.Time
	refusedUntil time.Time // of back-fill
}

func newFolder(row queries.Folder) *folder {
	f := &folder{row: row, size: batchSize, flagsModSeq: uint64(row.ModSeq), metAt: time.Now()}
	if row.UidNext != 0 {
		f.liveFrom = uint32(row.UidNext)
	}
	return f
}

// failedOn counts how often a message was not to be had.
func (f *folder) failedOn(uid uint32) (times int) {
	if f.tries == nil {
		f.tries = map[uint32]int{}
	}
	f.tries[uid]++
	return f.tries[uid]
}

// keepTries carries over what only this process knows.
func (f *folder) keepTries(old *folder) {
	f.size, f.tries, f.revalidated, f.parkedUntil = old.size, old.tries, old.revalidated, old.parkedUntil
	f.flagsAt, f.flagsTriedAt, f.metAt, f.listedAt = old.flagsAt, old.flagsTriedAt, old.metAt, old.listedAt
	if f.liveFrom == 0 && old.row.UidValidity == f.row.UidValidity {
		f.liveFrom = old.liveFrom
	}
}

// saved is the cursor.
func (f *folder) saved() plan.Status {
	return plan.Status{
		UIDValidity: uint32(f.row.UidValidity), UIDNext: uint32(f.row.UidNext),
		ModSeq: uint64(f.row.ModSeq), Messages: uint32(f.row.OnServer),
	}
}

// known is where the folder stood when its mail was read last: as the last visit of this session saw it, or else where the cursor is.
func (f *folder) known() plan.Status {
	if f.visited {
		return f.shown
	}
	return f.saved()
}

// stands says that an opened folder is as it was read last. A cursor that must stay behind, as while deletions are held, is no
// reason to look again at once.
func (f *folder) stands(sel imapconn.Selected) bool {
	s := f.known()
	return s.UIDValidity == sel.UIDValidity && s.Messages == sel.Messages && (sel.UIDNext == 0 || s.UIDNext == sel.UIDNext)
}

// believe takes a back-fill to be within the window as a whole, as the folder's first message is: most have been delivered in the
// order of their UIDs. To be asked of all costs a server that keeps each message in a file a look at every one, and their headers
// tell anyway, before anything is stored.
func (f *folder) believe(all uidset.Set) {
	if f.liveFrom != 0 {
		all = all.Subtract(uidset.Between(f.liveFrom, ^uint32(0)))
	}
	f.window, f.believed = f.window.Union(all), true
}

func (f *folder) parked() bool { return time.Now().Before(f.parkedUntil) }

// flagsDue says that a full look at the flags is due in a folder that stands: after a restart not at once, as all stand then.
func (f *folder) flagsDue() bool {
	looked := f.flagsAt
	if looked.IsZero() {
		looked = f.metAt
	}
	return time.Since(looked) > flagsEvery
}

// pending says that the back-fill of the folder is not done.
func (f *folder) pending() bool { return len(f.work.Backfill) > 0 }

// fillable says that it may go on: the server has not refused it lately.
func (f *folder) fillable() bool { return f.pending() && !time.Now().Before(f.refusedUntil) }

func selectedStatus(sel imapconn.Selected) plan.Status {
	s := plan.Status{UIDValidity: sel.UIDValidity, UIDNext: sel.UIDNext, Messages: sel.Messages}
	if !sel.NoModSeq {
		s.ModSeq = sel.HighestModSeq
	}
	return s
}
