package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/plan"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// pass looks at all folders once: first new and wanted mail of every folder, then a turn of back-fill, and only when
// nothing is left to fetch in any folder, flags and deletions. It reports whether back-fill remains.
func (l *loop) pass(ctx context.Context) (more bool, err error) {
	if more, err := l.fetch(ctx); more || err != nil {
		return more, err
	}
	found, settled, more, err := l.missed(ctx)
	if more || err != nil {
		return more, err
	}
	// Deletions come when all new mail of all folders is stored, so that a moved message is known at its new place before it is
	// missed at the old one (F14). What was missed since is the next pass's.
	if settled {
		if err := l.remove(ctx, found); err != nil {
			return false, err
		}
		l.missedAt.Store(0)
	}
	if err := l.finish(ctx); err != nil {
		return false, err
	}
	return false, l.retryQuarantined(ctx)
}

// fetch looks at all folders and fetches mail for a turn. It reports whether there was any back-fill, or more wanted mail than one turn
// takes: after that all folders are looked at again, also when it was the last, as mail may have come meanwhile.
func (l *loop) fetch(ctx context.Context) (more bool, err error) {
	if err := l.visitAll(ctx); err != nil || l.wantedLeft {
		return l.wantedLeft, err
	}
	return l.backfill(ctx)
}

// visitAll lists the folders, while the last batches are being stored, and visits those that need it.
func (l *loop) visitAll(ctx context.Context) error {
	folders, err := l.conn.Folders(ctx)
	if errStored := l.settle(); errStored != nil {
		return errStored
	}
	if err != nil {
		return err
	}
	l.unreadable, l.unread, l.arrived, l.wantedLeft = 0, false, false, false
	chosen, err := l.note(ctx, folders)
	if err != nil {
		return err
	}
	wanted, err := l.wanted(ctx)
	if err != nil {
		return err
	}
	due := l.dueForFlags(chosen)
	ahead, err := l.lookAhead(ctx, chosen, wanted)
	if err != nil {
		return err
	}
	for _, c := range chosen {
		f := l.folders[c.Name]
		if f == nil || f.row.GoneAt != nil || f.parked() { // noted by opening it, and refused
			l.unread = true
			continue
		}
		if l.needless(f, c.Status, wanted[f.row.ID], slices.Contains(due, f)) {
			continue
		}
		if err := l.visit(ctx, f, c.Status, wanted[f.row.ID], ahead[c.Name]); err != nil {
			if !imapconn.OfFolder(err) {
				return err
			}
			// The folder is left for the next pass; the others go on (F24).
			l.refused(c.Role, err)
			l.unread = l.unread || !f.known().Reaches(c.Status)
		}
		l.unread = l.unread || f.parked()
	}
	return nil
}

// lookAhead opens the folders of which nothing is known and lists their mail, all in one round trip: their visits fetch none, as
// all of it is back-fill. The first of them is open then, so that it is filled first.
func (l *loop) lookAhead(ctx context.Context, chosen []plan.Folder, wanted map[int64]uidset.Set) (map[string]imapconn.Look, error) {
	var names []string
	for _, c := range slices.Backward(chosen) {
		f := l.folders[c.Name]
		if f != nil && f.row.GoneAt == nil && !f.parked() && f.liveFrom == 0 && f.held == 0 && len(wanted[f.row.ID]) == 0 {
			names = append(names, c.Name)
		}
	}
	if len(names) < 2 {
		return nil, nil
	}
	l.examined = ""
	ahead, examined, err := l.conn.LookAhead(ctx, names, windowStart(l.row))
	if last := names[len(names)-1]; examined == last {
		l.examined = last // another that is open would be filled before it
	}
	return ahead, err
}

// refused notes that the server did not let a folder be read in this pass.
func (l *loop) refused(role string, err error) {
	l.unreadable++
	l.log().Warn("ingest: folder not readable", "role", role, "error", err)
}

// needless says that a folder needs no visit.
func (l *loop) needless(f *folder, shown plan.Status, wanted uidset.Set, flagsDue bool) bool {
	if len(wanted) > 0 || f.partial || flagsDue {
		return false
	}
	return plan.Unchanged(f.known(), shown) // where it was seen in this session, what is left of its work is known
}

