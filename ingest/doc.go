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
//   - Nothing is deleted but what a second, exact search proved absent, after the new mail of all folders was stored,
//     and never more at once than the brake allows without a person's word.
//
// Decisions where SPEC is silent: the window starts window_months before the mailbox was first named and does not move;
// a mailbox whose user is not known yet waits; a PUT confirms a held deletion; the user of a mailbox cannot change;
// mail of a folder that is no longer chosen stays until it vanishes from the server.
package ingest
