package imapconn

import (
	"time"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// UIDRanges is a set of UIDs; see package uidset.
type UIDRanges = uidset.Set

// Role is what a folder is for.
type Role string

const (
	RoleNone    Role = ""
	RoleInbox   Role = "inbox"
	RoleSent    Role = "sent"
	RoleArchive Role = "archive"
	RoleAll     Role = "all"
	RoleDrafts  Role = "drafts"
	RoleJunk    Role = "junk"
	RoleTrash   Role = "trash"
)

// Folder is one line of the server's list with its counters.
type Folder struct {
	Name      string // exactly what Examine takes; INBOX in this spelling
	Delimiter string // "" where names are flat
	Role      Role
	// Selectable is false for pure containers and for names that the server
	// encoded wrongly: those cannot be named back to it.
	Selectable bool

	// From STATUS. UIDValidity 0 means that the server gave none: Examine
	// tells more, or why not.
	Messages      uint32
	UIDNext       uint32 // 0: not told
	UIDValidity   uint32
	HighestModSeq uint64
	HasModSeq     bool
}

// Selected is a folder as EXAMINE opened it.
type Selected struct {
	Name          string
	UIDValidity   uint32 // never 0: a folder without one is an error (F04)
	UIDNext       uint32 // 0: not told (F05)
	Messages      uint32
	HighestModSeq uint64
	NoModSeq      bool // the folder keeps no mod-sequences
}

// Changes are what a server with QRESYNC tells of a folder since some
// mod-sequence.
type Changes struct {
	Vanished UIDRanges // may name UIDs that never were, or vanished before
	Changed  UIDRanges // new, or with other flags
}

// Flags are the flags that Mailstamp looks at.
type Flags struct {
	Seen, Answered, Flagged, Deleted, Draft bool
}

// HeaderItem is one message's header and metadata. With Err set only UID is
// sure, and the message is to be quarantined for that reason.
type HeaderItem struct {
	UID          uint32
	Flags        Flags
	InternalDate time.Time // zero: not told or not a date
	Size         int64     // RFC822.SIZE, as the server claims
	ModSeq       uint64    // 0 without CONDSTORE
	RawHeader    []byte
	Err          error
}

// BodyItem is one whole message. With Err set Raw is nil.
type BodyItem struct {
	UID  uint32
	Size int64 // length of Raw, or announced length when it was too large
	Raw  []byte
	Err  error
}

// FlagItem is one message's flags.
type FlagItem struct {
	UID    uint32
	Flags  Flags
	ModSeq uint64
}
