package ingest

import (
	"testing"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// TestFirstLookIsAtAllFoldersAtOnce, in one round trip after their list, and INBOX is filled first, as it is open then.
func TestFirstLookIsAtAllFoldersAtOnce(t *testing.T) {
	t.Parallel()
	b := office(t)
	l := b.dialed("ann-box")
	defer l.disconnect()
	before := l.conn.RoundTrips()
	must(t, l.visitAll(b.ctx))
	if n := l.conn.RoundTrips() - before; n != 2 {
		t.Errorf("%d round trips", n)
	}
	if next := l.nextToFill(); next == nil || next.row.Name != "INBOX" || l.examined != "INBOX" {
		t.Errorf("%q is open, and next to be filled is %+v", l.examined, next)
	}
	must(t, passes(b.ctx, l))
	b.checkLedger("ann-box")
}

// F01: what the list of folders said of UIDVALIDITY is not what the folders say that are opened at once.
func TestF01UIDValidityChangesBeforeTheFirstLook(t *testing.T) {
	t.Parallel()
	b := office(t)
	lists := 0
	b.wrapped(wrapped{folders: func(folders []imapconn.Folder) {
		if lists++; lists == 1 {
			for i := range folders {
				folders[i].UIDValidity++
			}
		}
	}})
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if got := b.one(`select count(*) from ledger l join folders f on f.id = l.folder_id where l.uid_validity <> f.uid_validity`); got != "0" {
		t.Errorf("%s messages are of another life", got)
	}
}
