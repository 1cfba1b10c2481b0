// Package jobs is background work on River: its client, the kinds of job, the periodic sweep and pruning.
//
// It owns what is queued, how often it is tried and for how long it is kept; what a job does is package visibility's and
// package ingest's.
//
// Invariants:
//
//   - Work is derived, facts are stored: a job's arguments are ids, and it computes from the facts of the moment. So it
//     may run twice, late, in any order, or be cut off and run again.
//
//   - Jobs are inserted in the transaction of the fact that makes them necessary (Enqueue), never after it. Inserts are
//     not unique: a unique job would swallow work that arrives while its like is running. What is still to do is counted
//     in the facts' own rows (epoch, restamped), so a job too many finds nothing to do.
//
//   - What somebody was told is removed (Erasures, ingest.Mailboxes.Delete) was out of sight when they were told. Its job's
//     transactions are of bounded size and note what they did; what is left is in rows of its own, where the sweep finds it.
//
//   - A job that was lost — its worker killed, its tries used up — is found by the sweep, which compares the facts with
//     the stamps and queues what has no job alive.
//
//   - No clock of another day holds a job up for longer than minutes (keepClocks, F37).
package jobs
