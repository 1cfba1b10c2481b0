package ingest

import (
	"context"
	"fmt"
	"strings"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/delivery"
	"github.com/mailstamp/mailstamp/ingest/message"
)

// maxReportBytes bounds mail that is read only because it may be a report: bounces return at most the message.
const maxReportBytes = 1 << 20

// report is what a delivery report among unmatched mail says.
type report struct{ delivery.Report }

// mayReport says by its header that a mail may be a delivery report, so that its body is worth reading although it
// matches no card.
func mayReport(h message.Header) bool {
	if h.ContentType == "multipart/report" || h.NullReturnPath || len(h.XFailedRecipients) > 0 {
		return true
	}
	for _, a := range h.From {
		local, _, _ := strings.Cut(strings.ToLower(a.Address), "@")
		if local == "mailer-daemon" || local == "postmaster" {
			return true
		}
	}
	return false
}

func readReport(raw []byte) *report {
	r, ok := delivery.Read(raw)
	if !ok {
		return nil
	}
	return &report{r}
}

// statusOf is what an action proves of the delivery (SPEC 7); false for what proves nothing: automatic answers and
// complaints are neither reads nor bounces.
func statusOf(a delivery.Action) (status string, ok bool) {
	switch a {
	case delivery.Failed:
		return "bounced", true
	case delivery.Delayed:
		return "delayed", true
	case delivery.Relayed, delivery.Expanded:
		return "relayed", true
	case delivery.Delivered, delivery.Deleted, delivery.Processed, delivery.Denied:
		return "delivered", true
	case delivery.Displayed:
		return "displayed", true
	}
	return "", false
}

// applyReports keeps what the batch's reports say and ties it to the author's sent mail by the Message-ID they name,
// whichever came first. The report itself has the disposition that its addresses give it.
func (w *writer) applyReports(ctx context.Context) error {
	ids, err := w.keepEvidence(ctx)
	if err != nil {
		return fmt.Errorf("keep delivery evidence: %w", err)
	}
	p := queries.ApplyEvidenceParams{AccountID: w.acc.ID, AuthorID: w.row.UserID}
	add := func(id int64, headerID string) {
		p.MessageIds = append(p.MessageIds, id)
		p.Originals = append(p.Originals, w.acc.Keys.Hash("original", headerID))
	}
	for _, e := range w.fresh {
		if id := e.msg.Header.MessageID; e.verdict.Outbound && id != "" {
			add(w.messages[string(e.identity)].id, id)
		}
	}
	if len(ids) > 0 {
		sent, err := w.tx.SentByHeaderID(ctx, queries.SentByHeaderIDParams{AccountID: w.acc.ID, AuthorID: w.row.UserID, HeaderIds: ids})
		if err != nil {
			return fmt.Errorf("find reported messages: %w", err)
		}
		for _, m := range sent {
			add(m.ID, m.HeaderID)
		}
	}
	if len(p.MessageIds) == 0 {
		return nil
	}
	if err := w.tx.ApplyEvidence(ctx, p); err != nil {
		return fmt.Errorf("apply delivery evidence: %w", err)
	}
	return nil
}

// keepEvidence writes the evidence of the batch's reports and returns the Message-IDs it is about.
func (w *writer) keepEvidence(ctx context.Context) (ids []string, err error) {
	p := queries.InsertEvidenceParams{AccountID: w.acc.ID, AuthorID: w.row.UserID}
	for _, e := range w.batch.entries {
		if e.report == nil {
			continue
		}
		original := []byte{}
		if id := e.report.OriginalMessageID; id != "" {
			original = w.acc.Keys.Hash("original", id)
			ids = append(ids, id)
		}
		for _, r := range e.report.Recipients {
			status, ok := statusOf(r.Action)
			if !ok {
				continue
			}
			recipients := [][]byte{{}}
			if r.Address != "" {
				recipients[0] = w.acc.Keys.Hash("address", r.Address)
			}
			if r.Original != "" && r.Original != r.Address {
				recipients = append(recipients, w.acc.Keys.Hash("address", r.Original))
			}
			for _, recipient := range recipients {
				p.Originals, p.Recipients = append(p.Originals, original), append(p.Recipients, recipient)
				p.Reports, p.Statuses = append(p.Reports, e.digest), append(p.Statuses, status)
				p.Classes, p.Codes = append(p.Classes, string(r.Class)), append(p.Codes, r.Status)
				p.Ats = append(p.Ats, e.date)
			}
		}
	}
	if len(p.Reports) == 0 {
		return ids, nil
	}
	return ids, w.tx.InsertEvidence(ctx, p)
}
