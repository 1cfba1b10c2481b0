// Package delivery reads what other systems say became of a sent message:
// bytes of a report in, evidence per recipient out (SPEC 7). It is pure.
package delivery
