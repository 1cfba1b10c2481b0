package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// riverMigration is the goose version that brings River's own schema. It comes after the first SQL step, whose default
// privileges then cover River's tables.
const riverMigration = 2

// Migrate brings the schema of the database at url to this program's version. Several processes may call it at once;
// one works, the others wait.
func Migrate(ctx context.Context, url string) error {
	return withMigrations(url, func(p *goose.Provider) error {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		return nil
	})
}

// PendingMigrations reports whether the database at url still lacks a migration of this program.
func PendingMigrations(ctx context.Context, url string) (pending bool, err error) {
	err = withMigrations(url, func(p *goose.Provider) error {
		pending, err = p.HasPending(ctx)
		return err
	})
	return pending, err
}

// SchemaBehind is PendingMigrations for a database that is open: one small statement, and no lock.
func (d *DB) SchemaBehind(ctx context.Context) (bool, error) {
	var applied int
	err := d.Pool.QueryRow(ctx, "select count(distinct version_id) from goose_db_version where is_applied and version_id = any($1)", versions()).Scan(&applied)
	if err != nil {
		return false, fmt.Errorf("read the schema's version: %w", err)
	}
	return applied < len(versions()), nil
}

// versions are those of all migrations, River's included.
var versions = sync.OnceValue(func() []int64 {
	all := []int64{riverMigration}
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	for _, name := range names {
		version, versionErr := goose.NumericComponent(name)
		all, err = append(all, version), errors.Join(err, versionErr)
	}
	if err != nil {
		panic(err) // embedded files are always there, and their names are tested
	}
	return all
})

func withMigrations(url string, use func(*goose.Provider) error) error {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("read the database URL: %w", hidePassword(err))
	}
	pool := stdlib.OpenDB(*cfg)
	defer pool.Close()
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	river := goose.NewGoMigration(riverMigration, &goose.GoFunc{
		RunDB: func(ctx context.Context, _ *sql.DB) error { return migrateRiver(ctx, url) },
	}, nil)
	provider, err := goose.NewProvider(goose.DialectPostgres, pool, files,
		goose.WithSessionLocker(locker), goose.WithGoMigrations(river), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return use(provider)
}

// migrateRiver runs River's migrations over a connection of its own: River speaks pgx, not database/sql, and one of its
// steps must be committed before the next. River counts its versions itself, so a step cut off may run again.
func migrateRiver(ctx context.Context, url string) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// SchemaDigest changes with every change of a migration file: what tests key their template databases by.
func SchemaDigest() string {
	sum := sha256.New()
	err := fs.WalkDir(migrationFiles, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(migrationFiles, path)
		fmt.Fprintf(sum, "%s %d\n", path, len(content))
		sum.Write(content)
		return err
	})
	if err != nil {
		panic(err) // embedded files are always there
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
