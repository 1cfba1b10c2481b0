package visibility

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

const (
	// maxIDLength of a CRM id, in characters (API.md).
	maxIDLength = 128
	// maxListLength of users, addresses or contacts in one event: a card with more is a mistake, and each entry is work
	// inside one transaction.
	maxListLength = 10_000
	// maxNameBytes of the name of a user or card.
	maxNameBytes = 1_000
)

// Event is a fact that the CRM or a user tells: one of the structs below, whose JSON is the data of the webhook event of
// the same name in API.md.
type Event interface {
	// validate says what is wrong with the event's own fields.
	validate() error
}

// Told is an event with who told it and when. At orders what an author said of a contact and of its deals; versions
// order everything else.
type Told struct {
	Event Event
	At    time.Time
	By    string // a user's CRM id, or "crm"
}

// CardRef names a card as the CRM does.
type CardRef struct {
	Kind rules.Kind `json:"kind"`
	ID   string     `json:"id"`
}

type (
	UserUpserted struct {
		ID        string   `json:"id"`
		Version   int64    `json:"version"`
		Name      string   `json:"name"`
		Addresses []string `json:"addresses"`
		Active    *bool    `json:"active"` // absent: active
	}

	UserDeleted struct {
		ID      string `json:"id"`
		Version int64  `json:"version"`
	}

	CardUpserted struct {
		Kind          rules.Kind    `json:"kind"`
		ID            string        `json:"id"`
		Version       int64         `json:"version"`
		Name          string        `json:"name"`
		Owner         *string       `json:"owner"`
		Collaborators []string      `json:"collaborators"`
		Audience      Audience      `json:"audience"`
		Addresses     []CardAddress `json:"addresses"`
		Contacts      []DealContact `json:"contacts"`
	}

	CardDeleted struct {
		Kind    rules.Kind `json:"kind"`
		ID      string     `json:"id"`
		Version int64      `json:"version"`
	}

	LeadConverted struct {
		Lead    string  `json:"lead"`
		Contact string  `json:"contact"`
		Deal    *string `json:"deal,omitempty"`
		Version int64   `json:"version"` // of the lead
	}

	ContactMerged struct {
		Winner  string   `json:"winner"`
		Losers  []string `json:"losers"`
		Version int64    `json:"version"` // of the winner
	}

	// SettingChanged changes the kinds it names; each keeps the version it was last changed at, so that two events about
	// different kinds commute (G4). Version 0 is as in ShareChanged.
	SettingChanged struct {
		User    string         `json:"user"`
		Version int64          `json:"version"`
		Lead    *rules.Setting `json:"lead,omitempty"`
		Contact *rules.Setting `json:"contact,omitempty"`
		Deal    *rules.Setting `json:"deal,omitempty"`
	}

	// ShareChanged is an author's word on one conversation. Version 0 stands for "after whatever was said before" and is
	// for calls of the author's own.
	ShareChanged struct {
		User        string  `json:"user"`
		Version     int64   `json:"version"`
		Card        CardRef `json:"card"`
		Address     string  `json:"address"`
		State       string  `json:"state"` // shared, private, none
		AlsoDeals   *bool   `json:"also_deals,omitempty"`
		AlsoContact *bool   `json:"also_contact,omitempty"`
	}

	BlocklistChanged struct {
		User    *string      `json:"user"` // null: the account's list
		Version int64        `json:"version"`
		Entries []BlockEntry `json:"entries"`
	}

	PolicyChanged struct {
		Version  int64   `json:"version"`
		Handover *string `json:"handover"` // new_owner, author
		Deletion *string `json:"deletion"` // mirror, keep
	}
)

// Audience is who can open a card besides its owner and collaborators: "everyone" or a list of users.
type Audience struct {
	Everyone bool
	Users    []string
}

