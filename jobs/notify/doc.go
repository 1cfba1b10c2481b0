// Package notify tells the CRM what happened: it delivers the events of the outbox to the URL of their account, signed as
// Standard Webhooks, and keeps what became of each attempt. Who announces an event writes it to the outbox in the transaction
// of the change (db/queries/outbox.sql); so none precedes its commit, and none is lost with a process.
//
// Invariants:
//
//   - An event has one webhook-id for ever. It is delivered at least once: an answer that is lost makes one delivery more,
//     by whose id the CRM knows it.
//
//   - A row of the outbox holds ids; what they name is looked up when it is sent. What was deleted or erased meanwhile is not
//     told (state void). No event has content: no subject, no body, no name.
//
//   - The CRM shows events to users who are not the author, and whom a message was blind copied to is the author's to know (SPEC 3.3).
//     So a conversation that exists by blind copies alone is not told (state void) until a message names its address to all its
//     readers; then it is, as it stands. Blind copies are not counted in the messages of a conversation, and make no card one of
//     message.stored, which is told all the same. Of a conversation without mail, which may have had blind copies
//     alone, is told what the CRM said itself, and what follows on an event that it took.
//
//   - One sender at a time has its turn at an account's CRM, whatever number of processes run (crm_endpoints.taken_until).
//     A turn is short, and those wait first whose last is longest ago.
//
//   - A CRM that takes nothing costs one attempt now and then: while its last failed, one event is tried, and the rest wait.
//
//   - Times are the notifiers' own; one that another clock set, or a clock that was put back since, delays an event by an hour at most
//     (limits.go, F37).
//
//   - Nothing is dialled but what the dialer allows, no redirect is followed, and of an answer only the status counts.
//
// Order is best effort. Every event's data has a version, which for one conversation, one delivery (message and recipient) or one
// mailbox only grows, replays excepted: they keep theirs. Who has seen a newer one drops the older.
//
// Decisions where SPEC is silent: any 2xx is a delivery, anything else a failure, 410 too. A failed event waits as long
// again as it has been tried, from 5 seconds to half an hour, for three days; then it is failed, and so is what waited that long
// for its turn. Threads and messages of thread.stamped count what the conversation has when it is sent. thread.stamped says
// that visible or reason changed, were stamped first, or became known; a conversation that is blocked from its first stamp on is told to nobody
// (R1). message.stored names the cards that the message is on when it is sent. delivery.changed does not tell what became of blind
// copies, nor of "sent", which message.stored implies. mailbox.synced comes each time that a mailbox gets in step with its server:
// the back-fill is done, or a mailbox that had a problem is live again; passes of a live mailbox are not told, their messages are.
// share.held comes with what held the share: the conversion or merge, or a card told after it with a larger audience.
package notify
