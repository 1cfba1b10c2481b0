package feed

import (
	"encoding/json"
	"time"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Person is one side of a mail, as written on it.
type Person struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// Item is a message as a viewer sees it on a card. What is the author's alone is absent for others.
type Item struct {
	Message     string             `json:"message"`
	Thread      string             `json:"thread"`
	Card        visibility.CardRef `json:"card"`
	Author      string             `json:"author"`
	SharedBy    []string           `json:"shared_by"`
	Direction   string             `json:"direction"`
	Date        time.Time          `json:"date"`
	From        *Person            `json:"from"`
	To          []Person           `json:"to"`
	Cc          []Person           `json:"cc"`
	Bcc         []Person           `json:"bcc,omitzero"` // nil: not the viewer's to know
	Subject     string             `json:"subject"`
	Preview     string             `json:"preview"`
	Attachments []Attachment       `json:"attachments"`
	Padlock     string             `json:"padlock"` // open, closed
	Delivery    *Delivery          `json:"delivery"`
	Seen        *bool              `json:"seen,omitempty"`
	Actions     []string           `json:"actions"`
}

// Attachment describes an attachment.
type Attachment struct {
	N    int    `json:"n"`
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

// Delivery is what became of a sent message: the worst of its recipients.
type Delivery struct {
	Status     string         `json:"status"`
	Counts     map[string]int `json:"counts"` // of recipients, by status
	Recipients []Recipient    `json:"recipients"`
}

// Recipient is what became of a message at one of its recipients.
type Recipient struct {
	Address string    `json:"address"`
	Status  string    `json:"status"`
	Class   *string   `json:"class"`
	Code    *string   `json:"code"`
	Hard    bool      `json:"hard"` // bounced for good: trying again is of no use
	At      time.Time `json:"at"`
}

// FullItem is an item with its bodies. HTML is clean.
type FullItem struct {
	Item
	HTML    string          `json:"html"`
	Text    string          `json:"text"`
	History []DeliveryEvent `json:"history,omitzero"` // of an outbound message
}

// ThreadSummary is a thread in the list of a card.
type ThreadSummary struct {
	Thread          string         `json:"thread"`
	Author          string         `json:"author"`
	Subject         string         `json:"subject"`
	Date            time.Time      `json:"date"`
	Visibility      string         `json:"visibility"` // all, some, none
	Messages        int64          `json:"messages"`
	VisibleMessages int64          `json:"visible_messages"`
	Delivery        *string        `json:"delivery"`        // of the newest outbound message
	DeliveryCounts  map[string]int `json:"delivery_counts"` // of its recipients, by status
	Stamps          []Stamp        `json:"stamps"`
}

// Stamp is the verdict on a conversation.
type Stamp struct {
	Author  string       `json:"author"`
	Address string       `json:"address"`
	Visible bool         `json:"visible"`
	Reason  rules.Reason `json:"reason"`
}

// Thread is a thread with those of its messages that the viewer sees, newest first.
type Thread struct {
	Thread   string    `json:"thread"`
	Author   string    `json:"author"`
	Subject  string    `json:"subject"`
	Date     time.Time `json:"date"`
	Messages []Item    `json:"messages"`
	Next     *string   `json:"next"`
}

// Conversation is one line of the share dialog.
type Conversation struct {
	Stamp
	Share string    `json:"share"` // shared, private, none
	Since time.Time `json:"since"`
}

// Conversations of a card: the viewer's own, and those of others that are visible. Summary is over the own.
type Conversations struct {
	Items   []Conversation `json:"items"`
	Summary string         `json:"summary"` // none, some, all
}

// Settings of a user, by kind of card.
type Settings struct {
	Lead    rules.Setting `json:"lead"`
	Contact rules.Setting `json:"contact"`
	Deal    rules.Setting `json:"deal"`
}

// AuditEntry is a line of the trail.
type AuditEntry struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Act     string          `json:"act"`
	Subject json.RawMessage `json:"subject"`
	Effect  json.RawMessage `json:"effect"`
}

// CardSummary names a card that the viewer can open.
type CardSummary struct {
	visibility.CardRef
	Name string `json:"name"`
}

// User is somebody who uses the CRM.
type User struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Page is a part of a list. Next leads on; nil at the end.
type Page[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

// Cut says which part of a list is wanted. The zero value is the first DefaultLimit.
type Cut struct {
	Limit  int // 0: DefaultLimit; at most MaxLimit
	Cursor string
}
