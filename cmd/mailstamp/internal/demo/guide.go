package demo

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"text/template"
	"time"
)

//go:embed sample/guide.tmpl
var guideText string

var guideTemplate = template.Must(template.New("guide").Parse(guideText))

// guide says where to look and what to try.
func (o Options) guide(w Worker, s *state) error {
	err := guideTemplate.Execute(o.Out, map[string]string{
		"Console": "http://" + w.AdminListen, "API": "http://" + w.Listen, "Dir": o.Dir, "IMAP": s.IMAP, "Password": password,
	})
	if err != nil {
		return fmt.Errorf("print the guide: %w", err)
	}
	return nil
}

// writeNewMail writes a mail that has not arrived yet.
func writeNewMail(dir string) error {
	now := time.Now()
	text := "From: Henrik Dahl <henrik.dahl@harbour-logistics.example>\n" +
		"To: Anna Berg <anna@northlight.example>\nSubject: One more thing\nMessage-ID: <new-" + fmt.Sprint(now.Unix()) + "@harbour-logistics.example>\n"
	raw, err := section{text: text + "\nHello Anna,\n\nthe director wants the same light in his office. Could you call me?\n\nHenrik\n"}.render(now, now)
	if err != nil {
		return fmt.Errorf("write a new mail: %w", err)
	}
	return writeFile(filepath.Join(dir, "new-mail.eml"), raw)
}
