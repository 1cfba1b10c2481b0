// Package testenv gives tests real servers: PostgreSQL, IMAP, SMTP, a CRM's
// side of the contract, the program itself. It owns how they are found, built,
// started, shared and removed. It holds no knowledge of the program's insides
// but the schema, and production never imports it (imports_test.go).
//
// Invariants:
//
//   - A test has a database, a mailbox, an account of its own; servers are
//     shared. Only OwnMail and PostgresContainer give a server that a test may
//     kill.
//   - What a test process started goes with it, kill -9 included: a keeper
//     holds the shared PostgreSQL (keeper.go), a sweeper the containers.
//   - Without a Docker engine the containers' tests are skipped with a line
//     that says what is not covered; with CI=true that is a failure.
//
// A package whose test is in the package itself cannot import testenv when
// testenv imports it (db and what db imports): put such a test in package
// db_test.
package testenv
