//go:build unix

package testenv

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
)

// PostgresServer is a PostgreSQL in a container of the test's own, which may
// restart and kill it.
type PostgresServer struct {
	URL string // of a fresh, migrated database; the role is no superuser

	box *box
}

// PostgresContainer starts a PostgreSQL of the test's own.
func PostgresContainer(tb testing.TB) *PostgresServer {
	tb.Helper()
	e := dockerEngine(tb, "the loss of PostgreSQL (restart, kill)")
	var admin string
	b, err := e.start(tb.Context(), boxSpec{
		image: "postgres",
		ports: []string{"5432/tcp"},
		ready: func(b *box) func(context.Context) error {
			admin = fmt.Sprintf("postgres://postgres:mailstamp@127.0.0.1:%d/postgres?sslmode=disable", b.ports["5432/tcp"])
			return func(ctx context.Context) error { return execute(ctx, admin, "SELECT") }
		},
	})
	if err != nil {
		tb.Fatalf("testenv: start PostgreSQL: %v", err)
	}
	tb.Cleanup(func() {
		if err := b.remove(); err != nil {
			tb.Errorf("testenv: %v", err)
		}
	})
	p := &PostgresServer{
		URL: fmt.Sprintf("postgres://mailstamp:mailstamp@127.0.0.1:%d/mailstamp?sslmode=disable", b.ports["5432/tcp"]),
		box: b,
	}
	if err := execute(tb.Context(), admin, "CREATE ROLE mailstamp LOGIN CREATEDB CREATEROLE PASSWORD 'mailstamp'", "CREATE DATABASE mailstamp OWNER mailstamp"); err != nil {
		tb.Fatalf("testenv: make role and database: %v", err)
	}
	if err := db.Migrate(tb.Context(), p.URL); err != nil {
		tb.Fatalf("testenv: migrate: %v", err)
	}
	return p
}

// Kill ends the server with SIGKILL; Start brings it back on the same port.
func (p *PostgresServer) Kill(tb testing.TB) {
	tb.Helper()
	p.box.kill(tb)
}

// Start starts a killed server and waits until it answers.
func (p *PostgresServer) Start(tb testing.TB) {
	tb.Helper()
	p.box.startAgain(tb)
}

// Restart restarts the server and waits until it answers.
func (p *PostgresServer) Restart(tb testing.TB) {
	tb.Helper()
	p.box.restart(tb, 10)
}

// execute runs statements on a connection of their own.
func execute(ctx context.Context, url string, statements ...string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("run a statement: %w", err)
		}
	}
	return nil
}
