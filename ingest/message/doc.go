// Package message turns the bytes of one e-mail, however broken, into what
// Mailstamp stores of it. It is pure: no I/O, no clock, no database.
package message
