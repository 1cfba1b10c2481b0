package imaplocal

import (
	"io"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// session is the library's session of one user, with SPECIAL-USE, with a
// read-only EXAMINE, and with a record of what changes.
type session struct {
	*imapmemserver.UserSession // nil before the login
	server                     *Server
	user                       *user
	selected                   string
	readOnly                   bool
}

var _ imapserver.SessionNamespace = (*session)(nil)

func (s *session) Close() error {
	defer s.server.conns.Done()
	return s.UserSession.Close()
}

func (s *session) Login(username, password string) error {
	u, err := s.server.user(username)
	if err != nil {
		return imapserver.ErrAuthFailed
	}
	if err := u.Login(username, password); err != nil {
		return err
	}
	s.begin(u)
	return nil
}

func (s *session) begin(u *user) {
	s.user, s.UserSession = u, imapmemserver.NewUserSession(u.User)
}

func (s *session) Select(name string, options *imap.SelectOptions) (*imap.SelectData, error) {
	data, err := s.UserSession.Select(name, options)
	if err != nil {
		return nil, err
	}
	s.selected, s.readOnly = name, options.ReadOnly
	return data, nil
}

// List does what the library's does and tells SPECIAL-USE.
func (s *session) List(w *imapserver.ListWriter, ref string, patterns []string, options *imap.ListOptions) error {
	if len(patterns) == 0 || options.SelectSubscribed {
		return s.UserSession.List(w, ref, patterns, options)
	}
	s.user.mu.Lock()
	folders := make([]folder, len(s.user.folders))
	for i, f := range s.user.folders {
		folders[i] = folder{Name: f.Name, Use: f.Use}
	}
	s.user.mu.Unlock()
	for _, f := range folders {
		if options.SelectSpecialUse && f.Use == "" || !matches(f.Name, ref, patterns) {
			continue
		}
		data := imap.ListData{Mailbox: f.Name, Delim: '/'}
		if f.Use != "" {
			data.Attrs = append(data.Attrs, f.Use)
		}
		if options.ReturnStatus != nil {
			status, err := s.UserSession.Status(f.Name, options.ReturnStatus)
			if err != nil {
				continue // deleted meanwhile
			}
			data.Status = status
		}
		if err := w.WriteList(&data); err != nil {
			return err
		}
	}
	return nil
}

func matches(name, ref string, patterns []string) bool {
	for _, p := range patterns {
		if imapserver.MatchList(name, '/', ref, p) {
			return true
		}
	}
	return false
}

func (s *session) Create(name string, _ *imap.CreateOptions) error { return s.user.create(name) }
func (s *session) Delete(name string) error                        { return s.user.remove(name) }
func (s *session) Rename(old, name string, _ *imap.RenameOptions) error {
	return s.user.rename(old, name)
}

func (s *session) Append(name string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	flags := make([]string, len(options.Flags))
	for i, f := range options.Flags {
		flags[i] = string(f)
	}
	uid, err := s.user.append(name, flags, options.Time, raw)
	if err != nil {
		return nil, err
	}
	data, err := s.UserSession.Status(name, &imap.StatusOptions{UIDValidity: true})
	if err != nil {
		return nil, err
	}
	return &imap.AppendData{UID: imap.UID(uid), UIDValidity: data.UIDValidity}, nil
}

// Idle tells changes until stop. The library's own forgets what changed
// between the last command and the IDLE until something else changes.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	s.server.idling.Add(1)
	defer s.server.idling.Add(-1)
	for {
		news := s.user.awaitNews()
		if err := s.UserSession.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		case <-news:
		}
	}
}

var errReadOnly = &imap.Error{Type: imap.StatusResponseTypeNo, Text: "Folder is open read-only"}

// write runs a change of the selected folder and lets the record follow.
func (s *session) write(change func() error) error {
	if s.readOnly {
		return errReadOnly
	}
	s.user.mu.Lock()
	defer s.user.unlockWithNews()
	if err := change(); err != nil {
		return err
	}
	return s.user.followLocked(s.selected)
}

func (s *session) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, options *imap.StoreOptions) error {
	return s.write(func() error { return s.UserSession.Store(w, set, flags, options) })
}

func (s *session) Expunge(w *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	if s.readOnly {
		return nil // CLOSE of an examined folder expunges nothing (RFC 3501 section 6.4.2)
	}
	return s.write(func() error { return s.UserSession.Expunge(w, uids) })
}

// Copy is not offered: the library would make messages that the record does
// not know.
func (s *session) Copy(imap.NumSet, string) (*imap.CopyData, error) { return nil, errNotOffered }

var errNotOffered = &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeCannot, Text: "Not offered by this server"}
