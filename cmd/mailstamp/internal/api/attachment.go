package api

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/visibility/feed"
)

// attachment streams an attachment. Whatever it holds, no browser shows it as a page of ours.
func (a *api) attachment(w http.ResponseWriter, r *http.Request, c caller) error {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		return errNotFound
	}
	id, described, err := a.Feed.Attachment(r.Context(), c.acc, c.viewer, r.PathValue("id"), n)
	if err != nil {
		return err
	}
	_, content, err := a.Mailboxes.OpenAttachment(r.Context(), c.acc, id, n)
	if err != nil {
		return fromServer(err)
	}
	defer content.Close()
	h := w.Header()
	h.Set("Content-Type", attachmentType(described))
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+encodeFileName(described.Name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	stream(w, r, content)
	return nil
}

// fromServer tells an error of the mailbox's server from our own: trying later helps.
func fromServer(err error) error {
	if problemOf(err) == errInternal {
		p := newProblem(http.StatusServiceUnavailable, "mailbox_unavailable", "the mailbox's server did not give the message; try later")
		return fmt.Errorf("%w: %w", p, err)
	}
	return err
}

// stream copies content, and cuts the answer where content breaks off, so that it cannot pass for whole.
func stream(w http.ResponseWriter, r *http.Request, content io.Reader) {
	if r.Method == http.MethodHead {
		return
	}
	// The listener bounds the time of an answer as a whole; of one that is as long as a mail, the time without progress.
	out := &patient{w, http.NewResponseController(w)}
	if _, err := io.Copy(out, content); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// patient moves the deadline of an answer with each part of it.
type patient struct {
	io.Writer
	control *http.ResponseController
}

func (p *patient) Write(part []byte) (int, error) {
	if err := p.control.SetWriteDeadline(time.Now().Add(streamPause)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.Writer.Write(part)
}

func attachmentType(a feed.Attachment) string {
	mediaType, _, err := mime.ParseMediaType(a.Type)
	if err != nil {
		return "application/octet-stream"
	}
	return mediaType
}

// encodeFileName is ext-value's value-chars of RFC 8187.
func encodeFileName(name string) string {
	var out strings.Builder
	for _, b := range []byte(name) {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', strings.IndexByte("!#$&+-.^_`|~", b) >= 0:
			out.WriteByte(b)
		default:
			fmt.Fprintf(&out, "%%%02X", b)
		}
	}
	return out.String()
}
