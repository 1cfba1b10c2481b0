package db

import (
	"context"
	"fmt"
	"time"
)

// Server is what the database server says of itself.
type Server struct {
	Version     int       // e.g. 150018
	Now         time.Time // its clock
	Role        string    // as whom the pool acts
	BypassesRLS bool      // row-level security does not bind that role
	Unprotected []string  // tables of accounts' rows without row-level security
	Workers     int       // worker processes alive
}

// Server asks the database server about itself.
func (d *DB) Server(ctx context.Context) (Server, error) {
	var s Server
	err := d.Pool.QueryRow(ctx, `
		select current_setting('server_version_num')::int, clock_timestamp(), current_user,
		       (select rolsuper or rolbypassrls from pg_roles where rolname = current_user),
		       array(select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id'
		             where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relname not in ('mailbox_leases', 'crm_endpoints')
		               and not (c.relrowsecurity and c.relforcerowsecurity) order by 1),
		       (select count(*) from workers where expires_at > now())`).
		Scan(&s.Version, &s.Now, &s.Role, &s.BypassesRLS, &s.Unprotected, &s.Workers)
	if err != nil {
		return Server{}, fmt.Errorf("ask the server about itself: %w", err)
	}
	return s, nil
}

// Backlog counts River's jobs. Upkeep that failed is not counted as given up: it comes again by itself.
type Backlog struct {
	Waiting, Running int64
	Overdue          int64 // could run, and have waited for longer than asked
	Lost             int64 // run for longer than any timeout
	GivenUp          int64 // failed too often
}

// JobBacklog counts the jobs of all accounts.
func (d *DB) JobBacklog(ctx context.Context, overdue time.Duration) (Backlog, error) {
	var b Backlog
	err := d.Pool.QueryRow(ctx, `
		select count(*) filter (where state in ('available', 'retryable', 'scheduled', 'pending')),
		       count(*) filter (where state = 'running'),
		       count(*) filter (where state in ('available', 'retryable', 'scheduled') and scheduled_at < now() - make_interval(secs => $1)),
		       count(*) filter (where state = 'running' and attempted_at < now() - make_interval(secs => $2)),
		       count(*) filter (where state = 'discarded' and queue <> 'upkeep')
		from river_job where state not in ('completed', 'cancelled')`, overdue.Seconds(), lostJob.Seconds()).
		Scan(&b.Waiting, &b.Running, &b.Overdue, &b.Lost, &b.GivenUp)
	if err != nil {
		return Backlog{}, fmt.Errorf("count the jobs: %w", err)
	}
	return b, nil
}

// lostJob is longer than the timeout of any job.
const lostJob = 5 * time.Minute
