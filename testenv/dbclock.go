package testenv

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"
)

// DatabaseClock is a database whose clock can be stepped: now() and
// clock_timestamp() of its URL are those of a schema that is searched before
// the system's own.
type DatabaseClock struct {
	URL string

	admin string
}

// NewDatabaseClock gives the database of a URL a clock of its own.
func NewDatabaseClock(tb testing.TB, databaseURL string) *DatabaseClock {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatalf("testenv: read the database URL: %v", err)
	}
	c := &DatabaseClock{admin: databaseURL}
	c.run(tb,
		`create schema clock`,
		`create table clock.step (step interval not null)`,
		`insert into clock.step values ('0')`,
		`create function clock.now() returns timestamptz language sql stable parallel safe
		 as 'select pg_catalog.now() + step from clock.step'`,
		`create function clock.clock_timestamp() returns timestamptz language sql volatile
		 as 'select pg_catalog.clock_timestamp() + step from clock.step'`,
		`grant usage on schema clock to public`, `grant select on clock.step to public`)
	query := u.Query()
	query.Set("search_path", "clock,pg_catalog,public")
	u.RawQuery = query.Encode()
	c.URL = u.String()
	return c
}

// Set puts the clock off by so much.
func (c *DatabaseClock) Set(tb testing.TB, off time.Duration) {
	tb.Helper()
	c.run(tb, fmt.Sprintf("update clock.step set step = make_interval(secs => %f)", off.Seconds()))
}

func (c *DatabaseClock) run(tb testing.TB, statements ...string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), databaseTime)
	defer cancel()
	if err := execute(ctx, c.admin, statements...); err != nil {
		tb.Fatalf("testenv: the database's clock: %v", err)
	}
}
