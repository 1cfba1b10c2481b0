package ingest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mailstamp/mailstamp/db/span"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// storing is a batch that is being stored, or waits for that.
type storing struct {
	folder *folder
	uids   uidset.Set
	weight int64
	done   <-chan struct{} // closed when it is stored, or err says why not
	err    error
}

// settle waits for the batches that are being stored.
func (l *loop) settle() error { return l.settleBut(0) }

// settleBut waits until a few batches are left. After an error nothing is known of their folders, and the session ends.
func (l *loop) settleBut(few int) error {
	for len(l.storing) > few || len(l.storing) > 0 && l.storing[0].ended() {
		s := l.storing[0]
		if <-s.done; s.err != nil {
			for _, s := range l.storing {
				<-s.done
				s.folder.loaded = false
			}
			l.storing = nil
			return s.err
		}
		l.storing = l.storing[1:]
		s.folder.uids = s.folder.uids.Union(s.uids)
		s.folder.held = int64(s.folder.uids.Count())
	}
	return nil
}

func (s *storing) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// pipeline fetches and stores mail of a folder, newest first. The server always has something to do: a batch's headers are asked
// for before those of the batch before came, and its bodies before the bodies of the batch before came. What came is stored
// meanwhile.
type pipeline struct {
	*loop
	folder *folder
	until  time.Time  // none but a first batch is begun after it; zero: none is put off
	size   uint64     // of the next batch, where the folder allows it
	left   uidset.Set // not asked for
	rest   uidset.Set // not handed to the store
	heads  []*batch   // whose headers are asked for
	parts  []*batch   // whose bodies are asked for, or will be next
}

// ingest fetches and stores uids; it returns what is left. With a time given it leaves the last batches to settle: another folder
// may go on meanwhile.
func (l *loop) ingest(ctx context.Context, f *folder, uids uidset.Set, until time.Time) (rest uidset.Set, err error) {
	p := pipeline{loop: l, folder: f, until: until, size: firstBatch, left: uids, rest: uids}
	for p.ask(); len(p.heads) > 0; p.ask() {
		if err = p.step(ctx); err != nil {
			break
		}
	}
	if err == nil {
		err = p.finish(ctx, 0)
	}
	if err == nil && !until.IsZero() {
		return p.rest, nil
	}
	doubted := p.abandon(ctx, err)
	if errStored := l.settle(); errStored != nil {
		return p.rest, errStored // the database's word comes first: it is not the message's fault
	}
	if err != nil {
		return p.rest, l.blame(ctx, f, doubted, err)
	}
	return p.rest, nil
}

// ask asks for the headers of the next batches, unless nothing is left, or no time: opening the folder may have taken all of it, so the
// first is asked for in any case. After one that broke the connection each is read alone: which message it was is to be found out.
func (p *pipeline) ask() {
	most := batchesAhead
	if p.alone() {
		most = 1
	}
	begins := func() bool { return p.size == firstBatch || p.until.IsZero() || time.Now().Before(p.until) }
	for len(p.heads) < most && len(p.left) > 0 && begins() {
		b := &batch{}
		b.uids, p.left = p.left.Tail(p.next())
		b.headers = p.askHeaders(p.folder, b, b.uids)
		p.heads, p.size = append(p.heads, b), min(2*p.size, batchSize)
	}
}

// next is how many messages the next batch has. A few that would be left are of it: alone they would cost round trips of their own.
func (p *pipeline) next() uint64 {
	size := min(p.size, p.folder.size)
	if all := p.left.Count(); !p.alone() && all <= min(size+size/2, batchSize) {
		return all
	}
	return size
}

func (p *pipeline) alone() bool { return p.folder.size < batchSize }

// step takes the headers of a batch and asks for its bodies, and takes and stores those of the batch before.
func (p *pipeline) step(ctx context.Context) error {
	b, f := p.heads[0], p.folder
	if err := p.readHeaders(ctx, f, b); err != nil {
		return err
	}
	p.heads = p.heads[1:]
	p.leaveStrays(b)
	if err := p.classify(ctx, b); err != nil {
		return err
	}
	parts := b.split()
	p.parts = append(p.parts, parts...)
	if !p.alone() {
		p.askAhead()
		p.ask()
		return p.finish(ctx, len(parts))
	}
	if err := p.finish(ctx, 0); err != nil {
		return err
	}
	f.size = min(2*f.size, batchSize)
	return nil
}

// leaveStrays leaves mail of a back-fill that is older than the window, of which the server is to be asked once more.
func (p *pipeline) leaveStrays(b *batch) {
	if !p.folder.believed || p.until.IsZero() {
		return
	}
	start, before := windowStart(p.row), len(b.entries)
	b.entries = slices.DeleteFunc(b.entries, func(e *entry) bool { return e.digest != nil && e.internal.Before(start) })
	p.folder.strays = p.folder.strays || len(b.entries) < before
}

