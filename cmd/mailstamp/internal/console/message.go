package console

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

// MessagePage is a message as the viewer sees it on a card.
type MessagePage struct {
	feed.FullItem
	CardName string
}

func (c *console) message(r *request) error {
	m, err := c.load(r)
	if err != nil {
		return err
	}
	r.ref = m.Card
	r.render(http.StatusOK, "message.html", m.Subject, MessagePage{m, r.nameOfCard(m.Card)})
	return nil
}

func (c *console) load(r *request) (feed.FullItem, error) {
	return c.Feed.Message(r.Context(), r.account, r.viewer.ID, r.PathValue("message"), r.cardRef())
}

// messageHTML is the document in the frame of a message's page.
func (c *console) messageHTML(r *request) error {
	m, err := c.load(r)
	if err != nil {
		return err
	}
	if m.HTML == "" {
		return visibility.ErrNotFound
	}
	r.w.Header().Set("Content-Security-Policy", mailPolicy)
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// The sanitiser leaves no document around the mail; ours gives it a readable start.
	_, err = io.WriteString(r.w, "<!doctype html><meta charset=utf-8><style>body{margin:16px;font:15px/1.5 Inter,system-ui,sans-serif;"+
		"color:#1c2024;background:#fff;overflow-wrap:anywhere}img,table{max-width:100%}</style>"+m.HTML)
	return err
}

// attachment streams an attachment, to be saved and never to be shown here.
func (c *console) attachment(r *request) error {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		return visibility.ErrNotFound
	}
	ctx := r.Context()
	id, a, err := c.Feed.Attachment(ctx, r.account, r.viewer.ID, r.PathValue("message"), n)
	if err != nil {
		return err
	}
	_, body, err := c.Mailboxes.OpenAttachment(ctx, r.account, id, n)
	if errors.Is(err, ingest.ErrNoMessage) {
		return visibility.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("open the attachment: %w", err)
	}
	defer body.Close()
	h := r.w.Header()
	h.Set("Content-Security-Policy", mailPolicy)
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	if _, err := io.Copy(r.w, body); err != nil {
		// The answer has begun: cutting the connection is the only way left to say that it is not whole.
		panic(http.ErrAbortHandler)
	}
	return nil
}
