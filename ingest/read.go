package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/db/span"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/ingest/plan"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// Reasons of a quarantine, beside those of package message.
const (
	reasonMalformed    = "malformed_response"
	reasonNotDelivered = "not_delivered"
	reasonNoContent    = "no_content"
	reasonConnection   = "breaks_connection"
	reasonPanic        = "parser_panic"
)

// reasonsOfLine are those that may pass.
var reasonsOfLine = []string{reasonConnection, reasonNotDelivered}

// entry is one UID on its way into the ledger.
type entry struct {
	uid        uint32
	internal   time.Time
	size       int64
	seen       bool
	digest     []byte // of the header; nil when it could not be read
	header     message.Header
	parties    plan.Parties
	verdict    plan.Verdict
	reason     string
	date       time.Time
	copyOf     int64 // the stored message of which this is the same copy
	identity   []byte
	msg        message.Message // of stored mail that is no known copy
	report     *report
	wantReport bool
}

// batch is what one transaction stores.
type batch struct {
	of      life
	known   uidset.Set // of the folder's UIDs, those that had a disposition when the batch was handed to the store
	uids    uidset.Set // asked for; those of entries once some are left for another pass
	headers imapconn.Answer
	entries []*entry
	facts   map[string]addressFacts
	weight  int64           // of the process's bytes in flight, from asking for bodies until it is stored
	bodies  imapconn.Answer // nil: not asked for
}

type addressFacts struct {
	plan.Facts
	id int64
}

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

// askHeaders asks for headers that are added to a batch.
func (l *loop) askHeaders(f *folder, b *batch, uids uidset.Set) imapconn.Answer {
	return l.conn.AskHeaders(uids, func(item imapconn.HeaderItem) error {
		b.entries = append(b.entries, l.readHeader(f, item))
		return nil
	})
}

