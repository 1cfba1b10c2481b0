package ingest

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/delivery"
	"github.com/mailstamp/mailstamp/ingest/plan"
)

// applyReports keeps what the batch's reports say, ties it to the author's sent mail, whichever came first, notes who
// answered, and folds the deliveries that any of it concerns.
func (w *writer) applyReports(ctx context.Context) error {
	fresh, names, err := w.keepReports(ctx)
	if err != nil {
		return fmt.Errorf("keep delivery reports: %w", err)
	}
	sent, err := w.sentMail(ctx, names)
	if err != nil {
		return fmt.Errorf("find reported messages: %w", err)
	}
	t := ties{writer: w, changed: map[int64]bool{}}
	if err := t.byName(ctx, sent); err != nil {
		return fmt.Errorf("tie reports by name: %w", err)
	}
	if err := t.byTime(ctx, sent, fresh); err != nil {
		return fmt.Errorf("tie reports by time: %w", err)
	}
	if err := t.write(ctx); err != nil {
		return fmt.Errorf("write delivery events: %w", err)
	}
	if err := w.noteAnswers(ctx, t.changed); err != nil {
		return fmt.Errorf("note answers: %w", err)
	}
	if len(t.changed) == 0 {
		return nil
	}
	err = w.tx.FoldDeliveries(ctx, queries.FoldDeliveriesParams{AccountID: w.acc.ID, Ids: slices.Sorted(maps.Keys(t.changed))})
	if err != nil {
		return fmt.Errorf("fold deliveries: %w", err)
	}
	return nil
}

