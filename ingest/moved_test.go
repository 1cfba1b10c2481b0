package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// storedMail is which messages there are, and since when.
func (b *bundle) storedMail(headerIDs ...string) string {
	b.t.Helper()
	return strings.Join(b.rows(`select header_id, id, extract(epoch from stored_at) from messages where header_id = any ($1) order by 1`, headerIDs), " ")
}

func (b *bundle) move(from string, uid uint32, to string) uint32 {
	b.t.Helper()
	uid, err := b.server.Move("ann-box", from, uid, to)
	must(b.t, err)
	return uid
}

// pass makes one pass over a connection of its own.
func (b *bundle) pass(mailbox string) {
	b.t.Helper()
	l := b.dialed(mailbox)
	defer l.disconnect()
	more, err := l.pass(b.ctx)
	must(b.t, err)
	state, problem := l.restingState()
	must(b.t, l.setState(b.ctx, state, problem))
	if more {
		b.t.Error("the pass left back-fill")
	}
}

func refusal() error {
	return &imapconn.Error{Op: "examine", Kind: imapconn.KindRefused, Detail: "NO"}
}

// TestF14MovedAgainWhileFoldersAreRead: a mail goes from folder to folder, each time after the folders are listed and before the one is
// read that it leaves, into one that stands as it was listed. So it escapes every look.
func TestF14MovedAgainWhileFoldersAreRead(t *testing.T) {
	t.Parallel()
	next := map[string]string{"INBOX": "Archive", "Archive": "Sent", "Sent": "INBOX"}
	for _, moves := range []int{1, 2, 3, maxLooks, maxLooks + 1, maxLooks + 4} {
		b := office(t)
		b.sync("ann-box")
		before := b.storedMail("1@x")
		b.append("ann-box", "INBOX", mail{id: "7@x", from: "joe@acme.example", to: "ann@firm.example", subject: "New", body: "x"})
		folder, uid, looks := "INBOX", uint32(1), 0
		b.wrapped(wrapped{folders: func([]imapconn.Folder) {
			if looks++; looks <= moves {
				uid = b.move(folder, uid, next[folder])
				folder = next[folder]
			}
		}})
		b.pass("ann-box")
		if want := min(moves+2, maxLooks+1); looks != want {
			t.Errorf("moved %d times: the folders were looked at %d times, want %d", moves, looks, want)
		}
		looks = moves
		b.sync("ann-box")
		b.checkLedger("ann-box")
		if after := b.storedMail("1@x"); after != before {
			t.Errorf("moved %d times: the message was %s, is %s", moves, before, after)
		}
		b.checkHealth("ann-box", "live", "")
	}
}

