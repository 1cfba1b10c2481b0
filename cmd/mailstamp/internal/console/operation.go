package console

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

// How soon a page that moves is made again, in seconds: while a mailbox reads, and otherwise.
const (
	workingSeconds = 1
	idleSeconds    = 15
)

// MailboxPage lists the mailboxes.
type MailboxPage struct {
	Mailboxes []ingest.Health
	Summary   string
	Seconds   int // until it is made again
}

// mailboxes shows how every mailbox of the account is.
func (c *console) mailboxes(r *request) error {
	list, err := c.Mailboxes.List(r.Context(), r.account)
	if err != nil {
		return err
	}
	p := MailboxPage{Mailboxes: list, Seconds: idleSeconds}
	working, troubled := 0, 0
	for _, m := range list {
		switch m.State {
		case "connecting", "backfilling":
			working++
		case "live", "disconnected":
		default:
			troubled++
		}
	}
	if working > 0 {
		p.Seconds = workingSeconds
	}
	p.Summary = mailboxSummary(len(list), working, troubled)
	r.refresh = p.Seconds
	r.render(http.StatusOK, "mailboxes.html", "Mailboxes", p)
	return nil
}

func mailboxSummary(all, working, troubled int) string {
	switch {
	case all == 0:
		return ""
	case troubled > 0:
		return fmt.Sprintf("%s in need of somebody.", plural(troubled, "mailbox is", "mailboxes are"))
	case working > 0:
		return fmt.Sprintf("%s reading older mail. New mail is read meanwhile.", plural(working, "mailbox is", "mailboxes are"))
	}
	return "Everything is in step with its server."
}

// whatToDo says what heals a mailbox in a state, where its problem does not say so already.
func whatToDo(state string) string {
	switch state {
	case "needs_auth":
		return "The CRM gives a new secret by PUT /v1/mailboxes/{id}. The mailbox goes on at once where it stopped."
	case "held":
		return "To confirm, the CRM puts the same mailbox again by PUT /v1/mailboxes/{id}. Until then nothing is removed."
	case "error":
		return "It is tried again by itself, less and less often. “mailstamp doctor” looks at it now and says what is wrong."
	case "disconnected":
		return "Its mail is kept. PUT /v1/mailboxes/{id} connects it again."
	}
	return ""
}

// ReportPage lists the delivery reports that fit no message.
type ReportPage struct {
	feed.Page[feed.UnmatchedReport]
	Next, First string
}

func (c *console) reports(r *request) error {
	cut := r.cut()
	page, err := c.Feed.UnmatchedReports(r.Context(), r.account, cut)
	if err != nil {
		return err
	}
	p := ReportPage{Page: page}
	p.Next, p.First = r.pager(cut, page.Next, "reports")
	r.render(http.StatusOK, "reports.html", "Delivery reports", p)
	return nil
}

// TrailPage is the trail, newest first, and what became of checking it.
type TrailPage struct {
	feed.Page[feed.AuditEntry]
	Next, First string
	Checked     bool
	Entries     int64
	Head        string
	Tampered    string
}

func (c *console) trail(r *request) error {
	cut := r.cut()
	page, err := c.Feed.Audit(r.Context(), r.account, cut)
	if err != nil {
		return err
	}
	p := TrailPage{Page: page, Checked: r.URL.Query().Has("check")}
	p.Next, p.First = r.pager(cut, page.Next, "trail")
	if p.Checked { // reads all of it, so only when asked
		head, err := c.VerifyTrail(r.Context(), r.account)
		if errors.Is(err, db.ErrTampered) {
			p.Tampered = err.Error()
		} else if err != nil {
			return err
		}
		p.Entries, p.Head = head.Entries, hex.EncodeToString(head.Hash)
	}
	r.render(http.StatusOK, "trail.html", "Trail", p)
	return nil
}

// BlockedPage is whose mail is never tracked.
type BlockedPage struct{ feed.Blocklists }

func (c *console) blocked(r *request) error {
	lists, err := c.Feed.Blocklists(r.Context(), r.account, r.viewer.ID)
	if err != nil {
		return err
	}
	r.render(http.StatusOK, "blocked.html", "Block lists of "+r.viewer.Name, BlockedPage{lists})
	return nil
}