// step takes the headers of a batch and asks for its bodies, and takes and stores those of the batch before.
func (p *pipeline) step(ctx context.Context) error {
	b, f := p.heads[0], p.folder
	if err := p.readHeaders(ctx, f, b); err != nil {
		return err
	}
	p.heads = p.heads[1:]
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

// readHeaders takes the headers of a batch; a UID that the server does not deliver is proved gone, or asked for again singly.
func (l *loop) readHeaders(ctx context.Context, f *folder, b *batch) error {
	missing, err := b.headers(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	there, err := l.conn.HasUIDs(ctx, missing)
	if err != nil {
		return err
	}
	for uid := range missing.Subtract(there).All() {
		b.entries = append(b.entries, &entry{uid: uid, verdict: plan.Verdict{Disposition: plan.Expunged}})
	}
	for uid := range there.All() {
		again, err := l.askHeaders(f, b, uidset.Of(uid))(ctx)
		if err != nil {
			return err
		}
		if len(again) == 0 {
			continue
		}
		if f.failedOn(uid) >= maxFetchTries {
			l.missingKnown = false
			b.entries = append(b.entries, quarantined(uid, reasonNotDelivered))
			continue
		}
		f.partial = true // left for the next pass, which comes at once
		l.nudge()
	}
	return nil
}

func quarantined(uid uint32, reason string) *entry {
	return &entry{uid: uid, reason: reason, verdict: plan.Verdict{Disposition: plan.Quarantined}}
}

// quarantine gives up an entry's message; what its header said is kept for its thread.
func (e *entry) quarantine(reason string) {
	e.reason, e.verdict.Disposition = reason, plan.Quarantined
}

func (l *loop) readHeader(f *folder, item imapconn.HeaderItem) (e *entry) {
	if item.Err != nil {
		return quarantined(item.UID, reasonOf(item.Err))
	}
	e = &entry{uid: item.UID, internal: item.InternalDate, size: item.Size, seen: item.Flags.Seen}
	defer func() {
		if r := recover(); r != nil {
			l.log().Error("ingest: parser panic", "uid", item.UID)
			e = quarantined(item.UID, reasonPanic)
		}
	}()
	e.header = parseHeader(item.RawHeader)
	digest := message.HeaderDigest(item.RawHeader)
	e.digest = digest[:]
	e.date = message.EffectiveDate(e.header, item.InternalDate)
	e.parties = plan.Parties{
		From: canonical(e.header.From), To: canonical(e.header.To), Cc: canonical(e.header.Cc), Bcc: canonical(e.header.Bcc),
	}
	return e
}

// parseHeader and parseBody are message's, but for tests that make them panic (F36).
var (
	parseHeader = message.ParseHeader
	parseBody   = message.Parse
)

func reasonOf(err error) string {
	var unreadable *message.Unreadable
	switch {
	case errors.Is(err, imapconn.ErrTooLarge):
		return message.ReasonTooLarge
	case errors.Is(err, imapconn.ErrNoContent):
		return reasonNoContent
	case errors.As(err, &unreadable):
		return unreadable.Reason
	}
	return reasonMalformed
}

// canonical are the addresses as they are compared; what is no address is left out.
func canonical(list []message.Address) []string {
	out := make([]string, 0, len(list))
	for _, a := range list {
		if c, ok := address.Canonical(a.Address); ok {
			out = append(out, c)
		}
	}
	return out
}

// classify decides direction and disposition of each entry by what is known of its addresses now, and recognises mail that
// is stored already. What changes until the batch is stored is caught by store.
func (l *loop) classify(ctx context.Context, b *batch) error {
	b.facts = map[string]addressFacts{}
	for _, e := range b.entries {
		for _, a := range e.addresses() {
			b.facts[a] = addressFacts{}
		}
	}
	names := slices.Collect(maps.Keys(b.facts))
	return l.s.o.DB.KeyReadTx(ctx, l.acc.ID, func(tx *db.Tx) error {
		erased, err := tx.Erased(ctx, l.acc, names)
		if err != nil {
			return err
		}
		rows, err := tx.AddressFacts(ctx, queries.AddressFactsParams{AccountID: l.acc.ID, AuthorID: l.row.UserID, Addresses: names})
		if err != nil {
			return fmt.Errorf("look up addresses: %w", err)
		}
		for _, r := range rows {
			b.facts[r.Address] = addressFacts{
				Facts: plan.Facts{Own: r.Own, OfUser: r.OfUser, OnCard: r.OnCard, Blocked: r.Blocked}, id: r.ID,
			}
		}
		for _, e := range b.entries {
			if e.verdict.Disposition != "" {
				continue // quarantined or expunged already
			}
			if e.names(erased) {
				e.skipErased()
				continue
			}
			e.verdict = plan.Classify(e.parties, func(a string) plan.Facts { return b.facts[a].Facts })
			e.wantReport = mayReport(e)
			if e.verdict.Disposition == plan.Stored && e.size > maxBodyBytes {
				e.quarantine(message.ReasonTooLarge)
			}
		}
		return l.findCopies(ctx, tx, b.entries)
	})
}

// findCopies recognises mail that is stored already, by header and size, so that its body need not be read again.
func (l *loop) findCopies(ctx context.Context, tx *db.Tx, entries []*entry) error {
	byDigest := map[string][]*entry{}
	p := queries.CopiesByDigestParams{AccountID: l.acc.ID, AuthorID: l.row.UserID}
	for _, e := range entries {
		if e.verdict.Disposition == plan.Stored {
			byDigest[string(e.digest)] = append(byDigest[string(e.digest)], e)
			p.Digests = append(p.Digests, e.digest)
		}
	}
	if len(p.Digests) == 0 {
		return nil
	}
	rows, err := tx.CopiesByDigest(ctx, p)
	if err != nil {
		return fmt.Errorf("look for copies: %w", err)
	}
	for _, r := range rows {
		for _, e := range byDigest[string(r.HeaderDigest)] {
			if e.size == r.Size {
				e.copyOf = r.MessageID
			}
		}
	}
	return nil
}

// bodyBytes is what reading the entry's body takes; 0 when it is not needed.
func (e *entry) bodyBytes() int64 {
	if e.verdict.Disposition == plan.Stored && e.copyOf == 0 ||
		e.wantReport && e.verdict.Disposition != plan.Stored {
		return max(e.size, 1)
	}
	return 0
}

// askBodies asks for the bodies that entries need.
func (l *loop) askBodies(entries []*entry) imapconn.Answer {
	needed := map[uint32]*entry{}
	var uids []uint32
	for _, e := range entries {
		if e.bodyBytes() > 0 {
			needed[e.uid] = e
			uids = append(uids, e.uid)
		}
	}
	return l.conn.AskBodies(uidset.Of(uids...), maxBodyBytes, func(item imapconn.BodyItem) error {
		e := needed[item.UID]
		if e == nil {
			return nil
		}
		if item.Err != nil {
			if e.verdict.Disposition != plan.Stored {
				return nil // it stays what it is without its body
			}
			e.quarantine(reasonOf(item.Err))
			return nil
		}
		l.readBody(e, item.Raw)
		return nil
	})
}

// readBodies takes the bodies of a batch, without the entries that are to be left for another pass.
func (l *loop) readBodies(ctx context.Context, f *folder, b *batch) error {
	missing, err := b.bodies(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	there, err := l.conn.HasUIDs(ctx, missing)
	if err != nil {
		return err
	}
	kept := b.entries[:0]
	for _, e := range b.entries {
		switch {
		case !missing.Contains(e.uid):
		case !there.Contains(e.uid):
			e.verdict.Disposition = plan.Expunged
		default:
			again, err := l.askBodies([]*entry{e})(ctx)
			if err != nil {
				return err
			}
			if len(again) == 0 {
				break
			}
			if f.failedOn(e.uid) < maxFetchTries {
				f.partial = true
				continue
			}
			l.missingKnown = false
			e.quarantine(reasonNotDelivered)
		}
		kept = append(kept, e)
	}
	b.entries = kept
	b.count()
	return nil
}

// readBody parses a message. A panic costs the message only (F36).
func (l *loop) readBody(e *entry, raw []byte) {
	defer func() {
		if r := recover(); r != nil {
			l.log().Error("ingest: parser panic", "uid", e.uid)
			e.quarantine(reasonPanic)
		}
	}()
	e.readReport(raw)
	if e.verdict.Disposition != plan.Stored {
		return
	}
	msg, err := parseBody(raw, message.DefaultLimits)
	if err != nil {
		e.quarantine(reasonOf(err))
		return
	}
	identity := message.Identity(msg.Header, raw)
	e.msg, e.identity = msg, identity[:]
}
