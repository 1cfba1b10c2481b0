package message

import (
	"strings"
	"testing"
)

const identityMail = "Message-ID: <one@x.example>\nFrom: Anna <anna@x.example>\nTo: b@y.example\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\nDate: Fri, 2 Jan 2026 12:04:05 +0100\n\nhello\nthere\n"

func identityOf(raw string) [32]byte { return Identity(ParseHeader([]byte(raw)), []byte(raw)) }

// F08: the copies of a mail in Sent, in INBOX and with another recipient are one.
func TestF08CopiesShareTheIdentity(t *testing.T) {
	t.Parallel()
	want := identityOf(identityMail)
	for name, copied := range map[string]string{
		"line ends":       strings.ReplaceAll(identityMail, "\n", "\r\n"),
		"trace":           "Return-Path: <anna@x.example>\nReceived: from a by b;\n now\nDKIM-Signature: x\n" + identityMail,
		"bcc":             strings.Replace(identityMail, "Subject:", "Bcc: hidden@x.example\nSubject:", 1),
		"trailing blanks": strings.Replace(identityMail, "hello\n", "hello  \n", 1) + "\n \n\n",
		"no last end":     strings.TrimSuffix(identityMail, "\n"),
		"other order":     "Subject: Grüße\n" + strings.Replace(identityMail, "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n", "", 1),
		"folded":          strings.Replace(identityMail, "To: b", "To:\n\tb", 1),
		"case":            strings.Replace(identityMail, "anna@x.example", "ANNA@X.example", 1),
		"zone":            strings.Replace(identityMail, "12:04:05 +0100", "11:04:05 GMT", 1),
	} {
		if identityOf(copied) != want {
			t.Errorf("%s changes the identity", name)
		}
	}
}

// F07: two different mails with the same Message-ID are two.
func TestF07DifferentMailsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[[32]byte]string{identityOf(identityMail): "the original"}
	for name, other := range map[string]string{
		"body":       strings.Replace(identityMail, "there", "where", 1),
		"blank line": strings.Replace(identityMail, "hello\n", "hello\n\n", 1),
		"indent":     strings.Replace(identityMail, "hello", " hello", 1),
		"recipient":  strings.Replace(identityMail, "b@y", "c@y", 1),
		"to and cc":  strings.Replace(identityMail, "To:", "Cc:", 1),
		"subject":    strings.Replace(identityMail, "Gr=C3", "Br=C3", 1),
		"date":       strings.Replace(identityMail, ":05", ":06", 1),
		"bad date":   strings.Replace(identityMail, "Fri, 2 Jan", "Fri, 2 Xxx", 1),
		"other date": strings.Replace(identityMail, "Fri, 2 Jan", "Fri, 2 Yyy", 1),
		"id":         strings.Replace(identityMail, "<one", "<two", 1),
		"no id":      strings.Replace(identityMail, "Message-ID: <one@x.example>\n", "", 1),
	} {
		id := identityOf(other)
		if twin, ok := seen[id]; ok {
			t.Errorf("%s has the identity of %s", name, twin)
		}
		seen[id] = name
	}
}

func TestHeaderDigestNeedsNoBody(t *testing.T) {
	t.Parallel()
	crlf := strings.ReplaceAll(identityMail, "\n", "\r\n")
	header, _, _ := strings.Cut(crlf, "\r\n\r\n")
	want := HeaderDigest([]byte(identityMail))
	for _, same := range []string{crlf, header + "\r\n\r\n", header + "\r\n", header} {
		if HeaderDigest([]byte(same)) != want {
			t.Errorf("digest of %q differs", same)
		}
	}
	if HeaderDigest([]byte("Received: x\n"+identityMail)) == want {
		t.Error("a trace line does not change the digest")
	}
}

// F07: mails without Message-ID have thread ids of their own.
func TestF07SyntheticThreadID(t *testing.T) {
	t.Parallel()
	a, b := ParseHeader([]byte("Subject: a\n\n")), ParseHeader([]byte("Subject: b\n\n"))
	if a.MessageID != "" || a.ThreadID == b.ThreadID || !strings.HasSuffix(a.ThreadID, syntheticDomain) {
		t.Errorf("thread ids %q and %q", a.ThreadID, b.ThreadID)
	}
	if again := ParseHeader([]byte("Subject: a\r\n\r\nwith its body")); again.ThreadID != a.ThreadID {
		t.Errorf("thread id depends on line ends or body: %q and %q", again.ThreadID, a.ThreadID)
	}
	equal(t, "ids", ThreadIDs(a), []string{a.ThreadID})
}