// TestF14DeletionsWaitInSight: where mail comes between any two looks, nothing is removed; since when is shown, and after a while the
// mailbox says so.
func TestF14DeletionsWaitInSight(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	must(t, b.server.Expunge("ann-box", "INBOX", 1))
	busy, came := true, 0
	b.wrapped(wrapped{folders: func([]imapconn.Folder) {
		if busy { // after the folders are listed, to one that is not read then
			came++
			b.append("ann-box", []string{"Archive", "Sent"}[came%2], mail{id: fmt.Sprintf("came%d@x", came), from: "joe@acme.example", to: "ann@firm.example", subject: "New", body: "x"})
		}
	}})
	l := b.loopOf("ann-box")
	l.s.loops[mailboxKey{b.acc.ID, l.mailboxID}] = &running{loop: l}
	metrics := prometheus.NewPedanticRegistry()
	metrics.MustRegister(l.s)
	check := func(stored bool, problem string, least, most time.Duration) {
		t.Helper()
		must(t, b.trySync(l))
		if got := b.storedMail("1@x") != ""; got != stored {
			t.Errorf("the deleted mail is stored: %v, want %v", got, stored)
		}
		b.checkHealth("ann-box", "live", problem)
		families, err := metrics.Gather()
		must(t, err)
		waits := -1.
		for _, f := range families {
			if f.GetName() == "mailstamp_deletions_wait_seconds" {
				waits = f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		if waits < least.Seconds() || waits > most.Seconds() {
			t.Errorf("deletions wait for %v s, want %s to %s", waits, least, most)
		}
	}
	check(true, "", time.Nanosecond, deletionsPatience/2)
	l.missedAt.Add(-int64(2 * deletionsPatience / time.Second))
	check(true, "deletions_wait", 2*deletionsPatience, 3*deletionsPatience)
	busy = false
	check(false, "", 0, 0)
	b.checkLedger("ann-box")
}

// TestF14TwoMailsMovedWhileFoldersAreRead, from two folders into one, and from there on.
func TestF14TwoMailsMovedWhileFoldersAreRead(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	before := b.storedMail("1@x", "2@x")
	for _, folder := range []string{"INBOX", "Sent"} { // to be read
		b.append("ann-box", folder, mail{id: folder + "@x", from: "joe@acme.example", to: "ann@firm.example", subject: "New", body: "x"})
	}
	looks, one, two := 0, uint32(1), uint32(1)
	b.wrapped(wrapped{folders: func([]imapconn.Folder) {
		switch looks++; looks {
		case 1:
			one, two = b.move("INBOX", one, "Archive"), b.move("Sent", two, "Archive")
		case 2:
			one, two = b.move("Archive", one, "Sent"), b.move("Archive", two, "INBOX")
		}
	}})
	b.pass("ann-box")
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if after := b.storedMail("1@x", "2@x"); after != before {
		t.Errorf("the messages were %s, are %s", before, after)
	}
}

// TestF14MovedOutOfAFolderMadeAnew, into one that was read before.
func TestF14MovedOutOfAFolderMadeAnew(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	before := b.storedMail("5@x")
	b.append("ann-box", "Archive", mail{id: "7@x", from: "joe@acme.example", to: "ann@firm.example", subject: "New", body: "x"})
	looks := 0
	b.wrapped(wrapped{folders: func([]imapconn.Folder) {
		if looks++; looks > 1 {
			return
		}
		b.move("Archive", 1, "INBOX")
		must(t, b.server.DeleteFolder("ann-box", "Archive"))
		must(t, b.server.CreateFolder("ann-box", "Archive"))
	}})
	b.pass("ann-box")
	b.sync("ann-box")
	b.checkLedger("ann-box")
	if after := b.storedMail("5@x"); after != before {
		t.Errorf("the message was %s, is %s", before, after)
	}
}

// TestF14F24MovedIntoAFolderThatIsNotRead: the mail stays what it is until the folder can be read. What was deleted meanwhile goes then.
func TestF14F24MovedIntoAFolderThatIsNotRead(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(b *bundle, fails *bool){
		"opening it is refused": func(b *bundle, fails *bool) {
			b.wrapped(wrapped{examine: func(sel *imapconn.Selected) error {
				if *fails && sel.Name == "Archive" {
					return refusal()
				}
				return nil
			}})
		},
		"its counters are refused too": func(b *bundle, fails *bool) {
			b.wrapped(wrapped{
				folders: func(folders []imapconn.Folder) {
					for i := range folders {
						if *fails && folders[i].Name == "Archive" {
							folders[i].UIDValidity, folders[i].UIDNext, folders[i].Messages = 0, 0, 0
						}
					}
				},
				examine: func(sel *imapconn.Selected) error {
					if *fails && sel.Name == "Archive" {
						return refusal()
					}
					return nil
				},
			})
		},
		"fetching is refused": func(b *bundle, fails *bool) {
			opened := ""
			b.faulty(faulty{
				examine: func(sel *imapconn.Selected) { opened = sel.Name },
				header: func(*imapconn.HeaderItem) (bool, error) {
					if *fails && opened == "Archive" {
						return false, refusal()
					}
					return false, nil
				},
			})
		},
		"the list is short": func(b *bundle, fails *bool) {
			opened, n := "", 0
			b.faulty(faulty{
				examine: func(sel *imapconn.Selected) { opened = sel.Name },
				uids: func(all imapconn.UIDRanges) imapconn.UIDRanges {
					if *fails && opened == "Archive" && n < 2*maxFetchTries { // both lists of so many visits
						n++
						return all.Subtract(uidset.Of(all.Max()))
					}
					return all
				},
			})
		},
		"it is not delivered": func(b *bundle, fails *bool) {
			opened, n := "", 0
			b.faulty(faulty{
				examine: func(sel *imapconn.Selected) { opened = sel.Name },
				header: func(*imapconn.HeaderItem) (bool, error) {
					if *fails && opened == "Archive" && n < 2*(maxFetchTries-1) { // asked for twice each time; once more would quarantine it
						n++
						return true, nil
					}
					return false, nil
				},
			})
		},
	} {
		for _, known := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", read before", false: ", new"}[known], func(t *testing.T) {
				t.Parallel()
				b := office(t)
				cfg := b.config("ann-box", "ann")
				cfg.Folders = []string{"INBOX", "Sent", "Archive"} // by name: the new one has no role
				_, err := b.boxes.Put(b.ctx, b.acc, "ann-box", cfg)
				must(t, err)
				if !known {
					must(t, b.server.DeleteFolder("ann-box", "Archive"))
				}
				b.sync("ann-box")
				before := b.storedMail("1@x", "2@x")
				if !known {
					must(t, b.server.CreateFolder("ann-box", "Archive"))
				}
				b.move("INBOX", 1, "Archive")
				must(t, b.server.Expunge("ann-box", "Sent", 1))
				fails := true
				fail(b, &fails)
				b.sync("ann-box")
				b.sync("ann-box")
				if strings.Contains(name, "refused") { // the others pass by themselves
					if after := b.storedMail("1@x", "2@x"); after != before {
						t.Errorf("the messages were %s, are %s", before, after)
					}
					b.checkHealth("ann-box", "live", "folder_refused")
				}
				fails = false
				b.sync("ann-box")
				b.checkLedger("ann-box")
				if after, want := b.storedMail("1@x", "2@x"), strings.Split(before, " ")[0]; after != want {
					t.Errorf("afterwards the messages are %s, want %s", after, want)
				}
				b.checkHealth("ann-box", "live", "")
				if n := b.writtenIn(func() { b.sync("ann-box") }); n != 0 {
					t.Errorf("a further sync wrote %d times", n)
				}
			})
		}
	}
}

