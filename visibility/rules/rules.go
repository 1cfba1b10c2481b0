// Package rules decides whether one conversation is visible to those who can open its card: SPEC 3.1 and nothing else.
// It is pure: facts in, verdict out; no I/O, no clock, no memory.
//
// Decisions where SPEC is silent:
//
//   - R5 also applies when the former owner's card has no owner at all now: "no active owner → hidden" covers it, and
//     hidden is the safe reading.
//   - A value this package does not know (of a setting, a share, a kind) hides.
package rules

// Kind is a kind of card.
type Kind string

const (
	Lead    Kind = "lead"
	Contact Kind = "contact"
	Deal    Kind = "deal"
)

// Kinds are all kinds of card.
var Kinds = [...]Kind{Lead, Contact, Deal}

// Valid reports whether k is one of Kinds.
func (k Kind) Valid() bool { return k == Lead || k == Contact || k == Deal }

// Setting is an author's default for a kind of card.
type Setting string

const (
	Nobody              Setting = "nobody"
	Owner               Setting = "owner"
	OwnerOrCollaborator Setting = "owner_or_collaborator"
	Everyone            Setting = "everyone"
)

// Valid reports whether s is one of the four settings.
func (s Setting) Valid() bool { return s.width() >= 0 }

// Narrower reports whether s shows less than other on some card, and never more. The four settings are totally ordered:
// each rule that reads them (R4, R5, R6) shows under a wider one whatever it shows under a narrower one.
func (s Setting) Narrower(other Setting) bool { return s.width() < other.width() }

// Decides reports whether s decides alone (R4) where the author said nothing of a conversation, whoever owns the card.
func (s Setting) Decides() bool { return s == Everyone || s == Nobody || !s.Valid() }

func (s Setting) width() int {
	switch s {
	case Nobody:
		return 0
	case Owner:
		return 1
	case OwnerOrCollaborator:
		return 2
	case Everyone:
		return 3
	}
	return -1
}

// Share is an author's own choice for a conversation; empty when there is none.
type Share string

const (
	NoShare Share = ""
	Shared  Share = "shared"
	Private Share = "private"
)

// Handover is the account's policy for the cards of a former owner (R5).
type Handover string

const (
	HandoverToNewOwner Handover = "new_owner"
	HandoverToAuthor   Handover = "author"
)

// Facts are all that the verdict on a conversation (author, card, address) depends on.
type Facts struct {
	OnCard  bool // the address is one of the card's
	Blocked bool // for the author: by a block list, or because it is a user's own

	Share           Share // of the author, on this card, for this address
	SharedOnContact bool  // the card is a deal, and the author shares the address on a contact of it that has the address

	Setting   Setting  // of the author, for the card's kind
	Handover  Handover // the account's policy
	WasOwner  bool     // the author owned the card before
	IsOwner   bool     // the author owns it now
	IsCollab  bool     // the author collaborates on it now
	NewOwner  bool     // the card has an active owner now
	NewOwners Setting  // that owner's setting for the card's kind
}

// Reason is a rule's stable code (SPEC 3.1), or NotOnCard where there is no conversation to rule on.
type Reason string

const (
	NotOnCard       Reason = "not_on_card"
	Blocked         Reason = "blocked"
	IsShared        Reason = "shared"
	IsPrivate       Reason = "private"
	SharedOnContact Reason = "shared_on_contact"
	SettingEveryone Reason = "setting_everyone"
	SettingNobody   Reason = "setting_nobody"
	HandoverVisible Reason = "handover_visible"
	HandoverHidden  Reason = "handover_hidden"
	IsTheOwner      Reason = "owner"
	Collaborates    Reason = "collaborator"
	NotOwner        Reason = "not_owner"
)

// Verdict is the answer for everybody but the author.
type Verdict struct {
	Visible bool
	Reason  Reason
}

// Decide applies R1–R7; the first that fits rules.
func Decide(f Facts) Verdict {
	switch {
	case !f.OnCard:
		return Verdict{false, NotOnCard}

	case f.Blocked: // R1
		return Verdict{false, Blocked}

	case f.Share == Shared: // R2
		return Verdict{true, IsShared}
	case f.Share != NoShare:
		return Verdict{false, IsPrivate}

	case f.SharedOnContact: // R3
		return Verdict{true, SharedOnContact}

	case f.Setting == Everyone: // R4
		return Verdict{true, SettingEveryone}
	case f.Setting == Nobody || !f.Setting.Valid():
		return Verdict{false, SettingNobody}

	case f.WasOwner && !f.IsOwner && f.Handover != HandoverToAuthor: // R5
		if f.NewOwner && f.NewOwners.Valid() && f.NewOwners != Nobody {
			return Verdict{true, HandoverVisible}
		}
		return Verdict{false, HandoverHidden}

	case f.IsOwner: // R6
		return Verdict{true, IsTheOwner}
	case f.Setting == OwnerOrCollaborator && f.IsCollab:
		return Verdict{true, Collaborates}
	}
	return Verdict{false, NotOwner} // R7
}

// Rule names the rule of SPEC 3.1 that a reason stands for; empty for an unknown reason.
func (r Reason) Rule() string {
	switch r {
	case Blocked, NotOnCard:
		return "R1"
	case IsShared, IsPrivate:
		return "R2"
	case SharedOnContact:
		return "R3"
	case SettingEveryone, SettingNobody:
		return "R4"
	case HandoverVisible, HandoverHidden:
		return "R5"
	case IsTheOwner, Collaborates:
		return "R6"
	case NotOwner:
		return "R7"
	}
	return ""
}
