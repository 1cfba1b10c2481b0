package plan

// Disposition of a UID in the ledger.
type Disposition string

const (
	Stored      Disposition = "stored"
	Indexed     Disposition = "indexed"     // matches no card: hashes only
	Internal    Disposition = "internal"    // among users of the account only
	Blocked     Disposition = "blocked"     // all that match are blocked
	Skipped     Disposition = "skipped"     // not mail of anybody's, for a reason
	Quarantined Disposition = "quarantined" // cannot be read
	Expunged    Disposition = "expunged"    // was on the server
)

// Facts are what is known of an address, as seen by the author.
type Facts struct {
	Own     bool // the author's own
	OfUser  bool // of a user of the account, the author's own included
	OnCard  bool
	Blocked bool
}

// Parties are the addresses on a mail, canonical.
type Parties struct {
	From, To, Cc, Bcc []string
}

// Verdict is what a mail is.
type Verdict struct {
	Disposition Disposition
	Outbound    bool
	Addresses   []string // exchanged with: From, To, Cc, and Bcc in the author's own copy; each once, in this order
}

// Classify decides direction and disposition (SPEC 4). Nothing but From, To, Cc and Bcc is ever looked at.
func Classify(p Parties, facts func(address string) Facts) Verdict {
	var v Verdict
	for _, a := range p.From {
		v.Outbound = v.Outbound || facts(a).Own
	}
	lists := [][]string{p.From, p.To, p.Cc}
	if v.Outbound {
		lists = append(lists, p.Bcc)
	}
	seen := map[string]bool{}
	outsiders, matched, blocked := 0, false, false
	for _, list := range lists {
		for _, a := range list {
			if seen[a] {
				continue
			}
			seen[a] = true
			v.Addresses = append(v.Addresses, a)
			f := facts(a)
			if f.Own {
				continue
			}
			switch {
			case f.OfUser:
				continue
			case f.OnCard && f.Blocked:
				blocked = true
			case f.OnCard:
				matched = true
			}
			outsiders++
		}
	}
	switch {
	case len(v.Addresses) == 0:
		v.Disposition = Indexed
	case outsiders == 0:
		v.Disposition = Internal
	case matched:
		v.Disposition = Stored
	case blocked:
		v.Disposition = Blocked
	default:
		v.Disposition = Indexed
	}
	return v
}
