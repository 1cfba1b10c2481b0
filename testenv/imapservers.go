//go:build unix

package testenv

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
)

// PlainServer is an IMAP server without SMTP beside it, for interoperability.
type PlainServer struct {
	IMAPServer
	// Folders other than INBOX are named with Prefix before them and Delimiter
	// within.
	Prefix, Delimiter string
}

var cyrusOnce = sync.OnceValues(func() (*PlainServer, error) { return startPlain("cyrus", "", "/") })
var courierOnce = sync.OnceValues(func() (*PlainServer, error) { return startPlain("courier", "INBOX.", ".") })

// Cyrus is the Cyrus server that all tests of this process share: with
// CONDSTORE, QRESYNC and most of what else there is.
func Cyrus(tb testing.TB) *PlainServer {
	tb.Helper()
	return plain(tb, "a second real IMAP (Cyrus)", cyrusOnce)
}

// Courier is the Courier server that all tests of this process share: without
// mod-sequences, SPECIAL-USE, ESEARCH, LIST-STATUS and MOVE; its EXAMINE tells
// no UIDNEXT.
func Courier(tb testing.TB) *PlainServer {
	tb.Helper()
	return plain(tb, "a third real IMAP (Courier)", courierOnce)
}

func plain(tb testing.TB, covers string, once func() (*PlainServer, error)) *PlainServer {
	tb.Helper()
	dockerEngine(tb, covers)
	s, err := once()
	if err != nil {
		tb.Fatalf("testenv: start %s: %v", covers, err)
	}
	return s
}

func startPlain(image, prefix, delimiter string) (*PlainServer, error) {
	e, err := engineOnce()
	if err != nil {
		return nil, err
	}
	m, err := startIMAP(context.Background(), e, image)
	if err != nil {
		return nil, err
	}
	return &PlainServer{IMAPServer: *m, Prefix: prefix, Delimiter: delimiter}, nil
}

// NewUser makes a mailbox.
func (s *PlainServer) NewUser(tb testing.TB) User {
	tb.Helper()
	u := User{Username: "u" + strings.ToLower(rand.Text()[:10]), Password: rand.Text()}
	s.box.mustExec(tb, "add-user", u.Username, u.Password)
	return u
}
