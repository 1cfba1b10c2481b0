package testenv

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"
)

// Letter is one believable e-mail. Zero fields are left out of its header.
type Letter struct {
	MessageID   string // without angle brackets
	InReplyTo   string
	References  []string
	Date        time.Time
	From        Party
	To, Cc, Bcc []Party
	Subject     string
	Text        string
	HTML        string
	Attachments []Attachment
	Header      []string // further lines, like "Auto-Submitted: auto-replied"
}

// Party is somebody who writes or reads.
type Party struct{ Name, Address string }

// Attachment is a file on a letter.
type Attachment struct {
	Name, Type string
	Content    []byte
}

func (p Party) String() string {
	if p.Name == "" {
		return "<" + p.Address + ">"
	}
	return mime.QEncoding.Encode("utf-8", p.Name) + " <" + p.Address + ">"
}

// Bytes are the letter as it travels, CRLF line ends. The same letter gives
// the same bytes.
func (l Letter) Bytes() []byte {
	var b bytes.Buffer
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	angle := func(ids ...string) string {
		var out []string
		for _, id := range ids {
			if id != "" {
				out = append(out, "<"+id+">")
			}
		}
		return strings.Join(out, "\r\n ")
	}
	parties := func(ps []Party) string {
		out := make([]string, len(ps))
		for i, p := range ps {
			out[i] = p.String()
		}
		return strings.Join(out, ",\r\n ")
	}
	if !l.Date.IsZero() {
		line("Date", l.Date.Format(time.RFC1123Z))
	}
	if l.From.Address != "" {
		line("From", l.From.String())
	}
	line("To", parties(l.To))
	line("Cc", parties(l.Cc))
	line("Bcc", parties(l.Bcc))
	line("Subject", mime.QEncoding.Encode("utf-8", l.Subject))
	line("Message-ID", angle(l.MessageID))
	line("In-Reply-To", angle(l.InReplyTo))
	line("References", angle(l.References...))
	for _, h := range l.Header {
		b.WriteString(h + "\r\n")
	}
	line("MIME-Version", "1.0")
	b.Write(l.body())
	return b.Bytes()
}

// body is the content with its own header fields.
func (l Letter) body() []byte {
	text := part("text/plain; charset=utf-8", l.Text)
	switch {
	case l.HTML != "" && l.Text != "":
		text = multipart("alternative", text, part("text/html; charset=utf-8", l.HTML))
	case l.HTML != "":
		text = part("text/html; charset=utf-8", l.HTML)
	}
	if len(l.Attachments) == 0 {
		return text
	}
	parts := [][]byte{text}
	for _, a := range l.Attachments {
		var b bytes.Buffer
		fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Disposition: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n",
			a.Type, mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
		for encoded := base64.StdEncoding.EncodeToString(a.Content); encoded != ""; {
			n := min(76, len(encoded))
			b.WriteString(encoded[:n] + "\r\n")
			encoded = encoded[n:]
		}
		parts = append(parts, b.Bytes())
	}
	return multipart("mixed", parts...)
}

func part(contentType, content string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", contentType)
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte(content)) // a bytes.Buffer takes everything
	w.Close()
	b.WriteString("\r\n")
	return b.Bytes()
}

// multipart joins parts with a boundary that depends on them alone.
func multipart(subtype string, parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size = size*31 + len(p)
	}
	boundary := fmt.Sprintf("=_%s_%d", subtype, size)
	var b bytes.Buffer
	fmt.Fprintf(&b, "Content-Type: multipart/%s; boundary=\"%s\"\r\n\r\n", subtype, boundary)
	for _, p := range parts {
		fmt.Fprintf(&b, "--%s\r\n%s", boundary, p)
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.Bytes()
}

// Writer invents letters; the same seed invents the same ones. It is not safe
// for concurrent use.
type Writer struct {
	rnd  *rand.Rand
	now  time.Time
	next int
}

// NewWriter starts at nine on a Monday.
func NewWriter(seed uint64) *Writer {
	return &Writer{rnd: rand.New(rand.NewPCG(seed, 0x6d61696c)), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
}

var (
	subjects = []string{"Offer for the new warehouse shelves", "Delivery dates in March", "Your question about the service contract",
		"Meeting on Thursday", "Änderung der Lieferadresse", "Invoice 2026-0317", "Samples for the trade fair", "Prix pour 250 pièces"}
	openings = []string{"Good morning,", "Hello,", "Dear colleague,", "Guten Tag,", "Thanks for the call."}
	bodies   = []string{"we looked at the drawings and can deliver within three weeks.", "could you send us the price for 250 pieces, please?",
		"the second batch arrived today, complete and in good order.", "Thursday at ten suits us. We will be three people.",
		"please find the signed copy attached.", "die Stückzahl hat sich geändert: bitte 40 statt 30.", "I will come back to you tomorrow."}
)

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// Letter invents a letter; each is some minutes younger than the one before.
// Every third has an HTML part, every fifth an attachment.
func (w *Writer) Letter(from Party, to ...Party) Letter {
	w.next++
	w.now = w.now.Add(time.Duration(3+w.rnd.IntN(170)) * time.Minute)
	l := Letter{
		MessageID: fmt.Sprintf("%d.%x@%s", w.next, w.rnd.Uint64(), domainOf(from.Address)),
		Date:      w.now, From: from, To: to,
		Subject: pick(w.rnd, subjects),
		Text:    fmt.Sprintf("%s\n\n%s %s\n\nBest regards\n%s\n", pick(w.rnd, openings), pick(w.rnd, bodies), pick(w.rnd, bodies), from.Name),
	}
	if w.next%3 == 0 {
		l.HTML = "<html><body><p>" + strings.ReplaceAll(l.Text, "\n", "<br>") + "</p></body></html>"
	}
	if w.next%5 == 0 {
		content := make([]byte, 500+w.rnd.IntN(4000))
		for i := range content {
			content[i] = byte(w.rnd.Uint32())
		}
		l.Attachments = []Attachment{{Name: fmt.Sprintf("drawing-%d.pdf", w.next), Type: "application/pdf", Content: content}}
	}
	return l
}

// Reply invents an answer by one of those who got a letter to its sender.
func (w *Writer) Reply(to Letter, from Party) Letter {
	l := w.Letter(from, to.From)
	l.InReplyTo = to.MessageID
	l.References = append(append([]string{}, to.References...), to.MessageID)
	l.Subject = to.Subject
	if !strings.HasPrefix(l.Subject, "Re: ") {
		l.Subject = "Re: " + l.Subject
	}
	return l
}

// Thread invents n letters that answer each other, by two parties in turn.
func (w *Writer) Thread(n int, a, b Party) []Letter {
	letters := []Letter{w.Letter(a, b)}
	for len(letters) < n {
		a, b = b, a
		letters = append(letters, w.Reply(letters[len(letters)-1], a))
	}
	return letters
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}
