// Package db owns the connection to PostgreSQL: the pool, transactions, locks, migrations and every SQL statement
// (package db/queries, generated from db/queries/*.sql). It holds no policy: what may be seen, synced or sent is
// decided by its callers.
//
// Invariants:
//
//   - Every statement on an account's rows runs inside Tx, which sets the account for row-level security; outside it
//     those tables look empty. The pool never acts as a superuser (it becomes mailstamp_app), so the wall holds.
//
//   - Tx runs its function again after a serialization failure or a dead-lock: functions given to it keep all
//     effects inside the transaction. It never runs one again whose COMMIT may have happened.
//
//   - Whoever writes mail or takes addresses in shares the account's lock of erasures, before all others; whoever erases a
//     person holds it exclusively. So under it nothing of the person comes in that was looked at before.
//
//   - Whoever changes what stamps are computed from, or writes stamps, takes its locks first, each as a statement of
//     its own and in this order, and only then reads the facts:
//
//     1. the account: exclusive to change links (users, cards, addresses, block lists, policy), else shared;
//     2. authors, sorted: exclusive to narrow or widen what an author says (settings, shares), shared to stamp; a stamp
//     that depends on a new owner's setting (SPEC 3.1 R5) takes that owner's lock too.
//
// Under the account's lock no link changes, under the author's no setting or share; so a stamp written from facts read
// after both is current when it commits. Readers take no lock: they compare a stamp's epochs with its inputs' fences
// (view granted_conversations), which is what makes a narrowing effective at its answer.
//
// # Migrations
//
// A rolling upgrade migrates first and then replaces the programs, so the released program must go on working on the new
// schema, and a migration must not make it wait:
//
//   - Add; never rename, drop, or change the type of what a released program uses. What is no longer needed goes one
//     release after the last program that used it.
//   - A new column of an old table is nullable or has a constant default; what a new rule demands of old rows is filled in
//     batches by a job, and the constraint is added NOT VALID and validated in a later release.
//   - No statement holds a lock that readers or writers wait for longer than a moment: an index on a table that grows is
//     made CONCURRENTLY in a migration of its own (-- +goose NO TRANSACTION).
//   - A new table with account_id gets row-level security as at the end of 00001, with the policy as 00008 has it.
//   - A released migration is never edited.
//
// Two tests hold it against what the first release left (testenv/release1): its statements keep their meaning on this schema
// (upgrade_test.go), and its data, its queued jobs and its answers survive (cmd/mailstamp/upgrade_test.go).
package db
