// Package imapconn is Mailstamp's only IMAP client: connect, observe, fetch,
// idle. It is the only user of the IMAP client library.
//
// It owns one connection to one server for one login. It never writes to a
// mailbox: folders are opened with EXAMINE and bodies read with BODY.PEEK, and
// no other command that could change one is in the code. It never asks for
// ENVELOPE or BODYSTRUCTURE, never uses a sequence number, and never falls
// back to plaintext.
//
// Between the library and the socket sits the guard (guard.go), which reads
// every response itself. What the library understands well (greeting,
// capabilities, tagged results, continuation) it gets from the guard as
// clean short lines; what has killed it before (FETCH, SEARCH, LIST, STATUS,
// flags, response codes) and what it does not know (QRESYNC) the guard keeps and
// hands to this package. So:
//
//   - a response that cannot be understood costs its own message (an item with
//     Err set), or at worst this connection, never the process;
//   - no literal is believed before all its bytes came, its response was closed
//     and, for bodies, its length is the announced one;
//   - memory is bounded by what a caller asks for (the bounds in
//     limits.go), whatever a server announces;
//   - a silent server is an error after Limits.ResponseTimeout.
//
// A Conn is used by one goroutine at a time. Close may be called from any.
// After an error for which Broken says true, the Conn is closed and useless.
package imapconn
