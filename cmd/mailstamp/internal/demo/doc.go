// Package demo is what `make run` starts: a whole Mailstamp on one machine with sample mail, to look at and to try things
// on. It owns the sample company Northlight (three users, eleven cards, about 60 mails), its embedded mailboxes and
// PostgreSQL, and a sample CRM.
//
// Invariants:
//
//   - The worker is the real one and learns everything as from a real CRM: signed webhooks and PUT /v1/mailboxes over
//     HTTP, mail over IMAP. This package calls no function of it.
//   - What a person did in the demo outlives a restart: database, account and mailboxes (UIDVALIDITY and UIDs too) are
//     kept; the CRM's events are told again with the same versions and are stale then.
//   - Sample mail is dated back from the first start and stays the same after it.
//   - Everything listens on loopback, and nothing outlives the program.
package demo
