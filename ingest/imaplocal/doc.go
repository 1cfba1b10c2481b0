// Package imaplocal is the small in-process IMAP server that the demo shows
// and that tests use where a real server is not needed.
//
// It wraps the library's memory server, which has IDLE, ESEARCH, LIST-STATUS
// and MOVE, but no CONDSTORE, no ID and no SPECIAL-USE; the last is added here.
// What depends on mod-sequences needs a real Dovecot. IDLE and EXAMINE are
// wrapped as well: the library loses changes from just before an IDLE, and lets
// an examined folder be changed.
//
// UIDVALIDITY and UIDs are stable: folders get UIDVALIDITY 1, 2, 3 … in the
// order of their making, messages get UIDs in the order of their arrival, and
// with Options.Dir both outlive the process, gaps of expunged messages
// included. The directory holds for each user a state.json and one .eml file
// for each message; it is written after each change, whoever made it.
//
// It never listens beyond loopback and never sends mail.
package imaplocal