// keepReports writes what the batch's reports say of each recipient. It returns the new rows and the ids that the
// reports name.
func (w *writer) keepReports(ctx context.Context) (fresh []int64, names []string, err error) {
	p := queries.InsertReportsParams{AccountID: w.acc.ID, AuthorID: w.row.UserID}
	for _, e := range w.batch.entries {
		if e.report == nil {
			continue
		}
		r := e.report
		original, envelope := r.original(), r.envelope()
		for n, rc := range r.Recipients {
			status, ok := statusOf(r.Kind, rc.Action)
			if !ok {
				continue
			}
			class := rc.Class
			if status != "bounced" && status != "delayed" && class != delivery.Complaint {
				class = ""
			}
			addresses := r.addresses(rc)
			p.Digests, p.Ns, p.Kinds = append(p.Digests, e.digest), append(p.Ns, int32(n)), append(p.Kinds, string(r.Kind))
			p.Statuses, p.Classes, p.Codes = append(p.Statuses, status), append(p.Classes, string(class)), append(p.Codes, rc.Status)
			p.Hards, p.Ats = append(p.Hards, rc.Hard && status == "bounced"), append(p.Ats, e.date)
			p.Originals, p.Envelopes = append(p.Originals, w.named(original)), append(p.Envelopes, w.named(envelope))
			p.Recipients = append(p.Recipients, w.addressHashes(addresses))
			p.SentAts, p.ArrivedAts = append(p.SentAts, orEpoch(r.Report.Original.Date)), append(p.ArrivedAts, orEpoch(r.ArrivalDate))
			p.Subjects = append(p.Subjects, w.subjectHash(r.Report.Original.Subject))
			said, err := seal(w.acc.Keys, sealName(original, envelope, addresses), said{Reporter: r.Reporter, Passage: rc.Passage})
			if err != nil {
				return nil, nil, err
			}
			p.Saids = append(p.Saids, said)
		}
		for _, name := range []string{original, envelope} {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	if len(p.Digests) == 0 {
		return nil, nil, nil
	}
	fresh, err = w.tx.InsertReports(ctx, p)
	return fresh, names, err
}

// named is the hash of a Message-ID or envelope id; empty for none.
func (w *writer) named(id string) []byte {
	if id == "" {
		return []byte{}
	}
	return w.acc.Keys.Hash("original", id)
}

func (w *writer) subjectHash(subject string) []byte {
	if subject = strings.Join(strings.Fields(subject), " "); subject == "" {
		return []byte{}
	}
	return w.acc.Keys.Hash("returned subject", subject)
}

// addressHashes writes the hashes of addresses as PostgreSQL reads an array.
func (w *writer) addressHashes(addresses []string) string {
	list := make([]string, len(addresses))
	for i, a := range addresses {
		list[i] = `"\\x` + hex.EncodeToString(w.acc.Keys.AddressHash(a)) + `"`
	}
	return "{" + strings.Join(list, ",") + "}"
}

// sentMail is the author's sent mail that reports may be about now, by its Message-ID: that of the batch, for which
// reports may wait, and that which the batch's reports name.
func (w *writer) sentMail(ctx context.Context, names []string) (map[int64]string, error) {
	sent := map[int64]string{}
	for _, e := range w.batch.entries {
		if m := w.messages[string(e.identity)]; m != nil && e.identity != nil && e.verdict.Disposition == plan.Stored && e.verdict.Outbound {
			sent[m.id] = e.msg.Header.MessageID
		}
	}
	if len(names) == 0 {
		return sent, nil
	}
	rows, err := w.tx.SentByHeaderID(ctx, queries.SentByHeaderIDParams{AccountID: w.acc.ID, AuthorID: w.row.UserID, HeaderIds: names})
	for _, m := range rows {
		sent[m.ID] = m.HeaderID
	}
	return sent, err
}

// ties collects what is found out about deliveries.
type ties struct {
	*writer
	events  queries.InsertDeliveryEventsParams
	tied    queries.TieReportsParams
	untied  []int64
	changed map[int64]bool // messages
}

func (t *ties) add(r queries.ReportsNamingRow, said said) {
	e := &t.events
	e.MessageIds, e.Addresses, e.Evidences = append(e.MessageIds, r.MessageID), append(e.Addresses, r.Address), append(e.Evidences, r.Digest)
	e.Sources, e.Statuses, e.Hards = append(e.Sources, r.Kind), append(e.Statuses, r.Status), append(e.Hards, r.Hard)
	e.Classes, e.Codes, e.Ats = append(e.Classes, deref(r.Class)), append(e.Codes, deref(r.Code)), append(e.Ats, r.At)
	e.Reporters, e.Passages = append(e.Reporters, said.Reporter), append(e.Passages, said.Passage)
	t.tied.Ids, t.tied.MessageIds = append(t.tied.Ids, r.ID), append(t.tied.MessageIds, r.MessageID)
	t.changed[r.MessageID] = true
}

// byName ties reports that name a message and one of its recipients.
func (t *ties) byName(ctx context.Context, sent map[int64]string) error {
	p := queries.ReportsNamingParams{AccountID: t.acc.ID, AuthorID: t.row.UserID}
	for _, id := range slices.Sorted(maps.Keys(sent)) {
		if name := sent[id]; name != "" {
			p.Ids, p.Names = append(p.Ids, id), append(p.Names, t.named(name))
		}
	}
	if len(p.Ids) == 0 {
		return nil
	}
	rows, err := t.tx.ReportsNaming(ctx, p)
	for _, r := range rows {
		t.add(r, open(t.acc.Keys, sent[r.MessageID], r.Said))
	}
	return err
}

// byTime ties reports that name no message: those that are new, and those to whose recipients something was sent in
// their time that is new. A report that fitted one message does not stay with it when it fits another as well.
func (t *ties) byTime(ctx context.Context, sent map[int64]string, fresh []int64) error {
	ids := fresh
	if len(sent) > 0 {
		near, err := t.tx.NamelessReports(ctx, queries.NamelessReportsParams{
			AccountID: t.acc.ID, AuthorID: t.row.UserID, Ids: slices.Sorted(maps.Keys(sent)), EarlySeconds: reportEarly.Seconds(), LateSeconds: reportWindow.Seconds(),
		})
		if err != nil {
			return err
		}
		ids = append(ids, near...)
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := t.tx.SentInTime(ctx, queries.SentInTimeParams{
		AccountID: t.acc.ID, Ids: ids, EarlySeconds: reportEarly.Seconds(), LateSeconds: reportWindow.Seconds(),
	})
	if err != nil {
		return err
	}
	for len(rows) > 0 {
		r, n := rows[0], 1
		for n < len(rows) && rows[n].ID == r.ID {
			n++
		}
		rows = rows[n:]
		fits := n == 1 && proves(r.SentAt, r.ArrivedAt, r.Subject, r.Date, func(hash []byte) bool {
			return bytes.Equal(hash, t.subjectHash(r.MessageSubject))
		})
		switch {
		case fits && r.TiedTo != r.MessageID:
			t.add(queries.ReportsNamingRow{
				ID: r.ID, Digest: r.Digest, Kind: r.Kind, Status: r.Status, Class: r.Class, Code: r.Code, Hard: r.Hard, At: r.At,
				MessageID: r.MessageID, Address: r.Address,
			}, open(t.acc.Keys, r.Address, r.Said))
		case !fits && r.TiedTo != 0:
			t.untied = append(t.untied, r.ID)
			t.changed[r.TiedTo] = true
		}
	}
	return nil
}

// write unties before it ties, in one order.
func (t *ties) write(ctx context.Context) error {
	if len(t.untied) > 0 {
		if err := t.tx.UntieReports(ctx, queries.UntieReportsParams{AccountID: t.acc.ID, Ids: t.untied}); err != nil {
			return err
		}
	}
	if len(t.tied.Ids) == 0 {
		return nil
	}
	t.events.AccountID, t.tied.AccountID = t.acc.ID, t.acc.ID
	if err := t.tx.InsertDeliveryEvents(ctx, t.events); err != nil {
		return err
	}
	return t.tx.TieReports(ctx, t.tied)
}

// noteAnswers notes which recipients of sent mail answered in its thread.
func (w *writer) noteAnswers(ctx context.Context, changed map[int64]bool) error {
	var ids, automatic []int64
	for _, e := range w.fresh {
		id := w.messages[string(e.identity)].id
		if ids = append(ids, id); !e.verdict.Outbound && e.automatic() {
			automatic = append(automatic, id)
		}
	}
	for _, e := range w.batch.entries {
		if m := w.messages[string(e.identity)]; m != nil && !m.fresh && e.verdict.Outbound && e.verdict.Disposition == plan.Stored {
			ids = append(ids, m.id) // it may have got blind recipients
		}
	}
	if len(automatic) > 0 {
		if err := w.tx.MarkAutomatic(ctx, queries.MarkAutomaticParams{AccountID: w.acc.ID, Ids: automatic}); err != nil {
			return err
		}
	}
	if len(ids) == 0 && len(w.joined) == 0 {
		return nil
	}
	answered, err := w.tx.InsertAnswers(ctx, queries.InsertAnswersParams{AccountID: w.acc.ID, Ids: ids, Threads: w.joined})
	for _, id := range answered {
		changed[id] = true
	}
	return err
}
