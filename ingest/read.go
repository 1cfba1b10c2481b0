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
	uids    uidset.Set // asked for; those of entries once some are left for another pass
	entries []*entry
	facts   map[string]addressFacts
	weight  int64 // of the process's bytes in flight, until it is stored
}

type addressFacts struct {
	plan.Facts
	id int64
}

// storing is the batch of a loop that is being stored.
type storing struct {
	folder *folder
	uids   uidset.Set
	done   <-chan error // nil: there is none
}

// settle waits for the batch that is being stored. After an error nothing is known of its folder, and the session ends.
func (l *loop) settle() error {
	s := l.storing
	if s.done == nil {
		return nil
	}
	l.storing = storing{}
	if err := <-s.done; err != nil {
		s.folder.loaded = false
		return err
	}
	s.folder.uids = s.folder.uids.Union(s.uids)
	s.folder.held = int64(s.folder.uids.Count())
	return nil
}

// ingest fetches and stores uids, newest first; it returns what is left. While one batch is stored, the database is asked about
// the next, whose bodies are fetched then, and the headers of the one after come. With a time given it begins no batch after
// it, and leaves the last to settle: another folder may go on meanwhile.
func (l *loop) ingest(ctx context.Context, f *folder, uids uidset.Set, until time.Time) (rest uidset.Set, err error) {
	rest = uids
	emit := func(b *batch) error {
		if err := l.settle(); err != nil {
			l.s.bytes.Release(b.weight)
			return err
		}
		progress := l.progressAfter(f, b.uids)
		stored := make(chan error, 1)
		l.storing = storing{f, b.uids, stored}
		rest = rest.Subtract(b.uids)
		go func() {
			err := l.store(ctx, f, b, progress)
			l.s.bytes.Release(b.weight)
			stored <- err
		}()
		return nil
	}
	left := uids
	// headers reads those of the next batch; nil when nothing is left, or no time.
	headers := func() (*batch, error) {
		if len(left) == 0 || !until.IsZero() && !time.Now().Before(until) {
			return nil, nil
		}
		b := &batch{}
		b.uids, left = left.Tail(f.size)
		var err error
		b.entries, err = l.readHeaders(ctx, f, b.uids)
		return b, err
	}
	b, err := headers()
	for b != nil && err == nil {
		known := make(chan error, 1)
		go func() { known <- l.classify(ctx, b) }()
		var next *batch
		// A batch that is small for what it may hold is read alone.
		if f.size == batchSize {
			next, err = headers()
		}
		if errKnown := <-known; errKnown != nil {
			return rest, errors.Join(errKnown, l.settle())
		}
		if err != nil {
			b = next
			break
		}
		if err = l.read(ctx, f, b, emit); err != nil {
			break
		}
		f.size = min(2*f.size, batchSize)
		if b = next; b == nil {
			b, err = headers()
		}
	}
	if err == nil && !until.IsZero() {
		return rest, nil
	}
	if errStored := l.settle(); errStored != nil {
		return rest, errStored // the database's word comes first: it is not the message's fault
	}
	if err != nil {
		return rest, l.blame(ctx, f, b.uids, err)
	}
	return rest, nil
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
	b := &batch{entries: []*entry{{uid: uid, reason: reasonConnection, verdict: plan.Verdict{Disposition: plan.Quarantined}}}}
	f.loaded, l.missingKnown = false, false
	return errors.Join(err, l.store(ctx, f, b, nil))
}

// read fetches the bodies that a batch needs and hands everything to emit in one or more batches, the newest first.
func (l *loop) read(ctx context.Context, f *folder, b *batch, emit func(*batch) error) (err error) {
	ctx, step := span.Start(ctx, "fetch", span.Int("mailstamp.messages", int64(len(b.entries))))
	defer func() { step.End(err) }()
	slices.SortFunc(b.entries, func(a, c *entry) int { return cmp.Compare(c.uid, a.uid) })
	for entries := b.entries; len(entries) > 0; {
		n, bytes := 0, int64(0)
		for n < len(entries) && (n == 0 || bytes+entries[n].bodyBytes() <= bodyChunkBytes) {
			bytes += entries[n].bodyBytes()
			n++
		}
		part := &batch{entries: entries[:n], facts: b.facts, weight: min(bytes, bytesInFlight)}
		entries = entries[n:]
		if err := l.s.bytes.Acquire(ctx, part.weight); err != nil {
			return err
		}
		if bytes > 0 {
			dropped, err := l.readBodies(ctx, f, part.entries)
			if err != nil {
				l.s.bytes.Release(part.weight)
				return err
			}
			part.entries = slices.DeleteFunc(part.entries, func(e *entry) bool { return dropped[e.uid] })
		}
		uids := make([]uint32, len(part.entries))
		for i, e := range part.entries {
			uids[i] = e.uid
		}
		part.uids = uidset.Of(uids...)
		if err := emit(part); err != nil {
			return err
		}
	}
	return nil
}

// readHeaders fetches headers; a UID that the server does not deliver is proved gone, or asked for again singly.
func (l *loop) readHeaders(ctx context.Context, f *folder, part uidset.Set) ([]*entry, error) {
	entries := make([]*entry, 0, part.Count())
	take := func(item imapconn.HeaderItem) error {
		entries = append(entries, l.readHeader(f, item))
		return nil
	}
	missing, err := l.conn.FetchHeaders(ctx, part, take)
	if err != nil || len(missing) == 0 {
		return entries, err
	}
	there, err := l.conn.HasUIDs(ctx, missing)
	if err != nil {
		return nil, err
	}
	for uid := range missing.Subtract(there).All() {
		entries = append(entries, &entry{uid: uid, verdict: plan.Verdict{Disposition: plan.Expunged}})
	}
	for uid := range there.All() {
		again, err := l.conn.FetchHeaders(ctx, uidset.Of(uid), take)
		if err != nil {
			return nil, err
		}
		if len(again) == 0 {
			continue
		}
		if f.failedOn(uid) >= maxFetchTries {
			l.missingKnown = false
			entries = append(entries, quarantined(uid, reasonNotDelivered))
			continue
		}
		f.partial = true // left for the next pass, which comes at once
		l.nudge()
	}
	return entries, nil
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

// readBodies fetches and parses the bodies that entries need. It returns the UIDs that are to be left for another pass.
func (l *loop) readBodies(ctx context.Context, f *folder, entries []*entry) (dropped map[uint32]bool, err error) {
	byUID := map[uint32]*entry{}
	var uids []uint32
	for _, e := range entries {
		if e.bodyBytes() > 0 {
			byUID[e.uid] = e
			uids = append(uids, e.uid)
		}
	}
	take := func(item imapconn.BodyItem) error {
		e := byUID[item.UID]
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
	}
	missing, err := l.conn.FetchBodies(ctx, uidset.Of(uids...), maxBodyBytes, take)
	if err != nil || len(missing) == 0 {
		return nil, err
	}
	there, err := l.conn.HasUIDs(ctx, missing)
	if err != nil {
		return nil, err
	}
	dropped = map[uint32]bool{}
	for uid := range missing.Subtract(there).All() {
		byUID[uid].verdict.Disposition = plan.Expunged
	}
	for uid := range there.All() {
		again, err := l.conn.FetchBodies(ctx, uidset.Of(uid), maxBodyBytes, take)
		if err != nil {
			return nil, err
		}
		if len(again) == 0 {
			continue
		}
		if f.failedOn(uid) >= maxFetchTries {
			l.missingKnown = false
			byUID[uid].quarantine(reasonNotDelivered)
			continue
		}
		f.partial, dropped[uid] = true, true
	}
	return dropped, nil
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
