package simulate

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

// letter is a mail with what it says, told apart by its bytes.
type letter struct {
	id       string
	raw      []byte
	sum      [sha256.Size]byte
	subject  string
	parties  []string // From, To, Cc
	links    []string // its own Message-ID and those it answers
	answered testenv.Letter

	bounced, recipient string // of a delivery report: on which mail, to whom
}

func newLetter(l testenv.Letter) *letter {
	m := &letter{id: l.MessageID, raw: l.Bytes(), subject: l.Subject, answered: l, links: append([]string{l.MessageID}, l.References...)}
	m.sum = sha256.Sum256(m.raw)
	m.parties = append(m.parties, l.From.Address)
	for _, p := range append(slices.Clone(l.To), l.Cc...) {
		m.parties = append(m.parties, p.Address)
	}
	return m
}

// newBounce is a report (RFC 3464) that a letter could not be delivered.
func newBounce(n int, of *letter, reader string) *letter {
	m := &letter{id: fmt.Sprintf("bounce%d@mx.relay.test", n), bounced: of.id, recipient: of.answered.To[0].Address}
	m.answered.Date = of.answered.Date.Add(time.Minute)
	m.subject, m.parties, m.links = "Undelivered Mail Returned to Sender", []string{"mailer-daemon@mx.relay.test", reader}, nil
	m.raw = []byte(strings.ReplaceAll(fmt.Sprintf(`Date: %s
From: MAILER-DAEMON@mx.relay.test
To: %s
Subject: %s
Message-ID: <%s>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.relay.test

Final-Recipient: rfc822; %s
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: <%s>
From: %s
To: %s

--b--
`, m.answered.Date.Format(time.RFC1123Z), reader, m.subject, m.id, m.recipient, of.id, reader, m.recipient), "\n", "\r\n"))
	m.sum = sha256.Sum256(m.raw)
	return m
}

// place is a mail in a folder.
type place struct {
	*letter
	seen bool
}

// folder as the server has it.
type folder struct {
	validity, next uint32
	mails          map[uint32]*place
	anew           int  // how often it was started anew
	synced         bool // it is one of those that are read
}

func (f *folder) uids() []uint32 { return slices.Sorted(maps.Keys(f.mails)) }

// box is a login on the server and the mailbox of it.
type box struct {
	id, user string
	number   int64 // ours, by which the log names it
	made     uint32
	folders  map[string]*folder
}

func newBox(id, user string) *box {
	b := &box{id: id, user: user, folders: map[string]*folder{}}
	for _, name := range []string{"INBOX", "Sent", "Archive", "Drafts", "Junk", "Trash"} {
		b.create(name)
	}
	return b
}

// create makes a folder: the server numbers their UIDVALIDITY as they are made.
func (b *box) create(name string) *folder {
	b.made++
	f := &folder{validity: b.made, next: 1, mails: map[uint32]*place{}, synced: !slices.Contains([]string{"Drafts", "Junk", "Trash"}, name)}
	b.folders[name] = f
	return f
}

// holds says that a letter lies in a folder that is read.
func (b *box) holds(l *letter) bool {
	for _, f := range b.folders {
		for _, p := range f.mails {
			if f.synced && p.letter == l {
				return true
			}
		}
	}
	return false
}

func (b *box) names() []string { return slices.Sorted(maps.Keys(b.folders)) }

// told is what the CRM told, as far as it decides what becomes of mail.
type told struct {
	cards   map[string][]string        // addresses of contacts and leads
	ever    map[string]bool            // addresses that were ever on a card
	blocked map[string]map[string]bool // by user, "" for the account
}

func (c told) onCard(a string) bool {
	for _, list := range c.cards {
		if slices.Contains(list, a) {
			return true
		}
	}
	return false
}

// fate is what must become of a mail: one of these dispositions.
func (w *world) fate(l *letter, author string) []string {
	if l.bounced != "" {
		return []string{"indexed", "skipped"}
	}
	internal, matches, blocked, ever := true, false, false, false
	for _, a := range l.parties {
		if w.isUser(a) {
			continue
		}
		internal, ever = false, ever || w.told.ever[a]
		isBlocked := w.told.blocked[""][a] || w.told.blocked[author][a]
		matches, blocked = matches || w.told.onCard(a) && !isBlocked, blocked || isBlocked
	}
	switch {
	case internal:
		return []string{"internal"}
	case matches:
		return []string{"stored"}
	case ever: // what was stored once stays, hidden
		return []string{"stored", "indexed", "blocked"}
	}
	return []string{"indexed"}
}

func address(user string) string { return user + "@us.test" }

func (w *world) isUser(a string) bool {
	return slices.ContainsFunc(users, func(u string) bool { return address(u) == a })
}