// TestF24RefusedFolderWithoutNewMail stops no deletions elsewhere: nothing can have been moved there.
func TestF24RefusedFolderWithoutNewMail(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	b.wrapped(wrapped{examine: func(sel *imapconn.Selected) error {
		if sel.Name == "Archive" {
			return refusal()
		}
		return nil
	}})
	must(t, b.server.Expunge("ann-box", "Archive", 1)) // to be looked at
	must(t, b.server.Expunge("ann-box", "INBOX", 1))
	b.sync("ann-box")
	if got := b.storedMail("1@x"); got != "" {
		t.Errorf("the deleted mail is still there: %s", got)
	}
	if got := b.storedMail("5@x"); got == "" {
		t.Error("the mail of the refused folder is gone")
	}
	b.checkHealth("ann-box", "live", "folder_refused")
}

// TestF10F24RenamedFolderIsRefused: what was in it is neither gone nor held up for a person's word, also where another folder took
// its name. What was deleted in it meanwhile is found out once it opens.
func TestF10F24RenamedFolderIsRefused(t *testing.T) {
	t.Parallel()
	for _, replaced := range []bool{false, true} {
		b := office(t)
		b.append("ann-box", "Archive", mail{id: "9@x", from: "joe@acme.example", to: "ann@firm.example", subject: "Nine", body: "x"})
		b.sync("ann-box")
		before := b.storedMail("1@x", "2@x", "5@x", "9@x")
		must(t, b.server.RenameFolder("ann-box", "Archive", "Older")) // its SPECIAL-USE goes with it
		if replaced {
			must(t, b.server.CreateFolder("ann-box", "Archive"))
		}
		must(t, b.server.Expunge("ann-box", "Older", 2))
		refuses := true
		b.wrapped(wrapped{examine: func(sel *imapconn.Selected) error {
			if refuses && sel.Name == "Older" {
				return refusal()
			}
			return nil
		}})
		for range 2 {
			b.sync("ann-box")
			if after := b.storedMail("1@x", "2@x", "5@x", "9@x"); after != before {
				t.Errorf("replaced %v: while refused the messages are %s, were %s", replaced, after, before)
			}
			b.checkHealth("ann-box", "live", "folder_refused")
		}
		refuses = false
		b.sync("ann-box")
		if !replaced { // a folder is gone, and a mail with it
			b.checkHealth("ann-box", "held", "deletions_held")
			b.put("ann-box", "ann")
			b.sync("ann-box")
		}
		b.checkLedger("ann-box")
		if after := b.storedMail("1@x", "2@x", "5@x", "9@x"); !strings.HasPrefix(before, after) || strings.Contains(after, "9@x") {
			t.Errorf("replaced %v: afterwards the messages are %s, were %s", replaced, after, before)
		}
		b.checkHealth("ann-box", "live", "")
	}
}

// TestF15ListLackedWhatIsThere: a list that lacked what a second question found may have lacked new mail too. The folder is looked
// at again in the same session, and its cursor follows.
func TestF15ListLackedWhatIsThere(t *testing.T) {
	t.Parallel()
	b := office(t)
	b.sync("ann-box")
	before := b.storedMail("1@x")
	b.append("ann-box", "INBOX", mail{id: "7@x", from: "joe@acme.example", to: "ann@firm.example", subject: "New", body: "x"})
	opened, short := "", true
	dial := func(ctx context.Context, cfg imapconn.Config) (conn, error) {
		c, err := dialIMAP(ctx, cfg)
		// It counts two less than there are, all the time.
		return &wrapped{conn: c, folders: func(folders []imapconn.Folder) {
			for i := range folders {
				if folders[i].Name == "INBOX" {
					folders[i].Messages -= 2
				}
			}
		}, examine: func(sel *imapconn.Selected) error {
			if opened = sel.Name; opened == "INBOX" {
				sel.Messages -= 2
			}
			return nil
		}}, err
	}
	b.opts.dial = func(ctx context.Context, cfg imapconn.Config) (conn, error) {
		c, err := dial(ctx, cfg)
		return &faulty{conn: c, uids: func(all imapconn.UIDRanges) imapconn.UIDRanges {
			if short && opened == "INBOX" {
				return all.Subtract(uidset.Of(1, 4))
			}
			return all
		}}, err
	}
	l := b.dialed("ann-box")
	defer l.disconnect()
	must(t, passes(b.ctx, l))
	short = false
	must(t, passes(b.ctx, l))
	b.checkLedger("ann-box")
	if after := b.storedMail("1@x"); after != before {
		t.Errorf("the message was %s, is %s", before, after)
	}
	if got := b.one(`select uid_next from folders where name = 'INBOX'`); got != "5" {
		t.Errorf("the cursor is at %s, want 5", got)
	}
}
