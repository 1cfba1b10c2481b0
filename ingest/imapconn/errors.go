package imapconn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
)

// Kind is what went wrong, in the classes on which the caller decides.
type Kind string

const (
	KindForbidden   Kind = "host_forbidden" // the host may not be reached (S02)
	KindDNS         Kind = "dns"            // the host's name has no address now
	KindUnreachable Kind = "unreachable"    // no connection: refused, filtered, timed out
	KindTLS         Kind = "tls"            // no trusted encrypted connection; never answered with plaintext
	KindAuth        Kind = "auth"           // the server refused name or secret
	KindAuthUnknown Kind = "auth_method"    // the server offers no way to log in that we speak
	KindToken       Kind = "token"          // the caller's token function failed
	KindThrottled   Kind = "throttled"      // too much asked: wait Backoff
	KindTooMany     Kind = "too_many"       // too many connections: use fewer, wait Backoff
	KindTimeout     Kind = "timeout"        // the server stopped answering
	KindBye         Kind = "bye"            // the server said goodbye
	KindClosed      Kind = "closed"         // the connection ended, with or without a reason
	KindProtocol    Kind = "protocol"       // the server said what IMAP does not allow
	KindRefused     Kind = "refused"        // NO or BAD to one command; the connection lives
	KindCanceled    Kind = "canceled"       // the caller's context ended
	KindConfig      Kind = "config"         // the Config cannot work
)

// Error is every error of this package.
type Error struct {
	Op      string        // what was being done: "connect", "log in", "examine", …
	Kind    Kind          //
	Detail  string        // within KindTLS: no_starttls, injected, name, expired, untrusted, handshake; elsewhere free
	Code    string        // the server's response code, upper case, without brackets
	Text    string        // the server's own words, made printable, at most 300 bytes; no secret, but for operators only
	Backoff time.Duration // how long to stay away, for KindThrottled and KindTooMany
	UID     uint32        // the message whose content was being read when the connection broke; 0 for none
	broken  bool
	err     error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "imap: %s: %s", e.Op, e.Kind)
	if e.Detail != "" {
		fmt.Fprintf(&b, " (%s)", e.Detail)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, " [%s]", e.Code)
	}
	if e.Text != "" {
		fmt.Fprintf(&b, " %q", e.Text)
	} else if e.err != nil && e.Kind != KindForbidden {
		fmt.Fprintf(&b, ": %v", e.err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.err }

// KindOf returns the kind of err, "" when it is not of this package.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// AuthRejected says that the server refused name or secret: asking again with
// the same ones may lock the account.
func AuthRejected(err error) bool { return KindOf(err) == KindAuth }

// Throttled says that the server asked for less, and for how long to wait.
func Throttled(err error) (backoff time.Duration, ok bool) {
	if e, isErr := errors.AsType[*Error](err); isErr && (e.Kind == KindThrottled || e.Kind == KindTooMany) {
		return e.Backoff, true
	}
	return 0, false
}

// Broken says that the Conn which returned err is closed; dial a new one.
func Broken(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.broken
}

// Refused says that the server answered one command with NO or BAD: the
// feature or the folder is to be given up, not the connection.
func Refused(err error) bool { return KindOf(err) == KindRefused }

// OfFolder says that an error is about the folder and that the connection goes
// on: the server refused it, or tells of it what cannot be used.
func OfFolder(err error) bool {
	return Refused(err) || KindOf(err) == KindProtocol && !Broken(err)
}

// Errors of one message: the Err of a HeaderItem or BodyItem.
var (
	// ErrTooLarge: the message or its header exceeds what was allowed; it was
	// not read into memory.
	ErrTooLarge = errors.New("message too large")
	// ErrMalformed: the server's response about this message could not be
	// understood.
	ErrMalformed = errors.New("malformed response")
	// ErrNoContent: the server answered NIL for content that was asked for.
	ErrNoContent = errors.New("server gave no content")
)

// Problem is an error in words: one sentence for the person whose mailbox it
// is, one hint for who runs Mailstamp.
type Problem struct {
	Code     string
	Sentence string
	Hint     string
}

// ProblemOf puts err into words that are safe to show: they hold nothing the
// server said and no address.
func ProblemOf(err error) Problem {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return Problem{"internal", "Something went wrong on our side.", "See the log for the error."}
	}
	p, ok := problems[e.Kind]
	if !ok {
		p = Problem{Sentence: "The mail server could not be used.", Hint: "See the log for the error."}
	}
	p.Code = string(e.Kind)
	if e.Kind == KindTLS {
		if t, ok := tlsProblems[e.Detail]; ok {
			p.Sentence, p.Hint = t.Sentence, t.Hint
		}
		if e.Detail != "" {
			p.Code += "_" + e.Detail
		}
	}
	return p
}

