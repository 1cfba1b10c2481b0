// Package plan decides what to do next in a mailbox. It is pure: what we hold and what the server shows go in, what to
// fetch, to compare and to give up comes out. It does no I/O and reads no clock.
//
// Full and incremental syncs are one: the ledger is compared with the server's own list (Visit); a saved cursor only
// says when that is not needed (Unchanged).
package plan
