package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/mailstamp/mailstamp/ingest/imaplocal"
)

// password of every sample mailbox. They listen on loopback and hold sample mail, which is in the program for all to read.
const password = "northlight"

// users are the sample users; each has a mailbox of the same name.
var users = []string{"anna", "ben", "clara"}

// openMailboxes starts the sample mailboxes where they were, on another port if need be, and delivers the sample mail at
// the first start.
func openMailboxes(dir string, s *state) (server *imaplocal.Server, err error) {
	dir = filepath.Join(dir, "imap")
	if !s.Delivered {
		if err := os.RemoveAll(dir); err != nil { // what a start that was cut off has left
			return nil, fmt.Errorf("remove unfinished mailboxes: %w", err)
		}
	}
	if server, err = imaplocal.New(imaplocal.Options{Dir: dir, Addr: s.IMAP}); err != nil && s.IMAP != "" {
		server, err = imaplocal.New(imaplocal.Options{Dir: dir}) // the port is taken: any other
	}
	if err != nil {
		return nil, fmt.Errorf("start the sample mailboxes: %w", err)
	}
	defer func() {
		if err != nil {
			server.Close()
		}
	}()
	for _, user := range users {
		if err := server.AddUser(user, password); err != nil {
			return nil, fmt.Errorf("open the mailbox of %s: %w", user, err)
		}
	}
	if !s.Delivered {
		if err := deliver(server, s); err != nil {
			return nil, err
		}
	}
	s.Delivered, s.IMAP = true, fmt.Sprintf("%s:%d", server.Host(), server.Port())
	return server, s.save()
}

// deliver puts the sample mail into the mailboxes, oldest first, as it would have come.
func deliver(server *imaplocal.Server, s *state) error {
	mails, err := sampleMails(s.FirstStart)
	if err != nil {
		return err
	}
	slices.SortStableFunc(mails, func(a, b sampleMail) int { return a.date.Compare(b.date) })
	for _, m := range mails {
		for _, p := range m.places {
			var flags []string
			if !p.unseen {
				flags = []string{`\Seen`}
			}
			if _, err := server.Append(p.user, p.folder, flags, m.date, m.copyFor(p)); err != nil {
				return fmt.Errorf("deliver sample mail: %w", err)
			}
		}
	}
	return nil
}
