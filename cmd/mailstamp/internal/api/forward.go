package api

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/visibility/feed"
)

// forwardedFields of the original's header go into a draft; the way it took, blind copies, labels and the ids of other mails
// of its thread do not.
var forwardedFields = map[string]bool{
	"From": true, "To": true, "Cc": true, "Date": true, "Subject": true, "Message-Id": true, "Mime-Version": true,
	"Content-Type": true, "Content-Transfer-Encoding": true, "Content-Language": true,
}

// forward answers with a draft (RFC 5322) that holds the original.
func (a *api) forward(w http.ResponseWriter, r *http.Request, c caller) error {
	f, err := a.Feed.Forward(r.Context(), c.acc, c.viewer, r.PathValue("id"))
	if err != nil {
		return err
	}
	raw, err := a.Mailboxes.RawMessage(r.Context(), c.acc, f.MessageID)
	if err != nil {
		return fromServer(err)
	}
	defer raw.Close()
	original := bufio.NewReaderSize(raw, maxOriginalHeader) // a line that does not fit is too large anyway
	header, err := forwardedHeader(original)
	if err != nil {
		return fromServer(err)
	}
	h := w.Header()
	h.Set("Content-Type", "message/rfc822")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	head, tail := draft(f, a.now())
	stream(w, r, io.MultiReader(strings.NewReader(head), bytes.NewReader(header), original, strings.NewReader(tail)))
	return nil
}

// draft is what comes before and after the original.
func draft(f feed.Forwarding, now time.Time) (head, tail string) {
	boundary := rand.Text()
	var b strings.Builder
	if f.Sender.Address != "" {
		fmt.Fprintf(&b, "From: %s\r\n", (&mail.Address{Name: f.Sender.Name, Address: f.Sender.Address}).String())
	}
	fmt.Fprintf(&b, "Date: %s\r\n", now.Format(time.RFC1123Z))
	fmt.Fprintf(&b, "Subject: %s\r\n", foldWords(mime.QEncoding.Encode("utf-8", "Fwd: "+oneLine(f.Subject))))
	fmt.Fprintf(&b, "X-Unsent: 1\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=%q\r\n\r\n", boundary)
	fmt.Fprintf(&b, "--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\r\n", boundary)
	fmt.Fprintf(&b, "--%s\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename=\"original.eml\"\r\n"+
		"Content-Transfer-Encoding: 8bit\r\n\r\n", boundary)
	return b.String(), "\r\n--" + boundary + "--\r\n"
}

// oneLine keeps a subject or a field from becoming another. It leaves bytes that are no UTF-8 as they are.
func oneLine(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c == 0x7f {
			b[i] = ' '
		}
	}
	return string(b)
}

// foldWords puts each encoded word on a line of its own (RFC 2047: 76 characters).
func foldWords(s string) string { return strings.ReplaceAll(s, "?= =?", "?=\r\n =?") }

// forwardedHeader reads the header of a mail, up to and with the empty line, and keeps the fields that are passed on.
func forwardedHeader(original *bufio.Reader) ([]byte, error) {
	var out bytes.Buffer
	left, keep := maxOriginalHeader, false
	for {
		line, err := original.ReadSlice('\n')
		if err != nil && err != io.EOF { // a mail may be a header and nothing else
			return nil, fmt.Errorf("read the header of the original: %w", err)
		}
		if left -= len(line); left < 0 {
			return nil, errors.New("the header of the original is too large")
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			out.WriteString("\r\n")
			return out.Bytes(), nil
		}
		if text[0] != ' ' && text[0] != '\t' { // else it continues the field before
			name, _, found := strings.Cut(text, ":")
			keep = found && forwardedFields[textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))]
		}
		if keep {
			out.WriteString(oneLine(text) + "\r\n") // a lone CR is a line's end to some
		}
	}
}
