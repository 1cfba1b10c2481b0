package visibility

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Status is what became of an event.
type Status string

const (
	Applied Status = "applied"
	Stale   Status = "stale" // a newer version of the entity is known
)

// Work is re-stamping left to a job: of what depends on a user's setting for a kind, or of a card's conversations.
type Work struct {
	UserID int64      `json:"user_id,omitempty"`
	Kind   rules.Kind `json:"kind,omitempty"`
	CardID int64      `json:"card_id,omitempty"`
}

// Outcome of Apply.
type Outcome struct {
	Statuses []Status // one per event
	Work     []Work   // to be queued in the same transaction
}

// Invalid: event Index of a batch cannot be applied, for the reason in Detail.
type Invalid struct {
	Index  int
	Detail string
}

func (e *Invalid) Error() string { return fmt.Sprintf("event %d: %s", e.Index, e.Detail) }

// ChoiceRequired: event Index unshares what Cards show too, and does not say what shall become of them (SPEC 3.2).
type ChoiceRequired struct {
	Index int
	Cards []CardRef
}

func (e *ChoiceRequired) Error() string {
	return fmt.Sprintf("event %d: say whether %d more cards shall hide it too", e.Index, len(e.Cards))
}

var (
	// ErrNotFound: it does not exist, or the viewer may not see it; the two are never told apart.
	ErrNotFound = errors.New("not found")
	// ErrCannotShare: the author's own call names an address that is not on the card, or is blocked (SPEC 3.2, R1).
	ErrCannotShare = errors.New("only addresses on the card that are not blocked can be shared")
)

// Apply applies events in order, in one transaction that it shares with its caller: on an error nothing of it may be
// committed. It takes the locks, so nothing else in tx may have locked what others wait for.
func Apply(ctx context.Context, tx *db.Tx, acc *db.Account, events []Told) (Outcome, error) {
	for i, told := range events {
		if err := told.Event.validate(); err != nil {
			return Outcome{}, &Invalid{i, err.Error()}
		}
	}
	c := &change{Tx: tx, acc: acc, spokenOf: map[CardRef]queries.Card{}, cards: map[int64]bool{}, addresses: map[int64]bool{}, work: map[Work]bool{}}
	if err := c.intern(ctx, events); err != nil {
		return Outcome{}, err
	}
	if err := c.lock(ctx, events); err != nil {
		return Outcome{}, err
	}
	var out Outcome
	for i, told := range events {
		status, err := c.apply(ctx, told)
		var choice *ChoiceRequired
		if errors.As(err, &choice) {
			choice.Index = i
		}
		if err != nil {
			return Outcome{}, err
		}
		out.Statuses = append(out.Statuses, status)
	}
	if err := c.flush(ctx); err != nil {
		return Outcome{}, err
	}
	if err := c.writeAudit(ctx); err != nil {
		return Outcome{}, err
	}
	out.Work = slices.Collect(maps.Keys(c.work))
	return out, nil
}

// change is one transaction's worth of events being applied.
type change struct {
	*db.Tx
	acc *db.Account
	ids map[string]int64 // of every address in the events, by its canonical form

	// Who speaks of which cards, where no event changes any: read once, under the account's lock, which keeps them as they are.
	speakers map[string]queries.User
	spokenOf map[CardRef]queries.Card

	// What the events so far have touched, to be linked and stamped by flush.
	cards     map[int64]bool // their links or owner changed
	addresses map[int64]bool // who is blocked changed

	work  map[Work]bool
	audit []db.AuditEntry
	count stampTally // of all that was stamped
}

// intern gives every address of the events its id, before any lock (db.Tx.Intern).
func (c *change) intern(ctx context.Context, events []Told) (err error) {
	var all []string
	for _, told := range events {
		switch e := told.Event.(type) {
		case *UserUpserted:
			all = append(all, e.Addresses...)
		case *CardUpserted:
			for _, a := range e.Addresses {
				all = append(all, a.Address)
			}
		case *ShareChanged:
			all = append(all, e.Address)
		}
	}
	for i, a := range all {
		all[i], _ = address.Canonical(a)
	}
	c.ids, err = c.Intern(ctx, c.acc, all)
	return err
}

