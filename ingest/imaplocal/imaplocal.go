package imaplocal

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// Options configure a Server; the zero value is plaintext on 127.0.0.1, kept
// in memory.
type Options struct {
	Addr     string // "127.0.0.1:0" when empty
	TLS      bool   // TLS from the first byte, by a certificate that CAs verifies
	StartTLS bool   // STARTTLS by the same; without it no login
	Dir      string // where mail is kept between starts; "" keeps nothing
	// Token, when set, says whether an access token is a user's: the server then
	// offers XOAUTH2 and OAUTHBEARER as well.
	Token func(user, token string) bool
	// Wrap, when set, stands between the listener and the server: faults.
	Wrap func(net.Listener) net.Listener
}

// Server is a running server.
type Server struct {
	opts  Options
	ln    net.Listener
	imap  *imapserver.Server
	cas   *x509.CertPool
	serve chan error
	conns sync.WaitGroup

	idling atomic.Int64

	mu     sync.Mutex
	users  map[string]*user
	closed bool
}

// New starts a server.
func New(opts Options) (*Server, error) {
	if opts.Addr == "" {
		opts.Addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("read address: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, errors.New("address is not loopback")
	}
	s := &Server{opts: opts, users: map[string]*user{}, serve: make(chan error, 1)}
	var tlsConfig *tls.Config
	if opts.TLS || opts.StartTLS {
		if tlsConfig, s.cas, err = selfSigned(time.Now()); err != nil {
			return nil, fmt.Errorf("make certificate: %w", err)
		}
	}
	if s.ln, err = net.Listen("tcp", opts.Addr); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	serverOpts := &imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.closed {
				return nil, nil, &imap.Error{Type: imap.StatusResponseTypeBye, Text: "Closing"}
			}
			s.conns.Add(1)
			return &session{server: s}, nil, nil
		},
		Caps: imap.CapSet{
			imap.CapIMAP4rev1: {}, imap.CapNamespace: {}, imap.CapUIDPlus: {}, imap.CapESearch: {},
			imap.CapListExtended: {}, imap.CapListStatus: {}, imap.CapSpecialUse: {},
		},
		Logger:       silent{},
		InsecureAuth: !opts.StartTLS,
	}
	if opts.StartTLS {
		serverOpts.TLSConfig = tlsConfig
	}
	ln := s.ln
	if opts.Wrap != nil {
		ln = opts.Wrap(ln)
	}
	ln = unfailing{ln}
	if opts.TLS {
		ln = tls.NewListener(ln, tlsConfig)
	}
	s.imap = imapserver.New(serverOpts)
	go func() { s.serve <- s.imap.Serve(ln) }()
	return s, nil
}

// silent drops the library's log lines, which hold what clients send.
type silent struct{}

func (silent) Printf(string, ...any) {}

// Close stops the server and waits for its connections to end.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	err, served := s.imap.Close(), <-s.serve
	if s.ln.Close() != nil { // closed with the server; else that had not begun to serve yet, and says so
		err = errors.Join(err, served)
	}
	s.conns.Wait()
	return err
}

// Host and Port say where it listens.
func (s *Server) Host() string { return s.ln.Addr().(*net.TCPAddr).IP.String() }
func (s *Server) Port() int    { return s.ln.Addr().(*net.TCPAddr).Port }

// Idling is how many clients rest in IDLE.
func (s *Server) Idling() int { return int(s.idling.Load()) }

// CAs verifies the server's certificate; nil without TLS and StartTLS.
func (s *Server) CAs() *x509.CertPool { return s.cas }

// Folders that every user has, in the order of their making, with their
// SPECIAL-USE.
var standardFolders = []struct {
	name string
	use  imap.MailboxAttr
}{
	{"INBOX", ""}, {"Sent", imap.MailboxAttrSent}, {"Archive", imap.MailboxAttrArchive},
	{"Drafts", imap.MailboxAttrDrafts}, {"Junk", imap.MailboxAttrJunk}, {"Trash", imap.MailboxAttrTrash},
}

// AddUser adds a login. Its mail is what Options.Dir kept, or the six empty
// folders INBOX, Sent, Archive, Drafts, Junk and Trash.
func (s *Server) AddUser(name, password string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[name] != nil {
		return fmt.Errorf("user exists")
	}
	u := &user{User: imapmemserver.NewUser(name, password), dir: userDir(s.opts.Dir, name)}
	if err := u.load(); err != nil {
		return fmt.Errorf("load kept mail: %w", err)
	}
	s.users[name] = u
	return nil
}

