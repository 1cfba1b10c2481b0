// Package httpserve owns the program's two listeners: their limits, the log and metrics of requests, health, and the
// private listener's guard against pages of other sites. It mounts handlers and knows nothing of what they do.
//
// Invariants:
//
//   - A request log line holds method, route pattern, status, duration, size and an id: no path with ids in it, no query,
//     no header, no address.
//   - A handler that panics answers 500 and ends nothing but its own request.
//   - Everything a client may make the server hold or wait for has a bound (below).
package httpserve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

const (
	// maxConns open connections of one listener; more wait in the system's queue.
	maxConns = 2000
	// maxHeaderBytes of a request.
	maxHeaderBytes = 32 << 10
	// readHeaderTimeout, readTimeout: the header, the whole request. A handler that takes long bodies moves its deadline.
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	// writeTimeout of an answer. A handler that streams moves its deadline (http.ResponseController).
	writeTimeout = 60 * time.Second
	// idleTimeout closes a connection without requests.
	idleTimeout = 2 * time.Minute
)

// Server is one listener.
type Server struct {
	address  string
	listener net.Listener
	server   *http.Server
	failed   chan error
}

// New makes a server; Start opens its listener.
func New(address string, handler http.Handler, log *slog.Logger) *Server {
	return &Server{
		address: address,
		server: &http.Server{
			Handler:           handler,
			MaxHeaderBytes:    maxHeaderBytes,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken clients, and nothing else
		},
		failed: make(chan error, 1),
	}
}

// Start opens the listener and starts answering.
func (s *Server) Start(context.Context) error {
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err // names the address and the cause
	}
	s.listener = listener
	go func() {
		if err := s.server.Serve(netutil.LimitListener(listener, maxConns)); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve %s: %w", s.Address(), err)
		}
		close(s.failed)
	}()
	return nil
}

// Address is where a started server listens: with its real port where it was told to pick one.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Failed yields an error when the server ends by itself.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop takes no more requests and waits for those under way until ctx ends; then it cuts them off.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("wait for requests: %w", err), s.server.Close())
	}
	return nil
}
