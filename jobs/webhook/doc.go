// Package webhook is the CRM's door: it verifies a delivery (Standard Webhooks), parses its events, applies them in one
// transaction together with the jobs they make necessary, and says what became of each. It knows no HTTP but headers.
//
// Invariants:
//
//   - Nothing of a delivery is read before its signature passed. An unknown account, a wrong signature and an old
//     timestamp are one error, found by the same work.
//
//   - A delivery is applied wholly or not at all. Its id is recorded in the same transaction, so a repeated one, also
//     one at the same time, changes nothing; one that failed may come again under its id.
//
//   - In the transaction come: the receipt, the leases of mailboxes to wake, then the locks of facts (visibility.Apply).
//     Ingest takes a lease before the locks of facts too, so the two never wait for each other in a circle.
//
// Decisions where the contract is silent: an event without a timestamp happened when the delivery was signed; a member
// whose absence would widen what is seen is required (blocklist.changed: user, entries); a sync asked for a mailbox
// whose login is refused waits for its new secret.
package webhook
