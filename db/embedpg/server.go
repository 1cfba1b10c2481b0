package embedpg

import (
	"context"
	"errors"
	"log/slog"
)

// Database is the database that Start makes sure exists, owned by Role.
const Database = "mailstamp"

// Options say where a server keeps its data and how it runs.
type Options struct {
	Dir     string       // absolute or relative; made when missing, kept between starts
	Port    int          // loopback TCP port; 0 picks a free one
	Durable bool         // false turns fsync off: fast, and lost with the machine. For tests
	Logger  *slog.Logger // nil discards
}

// Server is a running PostgreSQL that ends with this process.
type Server struct{}

// Start finds PostgreSQL on this machine, makes a cluster in o.Dir when there
// is none, starts it and returns when it answers.
func Start(ctx context.Context, o Options) (*Server, error) {
	return nil, errors.New("embedpg: not there yet")
}

// URL is the connection URL of a database, as the ordinary role.
func (s *Server) URL(database string) string { return "" }

// AdminURL is the connection URL of a database, as the superuser.
func (s *Server) AdminURL(database string) string { return "" }

// Stop ends the server cleanly and returns when it is gone.
func (s *Server) Stop() error { return nil }
