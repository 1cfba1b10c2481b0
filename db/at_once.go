package db

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mailstamp/mailstamp/db/queries"
)

// ReadAtOnce is ReadTx in one round trip, for reads that do not need each other's answers and run by plans that suit any
// values. Each makes one query and is called twice: first to learn the query, which fails, then with its answer. Those
// after the first that fails are not called again.
func (d *DB) ReadAtOnce(ctx context.Context, accountID int64, reads ...func(*queries.Queries) error) error {
	return d.Pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) (err error) {
		all := &atOnce{}
		all.batch.Queue(beginRead)
		if forget(conn.Conn()) {
			all.batch.Queue("discard plans")
		}
		all.batch.Queue("select set_config('mailstamp.account', $1, true), set_config('plan_cache_mode', 'force_generic_plan', true)",
			strconv.FormatInt(accountID, 10))
		before := all.batch.Len()
		for _, read := range reads {
			_ = read(queries.New(all)) // errNotSent
		}
		all.batch.Queue("commit")

		all.results = conn.SendBatch(ctx, &all.batch)
		defer func() { // what is left is read
			if closeErr := all.results.Close(); err == nil {
				err = closeErr
			}
		}()
		for range before {
			if _, err := all.results.Exec(); err != nil {
				return fmt.Errorf("begin: %w", err)
			}
		}
		for _, read := range reads {
			if err := read(queries.New(all)); err != nil {
				return err
			}
		}
		return nil
	})
}

// atOnce gathers queries in a batch; once that is sent it hands out their results, in the same order.
type atOnce struct {
	batch   pgx.Batch
	results pgx.BatchResults // nil until the batch is sent
}

var errNotSent = errors.New("not sent yet")

func (a *atOnce) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if a.results == nil {
		a.batch.Queue(sql, args...)
		return pgconn.CommandTag{}, errNotSent
	}
	return a.results.Exec()
}

func (a *atOnce) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	if a.results == nil {
		a.batch.Queue(sql, args...)
		return nil, errNotSent
	}
	return a.results.Query()
}

func (a *atOnce) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	if a.results == nil {
		a.batch.Queue(sql, args...)
		return notSent{}
	}
	return a.results.QueryRow()
}

// notSent is the row of a query that is not sent yet.
type notSent struct{}

func (notSent) Scan(...any) error { return errNotSent }
