package db

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/db/span"
)

const (
	// maxTries bounds how often a transaction is run again after a serialization failure or a dead-lock. Locks are
	// taken in one order, so a second try nearly always ends it.
	maxTries = 5
	// maxConns of the pool, where the URL does not say pool_max_conns. The driver's default, four on a small machine, would
	// make webhooks wait for the mailboxes' batches.
	maxConns = 20
	// connectTimeout bounds one attempt to reach the server.
	connectTimeout = 10 * time.Second
	// statementTimeout ends a statement that would otherwise hold its locks for ever.
	statementTimeout = 5 * time.Minute
	// idleInTransactionTimeout frees the locks of a paused process.
	idleInTransactionTimeout = time.Minute
)

// DB is the pool and the keys that open what is sealed in it. It is safe for concurrent use.
type DB struct {
	Pool   *pgxpool.Pool
	sealer *seal.Sealer

	accounts accountCache
}

// Open connects to the database at url. It does not migrate it.
func Open(ctx context.Context, url string, sealer *seal.Sealer) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", hidePassword(err))
	}
	if !strings.Contains(url, "pool_max_conns") {
		cfg.MaxConns = maxConns
	}
	cfg.ConnConfig.ConnectTimeout = connectTimeout
	setDefault(cfg.ConnConfig.RuntimeParams, "application_name", "mailstamp")
	setDefault(cfg.ConnConfig.RuntimeParams, "timezone", "UTC")
	// No statement runs as long as compiling it, or starting workers for it, takes.
	setDefault(cfg.ConnConfig.RuntimeParams, "jit", "off")
	setDefault(cfg.ConnConfig.RuntimeParams, "max_parallel_workers_per_gather", "0")
	setDefault(cfg.ConnConfig.RuntimeParams, "statement_timeout", strconv.FormatInt(statementTimeout.Milliseconds(), 10))
	setDefault(cfg.ConnConfig.RuntimeParams, "idle_in_transaction_session_timeout", strconv.FormatInt(idleInTransactionTimeout.Milliseconds(), 10))
	cfg.ConnConfig.Tracer = span.Statements{}
	cfg.AfterConnect = becomeApp
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach the database: %w", err)
	}
	return &DB{Pool: pool, sealer: sealer}, nil
}

// Close ends every connection.
func (d *DB) Close() { d.Pool.Close() }

func setDefault(params map[string]string, name, value string) {
	if _, set := params[name]; !set {
		params[name] = value
	}
}

// hidePassword keeps the URL, which may hold a password, out of the message.
func hidePassword(err error) error {
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		return errors.New("it is not a valid PostgreSQL URL or connection string")
	}
	return err
}

// becomeApp gives up the rights of a superuser, whom row-level security does not bind.
func becomeApp(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `
		do $$ begin
			if (select rolsuper or rolbypassrls from pg_roles where rolname = current_user)
			   and exists (select from pg_roles where rolname = 'mailstamp_app') then
				set session role mailstamp_app;
			end if;
		end $$`)
	if err != nil {
		return fmt.Errorf("become mailstamp_app: %w", err)
	}
	return nil
}

// Tx is a transaction on one account's rows.
type Tx struct {
	pgx.Tx
	*queries.Queries
	AccountID int64
}

// Tx runs fn in a read-write transaction of the account. Everything fn did is undone when it returns an error, which Tx
// returns as it is.
func (d *DB) Tx(ctx context.Context, accountID int64, fn func(*Tx) error) error {
	return d.tx(ctx, accountID, "begin", fn)
}

// ReadTx runs fn in a read-only transaction in which every statement sees the same snapshot.
func (d *DB) ReadTx(ctx context.Context, accountID int64, fn func(*Tx) error) error {
	return d.tx(ctx, accountID, beginRead, fn)
}

// KeyTx and KeyReadTx are Tx and ReadTx for statements that touch rows by key, however many keys they are given: what a
// batch of mail asks for. Such statements go by index, and a connection plans them once for many transactions (forget).
func (d *DB) KeyTx(ctx context.Context, accountID int64, fn func(*Tx) error) error {
	return d.tx(ctx, accountID, beginByKey, fn)
}

func (d *DB) KeyReadTx(ctx context.Context, accountID int64, fn func(*Tx) error) error {
	return d.tx(ctx, accountID, beginReadByKey, fn)
}

func (d *DB) tx(ctx context.Context, accountID int64, begin string, fn func(*Tx) error) error {
	var err error
	for try := 0; try < maxTries; try++ {
		err = d.Pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			// One round trip both begins and names the account.
			opts := pgx.TxOptions{BeginQuery: fmt.Sprintf("%s; set local mailstamp.account = '%d'", begin, accountID)}
			if (begin == beginByKey || begin == beginReadByKey) && forget(conn.Conn()) {
				opts.BeginQuery += "; discard plans"
			}
			return pgx.BeginTxFunc(ctx, conn, opts, func(tx pgx.Tx) error {
				return fn(&Tx{Tx: tx, Queries: queries.New(tx), AccountID: accountID})
			})
		})
		if !retryable(err) {
			return err
		}
	}
	return fmt.Errorf("give up after %d tries: %w", maxTries, err)
}

// System gives statements on the tables that belong to no single account: accounts, leases. Other tables look empty.
func (d *DB) System() *queries.Queries { return queries.New(d.Pool) }

// retryable reports whether the server undid the transaction for a reason that another try can mend.
func retryable(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	return pg.Code == "40001" || pg.Code == "40P01" // serialization_failure, deadlock_detected
}

// Unavailable reports whether err means that the database cannot be reached or is restarting, so that trying later helps.
func Unavailable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// class 57P: the server is going down or coming up; class 53: it is out of room or connections; 08: connection lost.
		return pg.Code[:2] == "53" || pg.Code[:2] == "08" || pg.Code[:3] == "57P" || retryable(err)
	}
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || pgconn.SafeToRetry(err) || errors.Is(err, context.DeadlineExceeded)
}