// dueForFlags are the folders to be visited because of their flags: no more than flagFolders with those of which a full look is planned
// already, those first whose turn was longest ago. None is while mail is filled in, as no flags are followed then.
func (l *loop) dueForFlags(chosen []plan.Folder) (due []*folder) {
	if l.nextToFill() != nil {
		return nil
	}
	room := flagFolders
	for _, c := range chosen {
		f := l.folders[c.Name]
		switch {
		case f == nil || c.Status.ModSeq != 0 || !f.flagsDue():
		case f.visited && f.work.Flags == plan.AllFlags:
			room--
		default:
			due = append(due, f)
		}
	}
	slices.SortStableFunc(due, func(a, b *folder) int { return a.flagsTriedAt.Compare(b.flagsTriedAt) })
	due = due[:min(len(due), max(room, 0))]
	for _, f := range due {
		f.flagsTriedAt = time.Now() // a folder that is refused keeps none from its turn
	}
	return due
}

// note matches the server's list with the folders that are known: new ones get a row, vanished ones are marked.
func (l *loop) note(ctx context.Context, folders []imapconn.Folder) ([]plan.Folder, error) {
	all := make([]plan.Folder, len(folders))
	for i, f := range folders {
		all[i] = listed(f)
	}
	known := make(map[string]string, len(l.folders))
	for name, f := range l.folders {
		known[name] = f.row.Role
	}
	chosen := plan.Choose(all, l.row.FolderChoice, known)
	for _, f := range l.folders {
		f.present = false
		gone := !slices.ContainsFunc(all, func(s plan.Folder) bool { return s.Name == f.row.Name })
		if !gone || f.row.GoneAt != nil {
			continue
		}
		err := l.tx(ctx, "folder", func(tx *db.Tx) error {
			return tx.SetFolderGone(ctx, queries.SetFolderGoneParams{AccountID: l.acc.ID, ID: f.row.ID})
		})
		if err != nil {
			return nil, fmt.Errorf("mark a folder gone: %w", err)
		}
		now := time.Now()
		*f = *newFolder(f.row)
		f.row.GoneAt = &now
		l.staleDue = true
	}
	for _, c := range chosen {
		f := l.folders[c.Name]
		if (f == nil || f.row.GoneAt != nil) && c.Status.UIDValidity == 0 {
			// The list does not tell; opening does, or says that it is not to be had (F04).
			l.examined = ""
			sel, err := l.conn.Examine(ctx, c.Name)
			if err != nil && !imapconn.OfFolder(err) {
				return nil, err
			}
			if err != nil {
				l.refused(c.Role, err)
				continue
			}
			c.Status = selectedStatus(sel)
		}
		if f == nil || f.row.GoneAt != nil {
			if err := l.adopt(ctx, c); err != nil {
				return nil, err
			}
			f = l.folders[c.Name]
		}
		if f != nil {
			f.present = true
			if f.row.Role != c.Role {
				f.row.Role = c.Role // written with the cursor
			}
		}
	}
	return chosen, nil
}

