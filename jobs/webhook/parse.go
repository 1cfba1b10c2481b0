package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/mailstamp/mailstamp/visibility"
)

// batch is a parsed delivery: facts for visibility.Apply, each with its place in the delivery, and requests to sync.
type batch struct {
	size             int
	facts            []visibility.Told
	at               []int // facts[i] is event at[i] of the delivery
	mailboxes, users []string
}

type envelope struct {
	Type      string          `json:"type"`
	Timestamp *string         `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// parse reads one event or an array of them. Signed is when the delivery was, for events that do not say when they
// happened.
func parse(body []byte, signed time.Time) (batch, error) {
	events, err := split(body)
	if err != nil {
		return batch{}, err
	}
	b := batch{size: len(events)}
	for i, raw := range events {
		if err := b.add(i, raw, signed); err != nil {
			return batch{}, &visibility.Invalid{Index: i, Detail: err.Error()}
		}
	}
	return b, nil
}

// split tells the events of a delivery apart, so that what is wrong with one can be said of that one.
func split(body []byte) ([]json.RawMessage, error) {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 || body[0] != '[' {
		return []json.RawMessage{body}, nil
	}
	list := json.NewDecoder(bytes.NewReader(body))
	if _, err := list.Token(); err != nil {
		return nil, &visibility.Invalid{Detail: explain(err)}
	}
	var events []json.RawMessage
	for list.More() {
		if len(events) == MaxEvents {
			return nil, ErrTooMany
		}
		var event json.RawMessage
		if err := list.Decode(&event); err != nil {
			return nil, &visibility.Invalid{Index: len(events), Detail: explain(err)}
		}
		events = append(events, event)
	}
	_, err := list.Token() // the closing bracket
	if err == nil && len(bytes.TrimSpace(body[list.InputOffset():])) > 0 {
		err = errors.New("the array is followed by something else")
	}
	if err != nil {
		return nil, &visibility.Invalid{Index: max(0, len(events)-1), Detail: explain(err)}
	}
	return events, nil
}

func (b *batch) add(index int, raw []byte, signed time.Time) error {
	if !isObject(raw) {
		return errors.New("an event must be an object with type, timestamp and data")
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return errors.New(explain(err))
	}
	if !isObject(e.Data) {
		return errors.New("data must be an object")
	}
	at := signed
	if e.Timestamp != nil {
		var err error
		if at, err = time.Parse(time.RFC3339, *e.Timestamp); err != nil {
			return errors.New("timestamp must be an RFC 3339 time")
		}
	}
	if e.Type == SyncRequested {
		return b.addSync(e.Data)
	}
	event, err := ParseEvent(e.Type, e.Data)
	if err != nil {
		return err
	}
	// The database keeps microseconds; what is compared must be what was kept.
	b.facts = append(b.facts, visibility.Told{Event: event, At: at.UTC().Truncate(time.Microsecond), By: "crm"})
	b.at = append(b.at, index)
	return nil
}

// onlyShares: the batch holds authors' words on single conversations and nothing else.
func (b batch) onlyShares() bool {
	return len(b.facts) == b.size && !slices.ContainsFunc(b.facts, func(told visibility.Told) bool {
		_, share := told.Event.(*visibility.ShareChanged)
		return !share
	})
}

// SyncRequested is the one type of event that is no fact but a request.
const SyncRequested = "sync.requested"

func (b *batch) addSync(data []byte) error {
	mailbox, user, err := parseSync(data)
	switch {
	case err != nil:
		return err
	case mailbox != "":
		b.mailboxes = append(b.mailboxes, mailbox)
	default:
		b.users = append(b.users, user)
	}
	return nil
}

// CheckSync says in a sentence what is wrong with the data of a SyncRequested.
func CheckSync(data []byte) error {
	_, _, err := parseSync(data)
	return err
}

// parseSync returns the one that is named.
func parseSync(data []byte) (mailbox, user string, err error) {
	var e struct {
		Mailbox *string `json:"mailbox"`
		User    *string `json:"user"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return "", "", errors.New(explain(err))
	}
	named := func(id *string) bool {
		return id != nil && *id != "" && utf8.RuneCountInString(*id) <= maxIDLength && !bytes.ContainsRune([]byte(*id), 0)
	}
	switch {
	case named(e.Mailbox) && e.User == nil:
		return *e.Mailbox, "", nil
	case named(e.User) && e.Mailbox == nil:
		return "", *e.User, nil
	}
	return "", "", errors.New("name either a mailbox or a user")
}

// ParseEvent reads the data of an event of that type and says in a sentence what is wrong with it.
func ParseEvent(eventType string, data []byte) (visibility.Event, error) {
	var event visibility.Event
	switch eventType {
	case "user.upserted":
		event = &visibility.UserUpserted{}
	case "user.deleted":
		event = &visibility.UserDeleted{}
	case "card.upserted":
		event = &visibility.CardUpserted{}
	case "card.deleted":
		event = &visibility.CardDeleted{}
	case "lead.converted":
		event = &visibility.LeadConverted{}
	case "contact.merged":
		event = &visibility.ContactMerged{}
	case "setting.changed":
		event = &visibility.SettingChanged{}
	case "share.changed":
		event = &visibility.ShareChanged{}
	case "blocklist.changed":
		event = &visibility.BlocklistChanged{}
	case "policy.changed":
		event = &visibility.PolicyChanged{}
	default:
		return nil, fmt.Errorf("unknown type of event %q", quote(eventType))
	}
	if err := json.Unmarshal(data, event); err != nil {
		return nil, errors.New(explain(err))
	}
	noVersion := errors.New("version must be a whole number from 1 on") // without one it is a call of the author's own
	switch e := event.(type) {
	case *visibility.ShareChanged:
		if e.Version < 1 {
			return nil, noVersion
		}
	case *visibility.SettingChanged:
		if e.Version < 1 {
			return nil, noVersion
		}
	case *visibility.BlocklistChanged:
		if err := require(data, "user", "entries"); err != nil {
			return nil, err
		}
		if e.Entries == nil { // null: what hides goes by a list that is empty on purpose
			return nil, errors.New("entries must be a list")
		}
	}
	if err := visibility.Validate(event); err != nil {
		return nil, err
	}
	return event, nil
}

// require refuses data that lacks one of the members: absent, they would read as "the account's" or "nothing".
func require(data []byte, members ...string) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return errors.New(explain(err))
	}
	for _, name := range members {
		if _, there := object[name]; !there {
			return fmt.Errorf("%s is missing", name)
		}
	}
	return nil
}

func isObject(raw []byte) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == '{'
}

// explain says what is wrong with JSON without the names of our types.
func explain(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		if wrong.Field == "" {
			return "a JSON " + wrong.Value + " does not belong here"
		}
		return fmt.Sprintf("%s cannot be a JSON %s", quote(wrong.Field), quote(wrong.Value))
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("it is not valid JSON near byte %d: %s", syntax.Offset, syntax)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it is not valid JSON: it ends too early"
	}
	return err.Error() // a sentence of visibility's own readers
}

// quote shortens foreign text.
func quote(s string) string {
	if len(s) <= maxQuote {
		return s
	}
	s = s[:maxQuote]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