// addressID is the id of an address of one of the events; 0 for an erased person's, which belongs to nobody any more.
func (c *change) addressID(text string) int64 {
	canonical, _ := address.Canonical(text)
	return c.ids[canonical]
}

// lock takes what the events need: the whole account when one of them changes links, else their authors and the owners
// on whose settings those authors' stamps may rest.
func (c *change) lock(ctx context.Context, events []Told) error {
	var authors []string
	for _, told := range events {
		switch e := told.Event.(type) {
		case *SettingChanged:
			authors = append(authors, e.User)
		case *ShareChanged:
			authors = append(authors, e.User)
		default:
			return c.LockAccount(ctx, db.Exclusive)
		}
	}
	if err := c.LockAccount(ctx, db.Shared); err != nil {
		return err
	}
	users, err := c.users(ctx, authors)
	if err != nil {
		return err
	}
	c.speakers = users
	var owners []int64
	for _, told := range events {
		if e, ok := told.Event.(*ShareChanged); ok {
			more, err := c.ownersBehindShare(ctx, users[e.User].ID, e.Card)
			if err != nil {
				return err
			}
			owners = append(owners, more...)
		}
	}
	ids := make([]int64, 0, len(users))
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	return c.LockAuthors(ctx, ids, owners)
}

func (c *change) apply(ctx context.Context, told Told) (Status, error) {
	switch e := told.Event.(type) {
	case *UserUpserted:
		return c.userUpserted(ctx, told, e)
	case *UserDeleted:
		return c.userDeleted(ctx, told, e)
	case *CardUpserted:
		return c.cardUpserted(ctx, told, e)
	case *CardDeleted:
		return c.cardDeleted(ctx, told, e)
	case *LeadConverted:
		return c.leadConverted(ctx, told, e)
	case *ContactMerged:
		return c.contactMerged(ctx, told, e)
	case *SettingChanged:
		return c.settingChanged(ctx, told, e)
	case *ShareChanged:
		return c.shareChanged(ctx, told, e)
	case *BlocklistChanged:
		return c.blocklistChanged(ctx, told, e)
	case *PolicyChanged:
		return c.policyChanged(ctx, told, e)
	}
	return "", fmt.Errorf("no such event: %T", told.Event)
}

