package delivery

import "time"

// Kind is the kind of a report.
type Kind string

// The kinds of reports.
const (
	DSN       Kind = "dsn"        // what a mail system did with it: RFC 3464 and the non-standard ones
	MDN       Kind = "mdn"        // what the recipient's program did with it: RFC 8098
	Feedback  Kind = "feedback"   // a complaint: RFC 5965
	AutoReply Kind = "auto_reply" // an automatic answer: RFC 3834; neither a read nor an answer
)

// Action is what became of the mail for one recipient.
type Action string

// The actions: RFC 3464 section 2.3.3, and those of the other kinds of report.
const (
	Failed    Action = "failed"
	Delayed   Action = "delayed"
	Delivered Action = "delivered"
	Relayed   Action = "relayed"
	Expanded  Action = "expanded"

	Displayed Action = "displayed" // MDN: shown to a person, or said to be
	Deleted   Action = "deleted"   // MDN: deleted, whether seen or not
	Processed Action = "processed" // MDN: handled without being shown
	Denied    Action = "denied"    // MDN: the recipient does not want to say

	Complained  Action = "complained"   // feedback: the recipient called it spam
	AutoReplied Action = "auto_replied" // an automatic answer came: no answer of the recipient's
)

// Report is what one report says, per recipient.
type Report struct {
	Kind Kind
	// Family names the grammar that read it: "rfc3464", "rfc8098", "exim", …
	Family string

	Reporter    string    // who reports: the MTA's or program's name, as written
	ArrivalDate time.Time // when the reporter got the mail; zero when not said

	// What ties the report to its message, strongest first (SPEC 7).
	OriginalMessageID string   // Message-ID of the returned mail, without <>
	References        []string // further ids the report itself points at, without <>
	EnvelopeID        string   // Original-Envelope-Id
	VERP              string   // the address the report was sent to, where it has the look of one that encodes a recipient
	VERPRecipient     string   // the recipient it encodes, canonical; empty where that is not certain, see Encodes

	Original   Original
	Recipients []Recipient

	// Enclosed is what the returned mail itself reported, when it was a report.
	Enclosed *Report

	// Problems are stable codes of what was odd: "truncated", "no_recipient", …
	Problems []string
}

// Original is what came back of the mail's header, as far as it did.
type Original struct {
	From    string   // canonical address
	To      []string // canonical addresses of To and Cc
	Subject string
	Date    time.Time
}

// Recipient is the evidence about one recipient.
type Recipient struct {
	Address  string // canonical; who the report is about; "" when it does not say
	Original string // canonical; as the sender wrote it, where the report says so and it differs
	Action   Action

	Status     string // enhanced status code (RFC 3463), "" when there is none
	ReplyCode  string // SMTP reply code, "" when there is none
	Diagnostic string // one line, what the system said
	RemoteMTA  string // who said it, as written

	Class Class // "" unless failed, delayed or complained
	Hard  bool  // trying again is of no use

	Automatic    bool   // MDN: sent without asking a person
	FeedbackType string // feedback: abuse, fraud, auth-failure, …

	// Passage is the text the evidence rests on, bounded.
	Passage string
}

// Class says in one word why a mail was not delivered.
type Class string

// The classes. The package comment says what they mean and what maps to them.
const (
	UnknownUser     Class = "unknown_user"
	HostUnknown     Class = "host_unknown"
	MailboxFull     Class = "mailbox_full"
	MailboxDisabled Class = "mailbox_disabled"
	Policy          Class = "policy"
	TooLarge        Class = "too_large"
	RateLimited     Class = "rate_limited"
	Unreachable     Class = "unreachable"
	System          Class = "system"
	Complaint       Class = "complaint"
	AutoAnswer      Class = "auto_reply"
	Other           Class = "other"
)
