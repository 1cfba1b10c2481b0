package message

import (
	"io"
	"time"
)

// Address is a display name and an address as written, both decoded and
// cleaned. Compare addresses only in the form that CanonicalAddress gives.
type Address struct {
	Name    string
	Address string
}

// Header is what Mailstamp uses of a mail's header.
type Header struct {
	MessageID  string    // without <>; empty when absent or unusable
	InReplyTo  []string  // ids without <>
	References []string  // ids without <>, oldest first
	Date       time.Time // zero when absent or unparsable

	From, Sender, ReplyTo, To, Cc, Bcc []Address

	Subject string // decoded, one line

	ContentType       string            // media type, lower case; "text/plain" when absent
	ContentTypeParams map[string]string // keys in lower case, values decoded

	AutoSubmitted     string   // RFC 3834 keyword in lower case, e.g. "auto-replied"
	AutoReply         bool     // AutoSubmitted or an older sign says: an automatic answer
	Precedence        string   // lower case, e.g. "bulk"
	ListID            string   // RFC 2919 id without <>
	ReturnPath        string   // address without <>; empty also when null
	NullReturnPath    bool     // Return-Path: <> – a report or an automatic answer
	XFailedRecipients []string // addresses that exim and others name in a bounce

	// ThreadID is MessageID, or one made of the header's digest when there is none.
	ThreadID string

	Problems []string // stable codes, sorted as found, without repetition

	rawDate string // Date as written, when it cannot be read: part of the identity
}

// Message is what Mailstamp stores of a mail.
type Message struct {
	Header      Header
	Text        string // plain text, bounded
	HTML        string // as sent: clean it with SanitizeHTML before anybody sees it
	Preview     string // at most PreviewRunes of what the sender wrote, one line
	Attachments []Attachment
	Problems    []string // of header and body
}

// Attachment describes a part that is not a body.
type Attachment struct {
	N         int    // counted from 1 in the order of the document
	Name      string // safe file name, never empty
	Type      string // media type, lower case
	Size      int64  // decoded bytes
	Inline    bool
	ContentID string // without <>
}

// Unreadable says that a mail must be quarantined, and why (FAULTS F34, S06).
type Unreadable struct {
	Reason string // one of the Reason codes
}

func (e *Unreadable) Error() string { return "unreadable message: " + e.Reason }

// Reasons of Unreadable.
const (
	ReasonEmpty        = "empty"
	ReasonNoHeader     = "no_header"
	ReasonTooLarge     = "too_large"
	ReasonHeaderBytes  = "header_too_large"
	ReasonTooDeep      = "too_deep"
	ReasonTooManyParts = "too_many_parts"
)

// ParseHeader reads a header: the bytes up to the first empty line of raw. It
// never fails; what cannot be read is left out and leaves a problem.
func ParseHeader(raw []byte) Header { return Header{} }

// Parse reads a whole mail. With an error of type *Unreadable the mail is to be
// quarantined; the message then still holds what was read before the bound.
func Parse(raw []byte, limits Limits) (Message, error) { return Message{}, nil }

// OpenAttachment returns the n-th attachment of a mail and its decoded bytes.
// ErrNoAttachment when there is none of that number.
func OpenAttachment(raw []byte, n int) (Attachment, io.Reader, error) {
	return Attachment{}, nil, ErrNoAttachment
}

// Identity is what makes two copies one mail (SPEC 5): a digest over the header
// fields that every copy has, and the body. h is the parsed header of raw.
func Identity(h Header, raw []byte) [32]byte { return [32]byte{} }

// HeaderDigest is SHA-256 over the header of raw as it is, but for line ends.
// It tells the same copy again without its body; the body may follow in raw.
func HeaderDigest(raw []byte) [32]byte { return [32]byte{} }

// ThreadIDs are the ids that tie a mail to its thread: its own first, then
// References and In-Reply-To, without repetition.
func ThreadIDs(h Header) []string { return nil }

// BaseSubject strips reply and forward prefixes and list tags off a subject and
// folds case and blanks; reply tells whether a reply prefix was there.
func BaseSubject(subject string) (base string, reply bool) { return "", false }

// EffectiveDate is where a mail stands in time: its Date where that is sane, else
// the time the server received it (FAULTS F35, F37).
func EffectiveDate(h Header, internal time.Time) time.Time { return internal }

// CanonicalAddress is the form in which addresses are compared (SPEC 4).
func CanonicalAddress(s string) (string, bool) { return "", false }

// SanitizeHTML makes foreign HTML safe to show: no script, no form, nothing that
// loads from elsewhere (FAULTS S05).
func SanitizeHTML(html string) string { return "" }