// adopt makes or renews a folder's row with an empty cursor.
func (l *loop) adopt(ctx context.Context, c plan.Folder) error {
	var row queries.Folder
	err := l.tx(ctx, "folder", func(tx *db.Tx) (err error) {
		row, err = tx.InsertFolder(ctx, queries.InsertFolderParams{
			AccountID: l.acc.ID, MailboxID: l.mailboxID, Name: c.Name, Role: c.Role,
			UidValidity: int64(c.Status.UIDValidity), OnServer: int64(c.Status.Messages),
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("note a folder: %w", err)
	}
	f := newFolder(row)
	if old := l.folders[c.Name]; old != nil {
		f.keepTries(old)
	}
	f.present = true
	l.folders[c.Name] = f
	return nil
}

// wanted lists the known mail that is to be fetched now, by folder.
func (l *loop) wanted(ctx context.Context) (map[int64]uidset.Set, error) {
	out := map[int64]uidset.Set{}
	err := l.s.o.DB.ReadTx(ctx, l.acc.ID, func(tx *db.Tx) error {
		rows, err := tx.WantedUIDs(ctx, queries.WantedUIDsParams{AccountID: l.acc.ID, MailboxID: l.mailboxID})
		for _, r := range rows {
			out[r.FolderID] = out[r.FolderID].Append(uint32(r.Uid), uint32(r.Uid))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list wanted mail: %w", err)
	}
	for id := range out {
		out[id] = out[id].Normalize()
	}
	return out, nil
}

// present are the folders of this pass in the order of visiting.
func (l *loop) present() []*folder {
	var out []*folder
	for _, f := range l.folders {
		if f.present && !f.parked() {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *folder) int { return int(a.row.ID - b.row.ID) })
	return out
}

// visit compares a folder with the ledger and stores its new and wanted mail. ahead is zero unless it was looked at.
func (l *loop) visit(ctx context.Context, f *folder, listed plan.Status, wanted uidset.Set, ahead imapconn.Look) error {
	if f.partial {
		f.short++
	} else {
		f.short = 0
	}
	shown, err := l.look(ctx, f, ahead)
	if err != nil || f.parked() {
		return err
	}
	shown.Status = shown.Status.OrListed(listed)
	saved := f.saved()
	saved.ModSeq = f.flagsModSeq
	if len(f.uids) == 0 {
		saved.ModSeq = shown.Status.ModSeq // nothing is held of which flags could be old
		f.flagsModSeq, f.flagsAt = shown.Status.ModSeq, time.Now()
	}
	flagsDue := time.Since(f.flagsAt) > flagsEvery
	f.work = plan.Visit(plan.Held{Saved: saved, UIDs: f.uids, Wanted: wanted}, shown, f.liveFrom, flagsDue)
	l.arrived = l.arrived || len(f.work.Live)+len(f.work.Backfill) > 0 || shown.Status.UIDNext != 0 && !f.known().Reaches(shown.Status)
	f.shown, f.all, f.visited = shown.Status, shown.All, true
	if f.liveFrom == 0 || shown.Status.UIDNext > f.liveFrom {
		f.liveFrom = max(shown.Status.UIDNext, shown.All.Max()+1)
	}
	live, older := f.work.Live.Tail(maxLive)
	f.work.Live, f.work.Backfill = live, f.work.Backfill.Union(older)
	wanted, later := f.work.Wanted.Tail(maxLive)
	rest, err := l.ingest(ctx, f, live.Union(wanted), time.Time{})
	f.work.Live, f.work.Wanted = rest.Intersect(live), rest.Intersect(wanted).Union(later)
	if err != nil {
		f.visited = false
		return err
	}
	l.wantedLeft = l.wantedLeft || len(later) > 0
	return nil
}

// look opens a folder and finds its UIDs: by what changed, where the server tells that and it adds up, else by a list of
// them. A list shorter than the server's own count is asked for once more (F15).
func (l *loop) look(ctx context.Context, f *folder, ahead imapconn.Look) (plan.Shown, error) {
	if ahead.Name != "" {
		return l.lookedAhead(ctx, f, ahead)
	}
	shown, err := l.lookAtChanges(ctx, f)
	if err != nil || f.parked() {
		return shown, err
	}
	window := time.Time{}
	if f.row.UidNext == 0 && len(f.window) == 0 { // else what is unknown was left out before, or is little
		window = windowStart(l.row)
	}
	for try := 0; !shown.Told; try++ {
		l.conn.ListAhead(window)
		sel, err := l.examine(ctx, f)
		if err != nil || f.parked() {
			return shown, err
		}
		all, err := l.conn.UIDs(ctx, time.Time{})
		if err != nil {
			return shown, err
		}
		shown.Status, shown.All, f.listedAt = selectedStatus(sel), shown.All.Union(all), time.Now()
		if f.partial = all.Count() < uint64(sel.Messages); !f.partial || try > 0 {
			break
		}
	}
	if f.partial {
		l.log().Warn("ingest: server lists fewer messages than it counts", "role", f.row.Role)
	}
	if err := l.loadLedger(ctx, f); err != nil {
		return shown, err
	}
	if l.conn.BeginsSince(window) {
		f.believe(shown.All)
	}
	err = l.date(ctx, f, shown.All.Subtract(f.uids).Subtract(f.window))
	shown.Window = f.window
	return shown, err
}

// date asks the server which of uids are within the window. Those that are not are asked of again by the next visit: the answer may
// have been short.
func (l *loop) date(ctx context.Context, f *folder, uids uidset.Set) error {
	if len(uids) == 0 {
		return nil
	}
	within, err := l.conn.UIDsSince(ctx, uids, windowStart(l.row))
	if err == nil {
		f.window = f.window.Subtract(uids).Union(within)
	}
	return err
}

// lookedAhead is look where it was done ahead.
func (l *loop) lookedAhead(ctx context.Context, f *folder, ahead imapconn.Look) (shown plan.Shown, err error) {
	if err := l.opened(ctx, f, ahead.Selected); err != nil || f.parked() {
		return shown, err
	}
	f.listedAt, f.partial = time.Now(), false
	if ahead.Undated {
		f.believe(ahead.All)
	} else {
		f.window = f.window.Union(ahead.Since)
	}
	return plan.Shown{Status: selectedStatus(ahead.Selected), All: ahead.All, Window: f.window}, l.loadLedger(ctx, f)
}

// lookAtChanges opens a folder by QRESYNC. What was there is known from the visit before in this session, or from the
// ledger, where that has the whole folder and was left with nothing to do. All UIDs are listed from time to time all the
// same: a server that forgets to tell something is found out.
func (l *loop) lookAtChanges(ctx context.Context, f *folder) (shown plan.Shown, err error) {
	if !l.conn.CanResync() || f.partial || f.flagsModSeq == 0 || !f.listedAt.IsZero() && time.Since(f.listedAt) > listEvery {
		return shown, nil
	}
	if err := l.loadLedger(ctx, f); err != nil {
		return shown, err
	}
	were, modSeq := f.all, f.flagsModSeq
	if !f.visited {
		if f.held != f.row.OnServer || f.row.ModSeq == 0 {
			return shown, nil
		}
		were, modSeq = f.uids, min(modSeq, uint64(f.row.ModSeq))
	}
	l.examined = ""
	sel, changes, told, err := l.conn.Resync(ctx, f.row.Name, uint32(f.row.UidValidity), modSeq)
	if err == nil {
		l.examined = f.row.Name
		err = l.opened(ctx, f, sel)
	}
	if err != nil || f.parked() || !told {
		return shown, err
	}
	shown.Status, shown.Changed = selectedStatus(sel), changes.Changed
	shown.All, shown.Told = plan.Advance(were, plan.Changes(changes), shown.Status)
	if shown.Told && f.listedAt.IsZero() {
		f.listedAt = time.Now()
	}
	return shown, nil
}

// windowStart is the day from which on mail is synced. It does not move, so nothing falls out of the window.
func windowStart(m queries.Mailbox) time.Time {
	return m.CreatedAt.AddDate(0, -int(m.WindowMonths), 0)
}

// loadLedger reads which UIDs have a disposition, unless that is known.
func (l *loop) loadLedger(ctx context.Context, f *folder) error {
	if f.loaded {
		return nil
	}
	f.uids = nil
	err := l.s.o.DB.ReadTx(ctx, l.acc.ID, func(tx *db.Tx) error {
		rows, err := tx.LedgerRanges(ctx, queries.LedgerRangesParams{
			AccountID: l.acc.ID, FolderID: f.row.ID, UidValidity: f.row.UidValidity,
		})
		for _, r := range rows {
			f.uids = f.uids.Append(uint32(r.First), uint32(r.Last))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("load the ledger: %w", err)
	}
	f.loaded, f.held = true, int64(f.uids.Count())
	return nil
}

// examine opens a folder.
func (l *loop) examine(ctx context.Context, f *folder) (imapconn.Selected, error) {
	l.examined = ""
	sel, err := l.conn.Examine(ctx, f.row.Name)
	if err != nil {
		return sel, err
	}
	l.examined = f.row.Name
	return sel, l.opened(ctx, f, sel)
}

// opened heeds a folder's UIDVALIDITY. One other than the known one starts the folder's next life; one that changes too often
// parks the folder (F03).
func (l *loop) opened(ctx context.Context, f *folder, sel imapconn.Selected) error {
	if int64(sel.UIDValidity) == f.row.UidValidity {
		return nil
	}
	f.revalidated++
	if f.revalidated > maxRevalidations {
		l.log().Error("ingest: UIDVALIDITY flaps", "role", f.row.Role)
		f.revalidated, f.parkedUntil = 0, time.Now().Add(parkFor)
		return nil
	}
	old := *f
	err := l.adopt(ctx, plan.Folder{Name: f.row.Name, Role: f.row.Role, Status: selectedStatus(sel)})
	if err != nil {
		return err
	}
	// Everything of the new life is back-fill to us, though most of it is known.
	*f = *l.folders[old.row.Name]
	f.liveFrom = 0
	l.folders[old.row.Name] = f
	l.staleDue = true
	return nil
}

// backfill works for a turn, while few other mailboxes of the process do: at the folder whose turn it is, and where that is
// done early, at the next. It reports whether there was any work. The last batches are left to settle.
func (l *loop) backfill(ctx context.Context) (worked bool, err error) {
	f := l.nextToFill()
	if f == nil {
		return false, nil
	}
	if err := l.s.gate.enter(ctx, l.acc.ID); err != nil {
		return false, err
	}
	defer l.leaveGate()
	defer func() {
		if err == nil {
			return // the next pass settles
		}
		if errStored := l.settle(); errStored != nil {
			err = errStored // before one of the folder that came next: what was being stored is of another
		}
	}()
	until := time.Now().Add(l.s.o.Timing.LiveCheck)
	for f != nil && time.Now().Before(until) {
		if err := l.fill(ctx, f, until); err != nil {
			if !imapconn.OfFolder(err) {
				return true, err
			}
			// The folder's back-fill is put off until the next timed pass; the others go on (F24).
			l.refused(f.row.Role, err)
			f.refusedUntil = time.Now().Add(l.s.o.Timing.Pass)
		}
		if f.fillable() {
			break
		}
		f = l.nextToFill()
	}
	return true, nil
}

// leaveGate gives the place back, once the batches are stored that are left to settle: the database is to have no more of them at
// once.
func (l *loop) leaveGate() {
	if len(l.storing) == 0 {
		l.s.gate.leave()
		return
	}
	last, left := l.storing[len(l.storing)-1], make(chan struct{})
	stored := last.done
	last.done = left
	go func() {
		<-stored
		l.s.gate.leave()
		close(left)
	}()
}

// nextToFill is the folder that had the fewest turns, of several the open one; nil when none needs any.
func (l *loop) nextToFill() (next *folder) {
	for _, f := range l.present() {
		if f.fillable() && (next == nil || f.turn < next.turn || f.turn == next.turn && l.examined == f.row.Name) {
			next = f
		}
	}
	return next
}

// fill works at a folder until a time.
func (l *loop) fill(ctx context.Context, f *folder, until time.Time) error {
	f.turn++
	if l.examined != f.row.Name {
		if _, err := l.examine(ctx, f); err != nil || f.parked() {
			return err
		}
		if !f.visited { // it began a new life
			return nil
		}
	}
	rest, err := l.ingest(ctx, f, f.work.Backfill, until)
	if err == nil && f.strays {
		if err = l.date(ctx, f, rest); err == nil {
			rest, f.believed, f.strays = rest.Intersect(f.window), false, false
		}
	}
	f.work.Backfill = rest
	if err != nil {
		f.visited = false
	}
	return err
}

// progress counts what is done and known of over all folders, what is being stored as done.
func (l *loop) progress() (done, total int64) {
	for _, f := range l.folders {
		uids, held := f.uids, f.held
		for _, s := range l.storing {
			if s.folder == f {
				held += int64(s.uids.Subtract(uids).Count())
				uids = uids.Union(s.uids)
			}
		}
		done += held
		total += held
		if f.visited {
			total += int64(f.work.Backfill.Subtract(uids).Count()) // within a turn, work is as of its begin
		} else if f.present {
			total += max(0, f.row.OnServer-held)
		}
	}
	return done, total
}
