package ingest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
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

// store writes a batch with all it implies in one transaction. The addresses are interned in one before: a card event
// that interns the same ones holds the account's lock while it waits, and would meet ours the other way round.
func (l *loop) store(ctx context.Context, b *batch, progress *queries.SetProgressParams) (err error) {
	ctx, step := span.Start(ctx, "store", span.Int("mailstamp.messages", len(b.entries)))
	defer func() { step.End(err) }()
	if err := l.intern(ctx, b); err != nil {
		return fmt.Errorf("intern addresses: %w", err)
	}
	err = l.tx(ctx, "batch", func(tx *db.Tx) error {
		w := writer{loop: l, tx: tx, batch: b}
		return w.write(ctx, progress)
	})
	if err != nil {
		return fmt.Errorf("store a batch: %w", err)
	}
	l.s.metrics.stored(b)
	return nil
}

// intern gives ids to the addresses of mail to be stored.
func (l *loop) intern(ctx context.Context, b *batch) error {
	unknown := map[string]bool{}
	for _, e := range b.entries {
		if e.verdict.Disposition == plan.Stored {
			for _, a := range e.verdict.Addresses {
				if b.facts[a].id == 0 {
					unknown[a] = true
				}
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	var p queries.InternAddressesParams
	p.AccountID = l.acc.ID
	for _, a := range slices.Sorted(maps.Keys(unknown)) {
		p.Addresses = append(p.Addresses, a)
		p.Hashes = append(p.Hashes, l.acc.Keys.Hash("address", a))
		p.Domains = append(p.Domains, strings.Join(address.Domains(a), " "))
	}
	return l.tx(ctx, "addresses", func(tx *db.Tx) error {
		if err := tx.LockErasures(ctx, db.Shared); err != nil {
			return err
		}
		if err := tx.InternAddresses(ctx, p); err != nil {
			return err
		}
		rows, err := tx.AddressIDs(ctx, queries.AddressIDsParams{AccountID: l.acc.ID, Addresses: p.Addresses})
		for _, r := range rows {
			facts := b.facts[r.Address]
			facts.id = r.ID
			b.facts[r.Address] = facts
		}
		return err
	})
}

// writer is one transaction of a batch.
type writer struct {
	*loop
	tx    *db.Tx
	batch *batch

	messages map[string]*placed // by identity
	fresh    []*entry           // the first of each message that is new
	threads  map[*entry]int64
	joined   []int64 // threads that others were merged into
}

// placed is a message that exists.
type placed struct {
	id    int64
	row   queries.MessagesByIdentityRow // zero for one of this batch
	fresh bool
}

func (w *writer) write(ctx context.Context, progress *queries.SetProgressParams) error {
	if err := w.tx.LockMail(ctx, w.row.UserID); err != nil {
		return err
	}
	if err := w.skipErased(ctx); err != nil {
		return err
	}
	if err := w.findMessages(ctx); err != nil {
		return err
	}
	if err := w.joinThreads(ctx); err != nil {
		return fmt.Errorf("join threads: %w", err)
	}
	if err := w.insertMessages(ctx); err != nil {
		return err
	}
	met, err := w.insertParties(ctx)
	if err != nil {
		return err
	}
	if err := w.writeLedger(ctx); err != nil {
		return err
	}
	if err := w.applyReports(ctx); err != nil {
		return err
	}
	if progress != nil {
		if err := w.tx.SetProgress(ctx, *progress); err != nil {
			return fmt.Errorf("write progress: %w", err)
		}
	}
	// From here on others wait for us: the locks that card events and shares need come last.
	if err := w.recheck(ctx); err != nil {
		return err
	}
	if len(met) > 0 {
		ctx, step := span.Start(ctx, "stamp", span.Int("mailstamp.addresses", len(met)))
		err := w.s.o.Stamper.Correspond(ctx, w.tx, w.row.UserID, met)
		step.End(err)
		if err != nil {
			return fmt.Errorf("stamp new correspondences: %w", err)
		}
	}
	return w.announceNamed(ctx)
}

// announceNamed tells the CRM of conversations that it may know of from this batch on.
func (w *writer) announceNamed(ctx context.Context) error {
	if len(w.fresh) == 0 {
		return nil
	}
	p := queries.AnnounceNamedParams{AccountID: w.acc.ID, AuthorID: w.row.UserID}
	for _, e := range w.fresh {
		p.MessageIds = append(p.MessageIds, w.messages[string(e.identity)].id)
	}
	if err := w.tx.AnnounceNamed(ctx, p); err != nil {
		return fmt.Errorf("announce conversations that are named now: %w", err)
	}
	return nil
}

// findMessages looks up which of the batch's messages are stored already, by content.
func (w *writer) findMessages(ctx context.Context) error {
	w.messages = map[string]*placed{}
	p := queries.MessagesByIdentityParams{AccountID: w.acc.ID, AuthorID: w.row.UserID}
	for _, e := range w.batch.entries {
		if e.identity != nil && e.verdict.Disposition == plan.Stored && w.messages[string(e.identity)] == nil {
			w.messages[string(e.identity)] = &placed{}
			p.Identities = append(p.Identities, e.identity)
		}
	}
	if len(p.Identities) == 0 {
		return nil
	}
	rows, err := w.tx.MessagesByIdentity(ctx, p)
	if err != nil {
		return fmt.Errorf("look up messages: %w", err)
	}
	for _, r := range rows {
		*w.messages[string(r.Identity)] = placed{id: r.ID, row: r}
	}
	for _, e := range w.batch.entries {
		if m := w.messages[string(e.identity)]; m != nil && m.id == 0 && !m.fresh && e.verdict.Disposition == plan.Stored {
			m.fresh = true
			w.fresh = append(w.fresh, e)
		}
	}
	return nil
}

func (w *writer) insertMessages(ctx context.Context) error {
	if len(w.fresh) == 0 {
		return nil
	}
	p := queries.InsertMessagesParams{AccountID: w.acc.ID, AuthorID: w.row.UserID}
	for _, e := range w.fresh {
		h := e.msg.Header
		direction, bcc := "inbound", []message.Address(nil)
		if e.verdict.Outbound {
			direction, bcc = "outbound", h.Bcc
		}
		key, reply := w.subjectKey(e)
		p.ThreadIds = append(p.ThreadIds, w.threads[e])
		p.Identities = append(p.Identities, e.identity)
		p.SortKeys = append(p.SortKeys, sortKey(e.identity))
		p.Dates = append(p.Dates, e.date)
		p.Directions = append(p.Directions, direction)
		p.HeaderIds = append(p.HeaderIds, h.MessageID)
		p.Subjects = append(p.Subjects, h.Subject)
		p.Previews = append(p.Previews, e.msg.Preview)
		p.FromAddrs = append(p.FromAddrs, firstJSON(h.From))
		p.ToAddrs = append(p.ToAddrs, listJSON(h.To))
		p.CcAddrs = append(p.CcAddrs, listJSON(h.Cc))
		p.BccAddrs = append(p.BccAddrs, listJSON(bcc))
		p.Attachments = append(p.Attachments, attachmentsJSON(e.msg.Attachments))
		p.AddressIds = append(p.AddressIds, arrayLiteral(w.addressIDs(e)))
		p.SubjectKeys = append(p.SubjectKeys, key)
		p.SubjectReplies = append(p.SubjectReplies, reply)
		p.Sizes = append(p.Sizes, e.size)
		p.Seens = append(p.Seens, e.seen)
	}
	rows, err := w.tx.InsertMessages(ctx, p)
	if err != nil {
		return fmt.Errorf("insert messages: %w", err)
	}
	for _, r := range rows {
		w.messages[string(r.Identity)].id = r.ID
	}
	ids, err := w.insertBodies(ctx)
	if err != nil {
		return fmt.Errorf("insert bodies: %w", err)
	}
	err = w.tx.AnnounceMessages(ctx, queries.AnnounceMessagesParams{AccountID: w.acc.ID, AuthorID: w.row.UserID, MessageIds: ids})
	if err != nil {
		return fmt.Errorf("announce messages: %w", err)
	}
	return nil
}

// insertBodies writes the new messages' texts, bodiesAtOnce in a statement, and returns the ids of all.
func (w *writer) insertBodies(ctx context.Context) (ids []int64, err error) {
	begin, bytes := 0, 0
	p := queries.InsertBodiesParams{AccountID: w.acc.ID}
	for i, e := range w.fresh {
		ids = append(ids, w.messages[string(e.identity)].id)
		p.Texts, p.Htmls = append(p.Texts, e.msg.Text), append(p.Htmls, e.msg.HTML)
		if bytes += len(e.msg.Text) + len(e.msg.HTML); bytes < bodiesAtOnce && i < len(w.fresh)-1 {
			continue
		}
		p.MessageIds = ids[begin:]
		if err := w.tx.InsertBodies(ctx, p); err != nil {
			return nil, err
		}
		begin, bytes, p.Texts, p.Htmls = len(ids), 0, p.Texts[:0], p.Htmls[:0]
	}
	return ids, nil
}

// insertParties writes who the new messages were exchanged with, and returns the addresses the author never
// corresponded with before.
func (w *writer) insertParties(ctx context.Context) (met []int64, err error) {
	parts := queries.InsertParticipantsParams{AccountID: w.acc.ID, AuthorID: w.row.UserID}
	sent := queries.InsertDeliveriesParams{AccountID: w.acc.ID}
	last := map[int64]time.Time{}
	add := func(e *entry, id int64, date time.Time, addresses []int64) {
		for _, a := range addresses {
			parts.AddressIds = append(parts.AddressIds, a)
			parts.Dates = append(parts.Dates, date)
			parts.SortKeys = append(parts.SortKeys, sortKey(e.identity))
			parts.MessageIds = append(parts.MessageIds, id)
			if date.After(last[a]) || last[a].IsZero() {
				last[a] = date
			}
		}
		for _, a := range w.recipients(e) {
			sent.MessageIds = append(sent.MessageIds, id)
			sent.Addresses = append(sent.Addresses, a)
			sent.Ats = append(sent.Ats, date)
		}
	}
	for _, e := range w.fresh {
		add(e, w.messages[string(e.identity)].id, e.date, w.addressIDs(e))
	}
	for _, e := range w.batch.entries {
		m := w.messages[string(e.identity)]
		if m == nil || e.verdict.Disposition != plan.Stored || !e.verdict.Outbound || len(e.msg.Header.Bcc) == 0 || slices.Contains(w.fresh, e) {
			continue
		}
		// The author's own copy came after one without blind recipients.
		row, date := m.row, m.row.Date
		if m.fresh {
			first := w.fresh[slices.IndexFunc(w.fresh, func(x *entry) bool { return string(x.identity) == string(e.identity) })]
			row.AddressIds, date = w.addressIDs(first), first.date
		} else if string(row.BccAddrs) != "[]" {
			continue
		}
		ids := row.AddressIds
		for _, id := range w.addressIDs(e) {
			if !slices.Contains(ids, id) {
				ids = append(slices.Clone(ids), id)
			}
		}
		err := w.tx.AddBcc(ctx, queries.AddBccParams{
			AccountID: w.acc.ID, ID: m.id, BccAddrs: []byte(listJSON(e.msg.Header.Bcc)), AddressIds: ids,
		})
		if err != nil {
			return nil, fmt.Errorf("add blind recipients: %w", err)
		}
		add(e, m.id, date, ids)
	}
	if len(parts.MessageIds) == 0 {
		return nil, nil
	}
	if err := w.tx.InsertParticipants(ctx, parts); err != nil {
		return nil, fmt.Errorf("insert participants: %w", err)
	}
	if len(sent.MessageIds) > 0 {
		if err := w.tx.InsertDeliveries(ctx, sent); err != nil {
			return nil, fmt.Errorf("insert deliveries: %w", err)
		}
	}
	addresses := slices.Sorted(maps.Keys(last))
	known, err := w.tx.KnownCorrespondents(ctx, queries.KnownCorrespondentsParams{
		AccountID: w.acc.ID, AuthorID: w.row.UserID, AddressIds: addresses,
	})
	if err != nil {
		return nil, fmt.Errorf("look up correspondences: %w", err)
	}
	up := queries.UpsertCorrespondencesParams{AccountID: w.acc.ID, AuthorID: w.row.UserID, AddressIds: addresses}
	for _, a := range addresses {
		up.Lasts = append(up.Lasts, last[a])
		if !slices.Contains(known, a) {
			met = append(met, a)
		}
	}
	if err := w.tx.UpsertCorrespondences(ctx, up); err != nil {
		return nil, fmt.Errorf("write correspondences: %w", err)
	}
	return met, nil
}

// recipients of an outbound mail, but for the author.
func (w *writer) recipients(e *entry) []string {
	if !e.verdict.Outbound {
		return nil
	}
	var out []string
	for _, list := range [][]string{e.parties.To, e.parties.Cc, e.parties.Bcc} {
		for _, a := range list {
			if !w.batch.facts[a].Own && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

func (w *writer) addressIDs(e *entry) []int64 {
	ids := make([]int64, len(e.verdict.Addresses))
	for i, a := range e.verdict.Addresses {
		ids[i] = w.batch.facts[a].id
	}
	return ids
}

// writeLedger gives every UID of the batch its disposition, and unmatched mail its hashes.
func (w *writer) writeLedger(ctx context.Context) error {
	p := queries.UpsertLedgerParams{AccountID: w.acc.ID, FolderID: w.batch.of.folder, UidValidity: w.batch.of.validity}
	hashes := queries.InsertIndexedAddressesParams{
		AccountID: w.acc.ID, AuthorID: w.row.UserID, FolderID: w.batch.of.folder, UidValidity: w.batch.of.validity,
	}
	var known []int64 // UIDs that had a disposition, hence hashes perhaps
	var copies []int64
	for _, e := range w.batch.entries {
		id := int64(0)
		if e.verdict.Disposition == plan.Stored {
			if id = e.copyOf; id == 0 {
				id = w.messages[string(e.identity)].id
			}
			if !slices.Contains(w.fresh, e) {
				copies = append(copies, id)
			}
		} else if e.digest != nil && e.verdict.Disposition != plan.Expunged {
			for _, a := range e.verdict.Addresses {
				if !w.batch.facts[a].Own {
					hashes.Hashes = append(hashes.Hashes, w.acc.Keys.Hash("address", a))
					hashes.Uids = append(hashes.Uids, int64(e.uid))
				}
			}
		}
		if w.batch.known.Contains(e.uid) {
			known = append(known, int64(e.uid))
		}
		p.Uids = append(p.Uids, int64(e.uid))
		p.Dispositions = append(p.Dispositions, string(e.verdict.Disposition))
		p.Reasons = append(p.Reasons, e.reason)
		p.MessageIds = append(p.MessageIds, id)
		p.HeaderDigests = append(p.HeaderDigests, e.digest)
		p.Sizes = append(p.Sizes, e.size)
		p.InternalDates = append(p.InternalDates, orEpoch(e.internal))
		p.Seens = append(p.Seens, e.seen)
	}
	for i, d := range p.HeaderDigests {
		if d == nil {
			p.HeaderDigests[i] = []byte{}
		}
	}
	if err := w.tx.UpsertLedger(ctx, p); err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	if len(known) > 0 {
		err := w.tx.RemoveIndexedAddresses(ctx, queries.RemoveIndexedAddressesParams{
			AccountID: w.acc.ID, FolderID: w.batch.of.folder, UidValidity: w.batch.of.validity, Uids: known,
		})
		if err != nil {
			return fmt.Errorf("remove hashes: %w", err)
		}
	}
	if len(hashes.Hashes) > 0 {
		if err := w.tx.InsertIndexedAddresses(ctx, hashes); err != nil {
			return fmt.Errorf("write hashes: %w", err)
		}
	}
	if len(copies) > 0 {
		if err := w.tx.SetMessagesSeen(ctx, queries.SetMessagesSeenParams{AccountID: w.acc.ID, Ids: copies}); err != nil {
			return fmt.Errorf("follow flags: %w", err)
		}
	}
	return nil
}

// recheck finds mail of the batch that matches by now: a card event may have committed after the batch was classified.
// Under the account's lock no further one can.
func (w *writer) recheck(ctx context.Context) error {
	hashes := map[string]bool{}
	var uids []int64
	for _, e := range w.batch.entries {
		d := e.verdict.Disposition
		if d != plan.Indexed && d != plan.Blocked && d != plan.Internal {
			continue
		}
		uids = append(uids, int64(e.uid))
		for _, a := range e.verdict.Addresses {
			if !w.batch.facts[a].Own {
				hashes[string(w.acc.Keys.Hash("address", a))] = true
			}
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	if err := w.tx.LockAccount(ctx, db.Shared); err != nil {
		return err
	}
	p := queries.MatchingHashesParams{AccountID: w.acc.ID, AuthorID: w.row.UserID}
	for h := range hashes {
		p.Hashes = append(p.Hashes, []byte(h))
	}
	matching, err := w.tx.MatchingHashes(ctx, p)
	if err != nil || len(matching) == 0 {
		return err
	}
	w.nudge()
	return w.tx.WantIndexed(ctx, queries.WantIndexedParams{
		AccountID: w.acc.ID, FolderID: w.batch.of.folder, UidValidity: w.batch.of.validity, Hashes: matching, Uids: uids,
	})
}

// progressAfter is what to write of the back-fill once all is stored that is being stored, done the last of it; nil when no
// back-fill is under way.
func (l *loop) progressAfter(f *folder, done uidset.Set) *queries.SetProgressParams {
	if !f.pending() || len(done.Intersect(f.work.Backfill)) == 0 {
		return nil
	}
	l.show(stateBackfilling, imapconn.Problem{})
	n, total := l.progress()
	return &queries.SetProgressParams{AccountID: l.acc.ID, ID: l.mailboxID, Done: n, Total: total}
}

// sortKey orders messages of one instant, the same in every mailbox.
func sortKey(identity []byte) int64 { return int64(binary.BigEndian.Uint64(identity)) }

func orEpoch(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t
}

// party is an address as lists show it.
type party struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

func firstJSON(list []message.Address) string {
	if len(list) == 0 {
		return "null"
	}
	return toJSON(party(list[0]))
}

func listJSON(list []message.Address) string {
	out := make([]party, len(list))
	for i, a := range list {
		out[i] = party(a)
	}
	return toJSON(out)
}

func attachmentsJSON(list []message.Attachment) string {
	type attachment struct {
		N    int    `json:"n"`
		Name string `json:"name"`
		Type string `json:"type"`
		Size int64  `json:"size"`
	}
	out := make([]attachment, len(list))
	for i, a := range list {
		out[i] = attachment{a.N, a.Name, a.Type, a.Size}
	}
	return toJSON(out)
}

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only for types that JSON has not
	}
	return string(b)
}

// arrayLiteral writes ids as PostgreSQL reads an array.
func arrayLiteral(ids []int64) string {
	b := []byte{'{'}
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	return string(append(b, '}'))
}
