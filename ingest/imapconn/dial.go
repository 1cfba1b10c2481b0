package imapconn

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
)

// Dial connects, secures, logs in. It makes one attempt with the secret it
// has, so that a wrong one does not lock the account.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	if err := cfg.validate(); err != nil {
		return nil, &Error{Op: "connect", Kind: KindConfig, Detail: err.Error()}
	}
	limits := cfg.Limits.withDefaults()
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	token, err := cfg.Auth.fetchToken(ctx)
	if err != nil {
		return nil, err
	}
	socket, err := cfg.dial(ctx, limits)
	if err != nil {
		return nil, err
	}
	conn, err := secure(ctx, socket, cfg, limits)
	if err != nil {
		socket.Close()
		return nil, err
	}
	c := newConn(conn, cfg.TLS == TLSStart, limits, log, cfg.Without...)
	if err := c.do(ctx, "log in", func() error { return c.login(cfg, token) }); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func newConn(conn net.Conn, greeted bool, limits Limits, log *slog.Logger, without ...string) *Conn {
	g := newGuard(conn, limits, log)
	g.without = without
	// A greeting that was read before the TLS handshake must not be believed:
	// nothing from before is carried over.
	g.greeted = greeted
	c := &Conn{g: g, limits: limits, log: log}
	c.attach()
	go g.run()
	return c
}

func (c Config) dial(ctx context.Context, limits Limits) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limits.Connect)
	defer cancel()
	d := c.Dialer
	if d == nil {
		d = &safedial.Dialer{}
	}
	address := net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	dial := d.DialContext
	if c.TLS == TLSNone {
		dial = d.DialPrivate
	}
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, connectError("connect", err)
	}
	return conn, nil
}

// secure wraps the socket in TLS as cfg asks, or fails.
func secure(ctx context.Context, socket net.Conn, cfg Config, limits Limits) (net.Conn, error) {
	if cfg.TLS == TLSNone {
		return socket, nil
	}
	ctx, cancel := context.WithTimeout(ctx, limits.Connect)
	defer cancel()
	if cfg.TLS == TLSStart {
		stop := context.AfterFunc(ctx, func() { _ = socket.SetDeadline(time.Unix(1, 0)) })
		err := startTLS(socket)
		if !stop() && err == nil {
			err = ctx.Err()
		}
		if err != nil {
			if e, ok := errors.AsType[*Error](err); ok {
				return nil, e
			}
			return nil, connectError("secure", err)
		}
	}
	conn := tls.Client(socket, &tls.Config{
		ServerName: strings.TrimSuffix(cfg.Host, "."),
		RootCAs:    cfg.RootCAs,
		MinVersion: tls.VersionTLS12,
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, tlsError(err)
	}
	return conn, nil
}

// Bounds of the few lines before STARTTLS.
const (
	startTLSLine  = 8 << 10 // bytes; a greeting with its capabilities
	startTLSLines = 50
)

// startTLS asks for TLS on a plaintext connection and believes nothing that it
// hears there but the one answer. It is done by hand, before the library and
// the guard exist, so that no byte from before the handshake reaches them
// (S03; CVE-2011-0411 and its kin).
func startTLS(socket net.Conn) error {
	r := bufio.NewReaderSize(socket, startTLSLine)
	greeting, err := startTLSReadLine(r)
	if err != nil {
		return err
	}
	words := bytes.Fields(greeting)
	if len(words) < 2 || string(words[0]) != "*" {
		return &Error{Op: "secure", Kind: KindProtocol, Detail: "not IMAP", broken: true}
	}
	switch strings.ToUpper(string(words[1])) {
	case "OK":
	case "BYE":
		e := &Error{Op: "connect", Kind: KindBye, Text: printable(bytes.TrimSpace(greeting[len("* BYE"):])), broken: true}
		if kind, backoff := classifyWords("", e.Text); kind != "" {
			e.Kind, e.Backoff = kind, backoff
		}
		return e
	case "PREAUTH":
		return &Error{Op: "secure", Kind: KindTLS, Detail: "no_starttls", broken: true}
	default:
		return &Error{Op: "secure", Kind: KindProtocol, Detail: "not IMAP", broken: true}
	}
	if _, err := socket.Write([]byte("S STARTTLS\r\n")); err != nil {
		return err
	}
	for range startTLSLines {
		line, err := startTLSReadLine(r)
		if err != nil {
			return err
		}
		rest, ours := bytes.CutPrefix(line, []byte("S "))
		if !ours {
			continue
		}
		if len(rest) < 2 || !strings.EqualFold(string(rest[:2]), "OK") {
			return &Error{Op: "secure", Kind: KindTLS, Detail: "no_starttls", broken: true}
		}
		if r.Buffered() > 0 {
			return &Error{Op: "secure", Kind: KindTLS, Detail: "injected", broken: true}
		}
		return nil
	}
	return &Error{Op: "secure", Kind: KindProtocol, Detail: "no answer to STARTTLS", broken: true}
}

func startTLSReadLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, &Error{Op: "secure", Kind: KindProtocol, Detail: "not IMAP", broken: true}
	}
	if err != nil {
		kind := KindClosed
		if errors.Is(err, os.ErrDeadlineExceeded) {
			kind = KindTimeout
		}
		return nil, &Error{Op: "secure", Kind: kind, err: err, broken: true}
	}
	return line, nil
}

// login waits for the greeting and logs in.
func (c *Conn) login(cfg Config, token string) error {
	if err := c.client.WaitGreeting(); err != nil {
		return err
	}
	if err := c.knowCaps(0); err != nil {
		return err
	}
	seq := c.g.capsSeen()
	if err := c.authenticate(cfg, token); err != nil {
		return err
	}
	if err := c.knowCaps(seq); err != nil {
		return err
	}
	if c.Has("ID") {
		// Some hosters (163.com) refuse EXAMINE without it. Nobody waits for
		// the answer, which travels with that of the next command.
		c.client.ID(&imap.IDData{Name: "Mailstamp"})
	}
	if c.Has("QRESYNC") {
		c.enableQResync()
	}
	return nil
}

// knowCaps asks for capabilities unless they were told since seq.
func (c *Conn) knowCaps(seq int) error {
	if c.g.capsSeen() > seq {
		return nil
	}
	_, err := c.client.Capability().Wait()
	return err
}

func (g *guard) capsSeen() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.capsSeq
}
