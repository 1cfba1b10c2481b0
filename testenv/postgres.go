package testenv

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/seal"
)

// DatabaseURLEnv names a server to use instead of the shared one; its role
// must be allowed to make databases.
const DatabaseURLEnv = "MAILSTAMP_TEST_DATABASE_URL"

// DB is the program's own handle on a fresh, migrated database with a key set
// of its own.
func DB(tb testing.TB) *db.DB {
	tb.Helper()
	keyset, err := seal.NewKeyset()
	if err != nil {
		tb.Fatalf("testenv: make a key set: %v", err)
	}
	sealer, err := seal.Load(string(keyset))
	if err != nil {
		tb.Fatalf("testenv: load the key set: %v", err)
	}
	d, err := db.Open(tb.Context(), PostgresURL(tb), sealer)
	if err != nil {
		tb.Fatalf("testenv: open the database: %v", err)
	}
	tb.Cleanup(d.Close)
	return d
}

// Postgres is a pool on a fresh, migrated database that is dropped when the
// test ends.
func Postgres(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	pool, err := pgxpool.New(tb.Context(), PostgresURL(tb))
	if err != nil {
		tb.Fatalf("testenv: open pool: %v", err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

// PostgresURL is the URL of a fresh, migrated database that is dropped when
// the test ends. Its role is no superuser.
func PostgresURL(tb testing.TB) string {
	tb.Helper()
	server := sharedServer(tb)
	template, err := server.template()
	if err != nil {
		tb.Fatalf("testenv: make the template database: %v", err)
	}
	return server.database(tb, template)
}

// EmptyPostgresURL is PostgresURL without the migrations, for their own tests.
func EmptyPostgresURL(tb testing.TB) string {
	tb.Helper()
	return sharedServer(tb).database(tb, "template1")
}

// server is a PostgreSQL on which tests make databases.
type server struct {
	url string // of a database that is always there

	once        sync.Once
	templateErr error
}

// sharedOnce holds the server for as long as the process lives.
var sharedOnce = sync.OnceValues(func() (*server, error) {
	if u := os.Getenv(DatabaseURLEnv); u != "" {
		return &server{url: u}, nil
	}
	k, err := holdKeeper()
	if err != nil {
		return nil, err
	}
	held = k
	return &server{url: k.hello.URL}, nil
})

// held keeps the connection from the garbage collector, which would close it.
var held *keeperConn

func sharedServer(tb testing.TB) *server {
	tb.Helper()
	s, err := sharedOnce()
	if err != nil {
		tb.Fatalf("testenv: no PostgreSQL for tests: %v", err)
	}
	return s
}

// template makes sure that the migrated template is there, and returns its
// name. An advisory lock lets one process of all migrate it.
func (s *server) template() (string, error) {
	name := "mailstamp_template_" + db.SchemaDigest()
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), databaseTime)
		defer cancel()
		s.templateErr = s.makeTemplate(ctx, name)
	})
	return name, s.templateErr
}

// templateLock is the advisory lock's key: "mailtmpl" in ASCII.
const templateLock = 0x6d61696c746d706c

func (s *server) makeTemplate(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) // and with it goes the lock
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(templateLock)); err != nil {
		return fmt.Errorf("take the template's lock: %w", err)
	}
	tag, err := conn.Exec(ctx, "SELECT FROM pg_database WHERE datname = $1", name)
	if err != nil {
		return fmt.Errorf("look for the template: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return nil
	}
	// The name appears when the migrations are through; a half-migrated one of
	// a killed process is thrown away.
	building := name + "_building"
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + building + " WITH (FORCE)", "CREATE DATABASE " + building} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("make an empty database: %w", err)
		}
	}
	u, err := s.urlOf(building)
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, u); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+building+" RENAME TO "+name); err != nil {
		return fmt.Errorf("name the template: %w", err)
	}
	return nil
}

// database makes a database from a template and drops it when the test ends.
func (s *server) database(tb testing.TB, template string) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	if err := s.exec("CREATE DATABASE " + name + " TEMPLATE " + template); err != nil {
		tb.Fatalf("testenv: make a database: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			tb.Errorf("testenv: drop a database: %v", err)
		}
	})
	u, err := s.urlOf(name)
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	return u
}

// exec runs one statement on a connection of its own.
func (s *server) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), databaseTime)
	defer cancel()
	return execute(ctx, s.url, sql)
}

func (s *server) urlOf(database string) (string, error) {
	u, err := url.Parse(s.url)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", DatabaseURLEnv, err)
	}
	u.Path = "/" + database
	return u.String(), nil
}
