// Package feed answers what a viewer sees: a card's feed, threads and conversations, a thread, a message; and lets an
// author share and set defaults. Its results carry the JSON shapes of API.md; it knows no HTTP.
//
// It never decides who may see what. One source says which conversations are visible, the view granted_conversations,
// which fails closed below a fence (G1); one says who can open a card, the view card_viewers. Everything that one call
// returns is read in one snapshot that is taken after the call began, so what was forbidden before a call is never in
// its answer.
//
// Invariants:
//
//   - What the viewer may not see is visibility.ErrNotFound, the same as what does not exist.
//   - Work is chosen by what the viewer may see, never by what is hidden from them: only readable conversations are
//     looked into for mail, and those that were never visible to anybody else are not even read, so that the time of a
//     feed does not tell of them.
//   - What is the author's alone (bcc, seen, the reply action, counts and stamps of hidden mail, what became of a blind
//     copy) is left out by one function, newItem, or by the summary of a thread.
//   - A cursor opens for its viewer and list only.
//
// Decisions where SPEC is silent:
//
//   - Copies of one mail meet in the feed when they have the same content and stand at the same time. Mail without a usable
//     Date stands at the time its server received it, and is an entry for each mailbox.
//   - Of several colleagues who share the same mail, the copy stored first is shown.
//   - The padlock of an entry is that of the copy shown: an author whose own copy is hidden sees it closed, though a
//     colleague may share theirs (shared_by says so).
//   - A thread's roll-up (all, some, none) is a property of the thread on the card (SPEC 3.1) and the same for everybody;
//     numbers are not: to others "messages" is what they see.
//   - A thread's stamps name to others no address that they know from a blind copy alone.
//   - A stamp below a fence is shown to its author as not visible, for the reason "unstamped".
package feed
