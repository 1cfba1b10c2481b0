// Package testenv gives tests real servers: PostgreSQL, IMAP, SMTP, a CRM's
// side of the contract, the program itself. Production never imports it.
package testenv
