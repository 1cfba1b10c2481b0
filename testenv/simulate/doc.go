// Package simulate is the whole system under faults: PostgreSQL, an IMAP
// server, two workers with all their parts, and a CRM, driven by a seeded
// random script (make simulate SEED= STEPS=). It is tests only.
//
// The script delivers, answers, copies, moves, deletes and reads mail, starts
// folders anew and renames them, tells cards, shares, settings and block lists,
// kills workers (with nothing given back), pauses them until others have their
// mailboxes, delays and loses commits and answers to commits, cuts and freezes
// connections, takes servers away, and steps the database's clock. The CRM takes
// events, or refuses them, hangs, is away, or takes them and its answer is lost.
// The simulation holds the truth itself: what lies in which folder under which
// UIDVALIDITY and UID, and what the CRM told.
//
// While it runs, no reader may be shown what the rules deny (G1). When the
// faults end, the ledger, messages, threads, deliveries and stamps must be what
// the truth says (FAULTS I1–I7), a further sync must write nothing, and what the
// CRM was told must be that, each stored message once and no word of what it may
// not know.
//
// The same seed makes the same script; how workers and faults meet in time
// remains the machine's, so a failure may take more than one run to return.
package simulate
