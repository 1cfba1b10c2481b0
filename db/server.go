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
