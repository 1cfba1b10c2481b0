// Package visibility answers "may viewer V see message M on card C, and why", and keeps the stamps from which it is
// answered. It is the only package that does.
//
// It owns the CRM's facts (users, cards, links, settings, shares, block lists, policy) and the conversations. Facts come
// in as events (Apply); each is applied together with the stamps it touches, or raises the epoch of the input it changes
// and leaves the re-stamping to a job (Work, Restamp). Verdicts are package rules' alone.
//
// Invariants:
//
//   - A change that narrows raises the fence of its input in the transaction of the fact. Readers go through the view
//     granted_conversations, which believes no stamp below its fences (G1).
//   - Apply and Correspond take the locks that package db describes, before they read a fact.
//   - Who is an author: a known user, active or not. A deleted user's mail is shown to nobody.
//   - Who is a viewer: an active user in the card's audience (owner and collaborators belong to it).
//   - An erased person's address is taken in by no event: cards, users and block lists that name it are as if they did not,
//     and a share of it has no effect. The events apply all the same, for what else they say.
//   - An address that belongs or belonged to a user is never tracked (R1).
//
// Order (G4): versions order what is said of one entity; a setting's kinds and a share's (user, card, address) each
// count as an entity. Whoever owned a card is remembered from late events too. Between an author's "private" on a deal
// and "shared" on its contact, which are two entities, and between an event and the author's own call, which has no
// version, the timestamps decide which was said last; equal ones count in the order they came. An event's timestamp
// without a fraction names a second, and counts as equal to all that was said within it.
package visibility
