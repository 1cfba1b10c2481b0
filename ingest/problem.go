package ingest

import "github.com/mailstamp/mailstamp/ingest/imapconn"

// Problems of a mailbox beside those that imapconn.ProblemOf names. Codes are stable.
var (
	problemHeld = imapconn.Problem{
		Code: "deletions_held", Sentence: "Much mail vanished from the server at once. Nothing was removed here.",
		Hint: "Confirm by saving the mailbox again, or restore the mail on the server.",
	}
	problemFlapping = imapconn.Problem{
		Code: "folder_flapping", Sentence: "A folder changes its identity each time it is opened.",
		Hint: "Ask the mail server's operator; it is tried again in an hour.",
	}
	problemFolderRefused = imapconn.Problem{
		Code: "folder_refused", Sentence: "The mail server does not let a folder be read; the others are. Mail that vanishes from them stays meanwhile: it may be there.",
		Hint: "Ask the mail server's operator; it is tried again by itself.",
	}
	problemDeletionsWait = imapconn.Problem{
		Code: "deletions_wait", Sentence: "Mail comes to the mailbox all the time. Mail that vanished from it stays here meanwhile: it may have been moved.",
		Hint: "It is removed by itself in the first quiet moment; a smaller choice of folders is looked at faster and finds one sooner.",
	}
	problemMissing = imapconn.Problem{
		Code: "mail_missing", Sentence: "Some mail could not be fetched: the connection broke, or the server did not deliver it.",
		Hint: "It is tried again every day, and at once when the mailbox is saved again.",
	}
	problemGrant = imapconn.Problem{
		Code: "grant_refused", Sentence: "The mail provider has withdrawn the permission to read this mailbox.",
		Hint: "Reconnect the mailbox.",
	}
	problemSecret = imapconn.Problem{
		Code: "secret_unreadable", Sentence: "The stored login of this mailbox cannot be read with the present keys.",
		Hint: "Bring back the key set that it was stored with, or save the mailbox again with its password.",
	}
	problemConnections = imapconn.Problem{
		Code: "connections_used_up", Sentence: "As many connections as Mailstamp opens are open to this mail server, or of this account or login.",
		Hint: "It goes on when one ends.",
	}
	problemUnknownUser = imapconn.Problem{
		Code: "unknown_user", Sentence: "The CRM has not told yet who the mailbox's user is.",
		Hint: "Send user.upserted for the user; the sync starts by itself.",
	}
)
