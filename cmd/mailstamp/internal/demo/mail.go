package demo

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/mail"
	"strconv"
	"strings"
	"text/template"
	"time"
)

//go:embed sample
var sampleFiles embed.FS

// sampleMail is one mail and the folders it lies in.
type sampleMail struct {
	places []place
	date   time.Time
	raw    []byte // as it was sent, with Bcc, CRLF
}

// place is a folder of a user's mailbox; unseen mail was not read yet.
type place struct {
	user, folder string
	unseen       bool
}

// sentFolder keeps the author's own copy, the only one with Bcc.
const sentFolder = "Sent"

// copyFor is the mail as it lies in a folder: a received copy has a trace header and no Bcc.
func (m sampleMail) copyFor(p place) []byte {
	if p.folder == sentFolder || p.folder == "Drafts" {
		return m.raw
	}
	header, body, _ := bytes.Cut(m.raw, []byte("\r\n\r\n"))
	var out bytes.Buffer
	fmt.Fprintf(&out, "Received: from mx.northlight.example by imap.northlight.example\r\n\tfor <%s@northlight.example>; %s\r\n",
		p.user, m.date.Format(time.RFC1123Z))
	for line := range bytes.SplitSeq(header, []byte("\r\n")) {
		if !bytes.HasPrefix(line, []byte("Bcc:")) {
			out.Write(line)
			out.WriteString("\r\n")
		}
	}
	out.WriteString("\r\n")
	out.Write(body)
	return out.Bytes()
}

// sampleMails reads the sample mail, dated back from since. The same since gives the same bytes.
func sampleMails(since time.Time) ([]sampleMail, error) {
	names, err := fs.Glob(sampleFiles, "sample/*.txt")
	if err != nil {
		return nil, fmt.Errorf("list the sample mail: %w", err)
	}
	var mails []sampleMail
	for _, name := range names {
		text, err := fs.ReadFile(sampleFiles, name)
		if err != nil {
			return nil, fmt.Errorf("read the sample mail: %w", err)
		}
		for _, section := range splitSections(string(text)) {
			m, err := section.mail(since)
			if err != nil {
				return nil, fmt.Errorf("read %s, %q: %w", name, section.head, err)
			}
			mails = append(mails, m)
		}
	}
	return mails, nil
}

// section of a sample file: "-- head --" on a line of its own, and what follows. What stands before the first is for readers.
type section struct{ head, text string }

func splitSections(text string) []section {
	var sections []section
	for line := range strings.Lines(text) {
		head, found := strings.CutPrefix(strings.TrimSpace(line), "-- ")
		head, closed := strings.CutSuffix(head, " --")
		switch {
		case found && closed:
			sections = append(sections, section{head: head})
		case len(sections) > 0:
			sections[len(sections)-1].text += line
		}
	}
	return sections
}

// mail reads a section. Its head says when and where: "w12 09:30" (12 working days ago) or "35m", then user/folder for
// each copy, ":new" for mail that was not read yet.
func (s section) mail(since time.Time) (sampleMail, error) {
	var m sampleMail
	var err error
	fields := strings.Fields(s.head)
	if strings.HasPrefix(fields[0], "w") && len(fields) > 1 {
		if m.date, err = workingDay(since, fields[0]); err != nil {
			return m, err
		}
		clock, err := time.Parse("15:04", fields[1])
		if err != nil {
			return m, fmt.Errorf("read the time: %w", err)
		}
		m.date = time.Date(m.date.Year(), m.date.Month(), m.date.Day(), clock.Hour(), clock.Minute(), 0, 0, since.Location())
		fields = fields[2:]
	} else {
		ago, err := time.ParseDuration(fields[0])
		if err != nil {
			return m, fmt.Errorf("read the time: %w", err)
		}
		m.date = since.Add(-ago).Truncate(time.Second)
		fields = fields[1:]
	}
	for _, field := range fields {
		path, unseen := strings.CutSuffix(field, ":new")
		user, folder, ok := strings.Cut(path, "/")
		if !ok {
			return m, fmt.Errorf("%q is no user/folder", field)
		}
		m.places = append(m.places, place{user, folder, unseen})
	}
	m.raw, err = s.render(since, m.date)
	return m, err
}

// workingDay is since minus the working days of "w12".
func workingDay(since time.Time, back string) (time.Time, error) {
	days, err := strconv.Atoi(strings.TrimPrefix(back, "w"))
	if err != nil {
		return time.Time{}, fmt.Errorf("read the day: %w", err)
	}
	day := since
	for range days {
		day = day.AddDate(0, 0, -1)
		for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			day = day.AddDate(0, 0, -1)
		}
	}
	return day, nil
}

// render fills in dates and files and adds what every mail program writes.
func (s section) render(since, date time.Time) ([]byte, error) {
	t, err := template.New("mail").Funcs(template.FuncMap{
		"date": func() string { return date.Format(time.RFC1123Z) },
		"day": func(back string) (string, error) {
			day, err := workingDay(since, back)
			return day.Format("Monday, 2 January"), err
		},
		"pdf": func(lines ...string) string { return foldBase64(pdf(lines)) },
	}).Parse(s.text)
	if err != nil {
		return nil, err
	}
	var filled strings.Builder
	if err := t.Execute(&filled, nil); err != nil {
		return nil, err
	}
	header, body, ok := strings.Cut(filled.String(), "\n\n")
	if !ok {
		return nil, fmt.Errorf("no empty line after the header")
	}
	var out strings.Builder
	fmt.Fprintf(&out, "Date: %s\n", date.Format(time.RFC1123Z))
	for line := range strings.SplitSeq(header, "\n") {
		if line, err = encodeHeader(line); err != nil {
			return nil, err
		}
		out.WriteString(line + "\n")
	}
	out.WriteString("MIME-Version: 1.0\n")
	if !strings.Contains(header, "Content-Type:") {
		out.WriteString("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n")
	}
	out.WriteString("\n" + body)
	return []byte(strings.ReplaceAll(out.String(), "\n", "\r\n")), nil
}

// encodeHeader writes a header line that the sample has in clear text as RFC 2047 wants it.
func encodeHeader(line string) (string, error) {
	name, value, ok := strings.Cut(line, ": ")
	if !ok || strings.IndexFunc(value, func(r rune) bool { return r > 126 }) < 0 {
		return line, nil
	}
	if name == "Subject" {
		return name + ": " + mime.QEncoding.Encode("utf-8", value), nil
	}
	list, err := mail.ParseAddressList(value)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	var parts []string
	for _, a := range list {
		parts = append(parts, a.String())
	}
	return name + ": " + strings.Join(parts, ", "), nil
}

// foldBase64 is base64 in lines of 76, as MIME wants it.
func foldBase64(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var out strings.Builder
	for len(text) > 76 {
		out.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	return out.String() + text
}

// pdf is a one-page document with the lines as text, the first as its title.
func pdf(lines []string) []byte {
	escape := strings.NewReplacer(`\`, `\\`, `(`, `\(`, `)`, `\)`)
	var page strings.Builder
	page.WriteString("BT /F1 16 Tf 60 770 Td ")
	for i, line := range lines {
		if i == 1 {
			page.WriteString("/F1 11 Tf 0 -18 Td ")
		}
		fmt.Fprintf(&page, "(%s) Tj 0 -20 Td ", escape.Replace(line))
	}
	page.WriteString("ET")
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", page.Len(), page.String()),
		"<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	var offsets []int
	for i, object := range objects {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return out.Bytes()
}