func (s *Server) user(name string) (*user, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[name]; u != nil {
		return u, nil
	}
	return nil, errors.New("no such user")
}

// Message is one message as the server has it.
type Message struct {
	Folder      string
	UIDValidity uint32
	UID         uint32
	Date        time.Time
	Flags       []string
	SHA256      [sha256.Size]byte
}

// Messages returns all messages of a user: the truth that a sync is measured
// against. It is empty for a user without mail, and so tells a first start.
func (s *Server) Messages(user string) ([]Message, error) {
	u, err := s.user(user)
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var out []Message
	for _, f := range u.folders {
		for _, m := range f.Messages {
			out = append(out, Message{f.Name, f.UIDValidity, m.UID, m.Date, slices.Clone(m.Flags), m.sum})
		}
	}
	return out, nil
}

// CreateFolder makes a folder.
func (s *Server) CreateFolder(user, folder string) error {
	u, err := s.user(user)
	if err != nil {
		return err
	}
	return u.create(folder)
}

// DeleteFolder removes a folder with its mail. Made again, it has another
// UIDVALIDITY.
func (s *Server) DeleteFolder(user, folder string) error {
	u, err := s.user(user)
	if err != nil {
		return err
	}
	return u.remove(folder)
}

// RenameFolder gives a folder another name; its UIDVALIDITY, its SPECIAL-USE
// and its mail stay.
func (s *Server) RenameFolder(user, folder, name string) error {
	u, err := s.user(user)
	if err != nil {
		return err
	}
	return u.rename(folder, name)
}

// Append puts a message into a folder and returns its UID. Whoever idles there
// hears of it.
func (s *Server) Append(user, folder string, flags []string, internalDate time.Time, raw []byte) (uid uint32, err error) {
	u, err := s.user(user)
	if err != nil {
		return 0, err
	}
	return u.append(folder, flags, internalDate, bytes.Clone(raw))
}

// SetFlags replaces the flags of messages.
func (s *Server) SetFlags(user, folder string, flags []string, uids ...uint32) error {
	u, err := s.user(user)
	if err != nil {
		return err
	}
	set := uidSet(uids)
	store := &imap.StoreFlags{Op: imap.StoreFlagsSet, Silent: true, Flags: imapFlags(flags)}
	return u.change(folder,
		func(sess *imapmemserver.UserSession) error { return sess.Store(nil, set, store, nil) },
		func(m *message) bool {
			if set.Contains(imap.UID(m.UID)) {
				m.Flags = flags
			}
			return true
		})
}

// Expunge removes messages for good.
func (s *Server) Expunge(user, folder string, uids ...uint32) error {
	u, err := s.user(user)
	if err != nil {
		return err
	}
	return u.change(folder,
		func(sess *imapmemserver.UserSession) error { return expunge(sess, uids) },
		func(m *message) bool { return !slices.Contains(uids, m.UID) })
}

func expunge(sess *imapmemserver.UserSession, uids []uint32) error {
	set := uidSet(uids)
	deleted := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	if err := sess.Store(nil, set, deleted, nil); err != nil {
		return err
	}
	return sess.Expunge(nil, &set)
}

// Move moves a message and returns its new UID.
func (s *Server) Move(user, from string, uid uint32, to string) (newUID uint32, err error) {
	u, err := s.user(user)
	if err != nil {
		return 0, err
	}
	m, raw, err := u.read(from, uid)
	if err != nil {
		return 0, err
	}
	if newUID, err = u.append(to, m.Flags, m.Date, raw); err != nil {
		return 0, err
	}
	return newUID, s.Expunge(user, from, uid)
}

func uidSet(uids []uint32) (set imap.UIDSet) {
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	return set
}

func imapFlags(flags []string) []imap.Flag {
	out := make([]imap.Flag, len(flags))
	for i, f := range flags {
		out[i] = imap.Flag(f)
	}
	return out
}

// userDir is where a user's mail is kept: the name, with all that a file
// system could take for something else escaped.
func userDir(dir, name string) string {
	if dir == "" {
		return ""
	}
	var b strings.Builder
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '@' || c == '-' || c == '.' && b.Len() > 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return filepath.Join(dir, b.String())
}

// writeFile writes a file so that it is whole or absent after a crash.
func writeFile(path string, data []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
