package imaplocal

import (
	"crypto/x509"
	"errors"
	"time"
)

// Options configure a Server; the zero value is plaintext on 127.0.0.1, kept in memory.
type Options struct {
	Addr string // "127.0.0.1:0" when empty
	TLS  bool   // TLS from the first byte, by a certificate that CAs() verifies
	Dir  string // where mail is kept between starts; "" keeps nothing
}

// Server is a running server.
type Server struct{}

// New starts a server.
func New(opts Options) (*Server, error) { return nil, errors.New("not built yet") }

// Close stops it.
func (s *Server) Close() error { return nil }

// Host and Port say where it listens.
func (s *Server) Host() string { return "" }
func (s *Server) Port() int    { return 0 }

// CAs verifies the server's certificate; nil without TLS.
func (s *Server) CAs() *x509.CertPool { return nil }

// AddUser adds a login with the folders INBOX, Sent, Archive, Drafts, Junk and Trash.
func (s *Server) AddUser(name, password string) error { return nil }

// Append puts a message into a folder and returns its UID.
func (s *Server) Append(user, folder string, flags []string, internalDate time.Time, raw []byte) (uid uint32, err error) {
	return 0, nil
}
