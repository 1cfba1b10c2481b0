package testenv

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mailstamp/mailstamp/db/queries"
)

// StatementOf is the text of the statement that run makes. It is not run: run
// gets an error, which it returns.
func StatementOf(tb testing.TB, run func(*queries.Queries) error) string {
	tb.Helper()
	var s statement
	if err := run(queries.New(&s)); !errors.Is(err, errNotRun) {
		tb.Fatalf("testenv: instead of a statement: %v", err)
	}
	return s.sql
}

// statement keeps what it is asked to run.
type statement struct{ sql string }

var errNotRun = errors.New("not run")

func (s *statement) Query(_ context.Context, sql string, _ ...any) (pgx.Rows, error) {
	s.sql = sql
	return nil, errNotRun
}

func (s *statement) Exec(_ context.Context, sql string, _ ...any) (pgconn.CommandTag, error) {
	s.sql = sql
	return pgconn.CommandTag{}, errNotRun
}

func (s *statement) QueryRow(_ context.Context, sql string, _ ...any) pgx.Row {
	s.sql = sql
	return noRow{}
}

type noRow struct{}

func (noRow) Scan(...any) error { return errNotRun }