func (a *Audience) UnmarshalJSON(data []byte) error {
	*a = Audience{}
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	var word string
	if json.Unmarshal(data, &word) == nil {
		if word != "everyone" {
			return errors.New(`audience must be "everyone" or a list of user ids`)
		}
		a.Everyone = true
		return nil
	}
	if json.Unmarshal(data, &a.Users) != nil {
		return errors.New(`audience must be "everyone" or a list of user ids`)
	}
	return nil
}

func (a Audience) MarshalJSON() ([]byte, error) {
	if a.Everyone {
		return []byte(`"everyone"`), nil
	}
	return json.Marshal(append([]string{}, a.Users...))
}

type CardAddress struct {
	Address string `json:"address"`
	Label   string `json:"label"`
}

type DealContact struct {
	ID      string `json:"id"`
	Primary bool   `json:"primary"`
}

// BlockEntry is "a@b", "@domain" or {"card":{"kind","id"}}.
type BlockEntry struct {
	Address string // or
	Domain  string // or
	Card    *CardRef
}

func (b *BlockEntry) UnmarshalJSON(data []byte) error {
	*b = BlockEntry{}
	var text string
	if json.Unmarshal(data, &text) == nil {
		if len(text) > 0 && text[0] == '@' {
			b.Domain = text[1:]
		} else {
			b.Address = text
		}
		return nil
	}
	var object struct {
		Card *CardRef `json:"card"`
	}
	if json.Unmarshal(data, &object) != nil || object.Card == nil {
		return errors.New(`an entry must be "a@b", "@domain" or {"card":{"kind","id"}}`)
	}
	b.Card = object.Card
	return nil
}

func (b BlockEntry) MarshalJSON() ([]byte, error) {
	switch {
	case b.Card != nil:
		return json.Marshal(map[string]*CardRef{"card": b.Card})
	case b.Domain != "":
		return json.Marshal("@" + b.Domain)
	}
	return json.Marshal(b.Address)
}

// Validate says what is wrong with an event, in a sentence for whoever sent it. It looks at the event alone: what it
// names may come later.
func Validate(e Event) error { return e.validate() }

func (e *UserUpserted) validate() error {
	return firstError(checkID("id", e.ID), checkVersion(e.Version), checkName(e.Name), checkLength("addresses", len(e.Addresses)),
		each(e.Addresses, func(a string) error { return checkAddress("addresses", a) }))
}

func (e *UserDeleted) validate() error {
	return firstError(checkID("id", e.ID), checkVersion(e.Version))
}

func (e *CardUpserted) validate() error {
	if e.Owner != nil {
		if err := checkID("owner", *e.Owner); err != nil {
			return err
		}
	}
	if e.Kind == rules.Deal && len(e.Addresses) > 0 {
		return errors.New("a deal has no addresses of its own: it has those of its contacts")
	}
	if e.Kind != rules.Deal && len(e.Contacts) > 0 {
		return fmt.Errorf("a %s has no contacts: only a deal has", e.Kind)
	}
	return firstError(checkCard(CardRef{e.Kind, e.ID}), checkVersion(e.Version), checkName(e.Name),
		checkLength("collaborators", len(e.Collaborators)), checkLength("audience", len(e.Audience.Users)),
		checkLength("addresses", len(e.Addresses)), checkLength("contacts", len(e.Contacts)),
		each(e.Collaborators, func(id string) error { return checkID("collaborators", id) }),
		each(e.Audience.Users, func(id string) error { return checkID("audience", id) }),
		each(e.Addresses, func(a CardAddress) error { return firstError(checkAddress("addresses", a.Address), checkName(a.Label)) }),
		each(e.Contacts, func(c DealContact) error { return checkID("contacts", c.ID) }))
}

func (e *CardDeleted) validate() error {
	return firstError(checkCard(CardRef{e.Kind, e.ID}), checkVersion(e.Version))
}

func (e *LeadConverted) validate() error {
	if e.Deal != nil {
		if err := checkID("deal", *e.Deal); err != nil {
			return err
		}
	}
	return firstError(checkID("lead", e.Lead), checkID("contact", e.Contact), checkVersion(e.Version))
}

