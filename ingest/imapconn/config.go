package imapconn

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"

	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
)

// TLSMode says how a connection is protected.
type TLSMode string

const (
	TLSImplicit TLSMode = "tls"      // TLS from the first byte
	TLSStart    TLSMode = "starttls" // plain greeting, then STARTTLS or nothing
	TLSNone     TLSMode = "none"     // plaintext; only to a loopback or private host that the allow list names
)

// SASL mechanisms for a bearer token.
const (
	XOAuth2     = "XOAUTH2"
	OAuthBearer = "OAUTHBEARER"
)

// Auth is a secret and how to present it: Password or Bearer. It never prints.
type Auth struct {
	password  string
	mechanism string
	token     func(context.Context) (string, error)
}

// Password logs in with AUTHENTICATE PLAIN where offered, else LOGIN.
func Password(password string) Auth { return Auth{password: password} }

// Bearer logs in with an OAuth access token; mechanism is XOAuth2 or
// OAuthBearer. token is asked once for each connection.
func Bearer(mechanism string, token func(context.Context) (string, error)) Auth {
	return Auth{mechanism: mechanism, token: token}
}

func (Auth) String() string       { return "[secret]" }
func (Auth) GoString() string     { return "[secret]" }
func (Auth) LogValue() slog.Value { return slog.StringValue("[secret]") }

// Config says where and as whom to connect.
type Config struct {
	Host     string
	Port     int
	TLS      TLSMode
	Username string
	Auth     Auth

	// Dialer checks every address before it is dialled. Nil refuses all that
	// is not public.
	Dialer *safedial.Dialer
	// RootCAs verify the server; nil means the machine's.
	RootCAs *x509.CertPool
	Limits  Limits
	// Without names capabilities that are done without although the server
	// offers them: by them one server stands for many in tests.
	Without []string
	// Logger gets the secret-free wire log at debug level; nil is silent.
	Logger *slog.Logger
}

func (c Config) validate() error {
	switch {
	case c.Host == "":
		return errors.New("no host")
	case c.Port < 1 || c.Port > 65535:
		return errors.New("port out of range")
	case c.TLS != TLSImplicit && c.TLS != TLSStart && c.TLS != TLSNone:
		return errors.New("tls must be tls, starttls or none")
	case c.Auth.token != nil && c.Auth.mechanism != XOAuth2 && c.Auth.mechanism != OAuthBearer:
		return errors.New("mechanism must be XOAUTH2 or OAUTHBEARER")
	}
	return nil
}
