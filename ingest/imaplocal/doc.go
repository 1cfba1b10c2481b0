// Package imaplocal is the small in-process IMAP server that the demo shows
// and the tests use where a real server is not needed.
package imaplocal
