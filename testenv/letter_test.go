package testenv

import (
	"bytes"
	"io"
	"net/mail"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"
)

func TestLettersAreTheSameForTheSameSeed(t *testing.T) {
	anna, kim := Party{"Anna Müller", "anna@example.test"}, Party{"Kim", "kim@customer.test"}
	a, b := NewWriter(7).Thread(20, anna, kim), NewWriter(7).Thread(20, anna, kim)
	other := NewWriter(8).Thread(20, anna, kim)
	for i := range a {
		if !bytes.Equal(a[i].Bytes(), b[i].Bytes()) {
			t.Fatalf("letter %d differs between two runs", i)
		}
		if bytes.Equal(a[i].Bytes(), other[i].Bytes()) {
			t.Errorf("letter %d does not depend on the seed", i)
		}
	}
}

// What is written must be readable by readers that are not ours.
func TestLettersAreWellFormed(t *testing.T) {
	anna, kim := Party{"Anna Müller", "anna@example.test"}, Party{"Kim", "kim@customer.test"}
	var kinds [3]int
	for i, l := range NewWriter(1).Thread(30, anna, kim) {
		raw := l.Bytes()
		if bytes.Contains(bytes.ReplaceAll(raw, []byte("\r\n"), nil), []byte("\n")) {
			t.Errorf("letter %d has a bare line feed", i)
		}
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("letter %d: %v", i, err)
		}
		from, err := m.Header.AddressList("From")
		if err != nil || from[0].Address != l.From.Address || from[0].Name != l.From.Name {
			t.Errorf("letter %d: From %v, %v", i, from, err)
		}
		if i > 0 && !strings.Contains(m.Header.Get("References"), "<"+l.InReplyTo+">") {
			t.Errorf("letter %d: References %q", i, m.Header.Get("References"))
		}
		env, err := enmime.ReadEnvelope(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("letter %d: %v", i, err)
		}
		if len(env.Errors) > 0 || strings.TrimSpace(strings.ReplaceAll(env.Text, "\r\n", "\n")) != strings.TrimSpace(l.Text) {
			t.Errorf("letter %d: %v, text %q, want %q", i, env.Errors, env.Text, l.Text)
		}
		kinds[0]++
		if l.HTML != "" {
			kinds[1]++
			if !strings.Contains(env.HTML, "<p>") {
				t.Errorf("letter %d lost its HTML", i)
			}
		}
		for j, a := range l.Attachments {
			kinds[2]++
			got, err := io.ReadAll(bytes.NewReader(env.Attachments[j].Content))
			if err != nil || !bytes.Equal(got, a.Content) || env.Attachments[j].FileName != a.Name {
				t.Errorf("letter %d: attachment %d differs", i, j)
			}
		}
	}
	if kinds[1] == 0 || kinds[2] == 0 {
		t.Errorf("of %d letters %d have HTML and %d an attachment", kinds[0], kinds[1], kinds[2])
	}
}