// flush brings conversations and stamps up to date with the links as they are now. Under the account's exclusive lock
// nobody else writes any.
func (c *change) flush(ctx context.Context) error {
	if len(c.cards) > 0 {
		cards := slices.Sorted(maps.Keys(c.cards))
		clear(c.cards)
		// Whether a share carried over from a card is held depends on that card's audience.
		carried, err := c.CardsCarriedTo(ctx, queries.CardsCarriedToParams{AccountID: c.AccountID, FromIds: cards})
		if err != nil {
			return fmt.Errorf("find shares carried over from the cards: %w", err)
		}
		cards = append(cards, carried...)
		// What happens to a contact happens to its deals (R3, and their addresses are its own).
		deals, err := c.DealsOfContacts(ctx, queries.DealsOfContactsParams{AccountID: c.AccountID, ContactIds: cards})
		if err != nil {
			return fmt.Errorf("find the contacts' deals: %w", err)
		}
		cards = append(cards, deals...)
		// A card on a block list blocks its addresses wherever they are.
		listed, err := c.CardBlockEntries(ctx, queries.CardBlockEntriesParams{AccountID: c.AccountID, CardIds: cards})
		if err != nil {
			return fmt.Errorf("find block lists that name the cards: %w", err)
		}
		if len(listed) > 0 {
			if err := c.touchAddressesOf(ctx, listed); err != nil {
				return err
			}
		}
		if err := c.linkCards(ctx, cards); err != nil {
			return err
		}
	}
	if len(c.addresses) > 0 {
		addresses := slices.Sorted(maps.Keys(c.addresses))
		clear(c.addresses)
		if err := c.relinkAddresses(ctx, addresses); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) linkCards(ctx context.Context, cards []int64) error {
	if err := c.LinkCards(ctx, queries.LinkCardsParams{AccountID: c.AccountID, CardIds: cards}); err != nil {
		return fmt.Errorf("link conversations: %w", err)
	}
	if err := c.RelinkCards(ctx, queries.RelinkCardsParams{AccountID: c.AccountID, CardIds: cards}); err != nil {
		return fmt.Errorf("relink conversations: %w", err)
	}
	if err := c.LiftEarlierPrivates(ctx, queries.LiftEarlierPrivatesParams{AccountID: c.AccountID, CardIds: cards}); err != nil {
		return fmt.Errorf("lift what was said before: %w", err)
	}
	if err := c.RaiseCards(ctx, queries.RaiseCardsParams{AccountID: c.AccountID, Ids: cards, Restamped: true}); err != nil {
		return fmt.Errorf("raise the cards' fences: %w", err)
	}
	facts, err := c.FactsOfCards(ctx, queries.FactsOfCardsParams{AccountID: c.AccountID, CardIds: cards})
	if err != nil {
		return fmt.Errorf("read facts: %w", err)
	}
	if err := c.stamp(ctx, facts); err != nil {
		return err
	}
	return c.wantMail(ctx, cards)
}

func (c *change) relinkAddresses(ctx context.Context, addresses []int64) error {
	rows, err := c.RelinkAddresses(ctx, queries.RelinkAddressesParams{AccountID: c.AccountID, AddressIds: addresses})
	if err != nil {
		return fmt.Errorf("relink conversations: %w", err)
	}
	keys := make([]conversationKey, len(rows))
	for i, r := range rows {
		keys[i] = conversationKey{r.AuthorID, r.CardID, r.AddressID}
	}
	if err := c.stampKeys(ctx, keys); err != nil {
		return err
	}
	if err := c.NoteBlocked(ctx, queries.NoteBlockedParams{AccountID: c.AccountID, AddressIds: addresses}); err != nil {
		return fmt.Errorf("note since when addresses are blocked: %w", err)
	}
	// Unblocking brings mail back that was not stored, or was purged.
	cards, err := c.CardsWithAddresses(ctx, queries.CardsWithAddressesParams{AccountID: c.AccountID, AddressIds: addresses})
	if err != nil {
		return fmt.Errorf("find cards by address: %w", err)
	}
	return c.wantMail(ctx, cards)
}

// wantMail asks for mail that was not stored and matches one of the cards now.
func (c *change) wantMail(ctx context.Context, cards []int64) error {
	mailboxes, err := c.WantMail(ctx, queries.WantMailParams{AccountID: c.AccountID, CardIds: cards})
	if err != nil {
		return fmt.Errorf("ask for mail that matches now: %w", err)
	}
	for _, mailbox := range mailboxes {
		if err := c.WakeMailbox(ctx, queries.WakeMailboxParams{AccountID: c.AccountID, MailboxID: mailbox}); err != nil {
			return fmt.Errorf("wake a mailbox: %w", err)
		}
	}
	return nil
}

// note adds an entry to the trail. subject names things by their CRM ids and addresses by our own, so that an erased
// person leaves no address in it.
func (c *change) note(told Told, act string, subject any) {
	c.audit = append(c.audit, db.AuditEntry{Actor: told.By, Act: act, Subject: subject})
}

// writeAudit appends the entries with what the transaction did to stamps; entries of one batch share that effect.
func (c *change) writeAudit(ctx context.Context) error {
	effect := map[string]int{"events": len(c.audit), "shown": c.count.shown, "hidden": c.count.hidden}
	for i := range c.audit {
		c.audit[i].Effect = effect
	}
	return c.AppendAudit(ctx, c.audit...)
}
