package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/db/queries"
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

// askHeaders asks for headers that are added to a batch.
func (l *loop) askHeaders(f *folder, b *batch, uids uidset.Set) imapconn.Answer {
	return l.conn.AskHeaders(uids, func(item imapconn.HeaderItem) error {
		b.entries = append(b.entries, l.readHeader(f, item))
		return nil
	})
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