var problems = map[Kind]Problem{
	KindForbidden:   {Sentence: "This mail server's name or address cannot be used.", Hint: "If the server is in your own network, add it to MAILSTAMP_ALLOW_PRIVATE_IMAP."},
	KindDNS:         {Sentence: "The mail server's name could not be found.", Hint: "Check the spelling of the host and this machine's DNS; it is tried again by itself."},
	KindUnreachable: {Sentence: "The mail server could not be reached.", Hint: "Check host, port and firewall; it is tried again by itself."},
	KindTLS:         {Sentence: "No safe connection to the mail server was possible.", Hint: "Check port and TLS mode; Mailstamp never falls back to plaintext."},
	KindAuth:        {Sentence: "The mail server did not accept the user name or password.", Hint: "Give the new password or reconnect the mailbox; some providers want an app password."},
	KindAuthUnknown: {Sentence: "The mail server offers no way to log in that Mailstamp knows.", Hint: "Mailstamp speaks PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER; many providers accept OAuth only."},
	KindToken:       {Sentence: "The mail provider could not renew the sign-in just now.", Hint: "It is tried again by itself; if it lasts, see the log for the provider's answer."},
	KindThrottled:   {Sentence: "The mail server asks us to slow down.", Hint: "Nothing to do: the sync waits and goes on where it was."},
	KindTooMany:     {Sentence: "The mail server allows no further connection now.", Hint: "Close other mail programs of this user, or wait: the sync goes on by itself."},
	KindTimeout:     {Sentence: "The mail server stopped answering.", Hint: "It is tried again by itself; if it lasts, look at the server or the network between."},
	KindBye:         {Sentence: "The mail server ended the connection.", Hint: "It is tried again by itself; the server's reason is in the log."},
	KindClosed:      {Sentence: "The connection to the mail server was lost.", Hint: "It is tried again by itself."},
	KindProtocol:    {Sentence: "The mail server answered in a way that is not IMAP.", Hint: "Check that host and port are those of an IMAP server; the log tells what was not understood."},
	KindRefused:     {Sentence: "The mail server refused a request.", Hint: "The server's reason is in the log."},
	KindCanceled:    {Sentence: "The work was stopped.", Hint: "Nothing to do."},
	KindConfig:      {Sentence: "The mailbox's settings are not complete.", Hint: "Check host, port, TLS mode and credentials."},
}

var tlsProblems = map[string]Problem{
	"no_starttls": {Sentence: "The mail server offers no encryption on this port.", Hint: "Use port 993 with tls; if STARTTLS worked before, somebody between may be removing it."},
	"injected":    {Sentence: "The connection to the mail server was tampered with before it was encrypted.", Hint: "Data came before the TLS handshake: look for a middlebox or an attack."},
	"name":        {Sentence: "The mail server's certificate is for another name.", Hint: "Use the host name that the certificate carries."},
	"expired":     {Sentence: "The mail server's certificate has expired or is not valid yet.", Hint: "Renew it on the server; check this machine's clock."},
	"untrusted":   {Sentence: "The mail server's certificate is not from a known authority.", Hint: "Install a certificate that chains to a known authority."},
	"handshake":   {Sentence: "No safe connection to the mail server was possible.", Hint: "Check that the port speaks TLS (993) or STARTTLS (143) as configured, TLS 1.2 or newer."},
}

// Back-off hints when the server names none.
const (
	defaultThrottle = 5 * time.Minute
	defaultTooMany  = 1 * time.Minute
	maxBackoff      = 24 * time.Hour // Gmail's bandwidth limit lasts a day
)

// backoffTime finds "Suggested Backoff Time: 51423 milliseconds" (Exchange) and
// the like of it.
var backoffTime = regexp.MustCompile(`(?i)back-?off time:?\s*(\d{1,12})\s*(milliseconds|ms|seconds|secs?|s|minutes|min)?`)

func backoffFrom(text string, def time.Duration) time.Duration {
	m := backoffTime.FindStringSubmatch(text)
	if m == nil {
		return def
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return def
	}
	unit := time.Millisecond
	switch {
	case strings.HasPrefix(strings.ToLower(m[2]), "s"):
		unit = time.Second
	case strings.EqualFold(m[2], "minutes"), strings.EqualFold(m[2], "min"):
		unit = time.Minute
	}
	if n > int64(maxBackoff/unit) {
		return maxBackoff
	}
	return max(time.Duration(n)*unit, time.Second)
}

// classifyWords tells from a server's code and words whether it throttles. The
// codes are RFC 5530's and the words those of Exchange, Gmail, Dovecot, Yahoo,
// Cyrus and Courier.
func classifyWords(code, text string) (kind Kind, backoff time.Duration) {
	t := strings.ToLower(text)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(t, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("too many simultaneous", "too many connections", "maximum number of connections", "connection limit", "too many open connections", "too many concurrent"):
		return KindTooMany, backoffFrom(text, defaultTooMany)
	case has("backoff time", "throttled", "bandwidth limit", "bandwidth exceeded", "exceeded command", "rate limit", "too many requests", "too many commands", "too many login"):
		return KindThrottled, backoffFrom(text, defaultThrottle)
	}
	switch code {
	case "LIMIT":
		return KindTooMany, backoffFrom(text, defaultTooMany)
	case "THROTTLED", "OVERQUOTA":
		return KindThrottled, backoffFrom(text, defaultThrottle)
	case "UNAVAILABLE", "INUSE":
		return KindThrottled, backoffFrom(text, defaultTooMany)
	}
	return "", 0
}

// connectError classes what went wrong before the first IMAP byte.
func connectError(op string, err error) *Error {
	e := &Error{Op: op, Kind: KindUnreachable, err: err, broken: true}
	var dns *net.DNSError
	switch {
	case errors.Is(err, safedial.ErrForbidden):
		e.Kind = KindForbidden
	case errors.As(err, &dns):
		e.Kind = KindDNS
	case errors.Is(err, context.Canceled):
		e.Kind = KindCanceled
	}
	return e
}

// tlsError classes a failed handshake.
func tlsError(err error) *Error {
	e := &Error{Op: "secure", Kind: KindTLS, Detail: "handshake", err: err, broken: true}
	var (
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		verify  *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &name):
		e.Detail = "name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.Detail = "expired"
	case errors.As(err, &unknown), errors.As(err, &verify):
		e.Detail = "untrusted"
	case errors.Is(err, context.Canceled):
		e.Kind, e.Detail = KindCanceled, ""
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		e.Detail = "handshake"
	}
	return e
}
