package message

import (
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// checkClean holds a message to the package's invariants.
func checkClean(t testing.TB, m Message) {
	t.Helper()
	stored := func(what, s string, max int) {
		t.Helper()
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("%s is not storable: %.100q", what, s)
		}
		if len(s) > max {
			t.Errorf("%s has %d bytes, bound %d", what, len(s), max)
		}
	}
	line := func(what, s string, max int) {
		t.Helper()
		stored(what, s, max)
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%s holds control characters: %.100q", what, s)
		}
	}
	h := m.Header
	line("message id", h.MessageID, MaxIDBytes)
	line("thread id", h.ThreadID, MaxIDBytes)
	line("subject", h.Subject, MaxSubjectBytes)
	line("content type", h.ContentType, MaxNameBytes)
	line("list id", h.ListID, MaxNameBytes)
	line("precedence", h.Precedence, MaxNameBytes)
	line("auto-submitted", h.AutoSubmitted, MaxNameBytes)
	line("return path", h.ReturnPath, 3*MaxAddressBytes)
	if h.ThreadID == "" {
		t.Error("no thread id")
	}
	for _, ids := range [][]string{h.References, h.InReplyTo} {
		if len(ids) > MaxReferences {
			t.Errorf("%d references", len(ids))
		}
		for _, id := range ids {
			line("reference", id, MaxIDBytes)
			if id == "" {
				t.Error("empty reference")
			}
		}
	}
	for _, list := range [][]Address{h.From, h.Sender, h.ReplyTo, h.To, h.Cc, h.Bcc} {
		if len(list) > MaxAddresses {
			t.Errorf("%d addresses", len(list))
		}
		for _, a := range list {
			line("name", a.Name, MaxNameBytes)
			line("address", a.Address, 3*MaxAddressBytes)
		}
	}
	stored("text", m.Text, DefaultLimits.TextBytes)
	stored("html", m.HTML, DefaultLimits.HTMLBytes)
	line("preview", m.Preview, PreviewRunes*utf8.UTFMax)
	if utf8.RuneCountInString(m.Preview) > PreviewRunes {
		t.Errorf("preview has %d runes", utf8.RuneCountInString(m.Preview))
	}
	for i, a := range m.Attachments {
		line("file name", a.Name, MaxFileNameBytes)
		line("content id", a.ContentID, MaxIDBytes)
		line("type", a.Type, MaxNameBytes)
		if a.N != i+1 || a.Name == "" || a.Name[0] == '.' || strings.ContainsAny(a.Name, `/\`) {
			t.Errorf("attachment %d is %+v", i+1, a)
		}
	}
	if y := h.Date.Year(); y < 1 || y > 9999 {
		t.Errorf("year %d", y)
	}
}

// checkAttachments opens each attachment and compares it with its description.
func checkAttachments(t testing.TB, raw []byte, m Message) {
	t.Helper()
	for _, want := range m.Attachments {
		got, r, err := OpenAttachment(raw, want.N)
		if err != nil {
			t.Fatalf("open attachment %d: %v", want.N, err)
		}
		if got != want {
			t.Errorf("opened %+v, Parse says %+v", got, want)
		}
		n, err := io.Copy(io.Discard, r)
		if err != nil || n != want.Size {
			t.Errorf("attachment %d: read %d bytes (%v), size says %d", want.N, n, err, want.Size)
		}
	}
	if _, _, err := OpenAttachment(raw, len(m.Attachments)+1); err == nil && len(m.Attachments) < DefaultLimits.Attachments {
		t.Error("opened an attachment that Parse does not know")
	}
}
