// Package ingest brings mail from the users' mailboxes into the database: a supervisor takes leases of mailboxes, a loop
// for each of them connects, asks package plan what is to be done, and applies it in short transactions. It also owns
// what the CRM says of a mailbox (Mailboxes). It never decides who may see a message; stamping is its caller's (Stamper).
//
// Invariants (FAULTS I1–I5):
//
//   - Every UID that a server showed within the window has one row in the ledger, written in the transaction of the
//     message, or of the reason why there is none.
//
//   - A folder's cursor is saved only with nothing left to do in the folder, in the transaction of the last of it. So
//     whatever is interrupted is found again by comparing the ledger with the server.
//
//   - Every transaction that writes first proves the lease by its fencing token; a paused former owner writes nothing.
//
//   - One writer of an author's mail at a time (db.Tx.LockMail), so threads and copies meet in one order. The locks
//     that shares wait for (account, author) are taken last, when all rows are written.
//
//   - Nothing is deleted but what a second, exact search proved absent, after the new mail of all folders was stored and
//     none came between two looks at them, and never more at once than the brake allows without a person's word. While
//     a folder that may have got mail cannot be read, nothing is: what is missed may have been moved there.
//
// Three ways by which mail goes, beside that it vanished from the server: with its mailbox (Delete, RemoveMail), with a person
// (Erasure), and because all whom it concerns have been blocked for a grace period (Purge). The first two hide it in the
// transaction that is answered and remove it in the background; blocking hid the third.
//
// Decisions where SPEC is silent: the window starts window_months before the mailbox was first named and does not move, and
// goes by when mail arrived, as the server has it; a mailbox whose user is not known yet waits; a PUT confirms a held
// deletion; the user of a mailbox cannot change; mail of a folder that is no longer chosen stays until it vanishes from the
// server; of more than maxLive new messages of a folder the older ones are back-fill. To erase a person removes every mail
// that the person's address is on, whoever else is on it: what is left of a mail without one of its parties is no mail.
// Other people's mail that names the address in its text keeps all but the address. Mail of an erased person that comes
// later is skipped, without hashes; a later mail that only names the address in its text is not looked into.
//
// A message that breaks each connection, or that the server lists and does not deliver, is quarantined so that it stops no
// other, and asked for again every day: alone, once all else is done, and noted before, so that whatever it does it does once a
// day. As long as one is missing, the mailbox's problem says so.
//
// # Delivery reports
//
// What a report says is kept by keyed hashes, its words sealed with a key made of what it names; it is tied to mail of
// the same author, now or when that mail comes, by the strongest of these, and listed while it fits nothing:
//
//   - the Message-ID that it returns (or answers), and a recipient that this message was sent to: as the sender wrote it,
//     as the report names it, or as the address encodes it that the report was sent to (VERP);
//   - an envelope id that is the Message-ID, and such a recipient;
//   - where it names no id at all: a recipient to whom the author sent exactly one message in the week before, and that
//     message's Date to the second, its subject, or, with neither, an Arrival-Date within minutes of it. One that fits two
//     messages is tied to none, and untied again when the second comes late.
//
// So it takes a mail to the author himself to forge a report, and both a Message-ID that only those who have the mail
// know and one of its recipients (or recipient and date or subject): what the recipients themselves could say anyway.
// Nobody else's mail is ever touched. A delivery is the fold of its history (delivery_events), the same in any order:
// sent, delayed, relayed, delivered, bounced, displayed, replied, of bounces a hard one first, then the earliest. What
// systems say gives way to a bounce, a bounce to what the recipient did. An answer is stored mail of that
// recipient, not automatic, later in the thread. A complaint is of a mail that was delivered. Reports that match a card are skipped:
// nobody sees them as mail; their words are in the history, the author's alone.
package ingest