// split cuts a batch into parts of bodyChunkBytes, the newest first.
func (b *batch) split() (parts []*batch) {
	slices.SortFunc(b.entries, func(a, c *entry) int { return cmp.Compare(c.uid, a.uid) })
	for entries := b.entries; len(entries) > 0; {
		n, bytes := 0, int64(0)
		for n < len(entries) && (n == 0 || bytes+entries[n].bodyBytes() <= bodyChunkBytes) {
			bytes += entries[n].bodyBytes()
			n++
		}
		part := &batch{entries: entries[:n], facts: b.facts, weight: min(bytes, bytesInFlight)}
		part.count()
		parts, entries = append(parts, part), entries[n:]
	}
	return parts
}

// count makes uids those of entries.
func (b *batch) count() {
	uids := make([]uint32, len(b.entries))
	for i, e := range b.entries {
		uids[i] = e.uid
	}
	b.uids = uidset.Of(uids...)
}

// askAhead asks for bodies of as many parts as there is room for, up to bytesAhead with those that wait for the store.
func (p *pipeline) askAhead() {
	asked := int64(0)
	for _, s := range p.storing[min(1, len(p.storing)):] {
		asked += s.weight
	}
	for _, part := range p.parts {
		if asked += part.weight; part.weight == 0 || part.bodies != nil {
			continue
		}
		if asked > bytesAhead || !p.s.bytes.TryAcquire(part.weight) {
			return
		}
		part.bodies = p.askBodies(part.entries)
	}
}

// finish takes the bodies of parts and hands them to the store, one after the other, but for the newest few.
func (p *pipeline) finish(ctx context.Context, but int) (err error) {
	if len(p.parts) <= but {
		return nil
	}
	messages := 0
	for _, part := range p.parts[:len(p.parts)-but] {
		messages += len(part.entries)
	}
	fetching, step := span.Start(ctx, "fetch", span.Int("mailstamp.messages", messages))
	defer func() { step.End(err) }()
	for len(p.parts) > but {
		part := p.parts[0]
		if part.weight > 0 && part.bodies == nil {
			// There was no room. Now nothing is held but what is being stored or waits for that.
			if err := p.s.bytes.Acquire(fetching, part.weight); err != nil {
				return err
			}
			part.bodies = p.askBodies(part.entries)
		}
		p.askAhead()
		if part.bodies != nil {
			if err := p.readBodies(fetching, p.folder, part); err != nil {
				return err
			}
		}
		if err := p.settleBut(batchesStored - 1); err != nil {
			return err
		}
		p.parts = p.parts[1:]
		p.store(ctx, part)
	}
	return nil
}

// store hands a part to the store, which takes one after the other and none after one that failed.
func (p *pipeline) store(ctx context.Context, part *batch) {
	l := p.loop
	done := make(chan struct{})
	s := &storing{folder: p.folder, uids: part.uids, weight: part.weight, done: done}
	var before *storing
	var after <-chan struct{}
	if n := len(l.storing); n > 0 {
		before, after = l.storing[n-1], l.storing[n-1].done
	}
	l.storing = append(l.storing, s)
	p.rest = p.rest.Subtract(part.uids)
	part.of, part.known = p.folder.life(), p.folder.uids
	progress := l.progressAfter(p.folder, part.uids)
	go func() {
		defer close(done)
		defer l.s.bytes.Release(part.weight)
		if before != nil {
			if <-after; before.err != nil {
				s.err = before.err
				return
			}
		}
		s.err = l.store(ctx, part, progress)
	}()
}

// abandon gives up what was asked for, because of err, and returns it.
func (p *pipeline) abandon(ctx context.Context, err error) (asked uidset.Set) {
	for _, b := range p.heads {
		asked = asked.Union(b.uids)
	}
	for _, part := range p.parts {
		asked = asked.Union(part.uids)
		if part.bodies == nil {
			continue
		}
		if imapconn.OfFolder(err) { // the session goes on, and the bodies come all the same
			_, _ = part.bodies(ctx)
		}
		p.s.bytes.Release(part.weight)
	}
	return asked
}

// blame makes the next batch smaller after a lost connection, and quarantines a single message that is in it each time.
func (l *loop) blame(ctx context.Context, f *folder, part uidset.Set, err error) error {
	if ctx.Err() != nil || imapconn.KindOf(err) == "" || imapconn.Refused(err) || imapconn.KindOf(err) == imapconn.KindCanceled {
		return err
	}
	if _, throttled := imapconn.Throttled(err); throttled {
		return err
	}
	if f.size = max(1, min(f.size, part.Count())/2); part.Count() > 1 {
		return err
	}
	uid := part.Max()
	if f.failedOn(uid) < maxFetchTries {
		return err
	}
	b := &batch{of: f.life(), known: f.uids, entries: []*entry{quarantined(uid, reasonConnection)}}
	f.loaded, l.missingKnown = false, false
	return errors.Join(err, l.store(ctx, b, nil))
}
