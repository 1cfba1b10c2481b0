// Package imapconn is Mailstamp's only IMAP client: connect, observe, fetch,
// idle. It is the only user of the IMAP client library, behind a guard.
package imapconn