func (e *ContactMerged) validate() error {
	if len(e.Losers) == 0 || slices.Contains(e.Losers, e.Winner) {
		return errors.New("losers must name at least one contact, and not the winner")
	}
	return firstError(checkID("winner", e.Winner), checkVersion(e.Version), checkLength("losers", len(e.Losers)),
		each(e.Losers, func(id string) error { return checkID("losers", id) }))
}

func (e *SettingChanged) validate() error {
	if e.Lead == nil && e.Contact == nil && e.Deal == nil {
		return errors.New("name at least one of lead, contact, deal")
	}
	for _, kind := range rules.Kinds {
		if s := e.forKind(kind); s != nil && !s.Valid() {
			return fmt.Errorf("%s must be nobody, everyone, owner_or_collaborator or owner", kind)
		}
	}
	if e.Version < 0 {
		return errors.New("version must not be negative")
	}
	return checkID("user", e.User)
}

func (e *SettingChanged) forKind(kind rules.Kind) *rules.Setting {
	switch kind {
	case rules.Lead:
		return e.Lead
	case rules.Contact:
		return e.Contact
	}
	return e.Deal
}

func (e *ShareChanged) validate() error {
	if e.State != "shared" && e.State != "private" && e.State != "none" {
		return errors.New("state must be shared, private or none")
	}
	if e.Version < 0 {
		return errors.New("version must not be negative")
	}
	return firstError(checkID("user", e.User), checkCard(e.Card), checkAddress("address", e.Address))
}

func (e *BlocklistChanged) validate() error {
	if e.User != nil {
		if err := checkID("user", *e.User); err != nil {
			return err
		}
	}
	return firstError(checkVersion(e.Version), checkLength("entries", len(e.Entries)), each(e.Entries, func(b BlockEntry) error {
		switch {
		case b.Card != nil:
			return checkCard(*b.Card)
		case b.Domain != "":
			if _, ok := address.CanonicalDomain(b.Domain); !ok {
				return errors.New("entries: an entry is not a domain")
			}
			return nil
		}
		return checkAddress("entries", b.Address)
	}))
}

func (e *PolicyChanged) validate() error {
	if e.Handover != nil && *e.Handover != "new_owner" && *e.Handover != "author" {
		return errors.New("handover must be new_owner or author")
	}
	if e.Deletion != nil && *e.Deletion != "mirror" && *e.Deletion != "keep" {
		return errors.New("deletion must be mirror or keep")
	}
	return checkVersion(e.Version)
}

func checkID(field, id string) error {
	if id == "" || utf8.RuneCountInString(id) > maxIDLength {
		return fmt.Errorf("%s must be 1 to %d characters long", field, maxIDLength)
	}
	return checkText(field, id)
}

func checkCard(c CardRef) error {
	if !c.Kind.Valid() {
		return errors.New("kind must be lead, contact or deal")
	}
	return checkID("id", c.ID)
}

func checkVersion(v int64) error {
	if v < 1 {
		return errors.New("version must be a whole number from 1 on")
	}
	return nil
}

func checkName(s string) error {
	if len(s) > maxNameBytes {
		return fmt.Errorf("a name must be at most %d bytes long", maxNameBytes)
	}
	return checkText("name", s)
}

// checkText refuses what PostgreSQL cannot hold.
func checkText(field, s string) error {
	if bytes.IndexByte([]byte(s), 0) >= 0 {
		return fmt.Errorf("%s must not contain NUL", field)
	}
	return nil
}

func checkAddress(field, s string) error {
	if _, ok := address.Canonical(s); !ok {
		return fmt.Errorf("%s: an entry is not an e-mail address", field)
	}
	return nil
}

func checkLength(field string, n int) error {
	if n > maxListLength {
		return fmt.Errorf("%s must have at most %d entries", field, maxListLength)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func each[T any](list []T, check func(T) error) error {
	for _, item := range list {
		if err := check(item); err != nil {
			return err
		}
	}
	return nil
}
