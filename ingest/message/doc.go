// Package message turns the bytes of one e-mail, however broken, into what
// Mailstamp stores of it. It is pure: no I/O, no clock, no database, no state.
//
// It owns reading headers, MIME structure, charsets and transfer encodings,
// the identity and thread keys of a mail, and the cleaning of foreign HTML. It
// never decides direction, matching or visibility, and it never logs.
//
// Invariants:
//
//   - One bad line, part, charset or encoding costs itself and nothing else;
//     it leaves a stable code in Problems, never content.
//   - Every string that leaves is valid UTF-8 without NUL; addresses, ids and
//     file names hold no CR, LF or other control characters (FAULTS S08).
//   - Every loop over the mail has a named bound in limits.go, and what is kept
//     under a bound depends on the mail alone.
//   - Attachments are numbered in the order of the document, the same in Parse
//     and OpenAttachment; an enclosed message is one attachment.
//   - Identity is the same for every copy of a mail: it reads no trace header,
//     no Bcc, no line ends, no trailing blanks.
//
// Where SPEC is silent: a mail over a bound of size, depth or parts is Unreadable,
// to be quarantined, and still yields what was read; a body over a bound is cut and
// noted. Of fields that must stand once the first counts. Display names are no part
// of the identity. Cleaned HTML has no style and no image source at all.
package message
