package testenv

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Postgres is a pool on a fresh, migrated database that is dropped when the
// test ends.
func Postgres(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	tb.Fatal("testenv.Postgres: not there yet")
	return nil
}

// PostgresURL is the URL of a fresh, migrated database that is dropped when
// the test ends.
func PostgresURL(tb testing.TB) string {
	tb.Helper()
	tb.Fatal("testenv.PostgresURL: not there yet")
	return ""
}

// EmptyPostgresURL is PostgresURL without the migrations, for their own tests.
func EmptyPostgresURL(tb testing.TB) string {
	tb.Helper()
	tb.Fatal("testenv.EmptyPostgresURL: not there yet")
	return ""
}

// PostgresServer is a PostgreSQL in a container that may be restarted and
// killed.
type PostgresServer struct {
	URL string // of a fresh, migrated database
}

// PostgresContainer starts a PostgreSQL of the test's own.
func PostgresContainer(tb testing.TB) *PostgresServer {
	tb.Helper()
	tb.Skip("testenv.PostgresContainer: not there yet")
	return nil
}

// Kill ends the server with SIGKILL; Start brings it back on the same port.
func (p *PostgresServer) Kill(tb testing.TB) {}

// Start starts a killed server and waits until it answers.
func (p *PostgresServer) Start(tb testing.TB) {}

// Restart restarts the server and waits until it answers.
func (p *PostgresServer) Restart(tb testing.TB) {}
